package org.shareobject.ipc;

import org.shareobject.internal.socket.Endpoint;

/** Two channels that are connected, in one process, for tests of other packages. */
public final class ChannelPair implements AutoCloseable {
  private final Channel left;
  private final Channel right;

  private ChannelPair(Endpoint[] ends) {
    left = Channel.open(ends[0]);
    right = Channel.open(ends[1]);
  }

  /** Opens both. */
  public static ChannelPair open() {
    return new ChannelPair(Endpoint.pair());
  }

  /** Returns one end. */
  public Channel left() {
    return left;
  }

  /** Returns the other end. */
  public Channel right() {
    return right;
  }

  @Override
  public void close() {
    left.close();
    right.close();
  }
}
