package org.shareobject.bench.run;

import java.util.Locale;

/** Numbers as people read them. */
public final class Numbers {
  private Numbers() {}

  /** Returns a number with three digits or all before the point. */
  public static String plain(double value) {
    double size = Math.abs(value);
    String format = size >= 100 || value == 0 ? "%,.0f" : size >= 10 ? "%.1f" : "%.2f";
    return String.format(Locale.ROOT, format, value);
  }

  /** Returns a number in the multiple of its unit that suits it. */
  public static String withUnit(double value, String unit) {
    return switch (unit) {
      case "ns" -> nanos(value);
      case "1/s" -> perSecond(value);
      default -> unit.isEmpty() ? plain(value) : plain(value) + " " + unit;
    };
  }

  private static String nanos(double value) {
    if (value >= 1e9) {
      return plain(value / 1e9) + " s";
    }
    if (value >= 1e6) {
      return plain(value / 1e6) + " ms";
    }
    return value >= 1e4 ? plain(value / 1e3) + " µs" : plain(value) + " ns";
  }

  private static String perSecond(double value) {
    return value >= 1e6 ? plain(value / 1e6) + " M/s" : plain(value / 1e3) + " k/s";
  }
}
