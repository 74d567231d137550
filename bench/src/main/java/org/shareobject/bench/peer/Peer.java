package org.shareobject.bench.peer;

/** One way to keep entries, opened. */
public interface Peer extends AutoCloseable {
  /** Returns a way to it for the calling thread. */
  Session session();

  /** Returns the bytes that it takes of memory or disk; -1 if it cannot tell. */
  default long bytes() {
    return -1;
  }

  @Override
  void close();
}
