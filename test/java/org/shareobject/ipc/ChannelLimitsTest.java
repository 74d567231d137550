package org.shareobject.ipc;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.shareobject.ShareFormatException;
import org.shareobject.ShareFullException;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.JvmLauncher;

/** What waits fits into the heap, whatever the other side does. Each in a JVM of its own. */
@Timeout(180)
class ChannelLimitsTest {
  private static final String HEAP = "-Xmx64m";

  /** Of small messages; their objects take many times as much. */
  private static final int FLOOD_BYTES = 24 << 20;

  private static void assertPrints(String out, Class<?> program) {
    ChildJvm.Result result = new JvmLauncher().options(HEAP).run(program);
    assertEquals(out + "\n", result.out(), result.toString());
  }

  @Test
  void shouldKeepOfWhatNobodyListensToWhatTheHeapHasRoomFor() {
    assertPrints("all came", Unheard.class);
  }

  @Test
  void shouldRefuseToSendToADeafPeerBeforeTheHeapIsFull() {
    assertPrints("SHO_EFULL, then all were written", Deaf.class);
  }

  @Test
  void shouldAnswerNoMoreThanTheHeapHasRoomFor() {
    assertPrints("all were answered", Asked.class);
  }

  @Test
  void shouldDropAMessageWhoseObjectsTheHeapHasNoRoomFor() {
    assertPrints("it was dropped, then \"after\"", Dense.class);
  }

  /** Writes a line again and again, in a thread of its own. */
  private static final class Flood {
    private final RawPeer peer;
    private final byte[] lines;
    private final int count;
    private final AtomicLong written = new AtomicLong();

    Flood(RawPeer peer, String line) {
      this.peer = peer;
      int perWrite = 1000;
      lines = line.repeat(perWrite).getBytes(StandardCharsets.UTF_8);
      count = FLOOD_BYTES / line.length() / perWrite * perWrite;
      Thread thread = new Thread(() -> run(count / perWrite));
      thread.setDaemon(true);
      thread.start();
    }

    private void run(int writes) {
      for (int i = 0; i < writes; i++) {
        peer.write(lines, -1);
        written.incrementAndGet();
      }
    }

    /** Returns how many lines there will be. */
    int count() {
      return count;
    }

    /** Waits until it is through, or nothing more is taken. */
    void awaitStill() throws InterruptedException {
      for (long before = -1, now = 0; now != before; now = written.get()) {
        before = now;
        TimeUnit.SECONDS.sleep(3);
      }
    }
  }

  /** Listens late. */
  static final class Unheard {
    public static void main(String[] args) throws InterruptedException {
      try (RawPeer peer = RawPeer.open()) {
        Flood flood = new Flood(peer, "{\"i\":1}\n");
        flood.awaitStill();
        CountDownLatch all = new CountDownLatch(flood.count());
        peer.channel.onMessage((message, handle) -> all.countDown());
        all.await();
        System.out.println("all came");
      }
    }
  }

  /** Sends to who does not read. */
  static final class Deaf {
    public static void main(String[] args) throws InterruptedException {
      try (RawPeer peer = RawPeer.open()) {
        int sent = 0;
        CompletableFuture<Void> last = peer.channel.send(sent);
        while (!last.isCompletedExceptionally()) {
          sent++;
          last = peer.channel.send(sent);
        }
        try {
          last.join();
        } catch (RuntimeException e) {
          System.out.print(((ShareFullException) e.getCause()).code());
        }
        peer.skipLines(sent);
        peer.channel.send("room again").get();
        System.out.println(", then all were written");
      } catch (ExecutionException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** Is asked by who does not read the answers. */
  static final class Asked {
    public static void main(String[] args) throws InterruptedException {
      try (RawPeer peer = RawPeer.open()) {
        Flood flood = new Flood(peer, "{\"cmd\":\"NODE_HANDLE\"}\n");
        flood.awaitStill();
        peer.skipLines(flood.count());
        System.out.println("all were answered");
      }
    }
  }

  /** Gets a message that is short as text. */
  static final class Dense {
    public static void main(String[] args) throws InterruptedException {
      System.setProperty(Limits.MESSAGE_PROPERTY, String.valueOf(FLOOD_BYTES));
      try (RawPeer peer = RawPeer.open();
          Complaints complaints = new Complaints()) {
        CompletableFuture<String> after = new CompletableFuture<>();
        peer.channel.onMessage((message, handle) -> after.complete(message.toString()));
        peer.write("[" + "[],".repeat(2_000_000) + "[]]\n\"after\"\n");
        String came = after.join();
        complaints.assertNext(ShareFormatException.class, "dropped");
        System.out.println("it was dropped, then " + came);
      }
    }
  }
}
