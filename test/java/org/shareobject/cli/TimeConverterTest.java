package org.shareobject.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class TimeConverterTest {
  @ParameterizedTest
  @CsvSource({"1ms,1", "250ms,250", "1s,1000", "1.5s,1500", "0.001s,1", "2m,120000", "1h,3600000"})
  void shouldReadTime(String text, long ms) {
    assertEquals(Duration.ofMillis(ms), new TimeConverter().convert(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "1", "s", "-1s", "0s", "0.1ms", "1 s", "1e3s", "1d", "9999999999s"})
  void shouldRefuseWhatIsNoTime(String text) {
    Exception e =
        assertThrows(TypeConversionException.class, () -> new TimeConverter().convert(text));
    assertTrue(e.getMessage().startsWith("'" + text + "' is no time"), e.getMessage());
  }
}
