package org.shareobject.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** How futures end, in time. */
final class Ends {
  private static final long PATIENCE_S = 60;

  private Ends() {}

  /** Waits for its success. */
  static <T> T get(CompletableFuture<T> future) {
    try {
      return future.get(PATIENCE_S, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** Waits for its failure, whose message has the words. */
  static void fails(Class<? extends Throwable> type, CompletableFuture<?> future, String... words) {
    Throwable failure =
        assertThrows(ExecutionException.class, () -> future.get(PATIENCE_S, TimeUnit.SECONDS))
            .getCause();
    assertEquals(type, failure.getClass(), failure.toString());
    for (String word : words) {
      assertTrue(failure.getMessage().contains(word), failure.toString());
    }
  }

  /** Waits until it is so. */
  static void await(BooleanSupplier condition) {
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
