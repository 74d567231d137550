package org.shareobject.ipc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.shareobject.Codec;
import org.shareobject.ShareIoException;
import org.shareobject.ShareMap;
import org.shareobject.internal.process.JvmCommand;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.Futures;
import org.shareobject.testing.JvmLauncher;

/** Many handles: none is lost, and no descriptor stays behind. */
@Timeout(300)
class ManyHandlesTest {
  /** There and back. */
  private static final int PASSINGS = 10_000;

  private static final int BURST = 1_000;

  /** A worker that keeps to so many open files, and needs some of them itself. */
  private static final int FILE_LIMIT = 100;

  private ServerSocketChannel server;

  @BeforeEach
  void openServer() throws IOException {
    server = ServerSocketChannel.open();
    server.bind(Loopback.port(0), BURST);
  }

  @AfterEach
  void closeServer() throws IOException {
    server.close();
  }

  private static int openFiles(Worker worker) {
    String[] names = new File("/proc/" + worker.process().pid() + "/fd").list();
    return names == null ? -1 : names.length;
  }

  private SocketChannel connect() throws IOException {
    return SocketChannel.open(server.getLocalAddress());
  }

  // ---- leaks ----

  @Test
  void shouldLeakNoDescriptorBetweenJvms() throws IOException {
    try (Worker worker = Worker.fork(Workers.Echo.class)) {
      passThereAndBack(worker, "value");
    }
  }

  @Test
  void shouldLeakNoDescriptorBetweenJvmAndNode() throws IOException {
    try (Worker worker = Node.fork("child.js")) {
      passThereAndBack(worker, Map.of("task", "echo", "value", "value"));
    }
  }

  private void passThereAndBack(Worker worker, Object message) throws IOException {
    Received received = Received.from(worker.channel());
    passThereAndBack(worker, received, message, 100);
    Futures.await(() -> openFiles(worker) > 0);
    int here = OpenFiles.count();
    int there = openFiles(worker);
    passThereAndBack(worker, received, message, PASSINGS / 2);
    OpenFiles.assertNoMoreThan(here);
    // Node closes what it sent a little later.
    Futures.await(() -> openFiles(worker) <= there);
  }

  private void passThereAndBack(Worker worker, Received received, Object message, int count)
      throws IOException {
    for (int i = 0; i < count; i++) {
      SocketChannel client = connect();
      CompletableFuture<Void> sent = worker.channel().send(message, server.accept());
      received.next().channel(SocketChannel.class).close();
      client.close();
      Futures.get(sent);
    }
  }

  @Test
  void shouldLeakNoDescriptorWithMaps() {
    try (Pair pair = Pair.open();
        ShareMap<String, Long> map =
            ShareMap.builder(Codec.STRING, Codec.LONG).capacity(1 << 16).openAnonymous()) {
      Received received = Received.from(pair.right);
      Futures.get(pair.left.send(0, map));
      received.next().handle().drop();
      int before = OpenFiles.count();
      for (int i = 0; i < 1000; i++) {
        Futures.get(pair.left.send(i, map));
        received.next().handle().drop();
      }
      OpenFiles.assertNoMoreThan(before);
    }
  }

  // ---- bursts ----

  @Test
  void shouldPassABurstToAJvm() throws IOException {
    try (Worker worker = Worker.fork(Workers.Echo.class)) {
      passBurst(worker, false);
    }
  }

  @Test
  void shouldPassABurstToNode() throws IOException {
    try (Worker worker = Node.fork("child.js")) {
      passBurst(worker, true);
    }
  }

  private void passBurst(Worker worker, boolean isNode) throws IOException {
    Received received = Received.from(worker.channel());
    List<SocketChannel> clients = new ArrayList<>();
    List<SocketChannel> served = new ArrayList<>();
    for (int i = 0; i < BURST; i++) {
      clients.add(connect());
      served.add(server.accept());
    }
    List<CompletableFuture<Void>> sent = new ArrayList<>();
    for (int i = 0; i < BURST; i++) {
      Object message = isNode ? Map.of("task", "echo", "value", i) : (Object) i;
      sent.add(worker.channel().send(message, served.get(i)));
    }
    for (int i = 0; i < BURST; i++) {
      Received.Message message = received.next();
      assertEquals(i, message.json().intValue());
      message.handle().channel().close();
    }
    sent.forEach(Futures::get);
    for (SocketChannel client : clients) {
      client.close();
    }
  }

  // ---- the limit of open files ----

  private static ProcessBuilder limited(List<String> command) {
    List<String> words = new ArrayList<>();
    words.addAll(List.of("sh", "-c", "ulimit -n " + FILE_LIMIT + "; exec \"$@\"", "sh"));
    words.addAll(command);
    return new ProcessBuilder(words);
  }

  @Test
  void shouldTellTheSenderThatTheReceiverIsAtItsLimit() throws IOException {
    List<String> hoarder = JvmCommand.of(Workers.Hoarder.class);
    try (Worker worker = Worker.spawn(limited(hoarder));
        SocketChannel client = connect();
        SocketChannel served = server.accept()) {
      Received received = Received.from(worker.channel());
      List<CompletableFuture<Void>> sent = new ArrayList<>();
      for (int i = 0; i < 2 * FILE_LIMIT; i++) {
        sent.add(worker.channel().send(i, served, true));
      }
      assertTrue(client.isConnected());
      Futures.get(sent.get(0));
      Futures.assertFails(ShareIoException.class, "EMFILE", sent.get(sent.size() - 1));
      // One message was lost with its handle, not the channel; and room comes back.
      Futures.get(worker.channel().send("release"));
      assertEquals("release", received.nextText());
      Futures.get(worker.channel().send("again", served, true));
    }
  }

  @Test
  void shouldTellTheSenderThatItIsAtItsOwnLimit() {
    ChildJvm.Result result =
        new JvmLauncher()
            .prefix("sh", "-c", "ulimit -n " + FILE_LIMIT + "; exec \"$@\"", "sh")
            .run(Workers.LimitedSender.class);
    String[] lines = result.out().split("\n", -1);
    assertEquals("null", lines[0], result.toString());
    assertTrue(lines[1].contains("Too many open files"), result.toString());
    assertTrue(lines[2].contains("ShareIoException"), result.toString());
    assertTrue(lines[2].contains("Too many open files"), result.toString());
    assertEquals("null", lines[3], result.toString());
  }
}
