package org.shareobject.internal;

import java.nio.ByteBuffer;

/** Where a key was found: its slot in the index, and its value in the log. */
final class Location {
  final Object key;
  final int hash;
  final ByteBuffer slotWindow;
  final int slot;
  final long slotValue;
  final ByteBuffer window;
  final int from;
  final int length;

  Location(
      Object key,
      ByteBuffer slotWindow,
      int slot,
      long slotValue,
      ByteBuffer window,
      int from,
      int length) {
    this.key = key;
    this.hash = key.hashCode();
    this.slotWindow = slotWindow;
    this.slot = slot;
    this.slotValue = slotValue;
    this.window = window;
    this.from = from;
    this.length = length;
  }

  boolean isOf(Object other, int otherHash) {
    return other == key || (otherHash == hash && other.equals(key));
  }
}
