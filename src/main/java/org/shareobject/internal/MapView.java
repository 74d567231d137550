package org.shareobject.internal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A map's bytes, read where they are: {@code struct sho_map_view}.
 *
 * <p>What is read may be overwritten meanwhile. So every length is checked before it is used, all
 * of it stays inside the mapping whatever the lengths are, and nothing is believed before {@link
 * #isValid} said so behind it. The order is that of "Read" in {@code docs/format.md}: bytes,
 * acquire fence, state, head.
 *
 * <p>A buffer reaches 2 GiB. So windows begin at each multiple of 1 GiB and reach 2 GiB far: an
 * entry, which is smaller than 1 GiB, lies in one of them. The mapping ends when no window, no
 * slice of one, and no map can be reached any more; so a slice that somebody kept never faults.
 */
final class MapView {
  private static final Cleaner CLEANER = Cleaner.create();
  private static final VarHandle LONGS =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INTS =
      MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle NATIVE_INTS =
      MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.nativeOrder());

  private static final int WINDOW_SHIFT = 30;
  private static final long WINDOW_MASK = (1L << WINDOW_SHIFT) - 1;
  private static final long WINDOW_BYTES = (2L << WINDOW_SHIFT) - 8;

  private static final int VERSION = 8;
  private static final int KEY_BYTES = 16;
  private static final int VALUE_BYTES = 24;
  private static final int HEADER_BYTES = 32;
  private static final int KEY_BITS = 22;
  private static final int KEY_BYTES_MASK = (1 << KEY_BITS) - 1;
  private static final long SLOT_POSITION_MASK = (1L << 48) - 1;

  /** Segment and position / 8 in what {@code sho_map_find} answers. */
  private static final int SEGMENT_SHIFT = 52;

  private static final int POSITION_SHIFT = 3;

  /** The bits of a position that a slot names. */
  private static final long NAMED_MASK = (SLOT_POSITION_MASK << POSITION_SHIFT) | 7;

  private final ByteBuffer[] windows;
  private final ByteBuffer first;
  private final ByteBuffer state;
  private final long logsOff;
  private final long logStride;
  private final long positionMask;
  private final long headsOff;
  private final long headStride;
  private final long mostBytes;

  /** Lays windows over the map. The handle is freed once nobody can reach them and the view. */
  MapView(long map) {
    long[] fields = new long[MapNative.VIEW_FIELDS];
    Results.check(MapNative.view(map, fields));
    long bytes = fields[0];
    logsOff = fields[1];
    logStride = fields[2];
    positionMask = fields[3];
    headsOff = fields[4];
    headStride = fields[5];
    mostBytes = fields[6] - HEADER_BYTES;
    windows = new ByteBuffer[(int) ((bytes + WINDOW_MASK) >>> WINDOW_SHIFT)];
    for (int i = 0; i < windows.length; i++) {
      long offset = (long) i << WINDOW_SHIFT;
      windows[i] = MapNative.window(map, offset, Math.min(bytes - offset, WINDOW_BYTES));
    }
    first = windows[0];
    state = MapNative.state(map);
    AtomicInteger users = new AtomicInteger(windows.length + 1);
    Runnable release =
        () -> {
          if (users.decrementAndGet() == 0) {
            MapNative.free(map);
          }
        };
    CLEANER.register(this, release);
    for (ByteBuffer window : windows) {
      CLEANER.register(window, release);
    }
  }

  /** Returns a copy of the value that was found, or null if it is gone. */
  byte[] value(long found) {
    long offset = offset(found);
    ByteBuffer window = window(offset);
    int entry = inWindow(offset);
    int keyBytes = keyBytes(window, entry);
    int valueBytes = valueBytes(window, entry);
    if (!fits(keyBytes, valueBytes)) {
      return null;
    }
    byte[] value = new byte[valueBytes];
    window.get(entry + HEADER_BYTES + keyBytes, value, 0, valueBytes);
    return isValid(found) ? value : null;
  }

  /** Returns a copy of the value that is there, or null if the slot names another entry now. */
  byte[] value(Location at) {
    if ((long) LONGS.get(at.slotWindow, at.slot) != at.slotValue) {
      return null;
    }
    byte[] value = new byte[at.length];
    at.window.get(at.from, value, 0, at.length);
    return isStill(at, at.slotValue) ? value : null;
  }

  /**
   * Returns where the key is when its slot names another entry than it did, or null if it takes a
   * search to tell. A slot stays the key's when the value is set anew, and when the entry is moved.
   */
  Location follow(Location from) {
    long slotValue = (long) LONGS.getAcquire(from.slotWindow, from.slot);
    long inLog = (slotValue << POSITION_SHIFT) & positionMask;
    boolean hasSameTag = ((slotValue ^ from.slotValue) & ~SLOT_POSITION_MASK) == 0;
    if (!hasSameTag || from.keyBytes < 0 || inLog >= logStride >>> 1) {
      return null;
    }
    ByteBuffer window = window(from.log + inLog);
    int entry = inWindow(from.log + inLog);
    int key = entry + HEADER_BYTES;
    int valueBytes = valueBytes(window, entry);
    // The lowest bits of a position are 0; that of a dead entry is not.
    boolean isNamed =
        (((long) LONGS.get(window, entry) ^ (slotValue << POSITION_SHIFT)) & NAMED_MASK) == 0;
    boolean isKey =
        (long) LONGS.get(window, entry + KEY_BYTES) == from.keyBytes // and it does not expire
            && from.isOf(
                ShortKey.low(window, key, from.keyBytes),
                ShortKey.high(window, key, from.keyBytes),
                from.keyBytes);
    return isNamed && isKey && fits(from.keyBytes, valueBytes) && isStill(from, slotValue)
        ? from.movedTo(slotValue, window, key + from.keyBytes, valueBytes)
        : null;
  }

  /** Returns whether the slot named one entry since it held that value, so its bytes are whole. */
  private boolean isStill(Location at, long slotValue) {
    VarHandle.acquireFence();
    return (int) NATIVE_INTS.get(state, 0) == 0
        && (long) LONGS.get(at.slotWindow, at.slot) == slotValue;
  }

  /**
   * Returns where the value is that was found, or null if it will not stay so: it is gone, or it
   * expires.
   */
  Location.Place locate(long found, long slotOff) {
    ByteBuffer slotWindow = window(slotOff);
    int slot = inWindow(slotOff);
    long slotValue = (long) LONGS.get(slotWindow, slot);
    long offset = offset(found);
    ByteBuffer window = window(offset);
    int entry = inWindow(offset);
    int keyBytes = keyBytes(window, entry);
    int valueBytes = valueBytes(window, entry);
    boolean expires = (long) LONGS.get(window, entry + KEY_BYTES) >>> KEY_BITS != 0;
    boolean isNamed = ((slotValue ^ found) & SLOT_POSITION_MASK) == 0;
    if (expires || !isNamed || !fits(keyBytes, valueBytes) || !isValid(found)) {
      return null;
    }
    int from = entry + HEADER_BYTES + keyBytes;
    long log = logsOff + (found >>> SEGMENT_SHIFT) * logStride;
    return new Location.Place(slotWindow, slot, slotValue, log, window, from, valueBytes);
  }

  /** Returns a copy of the value that was found, with its version, or null if it is gone. */
  RawEntry entry(long found) {
    long offset = offset(found);
    long version = (long) LONGS.get(window(offset), inWindow(offset) + VERSION);
    byte[] value = value(found);
    return value == null ? null : new RawEntry(value, version);
  }

  /**
   * Returns the bytes of the value that was found, to be looked at before {@link #isValid} is
   * asked, or null if it is gone.
   */
  ByteBuffer slice(long found) {
    long offset = offset(found);
    ByteBuffer window = window(offset);
    int entry = inWindow(offset);
    int keyBytes = keyBytes(window, entry);
    int valueBytes = valueBytes(window, entry);
    if (!fits(keyBytes, valueBytes)) {
      return null;
    }
    return window.slice(entry + HEADER_BYTES + keyBytes, valueBytes).asReadOnlyBuffer();
  }

  /** Returns whether all that was read of the entry until now is what was stored there. */
  boolean isValid(long found) {
    VarHandle.acquireFence();
    if ((int) NATIVE_INTS.get(state, 0) != 0) {
      return false;
    }
    long offset = headsOff + (found >>> SEGMENT_SHIFT) * headStride;
    long head = (long) LONGS.get(window(offset), inWindow(offset));
    return Long.compareUnsigned(head, position(found)) <= 0;
  }

  /** Most maps lie in the first one; to say so saves the array. */
  private ByteBuffer window(long offset) {
    return offset <= WINDOW_MASK ? first : windows[(int) (offset >>> WINDOW_SHIFT)];
  }

  private static int inWindow(long offset) {
    return (int) (offset & WINDOW_MASK);
  }

  private boolean fits(int keyBytes, int valueBytes) {
    return valueBytes >= 0 && valueBytes <= mostBytes - keyBytes;
  }

  private long offset(long found) {
    return logsOff + (found >>> SEGMENT_SHIFT) * logStride + (position(found) & positionMask);
  }

  private static long position(long found) {
    return (found << (Long.SIZE - SEGMENT_SHIFT)) >>> (Long.SIZE - SEGMENT_SHIFT - POSITION_SHIFT);
  }

  private static int keyBytes(ByteBuffer window, int entry) {
    return (int) (long) LONGS.get(window, entry + KEY_BYTES) & KEY_BYTES_MASK;
  }

  private static int valueBytes(ByteBuffer window, int entry) {
    return (int) INTS.get(window, entry + VALUE_BYTES);
  }
}
