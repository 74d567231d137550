package org.shareobject.bench.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.DoubleFunction;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.shareobject.bench.run.Numbers;

/** Draws the charts, each for a light and for a dark page. */
final class Charts {
  private static final double WINDOW_S = 0.1;
  private static final double NOTABLE_NS = 1e9;
  private static final List<String> PERCENTILES = List.of("p50", "p90", "p99", "p99.9", "p99.99");
  private static final String COURSE = "longest call of each 100 ms";

  private final Published published;
  private final Path folder;

  Charts(Published published, Path folder) {
    this.published = published;
    this.folder = folder;
  }

  /** Draws those for which there are figures. */
  void draw() throws IOException {
    Files.createDirectories(folder);
    for (Theme theme : Theme.values()) {
      draw(theme, "calls", calls(), this::calls);
      draw(theme, "percentiles", percentiles(), this::percentiles);
      draw(theme, "processes", processes(), this::processes);
      draw(theme, "sizes", published.of("sizes", "time"), this::sizes);
      draw(theme, "kills", kills(), this::kills);
      draw(theme, "eviction", eviction(), this::eviction);
      draw(theme, "channel", published.of("channel", "calls"), this::channel);
    }
  }

  /** Draws a chart of figures. */
  private interface Chart {
    Svg of(Theme theme, List<Figure> data);
  }

  private void draw(Theme theme, String name, List<Figure> data, Chart chart) throws IOException {
    if (!data.isEmpty()) {
      String file = "bench-" + name + "-" + theme.name().toLowerCase(Locale.ROOT) + ".svg";
      chart.of(theme, data).save(folder.resolve(file));
    }
  }

  private List<Figure> calls() {
    return published.of("peers", "time").stream()
        .filter(each -> each.param("entries").equals("2000") && each.param("threads").equals("1"))
        .toList();
  }

  private Svg calls(Theme theme, List<Figure> data) {
    return new DotPlot(theme, data, each -> each.param("peer"), each -> each.param("op"))
        .draw(
            "One call: 2,000 entries, key 16 B, value 100 B, 1 thread",
            (from, to) -> Scale.decades(all(data), Scale::time, from, to),
            Charts::label);
  }

  private Svg channel(Theme theme, List<Figure> data) {
    return new DotPlot(theme, data, each -> each.param("what"), each -> each.param("pair"))
        .draw(
            "The channel between two processes, a second",
            (from, to) -> Scale.decades(all(data), Scale::rate, from, to),
            Charts::label);
  }

  private List<Figure> eviction() {
    return published.of("eviction").stream().filter(each -> each.unit().equals("%")).toList();
  }

  private Svg eviction(Theme theme, List<Figure> data) {
    double step = 10;
    double least = data.stream().mapToDouble(Figure::median).min().orElse(0);
    double most = data.stream().mapToDouble(Figure::median).max().orElse(100);
    return new DotPlot(theme, data, Charts::trace, Figure::metric)
        .draw(
            "Hits of caches with room for the same number of entries",
            (from, to) ->
                Scale.steps(
                    Math.floor(least / step) * step,
                    Math.ceil(most / step) * step,
                    step,
                    value -> Math.round(value) + " %",
                    from,
                    to),
            Charts::label);
  }

  private static String trace(Figure figure) {
    String trace = figure.param("trace");
    String room = figure.param("room").split(" ")[0];
    if (trace.startsWith("ZIPF")) {
      trace = trace.toLowerCase(Locale.ROOT).replace("zipf", "Zipf").replace("_", ", ");
    }
    return trace + ", " + room + " % of keys";
  }

  private static String label(Figure figure) {
    return Numbers.withUnit(figure.median(), figure.unit());
  }

  private List<Figure> percentiles() {
    return published.of("percentiles").stream()
        .filter(each -> each.param("op").equals("get") && PERCENTILES.contains(each.metric()))
        .toList();
  }

  private Svg percentiles(Theme theme, List<Figure> data) {
    LinePlot plot =
        new LinePlot(
            theme,
            "get, 100,000 entries: how long the slowest calls take",
            "percentile",
            Scale.names(PERCENTILES, LinePlot.LEFT + 20, LinePlot.RIGHT),
            upright(all(data), Scale::time));
    return lines(plot, data, each -> (double) PERCENTILES.indexOf(each.metric()));
  }

  private List<Figure> processes() {
    return published.of("processes", "calls").stream()
        .filter(each -> each.param("op").equals("get"))
        .toList();
  }

  private Svg processes(Theme theme, List<Figure> data) {
    List<String> counts = distinct(data, each -> each.param("processes"));
    LinePlot plot =
        new LinePlot(
            theme,
            "Reads per second of all processes together: 2,000 entries",
            "processes",
            Scale.names(counts, LinePlot.LEFT + 20, LinePlot.RIGHT),
            upright(all(data), Scale::rate));
    return lines(plot, data, each -> (double) counts.indexOf(each.param("processes")));
  }

  private Svg sizes(Theme theme, List<Figure> data) {
    List<Double> sizes = data.stream().map(Charts::entries).toList();
    LinePlot plot =
        new LinePlot(
            theme,
            "One get in random order over the number of entries",
            "entries",
            Scale.decades(sizes, Scale::count, LinePlot.LEFT, LinePlot.RIGHT),
            upright(all(data), Scale::time));
    return lines(plot, data, Charts::entries);
  }

  private static double entries(Figure figure) {
    return Double.parseDouble(figure.param("entries"));
  }

  private List<Figure> kills() {
    return published.of("kills", COURSE).stream().filter(Charts::isKilled).toList();
  }

  private static boolean isKilled(Figure figure) {
    return figure.param("writer").startsWith("killed");
  }

  private Svg kills(Theme theme, List<Figure> data) {
    int windows = data.stream().mapToInt(each -> each.course().size()).max().orElse(1);
    LinePlot plot =
        new LinePlot(
            theme,
            "Longest call of a survivor in each tenth of a second",
            "seconds; a writer is killed at each",
            Scale.steps(0, windows * WINDOW_S, 1, Scale::count, LinePlot.LEFT, LinePlot.RIGHT),
            upright(data.stream().flatMap(each -> each.course().stream()).toList(), Scale::time));
    for (Figure figure : data) {
      List<Double> y = figure.course();
      plot.addCourse(
          figure.param("peer"),
          IntStream.range(0, y.size()).mapToObj(i -> (i + 0.5) * WINDOW_S).toList(),
          y);
      IntStream.range(0, y.size())
          .filter(i -> y.get(i) >= NOTABLE_NS)
          .findFirst()
          .ifPresent(i -> plot.note(i * WINDOW_S, y.get(i), note(figure, y.get(i))));
    }
    return plot.finish();
  }

  /** Says what became of a call that took very long. */
  private String note(Figure course, double time) {
    boolean failed =
        published.of("kills", "failed calls").stream()
            .filter(each -> isKilled(each) && each.param("peer").equals(course.param("peer")))
            .anyMatch(each -> each.median() > 0);
    return "one call waits " + Numbers.withUnit(time, "ns") + (failed ? ", then fails" : "");
  }

  private static Scale upright(Collection<Double> values, DoubleFunction<String> name) {
    return Scale.decades(values, name, LinePlot.BOTTOM, LinePlot.TOP);
  }

  private static Svg lines(LinePlot plot, List<Figure> data, Function<Figure, Double> x) {
    for (String peer : distinct(data, each -> each.param("peer"))) {
      List<Figure> line = data.stream().filter(each -> each.param("peer").equals(peer)).toList();
      plot.add(peer, line.stream().map(x).toList(), line);
    }
    return plot.finish();
  }

  /** Returns all that has to have room. */
  private static List<Double> all(List<Figure> data) {
    return data.stream().flatMap(each -> Stream.of(each.low(), each.high())).toList();
  }

  private static List<String> distinct(List<Figure> data, Function<Figure, String> name) {
    Set<String> names = new LinkedHashSet<>();
    data.forEach(each -> names.add(name.apply(each)));
    return List.copyOf(names);
  }
}
