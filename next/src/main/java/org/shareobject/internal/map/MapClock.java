package org.shareobject.internal.map;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The host's boot clock, for the price of a load: a thread reads it every {@value #TICK_MS} ms
 * while somebody asks for it often.
 *
 * <p>What is later by a good second is later even if that thread had to wait for a processor. What
 * is nearer is compared with the clock itself. So an entry is never returned after its expiry;
 * unless the thread did not run for a second while readers did, or the process, or the host, was
 * stopped less than {@value #TICK_MS} ms ago.
 */
final class MapClock {
  private static final int TICK_MS = 10;
  private static final long NEAR_MS = 1000;

  /** The thread ends once nobody asked during so many ticks. */
  private static final int IDLE_TICKS = 100;

  /** So many questions start the thread. */
  private static final int OFTEN = 128;

  /** While there is no thread: everything is nearer than this, or past. */
  private static final long OFF = Long.MAX_VALUE;

  private static final AtomicBoolean TICKS = new AtomicBoolean();

  private static volatile long coarse = OFF;
  private static volatile boolean isUsed;
  private static int questions;

  private MapClock() {}

  /** Returns whether the clock has reached a time, in ms. */
  static boolean isPast(long ms) {
    if (ms - coarse > NEAR_MS) {
      if (!isUsed) {
        isUsed = true;
      }
      return false;
    }
    if (coarse == OFF && ++questions % OFTEN == 0 && TICKS.compareAndSet(false, true)) {
      start();
    }
    return ms <= MapNative.clock();
  }

  private static void start() {
    Thread thread = new Thread(null, MapClock::tick, "shareobject map clock", 0, false);
    thread.setDaemon(true);
    thread.setContextClassLoader(null);
    try {
      thread.start();
    } catch (OutOfMemoryError e) {
      TICKS.set(false); // no thread is to be had: whoever asks goes on to read the clock
    }
  }

  private static void tick() {
    try {
      do {
        isUsed = false;
        for (int i = 0; i < IDLE_TICKS; i++) {
          coarse = MapNative.clock();
          Thread.sleep(TICK_MS);
        }
      } while (isUsed);
    } catch (InterruptedException e) {
      // Whoever interrupts it wants it to end.
    } finally {
      coarse = OFF;
      TICKS.set(false);
    }
  }
}
