package org.shareobject.stress;

import org.shareobject.Codec;
import org.shareobject.Eviction;
import org.shareobject.ShareMap;

/** Maps of numbers. */
final class Maps {
  private Maps() {}

  static ShareMap<Long, Long> open(long capacity, Eviction eviction) {
    return ShareMap.builder(Codec.LONG, new NumberCodec())
        .capacity(capacity)
        .eviction(eviction)
        .openAnonymous();
  }

  static ShareMap<Long, Long> open() {
    return open(16 << 20, Eviction.NONE);
  }
}
