package org.shareobject.internal.map;

import java.nio.ByteBuffer;
import java.util.function.Consumer;

/**
 * Buffers over a map's bytes. One reaches 2 GiB. So they begin at each multiple of 1 GiB and reach
 * 2 GiB far: an entry, which is smaller than 1 GiB, lies in one of them.
 */
final class MapBuffers {
  private static final int SHIFT = 30;
  private static final long MASK = (1L << SHIFT) - 1;
  private static final long BYTES = (2L << SHIFT) - 8;

  private final ByteBuffer[] buffers;

  MapBuffers(long map, long bytes) {
    buffers = new ByteBuffer[(int) ((bytes + MASK) >>> SHIFT)];
    for (int i = 0; i < buffers.length; i++) {
      long offset = (long) i << SHIFT;
      buffers[i] = MapNative.buffer(map, offset, Math.min(bytes - offset, BYTES));
    }
  }

  int count() {
    return buffers.length;
  }

  void forEach(Consumer<ByteBuffer> action) {
    for (ByteBuffer buffer : buffers) {
      action.accept(buffer);
    }
  }

  /**
   * Returns a read-only buffer over bytes of the mapping; it keeps the one that it is part of
   * reachable.
   */
  ByteBuffer slice(long offset, int length) {
    ByteBuffer buffer = buffers[(int) (offset >>> SHIFT)];
    return buffer.slice((int) (offset & MASK), length).asReadOnlyBuffer();
  }
}
