package org.shareobject.bench.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.ChartEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.AxesChartStyler.TextAlignment;
import org.knowm.xchart.style.markers.SeriesMarkers;
import org.shareobject.bench.run.Row;

/** Draws the charts, each on a light and on a dark ground, as SVG and PNG. */
final class Charts {
  private static final int WIDTH = 860;
  private static final int HEIGHT = 480;
  private static final int PLOT_HEIGHT = 340;
  private static final int SLANT_DEGREES = 25;
  private static final int MOST_LEVEL_NAMES = 4;
  private static final float THIN = 1.5f;
  private static final float THICK = 2.5f;
  private static final int DPI = 192;
  private static final double WINDOW_S = 0.1;
  private static final int WINDOWS = 100;
  private static final List<String> PERCENTILES = List.of("p50", "p90", "p99", "p99.9", "p99.99");

  private final Rows rows;
  private final Path folder;

  Charts(Rows rows, Path folder) {
    this.rows = rows;
    this.folder = folder;
  }

  /** Draws those for which there are results. */
  void draw() throws IOException {
    Files.createDirectories(folder);
    for (Theme theme : Theme.values()) {
      calls(theme);
      percentiles(theme);
      processes(theme);
      sizes(theme);
      kills(theme);
      eviction(theme);
      channel(theme);
    }
  }

  private void calls(Theme theme) throws IOException {
    List<Row> data =
        rows.of("peers", "time").stream()
            .filter(row -> Rows.matches(row, "entries", "2000", "threads", "1"))
            .toList();
    CategoryChart chart = bars("One call: 2,000 entries, key 16 B, value 100 B, 1 thread", "");
    bars(chart, data, row -> row.param("op"), row -> row.param("peer"), Axis::place);
    byDecades(chart.getStyler(), data, Axis::time);
    save(chart, chart.getStyler(), theme, "calls", data);
  }

  private void percentiles(Theme theme) throws IOException {
    List<Row> data =
        rows.of("percentiles").stream()
            .filter(row -> row.param("op").equals("get") && PERCENTILES.contains(row.metric()))
            .toList();
    XYChart chart = lines("get, 100,000 entries: how long the slowest calls take", "percentile");
    lines(chart, data, row -> PERCENTILES.indexOf(row.metric()));
    byDecades(chart.getStyler(), data, Axis::time);
    chart
        .getStyler()
        .setXAxisMin(0.0)
        .setXAxisMax(PERCENTILES.size() - 1.0)
        .setXAxisTickMarkSpacingHint(WIDTH / 2 / PERCENTILES.size())
        .setXAxisTickLabelsFormattingFunction(
            x -> x == Math.rint(x) ? PERCENTILES.get((int) Math.rint(x)) : "");
    save(chart, chart.getStyler(), theme, "percentiles", data);
  }

  private void processes(Theme theme) throws IOException {
    List<Row> data =
        rows.of("processes", "calls").stream()
            .filter(row -> row.param("op").equals("get"))
            .toList();
    XYChart chart = lines("Reads per second of all processes together: 2,000 entries", "processes");
    lines(chart, data, row -> Double.parseDouble(row.param("processes")));
    byDecades(chart.getStyler(), data, Axis::rate);
    chart.getStyler().setXAxisTickMarkSpacingHint(WIDTH / 4);
    save(chart, chart.getStyler(), theme, "processes", data);
  }

  private void sizes(Theme theme) throws IOException {
    List<Row> data = rows.of("sizes", "time");
    XYChart chart = lines("One get in random order over the number of entries", "entries");
    Function<Row, Double> entries = row -> Double.parseDouble(row.param("entries"));
    lines(chart, data, row -> Axis.place(entries.apply(row)));
    byDecades(chart.getStyler(), data, Axis::time);
    Axis axis = Axis.of(data.stream().map(entries).toList());
    chart
        .getStyler()
        .setXAxisMin((double) axis.min())
        .setXAxisMax((double) axis.max())
        .setXAxisTickMarkSpacingHint(axis.spacing(WIDTH / 2))
        .setXAxisTickLabelsFormattingFunction(Axis::count);
    save(chart, chart.getStyler(), theme, "sizes", data);
  }

  private void kills(Theme theme) throws IOException {
    List<Row> data =
        rows.of("kills", "longest call of each 100 ms").stream()
            .filter(row -> row.param("writer").startsWith("killed"))
            .toList();
    XYChart chart =
        lines(
            "Longest call of a survivor in each tenth of a second",
            "seconds; a writer is killed at each");
    for (Row row : data) {
      List<Double> y = row.values().stream().limit(WINDOWS).map(Axis::place).toList();
      List<Double> x = IntStream.range(0, y.size()).mapToObj(i -> i * WINDOW_S).toList();
      XYSeries series = chart.addSeries(row.param("peer"), x, y);
      series.setMarker(SeriesMarkers.NONE);
      series.setLineWidth(THIN);
      paint(series, row.param("peer"));
    }
    byDecades(chart.getStyler(), data, Axis::time);
    chart
        .getStyler()
        .setXAxisTickLabelsFormattingFunction(
            x -> Math.abs(x - Math.rint(x)) < WINDOW_S / 2 ? Long.toString(Math.round(x)) : "");
    save(chart, chart.getStyler(), theme, "kills", data);
  }

  private void eviction(Theme theme) throws IOException {
    List<Row> data = rows.of("eviction").stream().filter(row -> row.unit().equals("%")).toList();
    CategoryChart chart = bars("Hits of caches with room for the same number of entries", "");
    bars(chart, data, Row::metric, Charts::trace, value -> value);
    chart.getStyler().setYAxisTickLabelsFormattingFunction(y -> Math.round(y) + " %");
    save(chart, chart.getStyler(), theme, "eviction", data);
  }

  private static String trace(Row row) {
    String trace = row.param("trace").toLowerCase(Locale.ROOT).replace('_', ' ');
    return trace + ", " + row.param("room").split(" ")[0] + " %";
  }

  private void channel(Theme theme) throws IOException {
    List<Row> data = rows.of("channel", "calls");
    CategoryChart chart = bars("The channel between two processes", "a second");
    bars(chart, data, row -> row.param("pair"), row -> row.param("what"), Axis::place);
    byDecades(chart.getStyler(), data, Axis::rate);
    save(chart, chart.getStyler(), theme, "channel", data);
  }

  private static CategoryChart bars(String title, String y) {
    return new CategoryChartBuilder()
        .width(WIDTH)
        .height(HEIGHT)
        .title(title)
        .yAxisTitle(y)
        .build();
  }

  /** Adds a series of bars for each name; those categories only that all series have. */
  private static void bars(
      CategoryChart chart,
      List<Row> data,
      Function<Row, String> series,
      Function<Row, String> category,
      Function<Double, Double> place) {
    Set<String> names = distinct(data, series);
    Set<String> categories = distinct(data, category);
    categories.removeIf(
        each ->
            data.stream().filter(row -> category.apply(row).equals(each)).count() < names.size());
    for (String name : names) {
      List<Row> some =
          data.stream()
              .filter(row -> series.apply(row).equals(name))
              .filter(row -> categories.contains(category.apply(row)))
              .toList();
      chart
          .addSeries(
              name,
              some.stream().map(category).toList(),
              some.stream().map(Row::median).map(place).toList())
          .setFillColor(Theme.ofSeries(name));
    }
    // Small, so that no name is left out.
    chart.getStyler().setXAxisTickMarkSpacingHint(1);
    if (categories.size() > MOST_LEVEL_NAMES) {
      chart
          .getStyler()
          .setXAxisLabelRotation(SLANT_DEGREES)
          .setXAxisLabelAlignment(TextAlignment.Right);
    }
  }

  private static XYChart lines(String title, String x) {
    return new XYChartBuilder().width(WIDTH).height(HEIGHT).title(title).xAxisTitle(x).build();
  }

  private static void lines(XYChart chart, List<Row> data, Function<Row, Number> x) {
    for (String peer : distinct(data, row -> row.param("peer"))) {
      List<Row> line = data.stream().filter(row -> row.param("peer").equals(peer)).toList();
      XYSeries series =
          chart.addSeries(
              peer,
              line.stream().map(x).toList(),
              line.stream().map(Row::median).map(Axis::place).toList());
      series.setLineWidth(THICK);
      paint(series, peer);
    }
  }

  private static void paint(XYSeries series, String peer) {
    series.setLineColor(Theme.ofSeries(peer));
    series.setMarkerColor(Theme.ofSeries(peer));
  }

  private static Set<String> distinct(List<Row> data, Function<Row, String> name) {
    Set<String> names = new LinkedHashSet<>();
    data.forEach(row -> names.add(name.apply(row)));
    return names;
  }

  /** Sets the upright axis for the logarithms of what is drawn. */
  private static void byDecades(
      AxesChartStyler styler, List<Row> data, Function<Double, String> name) {
    Axis axis =
        Axis.of(
            data.stream()
                .flatMap(
                    row -> row.metric().contains(" of each ") ? row.values().stream() : median(row))
                .toList());
    styler
        .setYAxisMin((double) axis.min())
        .setYAxisMax((double) axis.max())
        .setYAxisTickMarkSpacingHint(axis.spacing(PLOT_HEIGHT))
        .setYAxisTickLabelsFormattingFunction(name);
  }

  private static Stream<Double> median(Row row) {
    return Stream.of(row.median());
  }

  private void save(
      Chart<?, ?> chart, AxesChartStyler styler, Theme theme, String name, List<Row> data)
      throws IOException {
    if (data.isEmpty()) {
      return;
    }
    theme.apply(styler);
    String file =
        folder.resolve("bench-" + name + "-" + theme.name().toLowerCase(Locale.ROOT)).toString();
    ChartEncoder.saveChart(chart, file, "svg");
    BitmapEncoder.saveBitmapWithDPI(chart, file, BitmapEncoder.BitmapFormat.PNG, DPI);
  }
}
