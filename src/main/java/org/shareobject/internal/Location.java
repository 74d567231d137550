package org.shareobject.internal;

import java.nio.ByteBuffer;

/**
 * Where a key was found: its slot in the index, and its value in the log. The key is known by an
 * object, or by its bytes if these are few.
 */
final class Location {
  private static final int NO_BYTES = -1;

  final int hash;
  private final Object name;
  private final long low;
  private final long high;
  private final int keyBytes;

  final ByteBuffer slotWindow;
  final int slot;
  final long slotValue;
  final ByteBuffer window;
  final int from;
  final int length;

  private Location(int hash, Object name, long low, long high, int keyBytes, Location.Place place) {
    this.hash = hash;
    this.name = name;
    this.low = low;
    this.high = high;
    this.keyBytes = keyBytes;
    slotWindow = place.slotWindow;
    slot = place.slot;
    slotValue = place.slotValue;
    window = place.window;
    from = place.from;
    length = place.length;
  }

  /**
   * The place alone.
   *
   * @param slotWindow the window that the slot is in
   * @param slot where in it
   * @param slotValue what the slot held
   * @param window the window that the value is in
   * @param from where in it the value begins
   * @param length how long it is
   */
  record Place(
      ByteBuffer slotWindow, int slot, long slotValue, ByteBuffer window, int from, int length) {}

  /** Returns the location of a key that is known by an object. */
  static Location of(Object name, Place place) {
    return new Location(name.hashCode(), name, 0, 0, NO_BYTES, place);
  }

  /** Returns the location of a key that is known by its few bytes. */
  static Location of(byte[] key, Place place) {
    long low = ShortKey.low(key);
    long high = ShortKey.high(key);
    return new Location(ShortKey.hash(low, high, key.length), null, low, high, key.length, place);
  }

  boolean isOf(Object other, int otherHash) {
    return other == name || (otherHash == hash && other.equals(name));
  }

  boolean isOf(long otherLow, long otherHigh, int otherBytes) {
    return otherLow == low && otherHigh == high && otherBytes == keyBytes;
  }
}
