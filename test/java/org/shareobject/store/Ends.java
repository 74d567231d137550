package org.shareobject.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import org.shareobject.testing.Futures;

/** How futures of a user end. */
final class Ends {
  private Ends() {}

  /** Waits for its failure, whose message has the words. */
  static void fails(Class<? extends Throwable> type, CompletableFuture<?> future, String... words) {
    Throwable failure = Futures.failure(type, future);
    assertEquals(type, failure.getClass(), failure.toString());
    for (String word : words) {
      assertTrue(failure.getMessage().contains(word), failure.toString());
    }
  }
}
