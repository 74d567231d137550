package org.shareobject.bench.report;

import org.shareobject.bench.peer.PeerType;

/** How charts look on a light and on a dark page. */
enum Theme {
  LIGHT("#ffffff", "#1f2328", "#d8dee4"),
  DARK("#0d1117", "#e6edf3", "#30363d");

  private static final String FIRST = "#0a84d6";
  private static final String SECOND = "#e69f00";
  private static final String THIRD = "#8a8f98";

  /**
   * Told apart also by those who do not see red and green: Okabe and Ito, a little adapted and
   * added to. One for each peer.
   */
  private static final String[] PEERS = {
    FIRST, THIRD, "#b3a000", SECOND, "#1ba784", "#5b6fd6", "#9c6b3f", "#d55e00", "#cc79a7",
    "#8e7cc3"
  };

  final String background;
  final String text;
  final String grid;

  Theme(String background, String text, String grid) {
    this.background = background;
    this.text = text;
    this.grid = grid;
  }

  /** Returns a series' colour: a peer has the same in all charts. */
  static String ofSeries(String name) {
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
}
