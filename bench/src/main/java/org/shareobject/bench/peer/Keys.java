package org.shareobject.bench.peer;

import java.nio.charset.StandardCharsets;

/** The keys of all measurements: 16 characters of ASCII, {@code key:000000012345}. */
public final class Keys {
  /** How long a key is. */
  public static final int BYTES = 16;

  private static final byte[] PREFIX = {'k', 'e', 'y', ':'};

  private Keys() {}

  /** Returns the bytes of a key in an array of its own. */
  public static byte[] bytes(int index) {
    byte[] key = new byte[BYTES];
    System.arraycopy(PREFIX, 0, key, 0, PREFIX.length);
    for (int i = BYTES; i-- > PREFIX.length; index /= 10) {
      key[i] = (byte) ('0' + index % 10);
    }
    return key;
  }

  /** Returns the text of a key, an object of its own. */
  public static String text(int index) {
    return text(bytes(index));
  }

  /** Returns the text of bytes. */
  public static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  /** Returns the bytes of a key that is either. */
  public static byte[] bytesOf(Object key) {
    return key instanceof byte[]
        ? (byte[]) key
        : ((String) key).getBytes(StandardCharsets.ISO_8859_1);
  }
}
