package org.shareobject.ipc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.shareobject.Codec;
import org.shareobject.ShareIoException;
import org.shareobject.ShareMap;
import org.shareobject.testing.Futures;
import org.shareobject.testing.Host;
import org.shareobject.testing.Loopback;
import org.shareobject.testing.Node;
import org.shareobject.testing.Received;

/** Handles that the other side does not acknowledge, with a limit to the wait. */
@Timeout(180)
class HandleTimeoutTest {
  private static final String PROPERTY = "shareobject.ipc.handleTimeoutMillis";
  private static final String ACK = "{\"cmd\":\"NODE_HANDLE_ACK\"}\n";

  @BeforeEach
  void limit() {
    System.setProperty(PROPERTY, "200");
  }

  @AfterEach
  void unlimit() {
    System.clearProperty(PROPERTY);
  }

  private static ServerSocketChannel server() throws IOException {
    return ServerSocketChannel.open().bind(Loopback.port(0));
  }

  private static void assertExpires(CompletableFuture<Void> handle) {
    ShareIoException e = Futures.failure(ShareIoException.class, handle);
    assertEquals("SHO_ETIMEDOUT", e.code());
    assertTrue(e.getMessage().contains("not acknowledged within 200 ms"), e.getMessage());
  }

  @Test
  void shouldSendWhatIsBehindAHandleThatIsNeverAcknowledged() throws IOException {
    try (RawPeer peer = RawPeer.open();
        ServerSocketChannel server = server();
        SocketChannel client = SocketChannel.open(server.getLocalAddress());
        SocketChannel served = server.accept()) {
      CompletableFuture<Void> handle = peer.channel.send("handle", served);
      CompletableFuture<Void> second = peer.channel.send("second", server);
      CompletableFuture<Void> behind = peer.channel.send("behind");
      peer.readLine();
      assertExpires(handle);
      assertTrue(served.isOpen() && client.isOpen());
      Futures.assertFails(ShareIoException.class, "earlier one", second);
      assertEquals("\"behind\"", peer.readLine());
      Futures.get(behind);

      // The late answer is the first handle's, and nobody else's.
      peer.write(ACK);
      Futures.await(() -> !peer.channel.send("third", server).isCompletedExceptionally());
      peer.readLine();
      peer.write(ACK);
      Futures.get(peer.channel.send("after"));
    }
  }

  @Test
  void shouldDisconnectBehindAHandleThatIsNeverAcknowledged() throws IOException {
    try (RawPeer peer = RawPeer.open();
        ServerSocketChannel server = server()) {
      CompletableFuture<Void> handle = peer.channel.send("handle", server);
      peer.channel.disconnect();
      assertExpires(handle);
      peer.readToEnd();
    }
  }

  @Test
  void shouldSendWhatIsBehindAMapThatNobodyAnswersAbout() {
    try (RawPeer peer = RawPeer.open();
        ShareMap<String, String> map =
            ShareMap.builder(Codec.STRING, Codec.STRING).capacity(1 << 16).openAnonymous()) {
      CompletableFuture<Void> handle = peer.channel.send("map", map);
      Futures.get(peer.channel.send("behind"));
      assertExpires(handle);
      peer.readLine();
      peer.write("{\"cmd\":\"NODE_HANDLE_NACK\"}\n");
      assertEquals("\"behind\"", peer.readLine());
    }
  }

  /** Node has no limit of its own; a process that is stopped answers late. */
  @Test
  void shouldGoOnWithANodeProcessThatWasStopped() throws Exception {
    try (Worker worker = Node.fork("ipc/child.js");
        ServerSocketChannel server = server()) {
      Received received = Received.from(worker.channel());
      CompletableFuture<Void> unused =
          worker.channel().send(Map.of("task", "echo", "value", "runs"));
      assertEquals("runs", received.nextText());
      Host.signal("STOP", worker.process().pid());
      CompletableFuture<Void> handle = worker.channel().send(Map.of("task", "nothing"), server);
      unused = worker.channel().send(Map.of("task", "echo", "value", "behind"));
      assertExpires(handle);
      Host.signal("CONT", worker.process().pid());
      assertEquals("behind", received.nextText());
      // On a slow machine Node may be late again.
      Futures.await(() -> isTaken(worker.channel().send(Map.of("task", "nothing"), server)));
    }
  }

  private static boolean isTaken(CompletableFuture<Void> handle) {
    return handle.handle((done, error) -> error == null).join();
  }

  @Test
  void shouldWaitForEverByDefault() throws IOException {
    System.clearProperty(PROPERTY);
    try (RawPeer peer = RawPeer.open();
        ServerSocketChannel server = server()) {
      CompletableFuture<Void> handle = peer.channel.send("handle", server);
      peer.readLine();
      assertTrue(peer.isSilent(500));
      assertFalse(handle.isDone());
      peer.write(ACK);
      Futures.get(handle);
    }
  }

  @Test
  void shouldRefuseALimitThatIsNoNumber() {
    System.setProperty(PROPERTY, "-1");
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, RawPeer::open);
    assertTrue(e.getMessage().contains(PROPERTY), e.getMessage());
  }
}
