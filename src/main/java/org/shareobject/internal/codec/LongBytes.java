package org.shareobject.internal.codec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.shareobject.ShareException;

/** Numbers as 8 bytes, little-endian. */
public final class LongBytes {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private LongBytes() {}

  /** Returns the bytes of a number. */
  public static byte[] encode(long value) {
    byte[] bytes = new byte[Long.BYTES];
    LONGS.set(bytes, 0, value);
    return bytes;
  }

  /**
   * Returns the number of its bytes.
   *
   * @throws ShareException if there are not 8
   */
  public static long decode(byte[] bytes) {
    if (bytes.length != Long.BYTES) {
      throw new ShareException(
          "SHO_ETYPE",
          "a value of "
              + bytes.length
              + " bytes is not a number, which has "
              + Long.BYTES
              + "; open the map with the codec that it was written with");
    }
    return (long) LONGS.get(bytes, 0);
  }
}
