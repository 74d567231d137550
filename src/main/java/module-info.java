/**
 * Memory that the processes of one host share.
 *
 * <p>It needs no other library. Modules that use {@link org.shareobject.ipc} or {@link
 * org.shareobject.store} require {@code com.fasterxml.jackson.databind} too, whose types are in the
 * signatures there; {@code Codec.json} needs it at run time. Those that use {@link
 * org.shareobject.micrometer} require {@code micrometer.core}.
 */
module org.shareobject {
  requires jdk.unsupported;
  // None is transitive: javac would ask every user for it.
  requires static com.fasterxml.jackson.databind;
  requires static info.picocli;
  requires static java.management;
  requires static jdk.jfr;
  requires static micrometer.core;

  exports org.shareobject;
  exports org.shareobject.cluster;
  exports org.shareobject.ipc;
  exports org.shareobject.micrometer;
  exports org.shareobject.store;

  opens org.shareobject.cli to
      info.picocli;
}
