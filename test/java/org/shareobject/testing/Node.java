package org.shareobject.testing;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.shareobject.ipc.Worker;

/** Real Node. */
public final class Node {
  private static final long PATIENCE_S = 120;

  private Node() {}

  /** Skips the test where there is no Node. */
  private static void assume() {
    Host.assumeRuns("node is installed", "node", "--version");
  }

  /** Returns the command that runs a script of {@code test/node}, as {@code ipc/child.js}. */
  public static ProcessBuilder script(String name, String... args) {
    List<String> command = new ArrayList<>();
    command.add("node");
    command.add(Path.of("test", "node").resolve(name).toAbsolutePath().toString());
    command.addAll(List.of(args));
    return new ProcessBuilder(command);
  }

  /** Starts a script as a worker. */
  public static Worker fork(String name, String... args) {
    assume();
    return Worker.spawn(script(name, args));
  }

  /** Runs a script that must succeed; returns what it printed. */
  public static String run(Path folder, String name, String... args)
      throws IOException, InterruptedException {
    assume();
    Path out = folder.resolve(Path.of(name).getFileName() + ".out");
    Process process =
        script(name, args).redirectErrorStream(true).redirectOutput(out.toFile()).start();
    try {
      boolean isEnded = process.waitFor(PATIENCE_S, TimeUnit.SECONDS);
      String text = Files.readString(out);
      assertTrue(isEnded, () -> name + " does not end: " + text);
      assertTrue(process.exitValue() == 0, () -> name + " failed: " + text);
      return text;
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  /** Returns the words by which Node starts a class as a JVM like this one. */
  public static List<String> javaCommand() {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xcheck:jni");
    command.add("-XX:+UseSerialGC");
    if (Runtime.version().feature() >= 24) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    return command;
  }
}
