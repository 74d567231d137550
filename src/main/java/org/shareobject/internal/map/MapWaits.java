package org.shareobject.internal.map;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.shareobject.internal.nativelib.Results;
import org.shareobject.internal.waiting.Waits;

/** Waits for the keys of a map to change, and for computations to end. */
final class MapWaits extends Waits<MapWaits.Waiter> {
  /** What a wake-up costs that is lost with a killed process, and the end of one that computes. */
  static final long SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  /** A thread that waits. */
  abstract static class Waiter extends Waits.Waiter {
    final byte[] bytes;
    final ByteBuffer key;

    Waiter(byte[] bytes) {
      this.bytes = bytes;
      key = ByteBuffer.wrap(bytes);
    }

    abstract boolean isOver(Look look);
  }

  /** Looks at what waiters wait for: at each key once, however many wait for it. */
  private final class Look {
    private final boolean doubt;
    private final Map<ByteBuffer, Long> versions = new HashMap<>();
    private final Map<ByteBuffer, Boolean> computed = new HashMap<>();
    private final long[] found = new long[2];

    Look(boolean doubt) {
      this.doubt = doubt;
    }

    /** Returns the version; -1 if there is an error for the waiter to find. */
    long version(ByteBuffer key, byte[] bytes) {
      return versions.computeIfAbsent(
          key, k -> WaitNative.watch(map, bytes, found) < 0 ? -1L : found[0]);
    }

    boolean isComputed(ByteBuffer key, byte[] bytes) {
      return computed.computeIfAbsent(key, k -> WaitNative.computeBusy(map, bytes, doubt) == 1);
    }
  }

  /** Waits until a key has another version. */
  private static final class KeyWaiter extends Waiter {
    private final long version;

    KeyWaiter(byte[] key, long version) {
      super(key);
      this.version = version;
    }

    @Override
    boolean isOver(Look look) {
      return look.version(key, bytes) != version;
    }
  }

  /** Waits until nobody computes a key. */
  private static final class ComputeWaiter extends Waiter {
    ComputeWaiter(byte[] key) {
      super(key);
    }

    @Override
    boolean isOver(Look look) {
      return !look.isComputed(key, bytes);
    }
  }

  private final long map;
  private final RawMap owner;

  /** What {@link WaitNative#sleep} returned last, to whichever thread slept in C. */
  private int events;

  private long doubted;

  /** Prepares for waiters; the owner keeps the handle from being freed. */
  MapWaits(long map, RawMap owner) {
    super("shareobject map waits", SLICE_NANOS);
    this.map = map;
    this.owner = owner;
  }

  /** As {@link RawMap#await}. */
  long await(byte[] key, long version, long timeoutNanos) throws InterruptedException {
    long start = System.nanoTime();
    long[] found = new long[2];
    Waiter waiter = new KeyWaiter(key, version);
    begin(waiter);
    try {
      while (true) {
        if (Thread.interrupted()) {
          throw new InterruptedException("interrupted while waiting for a key");
        }
        Results.check(WaitNative.watch(map, key, found));
        if (found[0] != version) {
          return found[0];
        }
        long left = timeoutNanos - (System.nanoTime() - start);
        if (left <= 0) {
          return Results.ETIMEDOUT;
        }
        pause(Math.min(left, found[1]));
      }
    } finally {
      end(waiter);
    }
  }

  /** As {@link RawMap#computeLock}. */
  int computeLock(byte[] key, int[] held) throws InterruptedException {
    Waiter waiter = new ComputeWaiter(key);
    begin(waiter);
    try {
      while (true) {
        if (Thread.interrupted()) {
          throw new InterruptedException("interrupted while another process computes the key");
        }
        long ticket = WaitNative.computeTry(map, key);
        if (ticket != Results.ETIMEDOUT) {
          return (int) Results.check(ticket);
        }
        if (held.length == 0) {
          pause(Long.MAX_VALUE);
        } else {
          Results.check(WaitNative.computeWait(map, key, held));
          pause(SLICE_NANOS);
        }
      }
    } finally {
      if (held.length > 0) {
        WaitNative.computeGoOn(map, held);
      }
      end(waiter);
    }
  }

  @Override
  protected boolean sleep(Set<Waiter> all, long nanos) {
    try {
      long now = WaitNative.sleep(map, events, nanos);
      if (now < 0) {
        return false;
      }
      events = (int) now;
      look(all);
      return true;
    } finally {
      Reference.reachabilityFence(owner);
    }
  }

  private void look(Set<Waiter> all) {
    long time = System.nanoTime();
    boolean doubt = time - doubted >= SLICE_NANOS;
    if (doubt) {
      doubted = time;
    }
    Look look = new Look(doubt);
    for (Waiter waiter : all) {
      if (waiter.isOver(look)) {
        waiter.wake();
      }
    }
  }
}
