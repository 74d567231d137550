package org.shareobject.internal.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Utf8Test {
  /**
   * The Encoding Standard's decoder: one U+FFFD for each maximal part that could begin a character.
   */
  @ParameterizedTest
  @CsvSource({
    "80, ?",
    "bf, ?",
    "c0af, ??",
    "c1bf, ??",
    "c2, ?",
    "c241, ?A",
    "e080af, ???",
    "e0a0, ?",
    "e0a041, ?A",
    "ed9fbf, \ud7ff",
    "eda080, ???",
    "edbfbf, ???",
    "ee8080, \ue000",
    "f0808080, ????",
    "f08fbfbf, ????",
    "f09f98, ?",
    "f09f9841, ?A",
    "f09f98f09f9880, ?😀",
    "f48fbfbf, \udbff\udfff",
    "f4908080, ????",
    "f5808080, ????",
    "fe, ?",
    "ff, ?",
    "efbfbd, ?",
    "efbbbf41, \ufeffA",
    "e28241e282ac, ?A€",
    "c3c3a9, ?é",
    "f0c3a9, ?é"
  })
  void shouldDecodeAsNodeDoes(String hex, String text) {
    byte[] bytes = HexFormat.of().parseHex(hex);
    assertEquals(text.replace('?', '\uFFFD'), Utf8.decode(bytes, bytes.length));
  }

  @Test
  void shouldDecodeOnlyTheLength() {
    assertEquals("ab", Utf8.decode("abc".getBytes(StandardCharsets.UTF_8), 2));
    assertEquals("\uFFFD", Utf8.decode("é".getBytes(StandardCharsets.UTF_8), 1));
    assertEquals("", Utf8.decode(new byte[3], 0));
  }

  @Test
  void shouldDecodeWellFormedTextAsTheJdk() {
    Random random = new Random(4);
    for (int i = 0; i < 1000; i++) {
      String text =
          random
                  .ints(20, 0, 0x110000)
                  .filter(c -> c < 0xD800 || c > 0xDFFF)
                  .collect(
                      StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                  .toString()
              + "\uFFFD";
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      assertArrayEquals(bytes, Utf8.encode(text));
      assertArrayEquals(bytes, Utf8.encodeLossy(text));
      assertEquals(text, Utf8.decode(bytes, bytes.length));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, \ud83d",
    "1, a\ude00b",
    "2, 😀\ud83d",
    "3, 😀a\ude00\ud83d\ude00",
    "0, \ud83d\ud83d\ude00"
  })
  void shouldNameLoneSurrogate(int index, String text) {
    Exception e = assertThrows(IllegalArgumentException.class, () -> Utf8.encode(text));
    assertTrue(e.getMessage().contains("at index " + index + ":"), e.getMessage());
  }

  @Test
  void shouldEncodeLoneSurrogatesAsReplacement() {
    assertArrayEquals(
        "a\uFFFD?😀\uFFFD\uFFFD😀".getBytes(StandardCharsets.UTF_8),
        Utf8.encodeLossy("a\udc00?😀\udc00\ud83d\ud83d\ude00"));
  }
}
