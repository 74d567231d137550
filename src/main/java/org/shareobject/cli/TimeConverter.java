package org.shareobject.cli;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Reads times as {@code 250ms}, {@code 1.5s}, {@code 90sec}, {@code 2m}, {@code 1h30m}, {@code
 * 30d}; a number alone is seconds.
 */
final class TimeConverter implements ITypeConverter<Duration> {
  private static final String NUMBER = "(\\d{1,9}(?:\\.\\d{1,9})?)";
  private static final Pattern PART = Pattern.compile(NUMBER + "(ms|s|sec|m|min|h|d|w)");
  private static final Pattern PARTS = Pattern.compile("(?:" + PART.pattern() + "){1,6}");
  private static final Map<String, Long> UNIT_MS =
      Map.of(
          "ms", 1L,
          "s", 1_000L,
          "sec", 1_000L,
          "m", 60_000L,
          "min", 60_000L,
          "h", 3_600_000L,
          "d", 86_400_000L,
          "w", 604_800_000L);

  TimeConverter() {}

  @Override
  public Duration convert(String text) {
    String parts = text.toLowerCase(Locale.ROOT);
    if (parts.matches(NUMBER)) {
      parts += "s";
    }
    if (PARTS.matcher(parts).matches()) {
      BigDecimal ms = BigDecimal.ZERO;
      for (Matcher part = PART.matcher(parts); part.find(); ) {
        BigDecimal unit = BigDecimal.valueOf(UNIT_MS.get(part.group(2)));
        ms = ms.add(new BigDecimal(part.group(1)).multiply(unit));
      }
      if (ms.compareTo(BigDecimal.ONE) >= 0) {
        return Duration.ofMillis(ms.longValue());
      }
    }
    throw new TypeConversionException(
        "'" + text + "' is not a time of at least 1ms, such as 250ms, 60, 1h30m or 30d");
  }
}
