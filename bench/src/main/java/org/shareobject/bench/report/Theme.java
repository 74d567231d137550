package org.shareobject.bench.report;

import java.awt.Color;

/** Colours of a chart on a light and on a dark page. */
enum Theme {
  LIGHT(new Color(0xFFFFFF), new Color(0x1F2328), new Color(0xD8DEE4)),
  DARK(new Color(0x0D1117), new Color(0xE6EDF3), new Color(0x30363D));

  /**
   * Told apart also by those who do not see red and green: Okabe and Ito, a little adapted and
   * added to. One for each peer.
   */
  static final Color[] SERIES = {
    new Color(0x0A84D6),
    new Color(0x8A8F98),
    new Color(0xB3A000),
    new Color(0xE69F00),
    new Color(0x1BA784),
    new Color(0x5B6FD6),
    new Color(0x9C6B3F),
    new Color(0xD55E00),
    new Color(0xCC79A7),
    new Color(0x8E7CC3)
  };

  final Color background;
  final Color text;
  final Color grid;

  Theme(Color background, Color text, Color grid) {
    this.background = background;
    this.text = text;
    this.grid = grid;
  }
}
