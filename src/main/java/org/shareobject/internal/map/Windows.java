package org.shareobject.internal.map;

import java.nio.ByteBuffer;
import java.util.function.Consumer;

/**
 * Buffers over a map's bytes. One reaches 2 GiB. So they begin at each multiple of 1 GiB and reach
 * 2 GiB far: an entry, which is smaller than 1 GiB, lies in one of them.
 */
final class Windows {
  private static final int SHIFT = 30;
  private static final long MASK = (1L << SHIFT) - 1;
  private static final long BYTES = (2L << SHIFT) - 8;

  private final ByteBuffer[] windows;

  Windows(long map, long bytes) {
    windows = new ByteBuffer[(int) ((bytes + MASK) >>> SHIFT)];
    for (int i = 0; i < windows.length; i++) {
      long offset = (long) i << SHIFT;
      windows[i] = MapNative.window(map, offset, Math.min(bytes - offset, BYTES));
    }
  }

  int count() {
    return windows.length;
  }

  void forEach(Consumer<ByteBuffer> action) {
    for (ByteBuffer window : windows) {
      action.accept(window);
    }
  }

  /** Returns a read-only buffer over bytes of the mapping; it keeps its window reachable. */
  ByteBuffer slice(long offset, int length) {
    ByteBuffer window = windows[(int) (offset >>> SHIFT)];
    return window.slice((int) (offset & MASK), length).asReadOnlyBuffer();
  }
}
