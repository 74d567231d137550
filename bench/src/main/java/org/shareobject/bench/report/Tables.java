package org.shareobject.bench.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.shareobject.bench.run.Numbers;
import org.shareobject.bench.run.Row;

/** The tables of the report, as Markdown. */
final class Tables {
  private static final String OURS = "ShareObject";
  private static final Function<Row, String> METRIC = Row::metric;

  private final Rows rows;

  Tables(Rows rows) {
    this.rows = rows;
  }

  /** Returns all tables that there are results for, by the name of their suite. */
  Map<String, String> all() {
    Map<String, String> tables = new LinkedHashMap<>();
    tables.put("limits", limits());
    tables.put("heap", times("heap", List.of("op", "entries", "threads", "keys"), "peer"));
    tables.put("peers", turned("peers", List.of("op", "entries", "threads")));
    tables.put("sizes", times("sizes", List.of("op", "entries"), "peer"));
    tables.put("values", times("values", List.of("op", "value"), "peer"));
    tables.put("mixes", times("mixes", List.of("mix", "order", "threads"), "peer"));
    tables.put("percentiles", metrics("percentiles", List.of("op", "peer")));
    tables.put("beside-writer", metrics("beside-writer", List.of("entries", "peer", "reader")));
    tables.put("addon", times("addon", List.of("op"), "way"));
    tables.put(
        "processes", pivot(rows.of("processes"), List.of("op", "peer"), by("processes"), null));
    tables.put("counters", pivot(rows.of("counters"), List.of("peer"), by("processes"), null));
    tables.put("await", metrics("await", List.of("way")));
    tables.put("sleepers", metrics("sleepers", List.of("sleepers")));
    tables.put("listeners", metrics("listeners", List.of("listeners", "processes")));
    tables.put(
        "jcache",
        pivot(rows.of("jcache", "time"), List.of("op", "entries"), by("peer"), "ShareMap"));
    tables.put("stampede", metrics("stampede", List.of("peer")));
    tables.put("open", metrics("open", List.of("peer")));
    tables.put("memory", metrics("memory", List.of("peer")));
    tables.put("kills", kills());
    tables.put(
        "eviction", metrics("eviction", List.of("trace", "room")) + means(rows.of("eviction")));
    tables.put("loops", metrics("loops", List.of("trace", "room")));
    tables.put("channel", pivot(rows.of("channel"), List.of("what"), by("pair"), "Node to Node"));
    tables.put(
        "manager",
        pivot(rows.of("manager"), List.of("op", "at once"), by("way"), "Node's Manager and User"));
    tables.values().removeIf(String::isEmpty);
    return tables;
  }

  private String limits() {
    return pivot(rows.of("limits"), List.of("limit"), METRIC, null);
  }

  private String times(String suite, List<String> left, String column) {
    return pivot(rows.of(suite, "time"), left, by(column), OURS);
  }

  /** Peers down, cases across. */
  private String turned(String suite, List<String> across) {
    return pivot(
        rows.of(suite, "time"),
        List.of("peer"),
        row ->
            across.stream()
                .map(name -> shown(name, row.param(name)))
                .collect(Collectors.joining(", ")),
        null);
  }

  private String metrics(String suite, List<String> left) {
    return pivot(rows.of(suite), left, METRIC, null);
  }

  /** A last line of hit ratios: their means. */
  private static String means(List<Row> data) {
    Map<String, Double> means =
        data.stream()
            .filter(row -> row.unit().equals("%"))
            .collect(
                Collectors.groupingBy(
                    Row::metric, LinkedHashMap::new, Collectors.averagingDouble(Row::median)));
    StringBuilder table = new StringBuilder();
    if (!means.isEmpty()) {
      List<String> cells = new ArrayList<>();
      means.values().forEach(mean -> cells.add(String.format(Locale.ROOT, "%.2f %%", mean)));
      cells.add("");
      line(table, List.of("mean", ""), cells);
    }
    return table.toString();
  }

  private String kills() {
    return pivot(
        rows.of("kills").stream().filter(row -> !row.metric().contains(" of each ")).toList(),
        List.of("peer", "writer"),
        METRIC,
        null);
  }

  private static Function<Row, String> by(String param) {
    return row -> shown(param, row.param(param));
  }

  private static String shown(String name, String value) {
    return switch (name) {
      case "entries" -> Numbers.plain(Double.parseDouble(value)) + " entries";
      case "threads" -> value.equals("1") ? "1 thread" : value + " threads";
      case "processes" -> value.equals("1") ? "1 process" : value + " processes";
      case "value" -> bytes(Long.parseLong(value));
      default -> value;
    };
  }

  private static String bytes(long value) {
    if (value >= 1 << 20) {
      return (value >> 20) + " MiB";
    }
    return value >= 1 << 10 ? (value >> 10) + " KiB" : value + " B";
  }

  /**
   * Returns a table.
   *
   * @param data its rows
   * @param left parameters that make a line
   * @param column what makes a column
   * @param base the column that the others are told as multiples of; null: none
   */
  private static String pivot(
      List<Row> data, List<String> left, Function<Row, String> column, String base) {
    if (data.isEmpty()) {
      return "";
    }
    Set<String> columns = new LinkedHashSet<>();
    Map<List<String>, Map<String, Row>> lines = new LinkedHashMap<>();
    for (Row row : data) {
      columns.add(column.apply(row));
      List<String> line = left.stream().map(name -> shown(name, row.param(name))).toList();
      lines.computeIfAbsent(line, key -> new LinkedHashMap<>()).put(column.apply(row), row);
    }
    StringBuilder table = new StringBuilder();
    line(table, left, columns);
    line(table, left.stream().map(name -> "-").toList(), columns.stream().map(c -> "-:").toList());
    lines.forEach(
        (key, cells) ->
            line(
                table,
                key,
                columns.stream()
                    .map(c -> cell(cells.get(c), base == null ? null : cells.get(base)))
                    .toList()));
    return table.toString();
  }

  private static void line(StringBuilder table, Iterable<String> left, Iterable<String> right) {
    table.append("| ").append(String.join(" | ", left));
    table.append(" | ").append(String.join(" | ", right)).append(" |\n");
  }

  private static String cell(Row row, Row base) {
    if (row == null) {
      return "";
    }
    String text = Numbers.withUnit(row.median(), row.unit());
    if (row.values().size() > 1 && row.median() != 0) {
      text += " ±" + Math.round(100 * row.spread() / row.median()) + " %";
    }
    return Optional.ofNullable(base)
        .filter(other -> other != row)
        .map(row::ratioTo)
        .map(ratio -> " (×" + Numbers.plain(ratio) + ")")
        .map(text::concat)
        .orElse(text);
  }
}
