package org.shareobject.internal.process;

import java.lang.management.ManagementFactory;
import java.util.List;

/** What this JVM was started with, for others like it. */
final class JvmArguments {
  // One port or file for each JVM: a second one cannot have them.
  private static final List<String> OWN =
      List.of(
          "-agentlib:jdwp",
          "-Xrunjdwp",
          "-Xdebug",
          "-Dcom.sun.management.jmxremote",
          "-XX:StartFlightRecording",
          "-Xlog:",
          "-Xloggc:",
          "-Dshareobject.");

  private JvmArguments() {}

  /**
   * Returns the options of this JVM, as {@code -Xmx} and {@code -D}, without those that only one
   * JVM can have: debugger, remote management, files of logs. Empty where the JVM cannot tell.
   */
  static List<String> inherited() {
    List<String> all;
    try {
      all = ManagementFactory.getRuntimeMXBean().getInputArguments();
    } catch (LinkageError e) {
      return List.of(); // without the module java.management
    }
    return all.stream().filter(argument -> OWN.stream().noneMatch(argument::startsWith)).toList();
  }
}
