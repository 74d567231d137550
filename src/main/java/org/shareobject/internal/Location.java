package org.shareobject.internal;

import java.nio.ByteBuffer;

/**
 * Where a key was found: its slot in the index, and its value in the log. The key is known by an
 * object, or by its bytes if these are few.
 */
final class Location {
  private static final int MANY_BYTES = -1;

  final int hash;
  private final Object name;
  private final long low;
  private final long high;

  /** How many bytes the key has; {@link #MANY_BYTES}: more than are kept here. */
  final int keyBytes;

  final ByteBuffer slotWindow;
  final int slot;
  final long slotValue;
  final long log;
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
    log = place.log;
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
   * @param log where the segment's log begins in the mapping
   * @param window the window that the value is in
   * @param from where in it the value begins
   * @param length how long it is
   */
  record Place(
      ByteBuffer slotWindow,
      int slot,
      long slotValue,
      long log,
      ByteBuffer window,
      int from,
      int length) {}

  /** Returns the location of a key that is known by an object. */
  static Location of(Object name, byte[] key, Place place) {
    return key.length > ShortKey.BYTES
        ? new Location(name.hashCode(), name, 0, 0, MANY_BYTES, place)
        : of(name.hashCode(), name, key, place);
  }

  /** Returns the location of a key that is known by its few bytes. */
  static Location of(byte[] key, Place place) {
    int hash = ShortKey.hash(ShortKey.low(key), ShortKey.high(key), key.length);
    return of(hash, null, key, place);
  }

  private static Location of(int hash, Object name, byte[] key, Place place) {
    return new Location(hash, name, ShortKey.low(key), ShortKey.high(key), key.length, place);
  }

  /** Returns the location of the same key, whose slot holds another value now. */
  Location movedTo(long newSlotValue, ByteBuffer newWindow, int newFrom, int newLength) {
    Place place = new Place(slotWindow, slot, newSlotValue, log, newWindow, newFrom, newLength);
    return new Location(hash, name, low, high, keyBytes, place);
  }

  boolean isOf(Object other, int otherHash) {
    return other == name || (otherHash == hash && other.equals(name));
  }

  boolean isOf(long otherLow, long otherHigh, int otherBytes) {
    return otherLow == low && otherHigh == high && otherBytes == keyBytes;
  }
}
