package org.shareobject.cli;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads times as {@code 250ms}, {@code 1.5s}, {@code 2m}, {@code 1h}. */
final class TimeConverter implements ITypeConverter<Duration> {
  private static final Pattern TIME = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,9})?)(ms|s|m|h)");
  private static final Map<String, Long> UNIT_MS =
      Map.of("ms", 1L, "s", 1_000L, "m", 60_000L, "h", 3_600_000L);

  TimeConverter() {}

  @Override
  public Duration convert(String text) {
    Matcher time = TIME.matcher(text);
    if (time.matches()) {
      BigDecimal ms =
          new BigDecimal(time.group(1)).multiply(BigDecimal.valueOf(UNIT_MS.get(time.group(2))));
      if (ms.compareTo(BigDecimal.ONE) >= 0) {
        return Duration.ofMillis(ms.longValue());
      }
    }
    throw new TypeConversionException(
        "'" + text + "' is no time of at least 1ms, as 250ms, 1s or 2m");
  }
}
