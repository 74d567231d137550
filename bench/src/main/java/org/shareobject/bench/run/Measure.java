package org.shareobject.bench.run;

import java.util.Arrays;
import java.util.List;

/**
 * What one round of a case measured.
 *
 * @param metric what
 * @param unit its unit
 * @param values one number, or one for each step of time
 */
public record Measure(String metric, String unit, List<Double> values) {
  /** Makes one. */
  public static Measure of(String metric, String unit, double... values) {
    return new Measure(metric, unit, Arrays.stream(values).boxed().toList());
  }
}
