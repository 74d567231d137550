package org.shareobject.internal.map;

import org.shareobject.internal.nativelib.Results;

/**
 * The natives that {@link RawMap} waits by, as those of {@link MapNative}. None blocks but {@link
 * #sleep}.
 */
final class WaitNative {
  private WaitNative() {}

  /**
   * Writes the key's version, 0 if it is absent, to {@code out}, and behind it in how many ns it
   * expires at the latest. What changes later ends the next {@link #sleep}.
   */
  static native int watch(long map, byte[] key, long[] out);

  /** Sleeps unless {@code events} is not the present one; returns the present one, unsigned. */
  static native long sleep(long map, int events, long timeoutNanos);

  /** Returns a ticket; or {@link Results#ETIMEDOUT} if another thread computes the key. */
  static native long computeTry(long map, byte[] key);

  /** Returns 1 if {@link #computeTry} would fail, else 0. */
  static native int computeBusy(long map, byte[] key, boolean doubt);

  /** Says that the thread which holds those tickets waits for the key. */
  static native int computeWait(long map, byte[] key, int[] held);

  /** Says that it waits no more. */
  static native int computeGoOn(long map, int[] held);

  static native int computeUnlock(long map, int ticket);
}
