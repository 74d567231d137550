package org.shareobject.ipc;

import java.util.ArrayDeque;

/** Buffers that no channel uses now. */
final class SpareBuffers {
  private static final int MOST = 16;

  private static final ArrayDeque<byte[]> SPARE = new ArrayDeque<>();

  private SpareBuffers() {}

  /** Returns a buffer of that size, which is the same at each call. */
  static byte[] take(int size) {
    byte[] spare;
    synchronized (SPARE) {
      spare = SPARE.poll();
    }
    return spare != null ? spare : new byte[size];
  }

  /** Takes a buffer over if it is of that size. */
  static void give(byte[] buffer, int size) {
    if (buffer.length == size) {
      synchronized (SPARE) {
        if (SPARE.size() < MOST) {
          SPARE.push(buffer);
        }
      }
    }
  }
}
