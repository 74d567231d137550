package prefork;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.shareobject.ipc.Worker;

/**
 * The parent: listens on a port, forks children, and sends each of them the listening socket. From
 * then on the system gives each connection to one of them.
 */
final class Main {
  private Main() {}

  /**
   * Runs until all children have ended.
   *
   * @param args the children: {@code java} or {@code node} for each, {@code java java} by default
   */
  public static void main(String[] args) throws Exception {
    List<Worker> children = new ArrayList<>();
    int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "1337"));
    try (ServerSocketChannel server = ServerSocketChannel.open()) {
      server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      for (String kind : args.length == 0 ? List.of("java", "java") : List.of(args)) {
        Worker child = fork(kind);
        children.add(child);
        child.channel().send("server", server).join(); // the child has it
      }
      System.out.printf(
          "pid %d: http:/%s%n", ProcessHandle.current().pid(), server.getLocalAddress());
    } // closes this process' socket, not the children's
    for (Worker child : children) {
      child.process().waitFor();
    }
  }

  private static Worker fork(String kind) {
    return switch (kind) {
      case "java" -> Worker.fork(Child.class);
      case "node" -> Worker.spawn(new ProcessBuilder("node", script().toString()));
      default -> throw new IllegalArgumentException("a child is java or node, not " + kind);
    };
  }

  private static Path script() {
    return Path.of(System.getProperty("examples"), "prefork", "child.js");
  }
}
