package org.shareobject.internal.cell;

import java.lang.ref.Reference;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.shareobject.internal.nativelib.Results;
import org.shareobject.internal.waiting.Waits;

/** Waits for the versions of a cell. */
public final class CellWaits extends Waits<CellWaits.Waiter> {
  /** What a wake-up costs that is lost with a killed writer. */
  private static final long SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  /** A thread that waits for a version above one. */
  static final class Waiter extends Waits.Waiter {
    private final long version;

    Waiter(long version) {
      this.version = version;
    }
  }

  private final long cell;
  private final Path file;
  private final Object owner;

  /** The version that was seen last, by whichever thread slept in C. */
  private long seen;

  /**
   * Prepares for waiters.
   *
   * @param cell the handle
   * @param file for messages
   * @param owner keeps the handle from being freed
   */
  public CellWaits(long cell, Path file, Object owner) {
    super("shareobject cell waits", SLICE_NANOS);
    this.cell = cell;
    this.file = file;
    this.owner = owner;
  }

  /**
   * Waits for a version above one. Returns it; or {@link Results#ETIMEDOUT}, or another negative
   * code.
   */
  public long await(long version, long timeoutNanos) throws InterruptedException {
    long start = System.nanoTime();
    Waiter waiter = new Waiter(version);
    begin(waiter);
    try {
      while (true) {
        if (Thread.interrupted()) {
          throw new InterruptedException("interrupted while waiting for " + file);
        }
        long newer = CellNative.await(cell, version, 0);
        long left = timeoutNanos - (System.nanoTime() - start);
        if (newer != Results.ETIMEDOUT || left <= 0) {
          return newer;
        }
        pause(left);
      }
    } finally {
      end(waiter);
      Reference.reachabilityFence(owner);
    }
  }

  @Override
  protected boolean sleep(Set<Waiter> all, long nanos) {
    long newer;
    try {
      newer = CellNative.await(cell, seen, nanos);
    } finally {
      Reference.reachabilityFence(owner);
    }
    if (newer < 0) {
      return newer == Results.ETIMEDOUT;
    }
    seen = newer;
    for (Waiter waiter : all) {
      if (waiter.version < newer) {
        waiter.wake();
      }
    }
    return true;
  }
}
