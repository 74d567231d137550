package org.shareobject.internal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Keys of few bytes as two numbers: the bytes in little-endian order, and zeros behind them. */
final class ShortKey {
  /** The most bytes. */
  static final int BYTES = 16;

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private static final VarHandle BUFFER_LONGS =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private ShortKey() {}

  /** Returns the first 8 bytes. */
  static long low(byte[] key) {
    int length = key.length;
    if (length >= Long.BYTES) {
      return (long) LONGS.get(key, 0);
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

  /** Returns the next 8 bytes. */
  static long high(byte[] key) {
    int length = key.length;
    return length <= Long.BYTES
        ? 0
        : (long) LONGS.get(key, length - Long.BYTES) >>> (Byte.SIZE * (BYTES - length));
  }

  /** Returns the first 8 bytes of a key in a buffer that goes on behind it. */
  static long low(ByteBuffer buffer, int at, int length) {
    return (long) BUFFER_LONGS.get(buffer, at) & mask(length);
  }

  /** Returns the next 8 bytes of a key in a buffer that goes on behind it. */
  static long high(ByteBuffer buffer, int at, int length) {
    return length <= Long.BYTES
        ? 0
        : (long) BUFFER_LONGS.get(buffer, at + Long.BYTES) & mask(length - Long.BYTES);
  }

  /** Returns the bits of so many bytes, at most 8. */
  private static long mask(int length) {
    return length >= Long.BYTES ? -1 : (1L << (Byte.SIZE * length)) - 1;
  }

  /** Returns a hash of the bytes. */
  static int hash(long low, long high, int length) {
    long mixed = (low ^ Long.rotateLeft(high, 29) ^ length) * 0x9E3779B97F4A7C15L;
    return (int) (mixed >>> Integer.SIZE);
  }
}
