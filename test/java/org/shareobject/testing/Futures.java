package org.shareobject.testing;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** How futures end, in time. */
public final class Futures {
  private static final long PATIENCE_S = 60;

  private Futures() {}

  /** Waits for its success. */
  public static <T> T get(CompletableFuture<T> future) {
    try {
      return future.get(PATIENCE_S, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** Waits for its failure; returns it. */
  public static <E extends Throwable> E failure(Class<E> type, CompletableFuture<?> future) {
    ExecutionException e =
        assertThrows(ExecutionException.class, () -> future.get(PATIENCE_S, TimeUnit.SECONDS));
    return assertInstanceOf(type, e.getCause());
  }

  /** Waits for its failure, whose message has the words. */
  public static void assertFails(
      Class<? extends Throwable> type, String words, CompletableFuture<?> future) {
    String message = failure(type, future).getMessage();
    assertTrue(message.contains(words), message);
  }

  /** Waits until it is so. */
  public static void await(BooleanSupplier condition) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_S);
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < end, "not so within " + PATIENCE_S + " s");
      try {
        Thread.sleep(2);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }
}
