package org.shareobject.cli;

import java.time.Duration;
import java.util.Optional;

/** How long to wait before a process that ended is started again. Not thread-safe. */
final class Backoff {
  private static final Duration MOST = Duration.ofSeconds(15);

  private final Duration first;
  private final Duration longLife;
  private final int mostRestarts;
  private int earlyEnds;

  /**
   * Creates one that has seen no end.
   *
   * @param first the pause after one early end; doubled by each that follows, up to 15 s
   * @param longLife who lived so long did not end early
   * @param mostRestarts after so many restarts for early ends in a row there is no other
   */
  Backoff(Duration first, Duration longLife, int mostRestarts) {
    this.first = first;
    this.longLife = longLife;
    this.mostRestarts = mostRestarts;
  }

  /**
   * Counts an end.
   *
   * @param lived how long the process had lived
   * @return the pause, 0 after a long life; empty to give up
   */
  Optional<Duration> next(Duration lived) {
    if (lived.compareTo(longLife) >= 0) {
      earlyEnds = 0;
      return Optional.of(Duration.ZERO);
    }
    if (earlyEnds == mostRestarts) {
      return Optional.empty();
    }
    Duration pause = MOST;
    int doublings = earlyEnds++;
    if (doublings < Integer.SIZE - 1 && first.compareTo(MOST.dividedBy(1L << doublings)) < 0) {
      pause = first.multipliedBy(1L << doublings);
    }
    return Optional.of(pause);
  }

  /** Forgets all ends. */
  void reset() {
    earlyEnds = 0;
  }
}
