package org.shareobject.internal.map;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Keys of few bytes as two numbers: the bytes in little-endian order, and zeros behind them. */
final class ShortKey {
  /** The most bytes. */
  static final int BYTES = 16;

  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private ShortKey() {}

  /** Returns the first 8 bytes. */
  static long low(byte[] key) {
    int length = key.length;
    if (length >= Long.BYTES) {
      return Memory.getLong(key, 0);
    }
    if (length >= Integer.BYTES) {
      // The two may overlap; the bits there are the same.
      return Integer.toUnsignedLong((int) INTS.get(key, 0))
          | Integer.toUnsignedLong((int) INTS.get(key, length - Integer.BYTES))
              << (Byte.SIZE * (length - Integer.BYTES));
    }
    long bytes = 0;
    for (int i = length; i-- > 0; ) {
      bytes = bytes << Byte.SIZE | (key[i] & 0xFF);
    }
    return bytes;
  }

  /** Returns the last 8 bytes, which may be among the first; 0 if the key has fewer. */
  static long last(byte[] key) {
    int length = key.length;
    return length < Long.BYTES ? 0 : Memory.getLong(key, length - Long.BYTES);
  }

  /** Returns bytes 8 to 15. */
  static long high(byte[] key) {
    int length = key.length;
    return length <= Long.BYTES
        ? 0
        : Memory.getLong(key, length - Long.BYTES) >>> (Byte.SIZE * (BYTES - length));
  }
}
