package org.shareobject.ipc;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * A JVM on a shared port, as {@code port.js}: tells its parent of each connection that it accepted,
 * then answers the line that comes with its process id.
 */
final class PortWorker {
  private static final Channel PARENT = Channel.parent().orElseThrow();

  private PortWorker() {}

  public static void main(String[] args) {
    PARENT.onMessage(
        (message, handle) -> {
          if (handle != null) {
            ServerSocketChannel server = (ServerSocketChannel) handle.channel();
            start(() -> accept(server));
          }
          CompletableFuture<Void> unused = PARENT.send(message);
        });
  }

  private interface IoTask {
    void run() throws IOException;
  }

  private static void start(IoTask task) {
    Thread thread =
        new Thread(
            () -> {
              try {
                task.run();
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    thread.setDaemon(true);
    thread.start();
  }

  private static void accept(ServerSocketChannel server) throws IOException {
    while (true) {
      SocketChannel connection = server.accept();
      int port = ((InetSocketAddress) connection.getRemoteAddress()).getPort();
      PARENT.send(Map.of("accepted", port)).join(); // so at most one is not told of
      start(() -> answer(connection));
    }
  }

  private static void answer(SocketChannel connection) throws IOException {
    try (connection) {
      connection.read(ByteBuffer.allocate(100));
      String line = ProcessHandle.current().pid() + "\n";
      connection.write(ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8)));
    }
  }
}
