package org.shareobject.ipc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
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
import org.shareobject.testing.Loopback;
import org.shareobject.testing.Node;
import org.shareobject.testing.OpenFiles;
import org.shareobject.testing.Received;

/** Many handles: none is lost, and no descriptor stays behind. */
@Timeout(300)
class ManyHandlesTest {
  /** In each direction. */
  private static final int PASSINGS = 10_000;

  private static final int IGNORED = 300;
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
    try (Worker worker = Node.fork("ipc/child.js")) {
      passThereAndBack(worker, Map.of("task", "echo", "value", "value"));
    }
  }

  private void passThereAndBack(Worker worker, Object message) throws IOException {
    Received received = Received.from(worker.channel());
    passThereAndBack(worker, received, message, 100);
    Futures.await(() -> openFiles(worker) > 0);
    int here = OpenFiles.count();
    int there = openFiles(worker);
    passThereAndBack(worker, received, message, PASSINGS);
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

  // ---- handles that are ignored ----

  @Test
  void shouldLeakNoDescriptorOfWhatAJvmIgnores() throws IOException {
    try (Worker worker = Worker.fork(Workers.Ignorer.class)) {
      for (int i = 0; i < 100; i++) {
        passToIgnorer(worker, i);
      }
      int here = OpenFiles.count();
      int there = openFiles(worker);
      for (int i = 0; i < PASSINGS; i++) {
        passToIgnorer(worker, i);
      }
      OpenFiles.assertNoMoreThan(here);
      Futures.await(() -> openFiles(worker) <= there);
    }
  }

  /** The other end of the connection sees that nobody wanted it. */
  private void passToIgnorer(Worker worker, int message) throws IOException {
    try (SocketChannel client = connect()) {
      CompletableFuture<Void> sent = worker.channel().send(message, server.accept());
      assertEquals(-1, client.read(ByteBuffer.allocate(1)));
      Futures.get(sent);
    }
  }

  @Test
  void shouldLeakNoDescriptorOfWhatIsIgnoredHere() throws Exception {
    try (Worker worker = Worker.fork(Workers.Echo.class)) {
      Semaphore back = new Semaphore(0);
      worker.channel().onMessage((message, handle) -> back.release());
      passAndIgnoreTheEcho(worker, back, 100);
      int here = OpenFiles.count();
      int there = openFiles(worker);
      passAndIgnoreTheEcho(worker, back, PASSINGS);
      OpenFiles.assertNoMoreThan(here);
      Futures.await(() -> openFiles(worker) <= there);
    }
  }

  private void passAndIgnoreTheEcho(Worker worker, Semaphore back, int count) throws Exception {
    for (int i = 0; i < count; i++) {
      try (SocketChannel client = connect()) {
        CompletableFuture<Void> sent = worker.channel().send(i, server.accept());
        assertEquals(-1, client.read(ByteBuffer.allocate(1)));
        Futures.get(sent);
      }
    }
    assertTrue(back.tryAcquire(count, 60, TimeUnit.SECONDS));
  }

  /** Node counts them by the server's key, and closes its server when all are closed. */
  @Test
  void shouldCloseTheSocketsOfANodeServerThatAreIgnored() throws Exception {
    try (Worker worker = Node.fork("ipc/child.js")) {
      BlockingQueue<JsonNode> told = new LinkedBlockingQueue<>();
      worker.channel().onMessage((message, handle) -> told.add(message));
      Futures.get(worker.channel().send(Map.of("task", "connections")));
      InetSocketAddress address = Loopback.port(told.take().get("port").intValue());
      int before = OpenFiles.count();
      for (int i = 0; i < IGNORED; i++) {
        try (SocketChannel client = SocketChannel.open(address)) {
          assertEquals(-1, client.read(ByteBuffer.allocate(1)));
        }
        assertEquals(i, told.take().get("socket").intValue());
      }
      OpenFiles.assertNoMoreThan(before);
      Futures.get(worker.channel().send(Map.of("task", "count")));
      assertEquals(0, told.take().get("count").intValue());
      Futures.get(worker.channel().send(Map.of("task", "close")));
      assertEquals("closed", told.take().textValue());
    }
  }

  @Test
  void shouldLoseNoMessageWhereFewFilesMayBeOpen() throws IOException {
    List<String> ignorer = JvmCommand.of(Workers.Ignorer.class);
    try (Worker worker = Worker.spawn(limited(ignorer));
        SocketChannel client = connect();
        SocketChannel served = server.accept()) {
      List<CompletableFuture<Void>> sent = new ArrayList<>();
      for (int i = 0; i < PASSINGS / 2; i++) {
        sent.add(worker.channel().send(i, served, true));
      }
      sent.forEach(Futures::get);
      assertTrue(client.isConnected());
    }
  }

  /** A JVM that sends, but listens to nothing, keeps few; the sender has the others. */
  @Test
  void shouldRefuseHandlesThatNobodyListensTo() throws Exception {
    try (Pair pair = Pair.open();
        SocketChannel client = connect();
        SocketChannel served = server.accept()) {
      int before = OpenFiles.count();
      List<CompletableFuture<Void>> sent = new ArrayList<>();
      for (int i = 0; i < IGNORED; i++) {
        sent.add(pair.left.send(i, served, true));
      }
      CompletableFuture<Void> plain = pair.left.send("plain");
      for (int i = 0; i < Inbox.MOST_HANDLES; i++) {
        Futures.get(sent.get(i));
      }
      for (int i = Inbox.MOST_HANDLES; i < IGNORED; i++) {
        Futures.assertFails(ShareIoException.class, "wait already for a listener", sent.get(i));
      }
      Futures.get(plain);
      OpenFiles.assertNoMoreThan(before + Inbox.MOST_HANDLES);
      Semaphore heard = new Semaphore(0);
      pair.right.onMessage((message, handle) -> heard.release());
      assertTrue(heard.tryAcquire(Inbox.MOST_HANDLES + 1, 60, TimeUnit.SECONDS));
      OpenFiles.assertNoMoreThan(before);
      Futures.get(pair.left.send("heard", served, true));
      assertTrue(client.isConnected());
    }
  }

  @Test
  void shouldLeakNoDescriptorOfMapsThatAreIgnored() throws Exception {
    try (Pair pair = Pair.open();
        ShareMap<String, Long> map =
            ShareMap.builder(Codec.STRING, Codec.LONG).capacity(1 << 16).openAnonymous()) {
      Semaphore heard = new Semaphore(0);
      pair.right.onMessage((message, handle) -> heard.release());
      Futures.get(pair.left.send(0, map));
      heard.acquire();
      int before = OpenFiles.count();
      for (int i = 0; i < 1000; i++) {
        Futures.get(pair.left.send(i, map));
      }
      assertTrue(heard.tryAcquire(1000, 60, TimeUnit.SECONDS));
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
    try (Worker worker = Node.fork("ipc/child.js")) {
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
