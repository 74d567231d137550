package org.shareobject.ipc;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.NetworkChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.shareobject.testing.Loopback;

/** What {@code parent.js} forks. */
final class NodeWorker {
  private final Channel parent = Channel.parent().orElseThrow();
  private final List<NetworkChannel> held = new ArrayList<>();

  private NodeWorker() {}

  public static void main(String[] args) {
    NodeWorker worker = new NodeWorker();
    worker.parent.onMessage(
        (message, handle) -> {
          try {
            worker.perform(message, handle);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  private void send(Object message) {
    CompletableFuture<Void> unused = parent.send(message);
  }

  private void perform(JsonNode message, Handle handle) throws IOException {
    switch (message.get("task").textValue()) {
      case "echo" -> send(message.get("value"));
      case "serve" -> serve((ServerSocketChannel) handle.channel());
      case "answer" -> {
        try (SocketChannel socket = (SocketChannel) handle.channel()) {
          write(socket, "java has it");
        }
      }
      case "write" -> {
        try (SocketChannel socket = (SocketChannel) handle.channel()) {
          write(socket, "java ");
        }
        send("written");
      }
      case "datagram" -> answerDatagram((DatagramChannel) handle.channel());
      case "give" -> give(message.get("what").textValue());
      case "return" -> {
        CompletableFuture<Void> unused = parent.send("back", handle.channel());
      }
      case "hold" -> {
        held.add(handle.channel());
        send("held");
      }
      case "release" -> {
        for (NetworkChannel each : held) {
          each.close();
        }
      }
      case "disconnect" -> {
        send("before the end");
        parent.disconnect();
      }
      default -> throw new IllegalArgumentException(message.toString());
    }
  }

  private static void write(SocketChannel socket, String text) throws IOException {
    socket.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }

  private static void start(IoTask task) {
    new Thread(
            () -> {
              try {
                task.run();
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            })
        .start();
  }

  private interface IoTask {
    void run() throws IOException;
  }

  /** Node has the server too; so it may be Node that accepts, and this waits for the next. */
  private void serve(ServerSocketChannel server) {
    start(
        () -> {
          try (server;
              SocketChannel accepted = server.accept()) {
            write(accepted, "from java");
          }
        });
    send("serving");
  }

  private void answerDatagram(DatagramChannel socket) {
    start(
        () -> {
          try (socket) {
            ByteBuffer bytes = ByteBuffer.allocate(100);
            SocketAddress from = socket.receive(bytes);
            String text = new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
            socket.send(
                ByteBuffer.wrap(("java got " + text).getBytes(StandardCharsets.UTF_8)), from);
          }
        });
    send("bound");
  }

  private void give(String what) throws IOException {
    if (what.equals("udp4") || what.equals("udp6")) {
      StandardProtocolFamily family =
          what.equals("udp4") ? StandardProtocolFamily.INET : StandardProtocolFamily.INET6;
      DatagramChannel socket = DatagramChannel.open(family);
      socket.bind(Loopback.of(family));
      closeWhenSent(parent.send(what, socket), socket);
      return;
    }
    ServerSocketChannel server = ServerSocketChannel.open();
    server.bind(Loopback.port(0));
    if (what.equals("server")) {
      closeWhenSent(parent.send(what, server), server);
      return;
    }
    SocketChannel client = SocketChannel.open(server.getLocalAddress());
    CompletableFuture<Void> unused = parent.send(what, server.accept());
    server.close();
    start(
        () -> {
          ByteBuffer bytes = ByteBuffer.allocate(100);
          while (client.read(bytes) >= 0) {}
          send(new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8));
          client.close();
        });
  }

  private static void closeWhenSent(CompletableFuture<Void> sent, NetworkChannel socket) {
    CompletableFuture<Void> unused =
        sent.thenRun(
            () -> {
              try {
                socket.close();
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
  }
}
