package org.shareobject.internal.socket;

import org.shareobject.internal.nativelib.Results;

/**
 * The natives of {@link Endpoint}: one call each of the C functions in {@code channel.h}, whose
 * contract holds. A negative result is an error code for {@link Results}.
 */
final class ChannelNative {
  /** Where {@link #receive} puts how many descriptors came. */
  static final int COUNT = 0;

  /** Where {@link #receive} puts whether some were lost. */
  static final int LOST = 1;

  /** Where {@link #receive} puts the first descriptor. */
  static final int FIRST = 2;

  /** The most descriptors that one message has. */
  static final int MOST_DESCRIPTORS = 253;

  /** What a descriptor is waited for. */
  static final int READABLE = 1;

  static final int WRITABLE = 2;

  /** How many {@link #pollerWait} reports at most. */
  static final int MOST_READY = 64;

  /** Below it are the events of what is ready, above it its token. */
  static final int TOKEN_SHIFT = 2;

  private ChannelNative() {}

  /** Returns the descriptor of a new poller. */
  static native int pollerOpen();

  /** Has a descriptor reported once. */
  static native int arm(int poller, int descriptor, long token, int events);

  /** Reports it no more; before it is closed. */
  static native void forget(int poller, int descriptor);

  /** Waits; fills {@code ready}, of {@link #MOST_READY}, and returns how many there are. */
  static native int pollerWait(int poller, long[] ready);

  /** Fills {@code ends} with two descriptors. */
  static native int pair(int[] ends);

  /** Checks that a descriptor can be a channel. */
  static native int adopt(int descriptor);

  /** Returns how many bytes were written, with the descriptor unless {@code passed} is negative. */
  static native int send(int descriptor, byte[] bytes, int offset, int length, int passed);

  /**
   * Returns how many bytes came, 0 at the end; fills {@code out}, of {@link #FIRST} + {@link
   * #MOST_DESCRIPTORS} numbers.
   */
  static native int receive(
      int descriptor, byte[] bytes, int offset, int length, int timeoutMs, int[] out);

  /** Waits until something can be written. */
  static native int awaitRoom(int descriptor, int timeoutMs);

  /** Ends both directions. */
  static native void shutdown(int descriptor);

  /** Closes plainly. */
  static native void close(int descriptor);

  /** Returns another descriptor of the same open file. */
  static native int copy(int descriptor);

  /** Lets new programs inherit the descriptor. */
  static native int inherit(int descriptor);

  /** Removes a variable from what new programs get, if the JVM made no copy of its own. */
  static native int unsetVariable(byte[] name);
}
