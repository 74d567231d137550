/** Memory that the processes of one host share. */
module org.shareobject {
  requires org.scijava.nativelib;
  requires static com.fasterxml.jackson.databind;
  requires static info.picocli;

  exports org.shareobject;

  opens org.shareobject.cli to
      info.picocli;
}
