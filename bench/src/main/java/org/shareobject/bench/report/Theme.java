package org.shareobject.bench.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler;
import org.shareobject.bench.peer.PeerType;

/** How charts look on a light and on a dark page. */
enum Theme {
  LIGHT(new Color(0xFFFFFF), new Color(0x1F2328), new Color(0xD8DEE4)),
  DARK(new Color(0x0D1117), new Color(0xE6EDF3), new Color(0x30363D));

  private static final float TITLE_POINTS = 15;
  private static final int TEXT_POINTS = 13;
  private static final Color FIRST = new Color(0x0A84D6);
  private static final Color SECOND = new Color(0xE69F00);
  private static final Color THIRD = new Color(0x8A8F98);

  /**
   * Told apart also by those who do not see red and green: Okabe and Ito, a little adapted and
   * added to. One for each peer.
   */
  private static final Color[] PEERS = {
    FIRST,
    THIRD,
    new Color(0xB3A000),
    SECOND,
    new Color(0x1BA784),
    new Color(0x5B6FD6),
    new Color(0x9C6B3F),
    new Color(0xD55E00),
    new Color(0xCC79A7),
    new Color(0x8E7CC3)
  };

  private final Color background;
  private final Color text;
  private final Color grid;

  Theme(Color background, Color text, Color grid) {
    this.background = background;
    this.text = text;
    this.grid = grid;
  }

  /** Returns a series' colour: a peer has the same in all charts. */
  static Color ofSeries(String name) {
    for (PeerType peer : PeerType.values()) {
      if (name.startsWith(peer.label())) {
        return PEERS[peer.ordinal()];
      }
    }
    return switch (name) {
      case "get", "Java to Java" -> FIRST;
      case "set", "Java to Node" -> SECOND;
      default -> THIRD;
    };
  }

  /** Gives a chart its colours, fonts and lines. */
  void apply(AxesChartStyler styler) {
    Font font = new Font(Font.SANS_SERIF, Font.PLAIN, TEXT_POINTS);
    styler
        .setAxisTickLabelsColor(text)
        .setAxisTickLabelsFont(font)
        .setAxisTickMarksColor(text)
        .setAxisTitleFont(font)
        .setPlotGridLinesColor(grid)
        .setPlotGridLinesStroke(new BasicStroke(1))
        .setPlotGridVerticalLinesVisible(false);
    styler
        .setChartBackgroundColor(background)
        .setPlotBackgroundColor(background)
        .setChartFontColor(text)
        .setChartTitleFont(font.deriveFont(Font.BOLD, TITLE_POINTS))
        .setChartTitleBoxVisible(false)
        .setLegendBackgroundColor(background)
        .setLegendBorderColor(background)
        .setLegendFont(font)
        .setLegendPosition(Styler.LegendPosition.OutsideE)
        .setPlotBorderVisible(false)
        .setXAxisTitleColor(text)
        .setYAxisTitleColor(text);
  }
}
