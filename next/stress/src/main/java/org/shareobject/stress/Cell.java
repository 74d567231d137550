package org.shareobject.stress;

import java.util.concurrent.atomic.AtomicLong;
import org.shareobject.ShareMap;

/** A key that no other state of a test has at the time, and which holds 1, then 2, then 3. */
class Cell {
  /** The key is absent. */
  static final int ABSENT = 0;

  /** The value is torn, or another key's. */
  static final int WRONG = -1;

  /** More than jcstress has states at a time. */
  private static final long KEYS = 1 << 15;

  private static final long VALUES = 8;
  private static final AtomicLong COUNT = new AtomicLong();

  final ShareMap<Long, Long> map;
  final Long key = COUNT.getAndIncrement() % KEYS;

  Cell(ShareMap<Long, Long> map) {
    this.map = map;
  }

  final Long value(int number) {
    return key * VALUES + number;
  }

  final int number(Long value) {
    if (value == null) {
      return ABSENT;
    }
    return value / VALUES == key ? (int) (value % VALUES) : WRONG;
  }

  final void set(int number) {
    map.set(key, value(number));
  }

  final int get() {
    return number(map.get(key));
  }
}
