package org.shareobject.internal.text;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * UTF-8 as Node does it.
 *
 * <p>The JDK decodes well-formed bytes alike, but writes another number of U+FFFD for some
 * malformed ones (one for {@code ED A0 80}, where the WHATWG Encoding Standard, and so V8, writes
 * three), and encodes a lone surrogate as {@code '?'}.
 */
public final class Utf8 {
  private static final char REPLACEMENT = '\uFFFD';

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());
  private static final long ONES = 0x0101010101010101L;
  private static final long QUESTION_MARKS = '?' * ONES;

  private Utf8() {}

  /**
   * Encodes text.
   *
   * @throws IllegalArgumentException if there is a lone surrogate in it
   */
  public static byte[] encode(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (!isRoundTrip(bytes, text)) {
      int lone = loneSurrogate(text, 0);
      throw new IllegalArgumentException(
          String.format(
              "lone surrogate U+%04X at index %d: it has no UTF-8 form",
              (int) text.charAt(lone), lone));
    }
    return bytes;
  }

  /** Encodes text, each lone surrogate as U+FFFD. */
  public static byte[] encodeLossy(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return isRoundTrip(bytes, text) ? bytes : mended(text).getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Returns whether there was no lone surrogate in the text. Faster than to look at each character:
   * the JDK writes a question mark for each, most texts have none, and for the others it does all
   * three steps by vector instructions.
   */
  private static boolean isRoundTrip(byte[] bytes, String text) {
    return !hasQuestionMark(bytes) || new String(bytes, StandardCharsets.UTF_8).equals(text);
  }

  private static boolean hasQuestionMark(byte[] bytes) {
    int last = bytes.length - Long.BYTES;
    if (last < 0) {
      for (byte each : bytes) {
        if (each == '?') {
          return true;
        }
      }
      return false;
    }
    for (int i = 0; i < last; i += Long.BYTES) {
      if (hasQuestionMark((long) LONGS.get(bytes, i))) {
        return true;
      }
    }
    return hasQuestionMark((long) LONGS.get(bytes, last));
  }

  /** Looks for a byte that becomes 0: the lowest borrows from its own highest bit. */
  private static boolean hasQuestionMark(long bytes) {
    long zeros = bytes ^ QUESTION_MARKS;
    return ((zeros - ONES) & ~zeros & (ONES << 7)) != 0;
  }

  private static String mended(String text) {
    StringBuilder mended = new StringBuilder(text);
    for (int lone = loneSurrogate(text, 0); lone >= 0; lone = loneSurrogate(text, lone + 1)) {
      mended.setCharAt(lone, REPLACEMENT);
    }
    return mended.toString();
  }

  /** Decodes the first {@code length} bytes, each maximal malformed part as U+FFFD. */
  public static String decode(byte[] bytes, int length) {
    String text = new String(bytes, 0, length, StandardCharsets.UTF_8);
    // Whatever the JDK found malformed left a U+FFFD.
    return text.indexOf(REPLACEMENT) < 0 ? text : decodeSlowly(bytes, length);
  }

  private static int loneSurrogate(String text, int from) {
    for (int i = from; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        if (Character.charCount(text.codePointAt(i)) == 1) {
          return i;
        }
        i++;
      }
    }
    return -1;
  }

  private static String decodeSlowly(byte[] bytes, int length) {
    StringBuilder text = new StringBuilder(length);
    for (int i = 0; i < length; ) {
      int needed = sequenceLength(bytes[i]);
      int valid = validPrefix(bytes, i, Math.min(needed, length - i));
      if (valid == needed) {
        text.append(new String(bytes, i, needed, StandardCharsets.UTF_8));
      } else {
        text.append(REPLACEMENT);
      }
      i += valid;
    }
    return text.toString();
  }

  /** Returns how long a sequence with this first byte is; longer than any if none begins so. */
  private static int sequenceLength(byte first) {
    int b = first & 0xFF;
    if (b < 0x80) {
      return 1;
    }
    if (b < 0xC2 || b > 0xF4) {
      return Integer.MAX_VALUE;
    }
    return b < 0xE0 ? 2 : b < 0xF0 ? 3 : 4;
  }

  /**
   * Returns how many of the {@code most} bytes at {@code start}, at least one, could begin a
   * character.
   */
  private static int validPrefix(byte[] bytes, int start, int most) {
    int first = bytes[start] & 0xFF;
    if (first < 0xC2 || first > 0xF4) {
      return 1;
    }
    int lowest = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    int highest = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    int valid = 1;
    while (valid < most) {
      int b = bytes[start + valid] & 0xFF;
      if (b < lowest || b > highest) {
        break;
      }
      lowest = 0x80;
      highest = 0xBF;
      valid++;
    }
    return valid;
  }
}
