package org.shareobject.internal.codec;

import org.shareobject.Codec;
import org.shareobject.internal.text.Utf8;

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
