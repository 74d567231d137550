package org.shareobject.ipc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.shareobject.Codec;
import org.shareobject.Eviction;
import org.shareobject.ShareClosedException;
import org.shareobject.ShareException;
import org.shareobject.ShareMap;
import org.shareobject.internal.socket.Sockets;
import org.shareobject.testing.Futures;
import org.shareobject.testing.OpenFiles;
import org.shareobject.testing.Received;

/** Maps that go along with messages: memory that has no file. */
@Timeout(120)
class ChannelMapTest {
  private static final String PROBE =
      "{\"cmd\":\"NODE_HANDLE\",\"type\":\"shareobject.Map\",\"msg\":null}";

  @TempDir Path folder;
  private final Pair pair = Pair.open();
  private final Received received = Received.from(pair.right);

  @AfterEach
  void close() {
    pair.close();
  }

  private static ShareMap.Builder<String, Long> builder() {
    return ShareMap.builder(Codec.STRING, Codec.LONG).capacity(1 << 20);
  }

  @Test
  void shouldShareAMapWithoutAFile() {
    try (ShareMap<String, Long> map = builder().eviction(Eviction.S3_FIFO).openAnonymous()) {
      map.put("before", 1L);
      Futures.get(pair.left.send("take this", map));
      Received.Message message = received.next();
      assertEquals("take this", message.json().textValue());
      try (ShareMap<String, Long> got = message.map()) {
        assertEquals(1L, got.get("before"));
        got.put("answer", 42L);
        assertEquals(42L, map.get("answer"));
        assertEquals(43L, map.addAndGet("answer", 1));
        assertEquals(43L, got.get("answer"));
        assertEquals(map.stats().capacity(), got.stats().capacity());
        assertEquals(2, map.stats().peers());
      }
    }
  }

  @Test
  void shouldOpenAMapAfterItsSenderClosedIt() {
    ShareMap<String, Long> opened;
    try (ShareMap<String, Long> map = builder().openAnonymous()) {
      map.put("left behind", 1L);
      Futures.get(pair.left.send(1, map));
      opened = received.next().map();
    }
    try (ShareMap<String, Long> got = opened) {
      assertEquals(1L, got.get("left behind"));
      assertEquals(1, got.stats().peers());
    }
  }

  @Test
  void shouldShareAMapWithAFile() {
    try (ShareMap<String, Long> map = builder().open(folder.resolve("map"))) {
      map.put("x", 1L);
      Futures.get(pair.left.send(1, map));
      try (ShareMap<String, Long> got = received.next().map()) {
        assertEquals(1L, got.get("x"));
      }
    }
  }

  @Test
  void shouldOpenAMapOnce() {
    try (ShareMap<String, Long> map = builder().openAnonymous()) {
      Futures.get(pair.left.send(1, map));
      Received.Message message = received.next();
      message.map().close();
      Handle handle = message.handle();
      assertThrows(IllegalStateException.class, handle::channel);
      assertThrows(IllegalStateException.class, () -> handle.map(Codec.STRING, Codec.LONG));
    }
  }

  @Test
  void shouldKeepTheOrderOfMapsAndMessages() {
    try (ShareMap<String, Long> map = builder().openAnonymous()) {
      for (int i = 0; i < 50; i++) {
        CompletableFuture<Void> unused = pair.left.send(i);
        unused = pair.left.send(i, map);
      }
      for (int i = 0; i < 50; i++) {
        assertEquals(i, received.nextJson().intValue());
        Received.Message message = received.next();
        assertEquals(i, message.json().intValue());
        message.map().close();
      }
    }
  }

  @Test
  void shouldRefuseAClosedMap() {
    ShareMap<String, Long> map = builder().openAnonymous();
    map.close();
    Futures.assertFails(ShareClosedException.class, "closed", pair.left.send(1, map));
    Futures.get(pair.left.send("after"));
    assertEquals("after", received.nextText());
  }

  @Test
  void shouldAskBeforeTheFirstMap() {
    try (RawPeer peer = RawPeer.open();
        ShareMap<String, Long> map = builder().openAnonymous()) {
      CompletableFuture<Void> first = peer.channel.send("first", map);
      assertEquals(PROBE, peer.readLine());
      peer.write("{\"cmd\":\"NODE_HANDLE_NACK\",\"knows\":[\"shareobject.Map\"]}\n");
      assertTrue(peer.readLine().contains("\"first\""));
      peer.write("{\"cmd\":\"NODE_HANDLE_ACK\"}\n");
      Futures.get(first);
      CompletableFuture<Void> second = peer.channel.send("second", map);
      assertTrue(peer.readLine().contains("\"second\""));
      peer.write("{\"cmd\":\"NODE_HANDLE_ACK\"}\n");
      Futures.get(second);
    }
  }

  @Test
  void shouldSendNoMapToWhoDoesNotKnowMaps() {
    try (RawPeer peer = RawPeer.open();
        ShareMap<String, Long> map = builder().openAnonymous()) {
      CompletableFuture<Void> sent = peer.channel.send("map", map);
      CompletableFuture<Void> behind = peer.channel.send("behind");
      assertEquals(PROBE, peer.readLine());
      peer.write("{\"cmd\":\"NODE_HANDLE_NACK\"}\n");
      assertEquals("\"behind\"", peer.readLine());
      Futures.assertFails(ShareException.class, "does not use this library", sent);
      Futures.get(behind);
    }
  }

  @Test
  void shouldFailAMapWhoseReceiverDiesBeforeItAnswers() {
    try (RawPeer peer = RawPeer.open();
        ShareMap<String, Long> map = builder().openAnonymous()) {
      CompletableFuture<Void> sent = peer.channel.send("map", map);
      peer.readLine();
      peer.die();
      Futures.assertFails(ShareClosedException.class, "were not sent", sent);
    }
  }

  @Test
  void shouldRefuseADescriptorThatIsNoMap() throws Exception {
    try (RawPeer peer = RawPeer.open();
        ServerSocketChannel server = ServerSocketChannel.open().bind(null)) {
      CompletableFuture<Void> refused = new CompletableFuture<>();
      peer.channel.onMessage(
          (message, handle) -> {
            assertThrows(ShareException.class, () -> handle.map(Codec.STRING, Codec.LONG));
            assertThrows(IllegalStateException.class, () -> handle.map(Codec.STRING, Codec.LONG));
            refused.complete(null);
          });
      peer.write(PROBE + "\n", Sockets.copy(server));
      Futures.get(refused);
    }
  }

  @Test
  void shouldGiveTheMemoryBackWithItsLastUser() {
    ShareMap<String, Long> map = builder().openAnonymous();
    Futures.get(pair.left.send(1, map));
    ShareMap<String, Long> got = received.next().map();
    map.close();
    got.put("still", 1L);
    assertTrue(OpenFiles.holdsMemoryWithoutFile());
    got.close();
    Futures.await(
        () -> {
          System.gc();
          return !OpenFiles.holdsMemoryWithoutFile();
        });
  }
}
