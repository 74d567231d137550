package org.shareobject.ipc;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.channels.DatagramChannel;
import java.nio.channels.NetworkChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.shareobject.Codec;
import org.shareobject.ShareException;
import org.shareobject.ShareIoException;
import org.shareobject.ShareMap;
import org.shareobject.internal.process.Uncaught;
import org.shareobject.testing.Futures;
import org.shareobject.testing.Received;

/** Programs that tests start as workers. */
final class Workers {
  private Workers() {}

  private static Channel parent() {
    return Channel.parent().orElseThrow();
  }

  /** Sends back what comes; ends with the channel. */
  static final class Echo {
    public static void main(String[] args) {
      Channel parent = parent();
      parent.onMessage(
          (message, handle) -> {
            CompletableFuture<Void> unused =
                handle == null ? parent.send(message) : parent.send(message, handle.channel());
          });
    }
  }

  /** Listens, and does nothing with what comes. */
  static final class Ignorer {
    public static void main(String[] args) {
      parent().onMessage((message, handle) -> {});
    }
  }

  /** Sends a message, and has no more to do. */
  static final class Brief {
    public static void main(String[] args) {
      CompletableFuture<Void> unused = parent().send("x".repeat(Integer.parseInt(args[0])));
    }
  }

  /** Tells what it sees of itself. */
  static final class Self {
    public static void main(String[] args) throws Exception {
      String before = System.getenv("NODE_CHANNEL_FD");
      Channel parent = parent();
      ProcessBuilder touched = new ProcessBuilder("sh", "-c", script());
      touched.environment().put("MORE", "1");
      CompletableFuture<Void> unused =
          parent.send(
              Map.of(
                  "args", args,
                  "before", String.valueOf(before),
                  "after", String.valueOf(System.getenv("NODE_CHANNEL_FD")),
                  "grandchild", output(new ProcessBuilder("sh", "-c", script())),
                  "touched", output(touched),
                  "input", System.in.read(),
                  "options", ManagementFactory.getRuntimeMXBean().getInputArguments(),
                  "same", parent == parent()));
    }

    private static String script() {
      return "echo ${NODE_CHANNEL_FD-none} ${NODE_CHANNEL_SERIALIZATION_MODE-none}";
    }

    private static String output(ProcessBuilder command) throws IOException {
      Process process = command.start();
      byte[] bytes = process.getInputStream().readAllBytes();
      return new String(bytes, StandardCharsets.UTF_8).strip();
    }
  }

  /** Forks a worker of its own and tells its process id; both go on until they are told the end. */
  static final class Master {
    public static void main(String[] args) {
      Channel parent = parent();
      Worker child = Worker.fork(Orphan.class, args[0]);
      child.channel().onMessage((message, handle) -> Futures.get(parent.send(message)));
      parent.onMessage((message, handle) -> {});
    }
  }

  /** Writes a file when its channel ends. */
  static final class Orphan {
    public static void main(String[] args) {
      Channel parent = parent();
      parent.onMessage((message, handle) -> {});
      parent.onDisconnect(
          () -> {
            try {
              Files.writeString(Path.of(args[0]), "alone");
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
      CompletableFuture<Void> unused = parent.send(ProcessHandle.current().pid());
    }
  }

  /** Opens the map that it is sent, and adds to what it holds. */
  static final class Adder {
    public static void main(String[] args) {
      Channel parent = parent();
      parent.onMessage(
          (message, handle) -> {
            try (ShareMap<String, Long> map = handle.map(Codec.STRING, Codec.LONG)) {
              long sum = 0;
              for (int i = 0; i < message.intValue(); i++) {
                sum = map.addAndGet("sum", 1);
              }
              CompletableFuture<Void> unused = parent.send(sum);
            }
          });
    }
  }

  /** Prints what becomes of its channel. */
  static final class Report {
    public static void main(String[] args) {
      for (int i = 0; i < 2; i++) {
        try {
          System.out.println("channel: " + Channel.parent().isPresent());
        } catch (ShareException e) {
          System.out.println(e.code() + " " + e.getMessage());
        }
      }
      System.out.println("left: " + System.getenv("NODE_CHANNEL_FD"));
    }
  }

  /** Prints what becomes of a worker that it wants to start. */
  static final class Spawn {
    public static void main(String[] args) {
      try (Worker worker = Worker.spawn(new ProcessBuilder(List.of(args)))) {
        System.out.println("started " + worker.process().isAlive());
      } catch (ShareException e) {
        System.out.println(e.code() + " " + e.getMessage());
      }
    }
  }

  /** Holds the sockets that come until it is told to release them. */
  static final class Hoarder {
    public static void main(String[] args) {
      Thread.setDefaultUncaughtExceptionHandler((thread, error) -> {});
      // At the limit of open files the JVM could not load these from a folder.
      Uncaught.tell(new ShareIoException("", ""));
      Channel parent = parent();
      List<NetworkChannel> held = new ArrayList<>();
      parent.onMessage(
          (message, handle) -> {
            if (handle != null) {
              held.add(handle.channel());
              return;
            }
            held.forEach(Workers::close);
            held.clear();
            CompletableFuture<Void> unused = parent.send(message);
          });
    }
  }

  /** Sends a socket before, at and after the limit of open files; prints what becomes of them. */
  static final class LimitedSender {
    public static void main(String[] args) throws IOException {
      try (Pair pair = Pair.open();
          ServerSocketChannel server = ServerSocketChannel.open().bind(null)) {
        Received received = Received.from(pair.right);
        send(pair, server);
        received.next().handle().channel().close();
        List<NetworkChannel> all = new ArrayList<>();
        try {
          while (true) {
            all.add(DatagramChannel.open());
          }
        } catch (IOException e) {
          System.out.println(e.getMessage());
        }
        send(pair, server);
        all.forEach(Workers::close);
        send(pair, server);
        received.next().handle().channel().close();
      }
    }

    private static void send(Pair pair, ServerSocketChannel server) {
      System.out.println(
          pair.left.send("handle", server).handle((done, error) -> String.valueOf(error)).join());
    }
  }

  private static void close(NetworkChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
