package org.shareobject.internal.socket;

import java.nio.charset.StandardCharsets;
import org.shareobject.ShareClosedException;
import org.shareobject.internal.nativelib.NativeLibrary;
import org.shareobject.internal.nativelib.Results;

/**
 * One end of a channel: a Unix stream socket.
 *
 * <p>One thread may send while another receives, and any thread may end it meanwhile. The
 * descriptor is closed when it was ended and nobody is inside a call any more, so that no call can
 * meet a descriptor that was closed and became another file's.
 */
public final class Endpoint {
  private static final int FOR_EVER = -1;

  private final int descriptor;

  /** Null if nobody is told when there is something. */
  private volatile Poller.Watch watch;

  private int users;
  private boolean ended;
  private boolean closed;

  private Endpoint(int descriptor) {
    this.descriptor = descriptor;
  }

  /** Returns two connected ends. */
  public static Endpoint[] pair() {
    NativeLibrary.load();
    int[] ends = new int[2];
    Results.check(ChannelNative.pair(ends));
    return new Endpoint[] {new Endpoint(ends[0]), new Endpoint(ends[1])};
  }

  /**
   * Returns the end that this process was started with.
   *
   * @throws IllegalArgumentException if it is no Unix stream socket
   */
  public static Endpoint adopt(int descriptor) {
    NativeLibrary.load();
    Results.check(ChannelNative.adopt(descriptor));
    return new Endpoint(descriptor);
  }

  /** Has the system, and where it can be reached the JVM too, forget a variable. */
  public static void forgetVariable(String name) {
    NativeLibrary.load();
    Results.check(ChannelNative.unsetVariable(name.getBytes(StandardCharsets.UTF_8)));
    try {
      SocketNative.forgetVariable(name);
    } catch (LinkageError e) {
      // A JDK that keeps its copy elsewhere: only programs that are started with a copy of it, and
      // not by Worker, still see the variable.
      return;
    }
  }

  /**
   * Writes what fits now.
   *
   * @param passed a descriptor to go along, or negative
   * @return bytes written; 0: nothing fits now, and the descriptor was not sent
   * @throws ShareClosedException if the other side is gone, or this one ended
   */
  public int send(byte[] bytes, int offset, int length, int passed) {
    if (!enter()) {
      throw new ShareClosedException("SHO_ECLOSED", "the channel is closed");
    }
    try {
      return Results.check(ChannelNative.send(descriptor, bytes, offset, length, passed));
    } finally {
      leave();
    }
  }

  /** Waits until something fits or the other side is gone; {@link #send} then tells which. */
  public void awaitRoom() {
    if (enter()) {
      try {
        Results.check(ChannelNative.awaitRoom(descriptor, FOR_EVER));
      } finally {
        leave();
      }
    }
  }

  /**
   * Waits for bytes.
   *
   * @param timeoutMs the longest wait in milliseconds; negative: no limit
   * @param descriptors what came along
   * @return bytes read; 0: the end; {@link Results#ETIMEDOUT}
   */
  public int receive(byte[] bytes, int offset, int timeoutMs, ReceivedDescriptors descriptors) {
    if (!enter()) {
      return 0;
    }
    try {
      int count =
          ChannelNative.receive(
              descriptor, bytes, offset, bytes.length - offset, timeoutMs, descriptors.numbers());
      return count == Results.ETIMEDOUT ? count : Results.check(count);
    } finally {
      leave();
    }
  }

  /**
   * Names who is told, by the JVM's thread that waits for all endpoints, and so must not block.
   * Once, before {@link #awaitReadable} and {@link #awaitWritable}.
   */
  public void watch(Runnable whenReadable, Runnable whenWritable) {
    watch = Poller.get().watch(descriptor, whenReadable, whenWritable);
  }

  /** Has it told once when there is something to read, or the end. Does not block. */
  public void awaitReadable() {
    await(Poller.READABLE);
  }

  /** Has it told once when something fits, or the other side is gone. Does not block. */
  public void awaitWritable() {
    await(Poller.WRITABLE);
  }

  private void await(int event) {
    boolean isOpen = enter();
    try {
      watch.await(event); // told at once if it is closed
    } finally {
      if (isOpen) {
        leave();
      }
    }
  }

  /** Tells now that there may be something to read, if that is awaited. */
  public void wakeReader() {
    watch.fire(Poller.READABLE);
  }

  /**
   * Ends both directions. What the other side wrote before can still be read until {@link #close};
   * those who wait wake up.
   */
  public synchronized void end() {
    if (!closed) {
      ChannelNative.shutdown(descriptor);
    }
  }

  /** Ends, and gives the descriptor back as soon as nobody uses it. */
  public synchronized void close() {
    if (!ended) {
      end();
      closePlainly();
    }
  }

  /** Gives the descriptor back without ending the channel for others who hold this end. */
  public synchronized void closePlainly() {
    ended = true;
    closeIfUnused();
  }

  /** Returns what has a new process find this end as its standard input. */
  public ProcessBuilder.Redirect redirect() {
    Results.check(ChannelNative.inherit(descriptor));
    return Sockets.jdk(() -> SocketNative.redirect(descriptor));
  }

  private synchronized boolean enter() {
    if (ended) {
      return false;
    }
    users++;
    return true;
  }

  private synchronized void leave() {
    users--;
    closeIfUnused();
  }

  private void closeIfUnused() {
    if (ended && users == 0 && !closed) {
      closed = true;
      if (watch != null) {
        watch.close();
      }
      ChannelNative.close(descriptor);
    }
  }
}
