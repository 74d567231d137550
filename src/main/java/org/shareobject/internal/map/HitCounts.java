package org.shareobject.internal.map;

/**
 * Hits that the C library did not see; they are added to its counters from time to time. Each
 * thread counts on a line that few others have. Two that use one line at the same moment may make
 * the number wrong by a line's worth, {@value #MOST}, up or down; one thread after the other never
 * does.
 */
final class HitCounts {
  /** What a line counts before all processes see it. */
  private static final int MOST = 128;

  private static final int LINES = 64;
  private static final int LINE_SHIFT = 4;

  private final long[] counts = new long[LINES << LINE_SHIFT];

  /** Counts one; returns how many are to be told now, most often none. */
  int add() {
    int line = (int) (Thread.currentThread().getId() & (LINES - 1)) << LINE_SHIFT;
    if (++counts[line] < MOST) {
      return 0;
    }
    counts[line] = 0;
    return MOST;
  }

  /** Returns all that are to be told, and counts anew. */
  long take() {
    long hits = 0;
    for (int line = 0; line < counts.length; line += 1 << LINE_SHIFT) {
      hits += counts[line];
      counts[line] = 0;
    }
    return hits;
  }
}
