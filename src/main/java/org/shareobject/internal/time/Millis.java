package org.shareobject.internal.time;

import java.time.Duration;

/** Times to live as a number of milliseconds. */
public final class Millis {
  private static final Duration LONGEST = Duration.ofMillis(Long.MAX_VALUE);

  private Millis() {}

  /**
   * Returns the milliseconds, rounded up; {@link Long#MAX_VALUE} for a longer duration.
   *
   * @throws IllegalArgumentException if the duration is not above 0
   */
  public static long ofTimeToLive(Duration timeToLive) {
    if (timeToLive.isZero() || timeToLive.isNegative()) {
      throw new IllegalArgumentException("the time to live must be above 0, not " + timeToLive);
    }
    return timeToLive.compareTo(LONGEST) >= 0
        ? Long.MAX_VALUE
        : timeToLive.plusNanos(999_999).toMillis();
  }
}
