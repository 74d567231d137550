package org.shareobject.internal.socket;

import org.shareobject.internal.nativelib.Results;

/** A file descriptor that belongs to whoever holds this object. For several threads. */
public final class Descriptor implements AutoCloseable {
  private static final int NONE = -1;

  private int number;

  /**
   * Takes a descriptor over.
   *
   * @param number the descriptor
   */
  public Descriptor(int number) {
    this.number = number;
  }

  /**
   * Returns a descriptor of another open file description of the same file.
   *
   * @param number a descriptor, which stays open
   * @throws org.shareobject.ShareIoException if the system refuses
   */
  public static Descriptor reopen(int number) {
    return new Descriptor(Results.check(ChannelNative.reopen(number)));
  }

  /** Returns whether it is still here: neither closed nor given away. */
  public synchronized boolean isHere() {
    return number != NONE;
  }

  /** Returns the descriptor, for as long as it is here; negative when it is not. */
  public synchronized int number() {
    return number;
  }

  /** Gives it away: the caller owns it now. Negative if it is not here. */
  synchronized int take() {
    int taken = number;
    number = NONE;
    return taken;
  }

  /** Closes it if it is still here. */
  @Override
  public void close() {
    int taken = take();
    if (taken != NONE) {
      ChannelNative.close(taken);
    }
  }
}
