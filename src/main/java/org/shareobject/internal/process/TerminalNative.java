package org.shareobject.internal.process;

import org.shareobject.internal.nativelib.NativeLibrary;

/** What the system knows of a standard stream, and Java does not tell. */
public final class TerminalNative {
  static {
    NativeLibrary.load();
  }

  private TerminalNative() {}

  /** Returns whether the descriptor is a terminal. */
  public static native boolean isTerminal(int descriptor);

  /** Returns lines in the upper 16 bits and columns in the lower; 0 where there is no terminal. */
  public static native int size(int descriptor);

  /** Returns whether the descriptor is a pipe or a socket that nobody reads any more. */
  public static native boolean isBroken(int descriptor);

  /**
   * Has the terminal deliver each key at once and show none. Interrupts and stops stay.
   *
   * @return what {@link #restore} takes; negative if that is not possible, as in the background
   */
  public static native long keyByKey(int descriptor);

  /** Brings the terminal's modes back. */
  public static native void restore(int descriptor, long before);
}
