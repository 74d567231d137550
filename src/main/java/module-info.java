/** Memory that the processes of one host share. */
module org.shareobject {
  requires jdk.unsupported;
  requires org.scijava.nativelib;
  requires static transitive com.fasterxml.jackson.databind;
  requires static info.picocli;
  requires static java.management;

  exports org.shareobject;
  exports org.shareobject.cluster;
  exports org.shareobject.ipc;
  exports org.shareobject.store;

  opens org.shareobject.cli to
      info.picocli;
}
