package org.shareobject.internal.time;

import java.time.Duration;

/** Durations as a number of nanoseconds. */
public final class Nanos {
  private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE);

  private Nanos() {}

  /**
   * Returns the nanoseconds: 0 for a negative duration, {@link Long#MAX_VALUE} (292 years) for a
   * longer one.
   */
  public static long of(Duration duration) {
    if (duration.isNegative()) {
      return 0;
    }
    return duration.compareTo(LONGEST) >= 0 ? Long.MAX_VALUE : duration.toNanos();
  }

  /** Returns nanoseconds for people: {@code "1500 ms"}. */
  public static String text(long nanos) {
    return nanos / 1_000_000 + " ms";
  }
}
