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
  @CsvSource({
    "1ms,1",
    "250ms,250",
    "1s,1000",
    "1.5s,1500",
    "0.001s,1",
    "2m,120000",
    "1h,3600000",
    "60,60000",
    "30d,2592000000",
    "1h30m,5400000",
    "2w,1209600000",
    "90sec,90000",
    "5min,300000",
    "1D12H,129600000",
    "0.5,500",
    "1m500ms,60500"
  })
  void shouldReadTime(String text, long ms) {
    assertEquals(Duration.ofMillis(ms), new TimeConverter().convert(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "s",
        "0",
        "1h30",
        "m1h",
        "1m-1s",
        "-1s",
        "0s",
        "0.1ms",
        "1 s",
        "1e3s",
        "1y",
        "9999999999s"
      })
  void shouldRefuseWhatIsNoTime(String text) {
    Exception e =
        assertThrows(TypeConversionException.class, () -> new TimeConverter().convert(text));
    assertTrue(e.getMessage().startsWith("'" + text + "' is not a time"), e.getMessage());
  }
}
