package org.shareobject.testing;

import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.shareobject.Codec;
import org.shareobject.ShareMap;

/**
 * A child whose threads compute the same keys as those of others. The map itself counts how often a
 * function ran.
 */
public final class ComputeRace {
  /** How many keys there are. */
  public static final int KEYS = 300;

  private static final int THREADS = 4;
  private static final String RUNS = "runs";

  private ComputeRace() {}

  /** Takes the file; waits for a line; prints how many values were not what the map holds. */
  public static void main(String[] args) throws Exception {
    try (ShareMap<String, Long> map =
        ShareMap.builder(Codec.STRING, Codec.LONG).open(Path.of(args[0]))) {
      System.out.println("ready");
      System.in.read();
      AtomicInteger wrong = new AtomicInteger();
      CountDownLatch end = new CountDownLatch(THREADS);
      for (int t = 0; t < THREADS; t++) {
        new Thread(
                () -> {
                  race(map, wrong);
                  end.countDown();
                })
            .start();
      }
      end.await();
      System.out.println(wrong + " wrong");
    }
  }

  private static void race(ShareMap<String, Long> map, AtomicInteger wrong) {
    for (int i = 0; i < KEYS; i++) {
      String key = "key " + i;
      long computed = map.computeIfAbsent(key, k -> map.addAndGet(RUNS, 1));
      if (computed != map.get(key)) {
        wrong.incrementAndGet();
      }
    }
  }

  /** Returns how often functions ran. */
  public static long runs(Path file) {
    try (ShareMap<String, Long> map = ShareMap.builder(Codec.STRING, Codec.LONG).open(file)) {
      return map.get(RUNS);
    }
  }
}
