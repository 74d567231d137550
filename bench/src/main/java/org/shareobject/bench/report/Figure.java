package org.shareobject.bench.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.shareobject.bench.run.Row;

/**
 * What is published of a metric of a case, as it is in {@code docs/benchmarks.json}.
 *
 * @param params what makes the case differ from others of the suite
 * @param metric what was measured
 * @param unit its unit
 * @param median the median of the rounds; null if there is a course
 * @param spread half of what lies between the smallest and the largest round; null for one round
 * @param course what was measured one after the other; null if there is a median
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record Figure(
    Map<String, String> params,
    String metric,
    String unit,
    Double median,
    Double spread,
    List<Double> course) {
  private static final int MOST = 100;

  static Figure of(Row row) {
    if (row.metric().contains(" of each ")) {
      List<Double> course = row.values().stream().limit(MOST).map(Figure::rounded).toList();
      return new Figure(row.params(), row.metric(), row.unit(), null, null, course);
    }
    return new Figure(
        row.params(),
        row.metric(),
        row.unit(),
        rounded(row.median()),
        row.values().size() > 1 ? rounded(row.spread()) : null,
        null);
  }

  /** Four digits say all that repeats. */
  private static double rounded(double value) {
    return Double.parseDouble(String.format(Locale.ROOT, "%.3e", value));
  }

  /** Returns a parameter, "" if the case has none of that name. */
  String param(String name) {
    return params.getOrDefault(name, "");
  }

  /** Returns the least that the whisker of a chart shows, by the same factor as the most. */
  double low() {
    return median / factor();
  }

  /** Returns the most that the whisker of a chart shows. */
  double high() {
    return median * factor();
  }

  private double factor() {
    return spread == null || median == 0 ? 1 : 1 + spread / median;
  }
}
