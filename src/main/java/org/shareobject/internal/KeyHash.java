package org.shareobject.internal;

/** The hash of keys: "Hash" in {@code docs/format.md}, after Wang Yi's wyhash. */
final class KeyHash {
  private static final long K0 = 0xa0761d6478bd642fL;
  private static final long K1 = 0xe7037ed1a0b428dbL;
  private static final long K2 = 0x8ebc6af09c88c6e3L;
  private static final long K3 = 0x589965cc75374cc3L;

  private static final long UINT_MASK = 0xFFFFFFFFL;
  private static final int STEP = 16;
  private static final int LONG_STEP = 48;

  private KeyHash() {}

  /**
   * Returns the hash.
   *
   * @param first {@link ShortKey#low} of the key
   * @param last {@link ShortKey#last} of the key
   */
  static long of(byte[] key, long first, long last, long seed) {
    int bytes = key.length;
    long h = seed ^ K0;
    if (bytes > STEP) {
      return ofMany(key, h);
    }
    if (bytes >= Long.BYTES) {
      return end(first, last, h, bytes);
    }
    if (bytes >= Integer.BYTES) {
      return end(first & UINT_MASK, first >>> (Byte.SIZE * (bytes - Integer.BYTES)), h, bytes);
    }
    return end(bytes == 0 ? 0 : ofFew(key), 0, h, bytes);
  }

  private static long ofFew(byte[] key) {
    return (long) (key[0] & 0xFF) << 16
        | (key[key.length / 2] & 0xFF) << 8
        | (key[key.length - 1] & 0xFF);
  }

  private static long ofMany(byte[] key, long start) {
    long h = start;
    int bytes = key.length;
    int i = 0;
    if (bytes > LONG_STEP) {
      long h1 = h;
      long h2 = h;
      for (; bytes - i > LONG_STEP; i += LONG_STEP) {
        h = mix(Memory.getLong(key, i) ^ K1, Memory.getLong(key, i + 8) ^ h);
        h1 = mix(Memory.getLong(key, i + 16) ^ K2, Memory.getLong(key, i + 24) ^ h1);
        h2 = mix(Memory.getLong(key, i + 32) ^ K3, Memory.getLong(key, i + 40) ^ h2);
      }
      h ^= h1 ^ h2;
    }
    for (; bytes - i > STEP; i += STEP) {
      h = mix(Memory.getLong(key, i) ^ K1, Memory.getLong(key, i + 8) ^ h);
    }
    return end(Memory.getLong(key, bytes - 16), Memory.getLong(key, bytes - 8), h, bytes);
  }

  private static long end(long a, long b, long h, int bytes) {
    return mix(K1 ^ bytes, mix(a ^ K1, b ^ h));
  }

  private static long mix(long a, long b) {
    // As of unsigned numbers: multiplyHigh takes a number with the highest bit for one less 2^64.
    long high = Math.multiplyHigh(a, b) + (((a >> 63) & b) + ((b >> 63) & a));
    return (a * b) ^ high;
  }
}
