package org.shareobject.testing;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import org.shareobject.ShareObject;

/** A child that reads until its input ends, and looks at every text. */
public final class ReadLoop {
  private static final int WARM_UP = 10_000;

  private ReadLoop() {}

  /** Takes file and capacity; prints a line when it is warm, and in the end what it found. */
  public static void main(String[] args) {
    int capacity = Integer.parseInt(args[1]);
    AtomicBoolean end = new AtomicBoolean();
    Thread input = new Thread(() -> awaitEndOfInput(end));
    input.setDaemon(true);
    long reads = 0;
    long mixtures = 0;
    long versionsBack = 0;
    long longestNs = 0;
    try (ShareObject cell = ShareObject.open(Path.of(args[0]), capacity)) {
      input.start();
      long version = 0;
      while (!end.get()) {
        if (++reads == WARM_UP) {
          System.out.println("ready");
          longestNs = 0;
        }
        long start = System.nanoTime();
        String text = cell.get();
        longestNs = Math.max(longestNs, System.nanoTime() - start);
        mixtures += Texts.isWhole(text, capacity - 1) ? 0 : 1;
        long now = cell.version();
        versionsBack += now < version ? 1 : 0;
        version = now;
      }
    }
    System.out.println(mixtures + " mixtures, " + versionsBack + " versions back");
    System.out.println((reads - WARM_UP) + " reads, the longest took " + longestNs / 1000 + " us");
  }

  private static void awaitEndOfInput(AtomicBoolean end) {
    try {
      while (System.in.read() >= 0) {
        // Nothing is said; only the end counts.
      }
    } catch (IOException e) {
      // As good as the end.
    }
    end.set(true);
  }
}
