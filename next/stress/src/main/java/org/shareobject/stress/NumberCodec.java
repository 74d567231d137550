package org.shareobject.stress;

import java.nio.ByteBuffer;
import org.shareobject.Codec;

/**
 * Repeats a number, so often as the number says: a mixture of two values shows. In a tiny map every
 * other value lies in parts.
 */
final class NumberCodec implements Codec<Long> {
  /** What a mixture is decoded to. */
  static final long TORN = -1;

  private static final int LEAST = 4;
  private static final int LENGTHS = 61;

  @Override
  public byte[] encode(Long number) {
    ByteBuffer bytes = ByteBuffer.allocate(length(number));
    while (bytes.hasRemaining()) {
      bytes.putLong(number);
    }
    return bytes.array();
  }

  @Override
  public Long decode(byte[] value) {
    ByteBuffer bytes = ByteBuffer.wrap(value);
    if (value.length < Long.BYTES || value.length != length(bytes.getLong(0))) {
      return TORN;
    }
    long number = bytes.getLong();
    while (bytes.hasRemaining()) {
      if (bytes.getLong() != number) {
        return TORN;
      }
    }
    return number;
  }

  private static int length(long number) {
    return Long.BYTES * (LEAST + Math.floorMod(number * 7, LENGTHS));
  }
}
