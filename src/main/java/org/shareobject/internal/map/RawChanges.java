package org.shareobject.internal.map;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.Reference;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.shareobject.internal.nativelib.Results;
import org.shareobject.internal.process.Uncaught;

/**
 * Those who listen to the changes of a map. While there are some, one daemon thread sleeps in C for
 * all of them, and calls them. It looks now and then whether there still are, so nobody has to wait
 * for it.
 */
final class RawChanges {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private static final long SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final int BATCH_BYTES = 32 << 10;

  // struct sho_map_change
  private static final int KIND_AND_OWN = 8;
  private static final int KEY_BYTES = 12;
  private static final int HEADER_BYTES = 16;

  private final long map;
  private final RawMap owner;
  private final List<RawListener> listeners = new CopyOnWriteArrayList<>();

  /** The thread's own. */
  private byte[] batch;

  /** Whether the thread runs; guarded by this. */
  private boolean running;

  /** Prepares for listeners; the owner keeps the handle from being freed. */
  RawChanges(long map, RawMap owner) {
    this.map = map;
    this.owner = owner;
  }

  /** Has a listener hear all changes that are made after this call. */
  synchronized void add(RawListener listener) {
    if (!running) {
      long changes = Results.check(ChangesNative.open(map));
      // Inherits no thread locals, and so keeps no class loader of the caller's.
      Thread thread = new Thread(null, () -> run(changes), "shareobject map changes", 0, false);
      thread.setDaemon(true);
      thread.setContextClassLoader(null);
      listeners.add(listener); // the thread ends when there is none
      try {
        thread.start();
      } catch (OutOfMemoryError e) {
        listeners.remove(listener);
        ChangesNative.free(changes);
        throw e;
      }
      running = true;
      return;
    }
    listeners.add(listener);
  }

  /** Has a listener hear nothing more; does nothing if it does not listen. */
  void remove(RawListener listener) {
    listeners.remove(listener);
  }

  private void run(long changes) {
    boolean ended = false;
    batch = new byte[BATCH_BYTES];
    try {
      while (!ended) {
        ended = hear(changes) || isForgotten();
      }
    } finally {
      if (!ended) {
        stop(); // by an error
      }
      ChangesNative.free(changes);
      Reference.reachabilityFence(owner);
    }
  }

  private synchronized boolean isForgotten() {
    if (listeners.isEmpty()) {
      running = false;
    }
    return !running;
  }

  private synchronized void stop() {
    listeners.clear();
    running = false;
  }

  /** Tells changes until there are none for a while; returns whether there will be no more. */
  private boolean hear(long changes) {
    long[] used = new long[1];
    while (!listeners.isEmpty()) {
      int code = ChangesNative.read(changes, batch, used, SLICE_NANOS);
      if (code == Results.ETOOBIG) {
        batch = new byte[Math.toIntExact(used[0])];
      } else if (code == 0) {
        tell((int) used[0]);
      } else if (code == Results.ETIMEDOUT || code == Results.EBUSY) {
        return false; // busy: a process is stopped that makes a change
      } else {
        stop();
        if (code != Results.ECLOSED) {
          fail(code);
        }
        return true;
      }
    }
    return false;
  }

  private void tell(int used) {
    for (int at = 0; at < used; ) {
      int bytes = HEADER_BYTES + (int) INTS.get(batch, at + KEY_BYTES);
      byte[] key = Arrays.copyOfRange(batch, at + HEADER_BYTES, at + bytes);
      int kindAndOwn = (int) INTS.get(batch, at + KIND_AND_OWN);
      int kind = kindAndOwn & 0xFFFF;
      boolean own = kindAndOwn >>> 16 != 0;
      long version = (long) LONGS.get(batch, at);
      for (RawListener listener : listeners) {
        try {
          listener.changed(kind, own, key, version);
        } catch (RuntimeException | Error e) {
          Uncaught.tell(e);
        }
      }
      at += (bytes + 7) & -8;
    }
  }

  private static void fail(int code) {
    try {
      Results.check(code);
    } catch (RuntimeException e) {
      Uncaught.tell(e);
    }
  }
}
