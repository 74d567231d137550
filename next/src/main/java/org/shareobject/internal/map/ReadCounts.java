package org.shareobject.internal.map;

/**
 * Reads that the C library did not see; they are added to its counters from time to time. Each
 * thread counts on a line that few others have. Two that use one line at the same moment may make
 * the number wrong by a line's worth, {@value #MOST}, up or down; one thread after the other never
 * does.
 */
final class ReadCounts {
  /** What a line counts before all processes see it. */
  private static final int MOST = 128;

  private static final int LINES = 64;
  private static final int LINE_SHIFT = 4;

  // On each line.
  private static final int HITS = 0;
  private static final int MISSES = 1;

  private final long[] counts = new long[LINES << LINE_SHIFT];

  /** Counts a hit; returns how many are to be told now, most often none. */
  int addHit() {
    return add(HITS);
  }

  /** Counts a miss; returns how many are to be told now, most often none. */
  int addMiss() {
    return add(MISSES);
  }

  private int add(int kind) {
    int line = (int) (Thread.currentThread().getId() & (LINES - 1)) << LINE_SHIFT;
    if (++counts[line + kind] < MOST) {
      return 0;
    }
    counts[line + kind] = 0;
    return MOST;
  }

  /** Tells all that are to be told, and counts anew. */
  void tell(long map) {
    MapNative.addReads(map, take(HITS), take(MISSES));
  }

  private long take(int kind) {
    long sum = 0;
    for (int at = kind; at < counts.length; at += 1 << LINE_SHIFT) {
      sum += counts[at];
      counts[at] = 0;
    }
    return sum;
  }
}
