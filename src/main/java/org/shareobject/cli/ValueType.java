package org.shareobject.cli;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.shareobject.Codec;

/** How the command line shows a value. */
enum ValueType {
  AUTO {
    @Override
    byte[] parse(String text) {
      return TEXT.parse(text);
    }

    @Override
    String print(byte[] value) {
      return (value.length == Long.BYTES && !isText(value) ? LONG : TEXT).print(value);
    }
  },
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
        throw new IllegalArgumentException("'" + text + "' is not a number of 8 bytes", e);
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
      "How the value is written: text, long (a number of 8 bytes), base64, or auto: text, except for 8"
          + " bytes that are not a line of text, which are a number (default: ${DEFAULT-VALUE}).";

  /** Returns whether the bytes are UTF-8 and have no control characters but those of lines. */
  private static boolean isText(byte[] value) {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(value))
          .chars()
          .noneMatch(c -> Printable.isUnprintable((char) c) && "\t\n\r".indexOf(c) < 0);
    } catch (CharacterCodingException e) {
      return false;
    }
  }

  /** Returns the bytes of what was typed. */
  abstract byte[] parse(String text);

  /** Returns what is to be printed. */
  abstract String print(byte[] value);
}
