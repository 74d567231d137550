package org.shareobject.internal.codec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.shareobject.Codec;
import org.shareobject.ShareException;

/** {@link Codec#LONG}. */
public final class LongCodec implements Codec<Long> {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  @Override
  public byte[] encode(Long value) {
    byte[] bytes = new byte[Long.BYTES];
    LONGS.set(bytes, 0, (long) value);
    return bytes;
  }

  @Override
  public Long decode(byte[] bytes) {
    if (bytes.length != Long.BYTES) {
      throw new ShareException(
          "SHO_ETYPE",
          "a value of "
              + bytes.length
              + " bytes is no number, which has "
              + Long.BYTES
              + "; open the map with the codec that it was written with");
    }
    return (long) LONGS.get(bytes, 0);
  }
}
