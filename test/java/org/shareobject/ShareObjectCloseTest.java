package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ShareObjectCloseTest {
  private static final Duration LONG = Duration.ofHours(1);

  @TempDir Path folder;

  @Test
  void shouldCloseTwice() {
    ShareObject cell = open();
    cell.close();
    cell.close();
    closed(cell::get);
  }

  @Test
  void shouldRefuseAllUseAfterClose() {
    ShareObject cell = open();
    cell.close();
    closed(cell::get);
    closed(() -> cell.set("x"));
    closed(() -> cell.compareAndSet(0, "x"));
    closed(cell::version);
    closed(() -> cell.await(0, LONG));
    assertEquals(1024, cell.capacity());
    assertEquals(folder.resolve("share-data"), cell.file());
  }

  @Test
  void shouldLeaveOtherObjectsOpen() {
    try (ShareObject other = open()) {
      ShareObject cell = open();
      cell.set("x");
      cell.close();
      assertEquals("x", other.get());
      other.set("y");
      assertEquals("y", other.get());
    }
  }

  @Test
  void shouldEndWaiters() throws Exception {
    ShareObject cell = open();
    List<CompletableFuture<Void>> waiters = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      waiters.add(untilFailure(() -> cell.await(0, LONG)));
    }
    Thread.sleep(100);
    long start = System.nanoTime();
    cell.close();
    for (CompletableFuture<Void> waiter : waiters) {
      endsClosed(waiter);
    }
    System.out.printf("close() ended 4 waiters within %d us%n", (System.nanoTime() - start) / 1000);
  }

  @Test
  void shouldEndReadersAndWritersAndWaitersManyTimes() throws Exception {
    for (int round = 0; round < 100; round++) {
      ShareObject cell = open();
      List<CompletableFuture<Void>> users =
          List.of(
              untilFailure(cell::get),
              untilFailure(() -> cell.set("x".repeat(900))),
              untilFailure(() -> cell.await(cell.version() + 1, LONG)),
              untilFailure(cell::version));
      TimeUnit.MICROSECONDS.sleep(round * 37L);
      cell.close();
      for (CompletableFuture<Void> user : users) {
        endsClosed(user);
      }
    }
  }

  @Test
  void shouldCloseFromManyThreadsAtOnce() throws Exception {
    for (int round = 0; round < 50; round++) {
      ShareObject cell = open();
      CompletableFuture<Void> reader = untilFailure(cell::get);
      List<Thread> closers = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        closers.add(new Thread(cell::close));
      }
      closers.forEach(Thread::start);
      for (Thread closer : closers) {
        closer.join();
      }
      endsClosed(reader);
    }
  }

  private ShareObject open() {
    return ShareObject.open(folder.resolve("share-data"));
  }

  /** Calls again and again on a thread of its own. */
  private static CompletableFuture<Void> untilFailure(Callable<?> call) {
    CompletableFuture<Void> end = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                while (true) {
                  call.call();
                }
              } catch (Throwable e) {
                end.completeExceptionally(e);
              }
            });
    thread.setDaemon(true);
    thread.start();
    return end;
  }

  private static void endsClosed(CompletableFuture<Void> call) {
    Throwable e =
        assertThrows(ExecutionException.class, () -> call.get(20, TimeUnit.SECONDS)).getCause();
    assertEquals(ShareClosedException.class, e.getClass(), e.toString());
  }

  private static void closed(Executable call) {
    ShareClosedException e = assertThrows(ShareClosedException.class, call);
    assertEquals("SHO_ECLOSED", e.code());
    assertTrue(e.getMessage().contains("share-data is closed"), e.getMessage());
  }
}
