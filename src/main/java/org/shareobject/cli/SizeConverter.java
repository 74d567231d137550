package org.shareobject.cli;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Reads numbers of bytes as {@code 65536}, {@code 500k}, {@code 64M}, {@code 64MB}, {@code 64MiB},
 * {@code 1.5g}. A unit is 1024 of the one before it, however it is spelled.
 */
final class SizeConverter implements ITypeConverter<Long> {
  private static final Pattern SIZE =
      Pattern.compile("(\\d{1,15}(?:\\.\\d{1,6})?)(?:b|([kmgt])(?:i?b)?)?");
  private static final Map<String, Integer> UNIT_BITS = Map.of("k", 10, "m", 20, "g", 30, "t", 40);

  SizeConverter() {}

  @Override
  public Long convert(String text) {
    Matcher size = SIZE.matcher(text.toLowerCase(Locale.ROOT));
    if (size.matches()) {
      int bits = size.group(2) == null ? 0 : UNIT_BITS.get(size.group(2));
      BigDecimal bytes = new BigDecimal(size.group(1)).multiply(BigDecimal.valueOf(1L << bits));
      if (bytes.compareTo(BigDecimal.ONE) >= 0
          && bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) < 0) {
        return bytes.longValue();
      }
    }
    throw new TypeConversionException(
        "'" + text + "' is not a size above 0, such as 500k, 64m or 2GiB");
  }
}
