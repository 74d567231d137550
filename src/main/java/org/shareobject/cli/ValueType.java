package org.shareobject.cli;

import java.util.Base64;
import org.shareobject.Codec;

/** How the command line shows a value. */
enum ValueType {
  TEXT {
    @Override
    byte[] parse(String text) {
      return Codec.STRING.encode(text);
    }

    @Override
    String print(byte[] value) {
      return Codec.STRING.decode(value);
    }
  },
  LONG {
    @Override
    byte[] parse(String text) {
      try {
        return Codec.LONG.encode(Long.valueOf(text));
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException("'" + text + "' is no number of 8 bytes", e);
      }
    }

    @Override
    String print(byte[] value) {
      return Codec.LONG.decode(value).toString();
    }
  },
  BASE64 {
    @Override
    byte[] parse(String text) {
      return Base64.getDecoder().decode(text);
    }

    @Override
    String print(byte[] value) {
      return Base64.getEncoder().encodeToString(value);
    }
  };

  static final String DESCRIPTION =
      "How the value is written: text, long (a number of 8 bytes) or base64 (default:"
          + " ${DEFAULT-VALUE}).";

  /** Returns the bytes of what was typed. */
  abstract byte[] parse(String text);

  /** Returns what is to be printed. */
  abstract String print(byte[] value);
}
