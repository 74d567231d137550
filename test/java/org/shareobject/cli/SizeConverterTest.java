package org.shareobject.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class SizeConverterTest {
  @ParameterizedTest
  @CsvSource({
    "1,1",
    "65536,65536",
    "64k,65536",
    "64KB,65536",
    "1.5m,1572864",
    "2G,2147483648",
    "64M,67108864",
    "64MiB,67108864",
    "64MB,67108864",
    "60b,60",
    "3gib,3221225472"
  })
  void shouldReadSize(String text, long bytes) {
    assertEquals(bytes, new SizeConverter().convert(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "0", "0.5", "64ib", "i", "-1", "k", "1 k", "1e3", "1x", "999999999999999t"})
  void shouldRefuseWhatIsNoSize(String text) {
    Exception e =
        assertThrows(TypeConversionException.class, () -> new SizeConverter().convert(text));
    assertTrue(e.getMessage().startsWith("'" + text + "' is not a size"), e.getMessage());
  }
}
