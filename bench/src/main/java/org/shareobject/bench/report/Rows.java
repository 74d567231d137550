package org.shareobject.bench.report;

import java.util.List;
import java.util.Optional;
import org.shareobject.bench.run.Results;
import org.shareobject.bench.run.Row;

/** All rows of all suites. */
final class Rows {
  private final List<Row> rows;

  Rows(List<Results> all) {
    rows = all.stream().flatMap(results -> results.rows().stream()).toList();
  }

  List<Row> of(String suite, String metric) {
    return rows.stream()
        .filter(row -> row.suite().equals(suite) && row.metric().equals(metric))
        .toList();
  }

  List<Row> of(String suite) {
    return rows.stream().filter(row -> row.suite().equals(suite)).toList();
  }

  /** Returns the row that has these parameters, names and values in turn. */
  Optional<Row> find(String suite, String metric, String... namesAndValues) {
    return of(suite, metric).stream().filter(row -> matches(row, namesAndValues)).findFirst();
  }

  static boolean matches(Row row, String... namesAndValues) {
    for (int i = 0; i < namesAndValues.length; i += 2) {
      if (!row.param(namesAndValues[i]).equals(namesAndValues[i + 1])) {
        return false;
      }
    }
    return true;
  }
}
