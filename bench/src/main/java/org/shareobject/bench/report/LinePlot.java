package org.shareobject.bench.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** Lines through dots with whiskers, each line with its name at its end. */
final class LinePlot {
  static final int LEFT = 70;
  static final int RIGHT = 690;
  static final int TOP = 44;
  static final int BOTTOM = 420;

  private static final int WIDTH = 860;
  private static final int HEIGHT = 480;
  private static final int MARGIN = 10;
  private static final int TITLE = 15;
  private static final int TEXT = 13;
  private static final int LINE_HEIGHT = 18;
  private static final double LETTER = 0.58;
  private static final double THIN = 1.2;
  private static final double THICK = 2;
  private static final int END = 14;

  /** The name of a line, and where it ends. */
  private record Name(String text, String color, double x, double y) {}

  private final Theme theme;
  private final Svg svg;
  private final Scale across;
  private final Scale upright;
  private final List<Name> names = new ArrayList<>();

  LinePlot(Theme theme, String title, String x, Scale across, Scale upright) {
    this.theme = theme;
    this.across = across;
    this.upright = upright;
    svg = new Svg(WIDTH, HEIGHT, theme.background);
    svg.text(MARGIN, 2 * MARGIN + 2, Svg.Anchor.START, TITLE, true, theme.text, title);
    for (Map.Entry<Double, String> tick : upright.ticks()) {
      double y = upright.place(tick.getKey());
      svg.line(LEFT, y, RIGHT, y, 1, theme.grid);
      svg.text(LEFT - MARGIN, y + TEXT / 3.0, Svg.Anchor.END, TEXT, theme.text, tick.getValue());
    }
    for (Map.Entry<Double, String> tick : across.ticks()) {
      double place = across.place(tick.getKey());
      svg.line(place, BOTTOM, place, BOTTOM + MARGIN / 2.0, 1, theme.text);
      svg.text(place, BOTTOM + 2.2 * MARGIN, Svg.Anchor.MIDDLE, TEXT, theme.text, tick.getValue());
    }
    svg.line(LEFT, BOTTOM, RIGHT, BOTTOM, 1, theme.text);
    svg.text((LEFT + RIGHT) / 2.0, BOTTOM + 4.4 * MARGIN, Svg.Anchor.MIDDLE, TEXT, theme.text, x);
  }

  /** Adds a line, dots and whiskers; x and figures in the same order. */
  void add(String name, List<Double> x, List<Figure> figures) {
    String color = Theme.ofSeries(name);
    List<double[]> points = new ArrayList<>();
    for (int i = 0; i < x.size(); i++) {
      Figure figure = figures.get(i);
      double place = across.place(x.get(i));
      points.add(new double[] {place, upright.place(figure.median())});
      svg.line(
          place, upright.place(figure.low()), place, upright.place(figure.high()), THICK, color);
    }
    svg.lines(points, THICK, color);
    points.forEach(point -> svg.dot(point[0], point[1], names.size(), color));
    end(name, color, points);
  }

  /** Adds a thin line without dots. */
  void addCourse(String name, List<Double> x, List<Double> y) {
    List<double[]> points = new ArrayList<>();
    for (int i = 0; i < x.size(); i++) {
      points.add(new double[] {across.place(x.get(i)), upright.place(y.get(i))});
    }
    svg.lines(points, THIN, Theme.ofSeries(name));
    end(name, Theme.ofSeries(name), points);
  }

  private void end(String name, String color, List<double[]> points) {
    double[] last = points.get(points.size() - 1);
    names.add(new Name(name, color, last[0], last[1]));
  }

  /** Writes below a point, to its left if there is no room to its right. */
  void note(double x, double y, String text) {
    double place = across.place(x);
    boolean fits = place + text.length() * TEXT * LETTER < RIGHT;
    svg.text(
        fits ? place : RIGHT,
        upright.place(y) + LINE_HEIGHT,
        fits ? Svg.Anchor.START : Svg.Anchor.END,
        TEXT,
        theme.text,
        text);
  }

  /** Writes the names at the ends of their lines, apart from each other; returns the picture. */
  Svg finish() {
    List<Name> sorted = new ArrayList<>(names);
    sorted.sort(Comparator.comparingDouble(Name::y));
    double[] y = sorted.stream().mapToDouble(Name::y).toArray();
    for (int i = 1; i < y.length; i++) {
      y[i] = Math.max(y[i], y[i - 1] + LINE_HEIGHT);
    }
    for (int i = y.length - 1; i >= 0; i--) {
      double most = i == y.length - 1 ? BOTTOM : y[i + 1] - LINE_HEIGHT;
      y[i] = Math.min(y[i], most);
    }
    for (int i = 0; i < y.length; i++) {
      Name name = sorted.get(i);
      svg.line(name.x() + END / 2.0, name.y(), RIGHT + END, y[i], 1, name.color());
      svg.text(RIGHT + END + 4, y[i] + TEXT / 3.0, Svg.Anchor.START, TEXT, theme.text, name.text());
    }
    return svg;
  }
}
