package org.shareobject.bench.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** A picture that is drawn by lines, dots and texts. */
final class Svg {
  /** Where a text is, seen from its place. */
  enum Anchor {
    START,
    MIDDLE,
    END
  }

  private static final double RADIUS = 4.5;

  private final StringBuilder body = new StringBuilder();
  private final int width;
  private final int height;
  private final String background;

  Svg(int width, int height, String background) {
    this.width = width;
    this.height = height;
    this.background = background;
    add("<rect width=\"%d\" height=\"%d\" fill=\"%s\"/>", width, height, background);
  }

  private void add(String format, Object... values) {
    body.append(String.format(Locale.ROOT, format, values)).append('\n');
  }

  /** Writes with a rim in the colour of the ground, so that no line touches a letter. */
  void text(double x, double y, Anchor anchor, int size, String color, String text) {
    text(x, y, anchor, size, false, color, text);
  }

  void text(double x, double y, Anchor anchor, int size, boolean bold, String color, String text) {
    add(
        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-size=\"%d\"%s fill=\"%s\""
            + " stroke=\"%s\" stroke-width=\"3\" paint-order=\"stroke\">%s</text>",
        x,
        y,
        anchor.name().toLowerCase(Locale.ROOT),
        size,
        bold ? " font-weight=\"bold\"" : "",
        color,
        background,
        text.replace("&", "&amp;").replace("<", "&lt;"));
  }

  void line(double x1, double y1, double x2, double y2, double thick, String color) {
    add(
        "<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"%s\" stroke-width=\"%.1f\"/>",
        x1, y1, x2, y2, color, thick);
  }

  /** Draws a line through points, each x and y. */
  void lines(List<double[]> points, double thick, String color) {
    StringBuilder path = new StringBuilder();
    for (double[] point : points) {
      path.append(path.isEmpty() ? 'M' : 'L')
          .append(String.format(Locale.ROOT, "%.1f %.1f", point[0], point[1]));
    }
    add(
        "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%.1f\""
            + " stroke-linejoin=\"round\"/>",
        path, color, thick);
  }

  /** Draws a dot; series are told apart by its shape too. */
  void dot(double x, double y, int shape, String color) {
    double r = RADIUS;
    switch (shape % 4) {
      case 0 -> add("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"%s\"/>", x, y, r, color);
      case 1 ->
          add(
              "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>",
              x - r + 0.5, y - r + 0.5, 2 * r - 1, 2 * r - 1, color);
      case 2 -> shape(color, x, y - r - 0.5, x + r + 0.5, y + r - 0.5, x - r - 0.5, y + r - 0.5);
      default -> shape(color, x, y - r - 1, x + r + 1, y, x, y + r + 1, x - r - 1, y);
    }
  }

  private void shape(String color, double... points) {
    StringBuilder path = new StringBuilder();
    for (int i = 0; i < points.length; i += 2) {
      path.append(i == 0 ? 'M' : 'L')
          .append(String.format(Locale.ROOT, "%.1f %.1f", points[i], points[i + 1]));
    }
    add("<path d=\"%sZ\" fill=\"%s\"/>", path, color);
  }

  void save(Path file) throws IOException {
    Files.writeString(
        file,
        String.format(
            Locale.ROOT,
            """
            <svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" \
            font-family="system-ui, 'DejaVu Sans', sans-serif">
            %s</svg>
            """,
            width,
            height,
            width,
            height,
            body));
  }
}
