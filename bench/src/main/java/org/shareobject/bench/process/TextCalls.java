package org.shareobject.bench.process;

import org.shareobject.Codec;
import org.shareobject.ShareMap;

/**
 * Gets or sets the same text as {@link UserCalls} does, in a map that a file shares: settings
 * {@code op}, {@code warmMs}, {@code runMs}. Answers {@code rate}, calls a second.
 */
final class TextCalls implements Job {
  private static final int BATCH = 512;
  private static final double NANOS_PER_S = 1e9;
  private static final String KEY = "key";
  private static final String TEXT = "x".repeat(100);

  private int sink;

  @Override
  public void run(Settings settings, Parent parent) {
    try (ShareMap<String, String> map =
        ShareMap.builder(Codec.STRING, Codec.STRING)
            .open(settings.spec().folder().resolve("texts"))) {
      map.set(KEY, TEXT);
      Runnable call =
          settings.text("op").equals("get")
              ? () -> sink += map.get(KEY).length()
              : () -> map.set(KEY, TEXT);
      rate(call, settings.number("warmMs"));
      parent.say("rate " + rate(call, settings.number("runMs")));
    }
  }

  private static double rate(Runnable call, long millis) {
    long begin = System.nanoTime();
    long calls = 0;
    long passed;
    do {
      for (int i = 0; i < BATCH; i++) {
        call.run();
      }
      calls += BATCH;
      passed = System.nanoTime() - begin;
    } while (passed < millis * 1_000_000);
    return calls * NANOS_PER_S / passed;
  }
}
