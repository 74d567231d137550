package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ShareObjectAwaitTest {
  private static final Duration FOR_EVER = ChronoUnit.FOREVER.getDuration();

  @TempDir Path folder;

  private ShareObject cell;

  @BeforeEach
  void open() {
    cell = ShareObject.open(folder.resolve("share-data"));
  }

  @AfterEach
  void close() {
    cell.close();
  }

  @Test
  void shouldReturnAtOnceIfNewer() throws Exception {
    cell.set("one");
    cell.set("two");
    assertEquals(2, cell.await(0, Duration.ZERO));
    assertEquals(2, cell.await(1, FOR_EVER));
  }

  @Test
  void shouldWakeWhenSet() throws Exception {
    CompletableFuture<Long> newer = awaiting(0, FOR_EVER);
    Thread.sleep(120);
    assertFalse(newer.isDone());
    cell.set("one");
    assertEquals(1, newer.get(10, TimeUnit.SECONDS));
  }

  @Test
  void shouldSleepThroughVersionsUpToTheGivenOne() throws Exception {
    CompletableFuture<Long> newer = awaiting(2, FOR_EVER);
    cell.set("one");
    cell.set("two");
    Thread.sleep(120);
    assertFalse(newer.isDone());
    cell.compareAndSet(2, "three");
    assertEquals(3, newer.get(10, TimeUnit.SECONDS));
  }

  @Test
  void shouldWakeAllWaiters() throws Exception {
    CompletableFuture<?>[] all = new CompletableFuture<?>[8];
    for (int i = 0; i < all.length; i++) {
      all[i] = awaiting(0, FOR_EVER);
    }
    Thread.sleep(50);
    cell.set("one");
    CompletableFuture.allOf(all).get(10, TimeUnit.SECONDS);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 49, 50, 51, 120})
  void shouldTimeOutNoEarlier(long ms) {
    long start = System.nanoTime();
    TimeoutException e =
        assertThrows(TimeoutException.class, () -> cell.await(0, Duration.ofMillis(ms)));
    assertTrue(System.nanoTime() - start >= ms * 1_000_000);
    assertTrue(e.getMessage().contains("version above 0"), e.getMessage());
    assertTrue(e.getMessage().contains(cell.file().toString()), e.getMessage());
    assertTrue(e.getMessage().contains(ms + " ms"), e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(longs = {0, -1, Long.MIN_VALUE})
  void shouldCheckOnceWhenThereIsNoTime(long seconds) throws Exception {
    Duration none = Duration.ofSeconds(seconds);
    assertThrows(TimeoutException.class, () -> cell.await(0, none));
    cell.set("one");
    assertEquals(1, cell.await(0, none));
  }

  @Test
  void shouldRefuseNegativeVersion() {
    Exception e = assertThrows(IllegalArgumentException.class, () -> cell.await(-1, FOR_EVER));
    assertTrue(e.getMessage().contains("-1"), e.getMessage());
  }

  @Test
  void shouldEndByInterrupt() throws Exception {
    CompletableFuture<Throwable> ended = new CompletableFuture<>();
    Thread waiter = new Thread(() -> ended.complete(failureOf(0, FOR_EVER)));
    waiter.start();
    Thread.sleep(120);
    waiter.interrupt();
    Throwable e = ended.get(10, TimeUnit.SECONDS);
    assertEquals(InterruptedException.class, e.getClass());
    assertTrue(e.getMessage().contains(cell.file().toString()), e.getMessage());
    assertFalse(waiter.isInterrupted());
  }

  @Test
  void shouldThrowIfInterruptedBefore() {
    cell.set("one");
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, () -> cell.await(0, Duration.ZERO));
    assertFalse(Thread.interrupted());
  }

  @Test
  void shouldNotBeDisturbedByReaders() throws Exception {
    CompletableFuture<Long> newer = awaiting(0, FOR_EVER);
    for (int i = 0; i < 100_000; i++) {
      cell.get();
    }
    assertFalse(newer.isDone());
    cell.set("one");
    assertEquals(1, newer.get(10, TimeUnit.SECONDS));
  }

  private CompletableFuture<Long> awaiting(long version, Duration timeout) {
    CompletableFuture<Long> result = new CompletableFuture<>();
    Thread waiter =
        new Thread(
            () -> {
              try {
                result.complete(cell.await(version, timeout));
              } catch (Exception e) {
                result.completeExceptionally(e);
              }
            });
    waiter.setDaemon(true);
    waiter.start();
    return result;
  }

  private Throwable failureOf(long version, Duration timeout) {
    try {
      return new AssertionError("returned " + cell.await(version, timeout));
    } catch (Exception e) {
      return e;
    }
  }
}
