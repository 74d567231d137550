package org.shareobject.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class BackoffTest {
  private static final Duration FIRST = Duration.ofMillis(100);
  private static final Duration LONG = Duration.ofSeconds(5);
  private static final Duration SHORT = LONG.minusNanos(1);

  @Test
  void shouldDoubleThePauseUpToFifteenSeconds() {
    Backoff backoff = new Backoff(FIRST, LONG, 100);
    for (int i = 0; i < 100; i++) {
      long expected = i < 8 ? 100L << i : 15_000;
      assertEquals(Optional.of(Duration.ofMillis(expected)), backoff.next(SHORT));
    }
  }

  @Test
  void shouldNotPauseAfterALongLife() {
    Backoff backoff = new Backoff(FIRST, LONG, 2);
    for (int i = 0; i < 5; i++) {
      assertEquals(Optional.of(FIRST), backoff.next(SHORT));
      assertEquals(Optional.of(FIRST.multipliedBy(2)), backoff.next(SHORT));
      assertEquals(Optional.of(Duration.ZERO), backoff.next(LONG));
    }
  }

  @Test
  void shouldGiveUp() {
    Backoff backoff = new Backoff(FIRST, LONG, 1);
    assertEquals(Optional.of(FIRST), backoff.next(SHORT));
    assertEquals(Optional.empty(), backoff.next(SHORT));
    assertEquals(Optional.empty(), backoff.next(SHORT));
    backoff.reset();
    assertEquals(Optional.of(FIRST), backoff.next(SHORT));
    assertEquals(Optional.empty(), new Backoff(FIRST, LONG, 0).next(SHORT));
  }

  @Test
  void shouldLimitALongFirstPause() {
    Backoff backoff = new Backoff(Duration.ofHours(1), LONG, 1);
    assertEquals(Optional.of(Duration.ofSeconds(15)), backoff.next(SHORT));
  }
}
