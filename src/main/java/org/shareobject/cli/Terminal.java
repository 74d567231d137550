package org.shareobject.cli;

import java.io.IOException;

/** Whether somebody looks at what is printed. */
final class Terminal {
  private static final int OUT = 1;
  private static final int ERR = 2;

  private Terminal() {}

  static boolean isOut() {
    return is(OUT);
  }

  static boolean isErr() {
    return is(ERR);
  }

  /** Asks the shell, since Java tells only of a console with input and output. */
  private static boolean is(int descriptor) {
    try {
      return new ProcessBuilder("sh", "-c", "test -t " + descriptor).inheritIO().start().waitFor()
          == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
