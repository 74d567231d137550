package org.shareobject.bench.process;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.shareobject.ipc.Worker;

/** Starts the other process of a pair: a JVM like this one, or Node. */
final class Partner {
  private Partner() {}

  /**
   * Starts it. When it ends this process does too, which would wait for it in vain.
   *
   * @param kind {@code java} or {@code node}
   * @param main the JVM's main class
   * @param script Node's script
   * @param args the arguments of either
   */
  static Worker start(String kind, Class<?> main, String script, String... args) {
    Worker worker =
        kind.equals("java")
            ? Worker.fork(main, args)
            : Worker.spawn(new ProcessBuilder(command(script, args)));
    worker.channel().onDisconnect(() -> System.exit(1));
    return worker;
  }

  /** Returns the command that runs a script. */
  static List<String> command(String script, String... args) {
    Path file = Path.of(System.getProperty("bench.root"), "bench/src/main/node", script);
    List<String> command = new ArrayList<>(List.of("node", file.toString()));
    command.addAll(List.of(args));
    return command;
  }
}
