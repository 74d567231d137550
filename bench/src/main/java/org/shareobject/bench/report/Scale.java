package org.shareobject.bench.report;

import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.DoubleFunction;
import java.util.stream.IntStream;

/** Where values are on an axis, and the ticks of it. */
final class Scale {
  private static final DecimalFormat GROUPED =
      new DecimalFormat("#,##0.####", DecimalFormatSymbols.getInstance(Locale.ROOT));

  private final double min;
  private final double max;
  private final boolean byDecades;
  private final double from;
  private final double to;
  private final Map<Double, String> ticks = new LinkedHashMap<>();

  private Scale(double min, double max, boolean byDecades, double from, double to) {
    this.min = min;
    this.max = max;
    this.byDecades = byDecades;
    this.from = from;
    this.to = to;
  }

  /** Returns a logarithmic one that has room for all values, with a tick for each decade. */
  static Scale decades(
      Collection<Double> values, DoubleFunction<String> name, double from, double to) {
    double least = values.stream().mapToDouble(Math::log10).min().orElse(0);
    double most = values.stream().mapToDouble(Math::log10).max().orElse(1);
    int min = (int) Math.floor(least);
    int max = Math.max(min + 1, (int) Math.ceil(most));
    Scale scale = new Scale(min, max, true, from, to);
    IntStream.rangeClosed(min, max)
        .mapToDouble(exponent -> Math.pow(10, exponent))
        .forEach(value -> scale.ticks.put(value, name.apply(value)));
    return scale;
  }

  /** Returns one with a tick at every step. */
  static Scale steps(
      double min, double max, double step, DoubleFunction<String> name, double from, double to) {
    Scale scale = new Scale(min, max, false, from, to);
    for (int i = 0; min + i * step <= max; i++) {
      scale.ticks.put(min + i * step, name.apply(min + i * step));
    }
    return scale;
  }

  /** Returns one with names for 0, 1 and so on. */
  static Scale names(List<String> names, double from, double to) {
    return steps(0, names.size() - 1.0, 1, i -> names.get((int) i), from, to);
  }

  /** Returns where a value is; at the end of the axis if it is beyond. */
  double place(double value) {
    double plain = byDecades ? Math.log10(value) : value;
    double share = (Math.min(max, Math.max(min, plain)) - min) / (max - min);
    return from + share * (to - from);
  }

  /** Returns the names of values that have one. */
  List<Map.Entry<Double, String>> ticks() {
    return new ArrayList<>(ticks.entrySet());
  }

  /** Names nanoseconds. */
  static String time(double value) {
    return named(value, " ns", " µs", " ms", " s");
  }

  /** Names something per second. */
  static String rate(double value) {
    return named(value, "/s", " k/s", " M/s", " G/s");
  }

  /** Names a number. */
  static String count(double value) {
    return named(value, "");
  }

  private static String named(double value, String... thousands) {
    double rest = value;
    int i = 0;
    while (rest >= 999.5 && i + 1 < thousands.length) {
      rest /= 1000;
      i++;
    }
    return GROUPED.format(rest) + thousands[i];
  }
}
