package org.shareobject.stress;

import java.util.concurrent.atomic.AtomicLong;
import org.shareobject.Eviction;
import org.shareobject.ShareMap;

/**
 * A tiny map, whose chunks are cleaned and used again all the time: one thread overwrites all keys
 * in turn with numbers that grow.
 */
final class Churn {
  /** Of two reads, the second found what the first did, or what came later. */
  static final int SAME = 1;

  static final int NEWER = 2;
  static final int OLDER = -2;

  private final ShareMap<Long, Long> map;
  private final int keys;
  private final AtomicLong writes = new AtomicLong();

  Churn(Eviction eviction, int keys) {
    map = Maps.open(64 << 10, eviction);
    this.keys = keys;
    for (int i = 0; i < keys; i++) {
      write();
    }
  }

  /** Overwrites a key; all come in turn. */
  void write() {
    long number = writes.incrementAndGet();
    map.set(key(number), number);
  }

  /** Returns the key that is overwritten after some more writes, or was some writes ago. */
  long keyIn(int more) {
    return key(writes.get() + more);
  }

  private long key(long number) {
    return Math.floorMod(number * 31, keys);
  }

  /** Reads a key; returns 0, a number that was written to it, or one below 0. */
  long read(long key) {
    Long number = map.get(key);
    if (number == null) {
      return Cell.ABSENT;
    }
    return number > 0 && key(number) == key ? number : Cell.WRONG;
  }

  /** Says how what was read relates to what was read before. */
  static int judge(long before, long now) {
    if (before <= 0 || now <= 0) {
      return now > 0 ? SAME : (int) now;
    }
    return now == before ? SAME : now > before ? NEWER : OLDER;
  }
}
