package org.shareobject.bench.run;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.apache.commons.statistics.descriptive.Median;

/**
 * All rounds of one metric of a case.
 *
 * @param suite the suite's name
 * @param params what makes the case differ from others of the suite
 * @param metric what was measured
 * @param unit its unit
 * @param values one for each round
 */
public record Row(
    String suite, Map<String, String> params, String metric, String unit, List<Double> values) {

  /** Returns the median of the rounds. */
  public double median() {
    return median(values);
  }

  /** Returns half of what lies between the smallest and the largest round. */
  public double spread() {
    return values.isEmpty() ? 0 : (Collections.max(values) - Collections.min(values)) / 2;
  }

  /** Returns a parameter, "" if the case has none of that name. */
  public String param(String name) {
    return params.getOrDefault(name, "");
  }

  /** Returns the median of the ratios of this row to another, round by round. */
  public double ratioTo(Row other) {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < Math.min(values.size(), other.values.size()); i++) {
      ratios.add(values.get(i) / other.values.get(i));
    }
    return median(ratios);
  }

  static double median(List<Double> values) {
    return Median.withDefaults().evaluate(values.stream().mapToDouble(value -> value).toArray());
  }
}
