package org.shareobject.bench.report;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * A line for each name, on it a dot with a whisker and its value for each series, on an axis that
 * goes from left to right.
 */
final class DotPlot {
  private static final int WIDTH = 860;
  private static final int LEFT = 200;
  private static final int RIGHT = 90;
  private static final int TOP = 74;
  private static final int BOTTOM = 40;
  private static final int STEP = 14;
  private static final int GAP = 10;
  private static final int TITLE = 15;
  private static final int TEXT = 13;
  private static final int SMALL = 11;
  private static final double LETTER = 0.55;

  /** What makes the axis of values, between two places. */
  interface Axis {
    Scale of(double from, double to);
  }

  private final Theme theme;
  private final List<Figure> data;
  private final Function<Figure, String> name;
  private final Function<Figure, String> series;

  /** Prepares to draw those names only that all series have. */
  DotPlot(
      Theme theme,
      List<Figure> data,
      Function<Figure, String> name,
      Function<Figure, String> series) {
    this.theme = theme;
    this.name = name;
    this.series = series;
    long all = data.stream().map(series).distinct().count();
    this.data =
        data.stream()
            .filter(
                figure ->
                    data.stream().filter(f -> name.apply(f).equals(name.apply(figure))).count()
                        == all)
            .toList();
  }

  Svg draw(String title, Axis axis, Function<Figure, String> label) {
    Set<String> names = distinct(name);
    List<String> all = new ArrayList<>(distinct(series));
    int band = all.size() * STEP + GAP;
    int bottom = TOP + names.size() * band;
    Svg svg = new Svg(WIDTH, bottom + BOTTOM, theme.background);
    svg.text(GAP, 2 * GAP + 2, Svg.Anchor.START, TITLE, true, theme.text, title);
    legend(svg, all);
    Scale scale = axis.of(LEFT, WIDTH - RIGHT);
    for (Map.Entry<Double, String> tick : scale.ticks()) {
      double x = scale.place(tick.getKey());
      svg.line(x, TOP - GAP / 2.0, x, bottom, 1, theme.grid);
      svg.text(x, bottom + 2 * GAP, Svg.Anchor.MIDDLE, TEXT, theme.text, tick.getValue());
    }
    int top = TOP;
    for (String each : names) {
      double middle = top + band / 2.0;
      svg.text(LEFT - GAP, middle + 1, Svg.Anchor.END, TEXT, theme.text, each);
      for (Figure figure : data) {
        if (name.apply(figure).equals(each)) {
          int i = all.indexOf(series.apply(figure));
          dot(svg, scale, figure, top + (i + 0.5) * STEP, i, label.apply(figure));
        }
      }
      top += band;
    }
    return svg;
  }

  private void legend(Svg svg, List<String> all) {
    double x = LEFT;
    for (int i = 0; i < all.size(); i++) {
      svg.dot(x, TOP - 3 * GAP, i, Theme.ofSeries(all.get(i)));
      svg.text(x + GAP, TOP - 3 * GAP + 4.5, Svg.Anchor.START, TEXT, theme.text, all.get(i));
      x += 4 * GAP + all.get(i).length() * TEXT * LETTER;
    }
  }

  private void dot(Svg svg, Scale scale, Figure figure, double y, int shape, String label) {
    String color = Theme.ofSeries(series.apply(figure));
    double high = scale.place(figure.high());
    svg.line(scale.place(figure.low()), y, high, y, 2, color);
    svg.dot(scale.place(figure.median()), y, shape, color);
    double x = Math.max(high, scale.place(figure.median()) + GAP / 2.0) + GAP / 2.0;
    svg.text(x, y + 4, Svg.Anchor.START, SMALL, theme.text, label);
  }

  private Set<String> distinct(Function<Figure, String> part) {
    Set<String> names = new LinkedHashSet<>();
    data.forEach(figure -> names.add(part.apply(figure)));
    return names;
  }
}
