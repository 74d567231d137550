package org.shareobject.cluster;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Phaser;
import org.shareobject.testing.Futures;
import org.shareobject.testing.Loopback;

/** What {@code primary.js} forks. */
final class NodeClusterWorker {
  private static final ClusterWorker WORKER = ClusterWorker.join().orElseThrow();

  private NodeClusterWorker() {}

  public static void main(String[] args) throws IOException {
    switch (args[0]) {
      case "listen" -> listen(address(args));
      case "unix" -> listen(UnixDomainSocketAddress.of(args[1]));
      case "finish" -> finish(address(args));
      case "bind" -> answer(Futures.get(WORKER.bind(address(args))));
      case "leave" -> {
        listen(address(args));
        WORKER.disconnect();
      }
      default ->
          WORKER
              .channel()
              .onMessage(
                  (message, handle) -> {
                    CompletableFuture<Void> unused = WORKER.channel().send(message);
                  });
    }
  }

  private static InetSocketAddress address(String[] args) {
    int port = Integer.parseInt(args[1]);
    return args[2].isEmpty() ? new InetSocketAddress(port) : Loopback.port(port);
  }

  private static byte[] name() {
    return ("java " + WORKER.id()).getBytes(StandardCharsets.UTF_8);
  }

  @SuppressWarnings("FutureReturnValueIgnored") // thenCompose waits for the inner one
  private static void listen(SocketAddress address) {
    try {
      ClusterServer unused = WORKER.listen(address, NodeClusterWorker::serve).join();
    } catch (CompletionException e) {
      Futures.get(WORKER.channel().send(e.getCause().getMessage()));
    }
  }

  /** Answers one line of each connection, and leaves when it has answered all. */
  private static void finish(SocketAddress address) {
    Phaser connections = new Phaser(1);
    ClusterServer unused =
        WORKER
            .listen(
                address,
                connection -> {
                  connections.register();
                  tell("connected");
                  new Thread(() -> echoLine(connection, connections)).start();
                })
            .join();
    WORKER.beforeDisconnect(
        () -> {
          tell("finishing");
          connections.arriveAndAwaitAdvance();
        });
    WORKER.channel().onMessage((message, handle) -> WORKER.disconnect());
  }

  private static void tell(String what) {
    CompletableFuture<Void> unused = WORKER.channel().send(what);
  }

  private static void echoLine(SocketChannel connection, Phaser connections) {
    try (connection;
        BufferedReader in =
            new BufferedReader(Channels.newReader(connection, StandardCharsets.UTF_8))) {
      connection.write(StandardCharsets.UTF_8.encode(in.readLine()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      connections.arriveAndDeregister();
    }
  }

  private static void serve(SocketChannel connection) {
    try (connection) {
      connection.write(ByteBuffer.wrap(name()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void answer(DatagramChannel socket) throws IOException {
    while (true) {
      ByteBuffer bytes = ByteBuffer.allocate(100);
      SocketAddress from = socket.receive(bytes);
      socket.send(ByteBuffer.wrap(name()), from);
    }
  }
}
