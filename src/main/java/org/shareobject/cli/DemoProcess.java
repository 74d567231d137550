package org.shareobject.cli;

import java.io.IOException;
import org.shareobject.ShareObject;

/**
 * One of the demo's two processes. It ends when its standard input does, and so with its parent.
 */
final class DemoProcess {
  static final String TEXT = "Hello World!";

  private static final long INTERVAL_MS = 1000;

  private DemoProcess() {}

  /**
   * Runs as reader or writer.
   *
   * @param args {@code reader} or {@code writer}
   */
  public static void main(String[] args) throws InterruptedException {
    Thread parent = new Thread(DemoProcess::endWithParent, "parent");
    parent.setDaemon(true);
    parent.start();
    if (args[0].equals("reader")) {
      read();
    } else {
      System.out.println("stored " + ShareObject.write(TEXT) + " bytes: " + TEXT);
    }
  }

  private static void read() throws InterruptedException {
    ShareObject.write("\0".repeat(ShareObject.WINDOW_BYTES - 1));
    while (!System.out.checkError()) {
      System.out.println(ShareObject.read());
      Thread.sleep(INTERVAL_MS);
    }
  }

  private static void endWithParent() {
    try {
      while (System.in.read() >= 0) {
        // Nothing is said there; only the end counts.
      }
    } catch (IOException e) {
      // As good as the end.
    }
    Runtime.getRuntime().halt(0);
  }
}
