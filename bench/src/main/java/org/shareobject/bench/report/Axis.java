package org.shareobject.bench.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.Collection;
import java.util.Locale;

/**
 * An axis by decades. What is drawn are logarithms on a plain axis, since XChart's logarithmic one
 * has a line for each digit too.
 *
 * @param min the decade where it begins, as an exponent of 10
 * @param max the decade where it ends
 */
record Axis(int min, int max) {
  private static final DecimalFormat GROUPED =
      new DecimalFormat("#,##0.####", DecimalFormatSymbols.getInstance(Locale.ROOT));

  /** Returns the axis that has room for all values. */
  static Axis of(Collection<Double> values) {
    double least = values.stream().mapToDouble(Axis::place).min().orElse(0);
    double most = values.stream().mapToDouble(Axis::place).max().orElse(1);
    int min = (int) Math.floor(least);
    return new Axis(min, Math.max(min + 1, (int) Math.ceil(most)));
  }

  /** Returns where a value is. */
  static double place(double value) {
    return Math.log10(value);
  }

  /** Returns how far ticks are from each other if there is one for each decade. */
  int spacing(int pixels) {
    return pixels / (max - min);
  }

  /** Names a tick that stands for nanoseconds. */
  static String time(double place) {
    return named(place, new String[] {" ns", " µs", " ms", " s"});
  }

  /** Names a tick that stands for something per second. */
  static String rate(double place) {
    return named(place, new String[] {"", " k", " M", " G"});
  }

  /** Names a tick that stands for a number. */
  static String count(double place) {
    return named(place, new String[] {""});
  }

  private static String named(double place, String[] thousands) {
    double value = Math.pow(10, Math.rint(place));
    int i = 0;
    while (value >= 1000 && i + 1 < thousands.length) {
      value /= 1000;
      i++;
    }
    return GROUPED.format(new BigDecimal(value).round(new MathContext(3, RoundingMode.HALF_UP)))
        + thousands[i];
  }
}
