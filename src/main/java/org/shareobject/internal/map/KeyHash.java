package org.shareobject.internal.map;

/**
 * The hash of keys, with the secret that follows from a map's seed: "Hash" in {@code
 * docs/format.md}. It is rapidhashNano of rapidhash V3 by Nicolas De Carli.
 */
final class KeyHash {
  private static final long UINT_MASK = 0xFFFFFFFFL;
  private static final int STEP = 16;
  private static final int LONG_STEP = 48;

  private final long s0;
  private final long s1;
  private final long s2;
  private final long s7;
  private final long start;

  KeyHash(long seed) {
    SplitMix64 numbers = new SplitMix64(seed);
    s0 = numbers.nextBalanced();
    s1 = numbers.nextBalanced();
    s2 = numbers.nextBalanced();
    s7 = numbers.nextBalanced();
    start = seed ^ mix(seed ^ s2, s1);
  }

  /**
   * Returns the hash.
   *
   * @param first {@link ShortKey#low} of the key
   * @param last {@link ShortKey#last} of the key
   */
  long of(byte[] key, long first, long last) {
    int bytes = key.length;
    if (bytes > STEP) {
      return ofMany(key);
    }
    if (bytes >= Long.BYTES) {
      return end(first, last, start ^ bytes, bytes);
    }
    if (bytes >= Integer.BYTES) {
      long tail = first >>> (Byte.SIZE * (bytes - Integer.BYTES));
      return end(first & UINT_MASK, tail, start ^ bytes, bytes);
    }
    return bytes == 0 ? end(0, 0, start, 0) : ofFew(key);
  }

  private long ofFew(byte[] key) {
    long ends = (long) (key[0] & 0xFF) << 45 | (key[key.length - 1] & 0xFF);
    return end(ends, key[key.length / 2] & 0xFF, start, key.length);
  }

  private long ofMany(byte[] key) {
    long h = start;
    int bytes = key.length;
    int i = 0;
    if (bytes > LONG_STEP) {
      long h1 = h;
      long h2 = h;
      for (; bytes - i > LONG_STEP; i += LONG_STEP) {
        h = mix(Memory.getLong(key, i) ^ s0, Memory.getLong(key, i + 8) ^ h);
        h1 = mix(Memory.getLong(key, i + 16) ^ s1, Memory.getLong(key, i + 24) ^ h1);
        h2 = mix(Memory.getLong(key, i + 32) ^ s2, Memory.getLong(key, i + 40) ^ h2);
      }
      h ^= h1 ^ h2;
    }
    int left = bytes - i;
    for (int most = STEP; left > most; most += STEP, i += STEP) {
      h = mix(Memory.getLong(key, i) ^ s2, Memory.getLong(key, i + 8) ^ h);
    }
    return end(Memory.getLong(key, bytes - 16) ^ left, Memory.getLong(key, bytes - 8), h, left);
  }

  private long end(long a, long b, long h, int bytes) {
    long left = a ^ s1;
    long right = b ^ h;
    return mix(left * right ^ s7, high(left, right) ^ s1 ^ bytes);
  }

  private static long mix(long a, long b) {
    return (a * b) ^ high(a, b);
  }

  /** Returns the high half of the product of unsigned numbers. */
  private static long high(long a, long b) {
    // multiplyHigh takes a number with the highest bit for one less 2^64.
    return Math.multiplyHigh(a, b) + (((a >> 63) & b) + ((b >> 63) & a));
  }

  /** The sequence of Steele, Lea and Flood, "Fast splittable pseudorandom number generators". */
  private static final class SplitMix64 {
    private long state;

    SplitMix64(long seed) {
      state = seed;
    }

    /** Returns the next number with as many ones as zeros. */
    long nextBalanced() {
      long z;
      do {
        state += 0x9e3779b97f4a7c15L;
        z = (state ^ (state >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        z ^= z >>> 31;
      } while (Long.bitCount(z) != Long.SIZE / 2);
      return z;
    }
  }
}
