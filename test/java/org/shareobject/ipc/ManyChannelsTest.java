package org.shareobject.ipc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.Futures;
import org.shareobject.testing.JvmLauncher;
import org.shareobject.testing.Received;

/** Many channels of one JVM. */
@Timeout(180)
class ManyChannelsTest {
  /** With a thread and a buffer for each they would need twice that heap. */
  private static final int PAIRS = 1000;

  private static Set<Thread> threads() {
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().startsWith("shareobject channel")) {
        threads.add(thread);
      }
    }
    return threads;
  }

  @Test
  void shouldShareAFewThreadsAndBuffers() {
    ChildJvm.Result result = new JvmLauncher().options("-Xmx64m").run(Many.class);
    assertEquals("all came, in order; 1 thread is left\n", result.out(), result.toString());
  }

  /** Has all channels send at the same time. */
  static final class Many {
    private static final int MESSAGES = 20;

    public static void main(String[] args) throws InterruptedException {
      List<Pair> pairs = new ArrayList<>();
      CountDownLatch all = new CountDownLatch(PAIRS * MESSAGES);
      for (int i = 0; i < PAIRS; i++) {
        Pair pair = Pair.open();
        pairs.add(pair);
        int[] expected = {0};
        pair.left.onMessage(
            (message, handle) -> {
              if (message.intValue() == expected[0]++) {
                all.countDown();
              }
            });
        pair.right.onMessage(
            (message, handle) -> {
              CompletableFuture<Void> unused = pair.right.send(message);
            });
      }
      for (int i = 0; i < MESSAGES; i++) {
        for (Pair pair : pairs) {
          CompletableFuture<Void> unused = pair.left.send(i);
        }
      }
      all.await();
      Futures.await(() -> threads().size() == 1);
      System.out.println("all came, in order; 1 thread is left");
      System.exit(0);
    }
  }

  @Test
  void shouldServeOthersWhileListenersBlock() throws InterruptedException {
    int blocked = 4 * Runtime.getRuntime().availableProcessors();
    CountDownLatch end = new CountDownLatch(1);
    CountDownLatch inListener = new CountDownLatch(blocked);
    List<Pair> pairs = new ArrayList<>();
    try (Pair free = Pair.open()) {
      for (int i = 0; i < blocked; i++) {
        Pair pair = Pair.open();
        pairs.add(pair);
        pair.right.onMessage((message, handle) -> block(inListener, end));
        CompletableFuture<Void> unused = pair.left.send("block");
      }
      Received received = Received.from(free.right);
      for (int i = 0; i < 100; i++) {
        Futures.get(free.left.send(i));
        assertEquals(i, received.nextJson().intValue());
      }
      assertTrue(inListener.await(60, TimeUnit.SECONDS));
      // What is sent to one that does not read is written as soon as that reads again.
      String large = "x".repeat(1 << 20);
      CompletableFuture<Void> sent = pairs.get(0).left.send(large);
      CompletableFuture<Void> other = free.left.send(large);
      assertEquals(large, received.nextText());
      Futures.get(other);
      end.countDown();
      Futures.get(sent);
    } finally {
      end.countDown();
      pairs.forEach(Pair::close);
    }
  }

  private static void block(CountDownLatch inListener, CountDownLatch end) {
    inListener.countDown();
    try {
      end.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What it did to its thread is not the next one's. */
  @Test
  void shouldForgetWhatAListenerDidToItsThread() {
    try (Pair pair = Pair.open();
        Complaints complaints = new Complaints()) {
      CompletableFuture<Void> told = new CompletableFuture<>();
      pair.right.onMessage(
          (message, handle) -> {
            Thread.currentThread().interrupt();
            Thread.currentThread().setUncaughtExceptionHandler((thread, error) -> {});
            if (message.isInt()) {
              told.complete(null);
            }
          });
      CompletableFuture<Void> unused = pair.left.send("first");
      unused = pair.left.send(2);
      Futures.get(told);
      try (Pair other = Pair.open()) {
        Received received = Received.from(other.right);
        Futures.get(other.left.send(3));
        assertEquals(3, received.nextJson().intValue());
      }
      complaints.assertNone();
    }
  }
}
