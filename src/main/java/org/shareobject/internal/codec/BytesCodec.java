package org.shareobject.internal.codec;

import org.shareobject.Codec;

/** {@link Codec#BYTES}. */
public final class BytesCodec implements Codec<byte[]> {
  @Override
  public byte[] encode(byte[] value) {
    return value;
  }

  @Override
  public byte[] decode(byte[] bytes) {
    return bytes;
  }
}
