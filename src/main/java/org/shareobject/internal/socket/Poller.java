package org.shareobject.internal.socket;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.shareobject.ShareException;
import org.shareobject.internal.nativelib.NativeLibrary;
import org.shareobject.internal.nativelib.Results;

/**
 * Waits for all endpoints of this JVM. It only tells that something can be read or written; who is
 * told must not block.
 */
public final class Poller {
  static final int READABLE = ChannelNative.READABLE;
  static final int WRITABLE = ChannelNative.WRITABLE;

  private static Poller instance;

  private final int descriptor;
  private final Map<Long, Watch> watches = new ConcurrentHashMap<>();
  private final long[] ready = new long[ChannelNative.MOST_READY];
  private long lastToken;

  private Poller(int descriptor) {
    this.descriptor = descriptor;
  }

  /**
   * Returns the poller of this JVM.
   *
   * @throws org.shareobject.ShareIoException if the system refuses
   */
  public static synchronized Poller get() {
    if (instance == null) {
      NativeLibrary.load();
      instance = new Poller(Results.check(ChannelNative.pollerOpen()));
    }
    return instance;
  }

  /** Returns a watch of a descriptor, which is armed for nothing yet. */
  synchronized Watch watch(int watched, Runnable whenReadable, Runnable whenWritable) {
    lastToken++;
    Watch watch = new Watch(watched, lastToken, whenReadable, whenWritable);
    watches.put(lastToken, watch);
    return watch;
  }

  /**
   * Waits until there is something to tell, and tells it. By one thread at a time.
   *
   * @throws org.shareobject.ShareIoException if the system refuses
   */
  public void poll() {
    int count = Results.check(ChannelNative.pollerWait(descriptor, ready));
    for (int i = 0; i < count; i++) {
      Watch watch = watches.get(ready[i] >>> ChannelNative.TOKEN_SHIFT);
      if (watch != null) {
        watch.fire((int) ready[i] & (READABLE | WRITABLE));
      }
    }
  }

  /** What one descriptor is waited for. Each event is told once for each call of {@link #await}. */
  final class Watch {
    private final int watched;
    private final long token;
    private final Runnable whenReadable;
    private final Runnable whenWritable;
    private int armed;
    private boolean isClosed;

    private Watch(int watched, long token, Runnable whenReadable, Runnable whenWritable) {
      this.watched = watched;
      this.token = token;
      this.whenReadable = whenReadable;
      this.whenWritable = whenWritable;
    }

    /**
     * Has the event told once; at once if the watch is closed.
     *
     * @throws ShareException if the system refuses; it is then not told
     */
    void await(int event) {
      synchronized (this) {
        if (!isClosed) {
          int code = ChannelNative.arm(descriptor, watched, token, armed | event);
          Results.check(code);
          armed |= event;
          return;
        }
      }
      tell(event);
    }

    /** Tells what is awaited of these events. */
    void fire(int events) {
      int told;
      synchronized (this) {
        told = armed & events;
        armed &= ~told;
        if (armed != 0 && ChannelNative.arm(descriptor, watched, token, armed) < 0) {
          told |= armed; // who is told finds out
          armed = 0;
        }
      }
      tell(told);
    }

    /** Stops, before the descriptor is closed; what is awaited is told. */
    void close() {
      int told;
      synchronized (this) {
        isClosed = true;
        told = armed;
        armed = 0;
        ChannelNative.forget(descriptor, watched);
      }
      watches.remove(token);
      tell(told);
    }

    private void tell(int events) {
      if ((events & READABLE) != 0) {
        whenReadable.run();
      }
      if ((events & WRITABLE) != 0) {
        whenWritable.run();
      }
    }
  }
}
