package org.shareobject.bench.report;

import java.awt.BasicStroke;
import java.awt.Font;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.ChartEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;
import org.shareobject.bench.peer.PeerType;
import org.shareobject.bench.run.Numbers;
import org.shareobject.bench.run.Row;

/** Draws the charts, each on a light and on a dark ground, as SVG and PNG. */
final class Charts {
  private static final int WIDTH = 860;
  private static final int HEIGHT = 480;
  private static final int DPI = 192;
  private static final double WINDOW_S = 0.1;
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
    }
  }

  private void calls(Theme theme) throws IOException {
    List<Row> data =
        rows.of("peers", "time").stream()
            .filter(row -> Rows.matches(row, "entries", "2000", "threads", "1"))
            .toList();
    CategoryChart chart =
        new CategoryChartBuilder().width(WIDTH).height(HEIGHT).yAxisTitle("ns per call").build();
    chart.setTitle("One call: 2,000 entries, key 16 B, value 100 B, 1 thread");
    byOp(chart, data);
    chart.getStyler().setXAxisLabelRotation(20).setXAxisTickMarkSpacingHint(10);
    save(chart, chart.getStyler(), theme, "calls", data, true, 1);
  }

  /** Adds a series for each of both; all series of a chart need the same categories. */
  private static void byOp(CategoryChart chart, List<Row> data) {
    Set<String> peers = distinct(data, row -> row.param("peer"));
    peers.removeIf(peer -> data.stream().filter(row -> row.param("peer").equals(peer)).count() < 2);
    for (String op : List.of("get", "set")) {
      List<Row> some =
          data.stream()
              .filter(row -> row.param("op").equals(op) && peers.contains(row.param("peer")))
              .toList();
      if (!some.isEmpty()) {
        chart.addSeries(
            op,
            some.stream().map(row -> row.param("peer")).toList(),
            some.stream().map(Row::median).toList());
      }
    }
  }

  private void percentiles(Theme theme) throws IOException {
    List<Row> data =
        rows.of("percentiles").stream()
            .filter(row -> row.param("op").equals("get") && PERCENTILES.contains(row.metric()))
            .toList();
    XYChart chart = lines("percentile", "ns");
    chart.setTitle("get, 100,000 entries: how long the slowest calls take");
    lines(chart, data, row -> nines(row.metric()));
    chart
        .getStyler()
        .setXAxisMin(0.0)
        .setXAxisMax((double) PERCENTILES.size() - 1)
        .setXAxisTickMarkSpacingHint(WIDTH / PERCENTILES.size())
        .setXAxisTickLabelsFormattingFunction(Charts::percentile);
    save(chart, chart.getStyler(), theme, "percentiles", data, true, 1);
  }

  /** Returns how many nines a percentile has: 1 for p90, 2 for p99. */
  private static double nines(String percentile) {
    return -Math.log10(1 - Double.parseDouble(percentile.substring(1)) / 100);
  }

  private static String percentile(double nines) {
    double percent = 100 - Math.pow(10, 2 - nines);
    return nines == 0 || nines != Math.rint(nines)
        ? ""
        : "p"
            + BigDecimal.valueOf(percent)
                .setScale(4, RoundingMode.HALF_UP)
                .stripTrailingZeros()
                .toPlainString();
  }

  private void processes(Theme theme) throws IOException {
    List<Row> data =
        rows.of("processes", "calls").stream()
            .filter(row -> row.param("op").equals("get"))
            .toList();
    XYChart chart = lines("processes", "reads per second, all together");
    chart.setTitle("Processes that read one map: 2,000 entries");
    lines(chart, data, row -> Double.parseDouble(row.param("processes")));
    save(chart, chart.getStyler(), theme, "processes", data, true, 1);
  }

  private void sizes(Theme theme) throws IOException {
    List<Row> data = rows.of("sizes", "time");
    XYChart chart = lines("entries", "ns per get");
    chart.setTitle("get in random order over the number of entries");
    lines(chart, data, row -> Double.parseDouble(row.param("entries")));
    chart
        .getStyler()
        .setXAxisLogarithmic(true)
        .setXAxisTickLabelsFormattingFunction(Numbers::plain);
    save(chart, chart.getStyler(), theme, "sizes", data, true, 1);
  }

  private void kills(Theme theme) throws IOException {
    List<Row> data =
        rows.of("kills", "longest call of each 100 ms").stream()
            .filter(row -> row.param("writer").startsWith("killed"))
            .toList();
    XYChart chart = lines("seconds; a writer is killed at each", "ms");
    chart.setTitle("Longest call of a survivor in each tenth of a second");
    for (Row row : data) {
      List<Double> x = new ArrayList<>();
      List<Double> y = new ArrayList<>();
      for (int i = 0; i < row.values().size(); i++) {
        x.add(i * WINDOW_S);
        y.add(row.values().get(i) / 1e6);
      }
      XYSeries series = chart.addSeries(row.param("peer"), x, y);
      series.setMarker(SeriesMarkers.NONE);
      paint(series, row.param("peer"));
    }
    save(chart, chart.getStyler(), theme, "kills", data, true, 1e6);
  }

  private void eviction(Theme theme) throws IOException {
    List<Row> data = rows.of("eviction").stream().filter(row -> row.unit().equals("%")).toList();
    CategoryChart chart =
        new CategoryChartBuilder().width(WIDTH).height(HEIGHT).yAxisTitle("hits, %").build();
    chart.setTitle("Hit ratio with room for the same number of entries");
    for (String cache : distinct(data, Row::metric)) {
      List<Row> some = data.stream().filter(row -> row.metric().equals(cache)).toList();
      chart.addSeries(
          cache,
          some.stream()
              .map(row -> name(row.param("trace")) + " " + row.param("room").split(" ")[0] + " %")
              .toList(),
          some.stream().map(Row::median).toList());
    }
    chart.getStyler().setXAxisLabelRotation(30).setXAxisTickMarkSpacingHint(10);
    save(chart, chart.getStyler(), theme, "eviction", data, false, 1);
  }

  private static String name(String trace) {
    return trace.toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  private static XYChart lines(String x, String y) {
    return new XYChartBuilder().width(WIDTH).height(HEIGHT).xAxisTitle(x).yAxisTitle(y).build();
  }

  private static void lines(XYChart chart, List<Row> data, Function<Row, Double> x) {
    for (String peer : distinct(data, row -> row.param("peer"))) {
      List<Row> line = data.stream().filter(row -> row.param("peer").equals(peer)).toList();
      XYSeries series =
          chart.addSeries(
              peer, line.stream().map(x).toList(), line.stream().map(Row::median).toList());
      series.setLineWidth(2.5f);
      paint(series, peer);
    }
  }

  /** Gives a peer the same colour in all charts. */
  private static void paint(XYSeries series, String peer) {
    for (PeerType type : PeerType.values()) {
      if (type.label().equals(peer)) {
        series.setLineColor(Theme.SERIES[type.ordinal()]);
        series.setMarkerColor(Theme.SERIES[type.ordinal()]);
      }
    }
  }

  private static Set<String> distinct(List<Row> data, Function<Row, String> name) {
    Set<String> names = new LinkedHashSet<>();
    data.forEach(row -> names.add(name.apply(row)));
    return names;
  }

  private void save(
      Chart<?, ?> chart,
      AxesChartStyler styler,
      Theme theme,
      String name,
      List<Row> data,
      boolean logarithmic,
      double scale)
      throws IOException {
    if (data.isEmpty()) {
      return;
    }
    style(styler, theme, logarithmic);
    if (logarithmic) {
      DoubleSummaryStatistics range =
          data.stream()
              .flatMap(row -> row.values().stream())
              .mapToDouble(value -> value / scale)
              .summaryStatistics();
      styler.setYAxisMin(Math.pow(10, Math.floor(Math.log10(range.getMin()))));
      styler.setYAxisMax(Math.pow(10, Math.ceil(Math.log10(range.getMax()))));
    }
    String file =
        folder.resolve("bench-" + name + "-" + theme.name().toLowerCase(Locale.ROOT)).toString();
    ChartEncoder.saveChart(chart, file, "svg");
    BitmapEncoder.saveBitmapWithDPI(chart, file, BitmapEncoder.BitmapFormat.PNG, DPI);
  }

  private static void style(AxesChartStyler styler, Theme theme, boolean logarithmic) {
    Font text = new Font(Font.SANS_SERIF, Font.PLAIN, 13);
    styler
        .setYAxisLogarithmic(logarithmic)
        .setYAxisLogarithmicDecadeOnly(true)
        .setAxisTickLabelsColor(theme.text)
        .setAxisTickLabelsFont(text)
        .setAxisTickMarksColor(theme.text)
        .setAxisTitleFont(text)
        .setPlotGridLinesColor(theme.grid)
        .setPlotGridLinesStroke(new BasicStroke(1))
        .setPlotGridVerticalLinesVisible(false)
        .setYAxisTickLabelsFormattingFunction(Numbers::plain);
    styler
        .setChartBackgroundColor(theme.background)
        .setPlotBackgroundColor(theme.background)
        .setChartFontColor(theme.text)
        .setChartTitleFont(text.deriveFont(Font.BOLD, 15f))
        .setChartTitleBoxVisible(false)
        .setLegendBackgroundColor(theme.background)
        .setLegendBorderColor(theme.background)
        .setLegendFont(text)
        .setLegendPosition(Styler.LegendPosition.OutsideE)
        .setPlotBorderVisible(false)
        .setSeriesColors(Theme.SERIES)
        .setXAxisTitleColor(theme.text)
        .setYAxisTitleColor(theme.text);
  }
}
