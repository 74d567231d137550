package org.shareobject.internal.socket;

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
