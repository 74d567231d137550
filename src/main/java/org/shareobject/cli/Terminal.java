package org.shareobject.cli;

import java.util.concurrent.atomic.AtomicLong;
import org.shareobject.internal.process.TerminalNative;

/** The terminal behind the standard streams, where there is one. */
final class Terminal {
  private static final int IN = 0;
  private static final int OUT = 1;
  private static final int ERR = 2;
  private static final int USUAL_LINES = 24;
  private static final int USUAL_COLUMNS = 80;
  private static final long UNCHANGED = -1;

  /** The modes to come back to, or UNCHANGED. */
  private static final AtomicLong MODES = new AtomicLong(UNCHANGED);

  /**
   * How much a terminal shows.
   *
   * @param lines 1 or more
   * @param columns 1 or more
   */
  record Size(int lines, int columns) {}

  private Terminal() {}

  static boolean isIn() {
    return TerminalNative.isTerminal(IN);
  }

  static boolean isOut() {
    return TerminalNative.isTerminal(OUT);
  }

  static boolean isErr() {
    return TerminalNative.isTerminal(ERR);
  }

  /** Returns the size of the output's terminal now; 24 by 80 if it does not tell. */
  static Size size() {
    int packed = TerminalNative.size(OUT);
    int lines = packed >> 16;
    int columns = packed & 0xFFFF;
    return new Size(lines > 0 ? lines : USUAL_LINES, columns > 0 ? columns : USUAL_COLUMNS);
  }

  /** Has the input's terminal deliver each key at once, unless this is a background process. */
  static void keyByKey() {
    long before = TerminalNative.keyByKey(IN);
    if (before != UNCHANGED) {
      MODES.compareAndSet(UNCHANGED, before);
    }
  }

  /** Undoes {@link #keyByKey}. */
  static void restore() {
    long before = MODES.getAndSet(UNCHANGED);
    if (before != UNCHANGED) {
      TerminalNative.restore(IN, before);
    }
  }
}
