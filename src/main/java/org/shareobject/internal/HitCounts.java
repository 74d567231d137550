package org.shareobject.internal;

/**
 * Finds that the C library did not see, which it is told of now and then. Each thread counts on a
 * line that few others have; a number may get lost if two threads of one line count at the same
 * moment.
 */
final class HitCounts {
  private static final int STRIPES = 64;
  private static final int STRIPE_SHIFT = 4;

  /** Hits that a line counts before all processes see them. */
  private static final int FLUSH_HITS = 128;

  private final long[] counts = new long[STRIPES << STRIPE_SHIFT];

  /** Counts one; returns how many are to be told now. */
  int add() {
    int line = (int) (Thread.currentThread().getId() & (STRIPES - 1)) << STRIPE_SHIFT;
    return (++counts[line] & (FLUSH_HITS - 1)) == 0 ? FLUSH_HITS : 0;
  }

  /** Returns those that are not told yet. */
  long untold() {
    long hits = 0;
    for (int line = 0; line < counts.length; line += 1 << STRIPE_SHIFT) {
      hits += counts[line] & (FLUSH_HITS - 1);
    }
    return hits;
  }
}
