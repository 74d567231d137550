package org.shareobject.bench.run;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * One thing to measure.
 *
 * @param params what makes it differ from others of its suite
 * @param action measures one round in new JVMs; is given an empty folder
 */
public record Case(Map<String, String> params, Action action) {
  /** Measures one round. */
  @FunctionalInterface
  public interface Action {
    /** Measures. */
    List<Measure> run(Path folder) throws Exception;
  }

  /** Returns parameters from names and values in turn, in that order. */
  public static Map<String, String> params(Object... namesAndValues) {
    Map<String, String> params = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      params.put((String) namesAndValues[i], String.valueOf(namesAndValues[i + 1]));
    }
    return params;
  }

  /** Returns its name in the progress. */
  public String label() {
    return params.values().stream().collect(Collectors.joining(", "));
  }
}
