package org.shareobject.ipc;

import org.shareobject.internal.socket.Endpoint;

/** Two channels that are connected, in one process. */
final class Pair implements AutoCloseable {
  final Channel left;
  final Channel right;

  private Pair(Endpoint[] ends) {
    left = Channel.open(ends[0]);
    right = Channel.open(ends[1]);
  }

  static Pair open() {
    return new Pair(Endpoint.pair());
  }

  @Override
  public void close() {
    left.close();
    right.close();
  }
}
