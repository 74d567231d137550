package org.shareobject.internal;

import org.shareobject.Codec;

/** {@link Codec#STRING}. */
public final class StringCodec implements Codec<String> {
  @Override
  public byte[] encode(String value) {
    return Utf8.encode(value);
  }

  @Override
  public String decode(byte[] bytes) {
    return Utf8.decode(bytes, bytes.length);
  }
}
