package org.shareobject.bench.process;

import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;

/**
 * Keeps a number of calls on their way for some time. What comes back is told by one thread, which
 * also makes the next call. The twin of {@code node/load.js}.
 */
final class Load {
  private static final double NANOS_PER_S = 1e9;

  private final Consumer<Load> call;
  private final CountDownLatch end = new CountDownLatch(1);
  private final long begin = System.nanoTime();
  private final long millis;
  private long back;
  private long passed;
  private int left;

  private Load(Consumer<Load> call, int atOnce, long millis) {
    this.call = call;
    this.millis = millis;
    left = atOnce;
  }

  /**
   * Makes calls for some time, and waits for the last.
   *
   * @param call makes one, and has {@link #done} called when it has come back
   * @param atOnce how many are on their way
   * @param millis how long
   * @return how many came back a second
   */
  static double perSecond(Consumer<Load> call, int atOnce, long millis)
      throws InterruptedException {
    Load load = new Load(call, atOnce, millis);
    for (int i = 0; i < atOnce; i++) {
      call.accept(load);
    }
    load.end.await();
    return load.back * NANOS_PER_S / load.passed;
  }

  void done() {
    back++;
    passed = System.nanoTime() - begin;
    if (passed < millis * 1_000_000) {
      call.accept(this);
    } else if (--left == 0) {
      end.countDown();
    }
  }
}
