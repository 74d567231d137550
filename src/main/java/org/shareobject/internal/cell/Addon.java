package org.shareobject.internal.cell;

import java.nio.file.Path;
import org.shareobject.internal.nativelib.NativeLibrary;
import org.shareobject.internal.nativelib.Results;
import org.shareobject.internal.text.FileNames;
import org.shareobject.internal.text.Utf8;

/** The addon's module: one window of one file for the whole process. */
public final class Addon {
  /** The size of the window, bytes. */
  public static final int WINDOW_BYTES = 1024;

  /** Names the file; looked at by each call. */
  public static final String PATH_PROPERTY = "shareobject.path";

  /** The value last passed to the C library; null before the first time. */
  private static volatile String toldPath;

  private Addon() {}

  /** Reads all of the window or the text up to its first NUL. */
  public static String read(boolean all) {
    tellPath();
    byte[] window = new byte[WINDOW_BYTES];
    int length = Results.check(CellNative.shareRead(window));
    return Utf8.decode(window, all ? length : textLength(window, length));
  }

  /** Stores what fits of the text. */
  public static int write(String text) {
    byte[] bytes = Utf8.encodeLossy(text);
    tellPath();
    return Results.check(CellNative.shareWrite(bytes));
  }

  private static int textLength(byte[] window, int length) {
    int end = 0;
    while (end < length && window[end] != 0) {
      end++;
    }
    return end;
  }

  private static void tellPath() {
    NativeLibrary.load();
    String wanted = System.getProperty(PATH_PROPERTY, "");
    if (!wanted.equals(toldPath)) {
      tellPath(wanted);
    }
  }

  private static synchronized void tellPath(String wanted) {
    if (!wanted.equals(toldPath)) {
      Results.check(CellNative.sharePath(FileNames.bytes(Path.of(wanted))));
      toldPath = wanted;
    }
  }
}
