package org.shareobject.ipc;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** What the handler of uncaught exceptions is told while it is open. */
final class Complaints implements AutoCloseable {
  private final Thread.UncaughtExceptionHandler before =
      Thread.getDefaultUncaughtExceptionHandler();
  private final BlockingQueue<Throwable> all = new LinkedBlockingQueue<>();

  Complaints() {
    Thread.setDefaultUncaughtExceptionHandler((thread, error) -> all.add(error));
  }

  /** Waits for the next, whose message has the words. */
  void assertNext(Class<? extends Throwable> type, String words) throws InterruptedException {
    Throwable next = all.poll(30, TimeUnit.SECONDS);
    assertNotNull(next, "no complaint");
    assertInstanceOf(type, next);
    assertTrue(String.valueOf(next.getMessage()).contains(words), next.toString());
  }

  /** Checks that there is none. */
  void assertNone() {
    assertTrue(all.isEmpty(), all.toString());
  }

  @Override
  public void close() {
    Thread.setDefaultUncaughtExceptionHandler(before);
  }
}
