package org.shareobject.ipc;

import org.shareobject.ShareValueTooLargeException;

/** Bytes that were read, and the lines in them. For one thread. */
final class LineBuffer {
  private static final int USUAL_BYTES = 64 << 10;

  /** A buffer that a large message made larger than this is not kept. */
  private static final int MOST_IDLE_BYTES = 1 << 20;

  private static final byte[] NONE = {};

  private final int mostLineBytes;
  private byte[] bytes = NONE;
  private int start;
  private int scanned;
  private int end;

  /** Position in the stream of {@code bytes[0]}. */
  private long origin;

  private int lineStart;
  private int lineLength;

  LineBuffer(int mostLineBytes) {
    this.mostLineBytes = mostLineBytes;
  }

  byte[] bytes() {
    return bytes;
  }

  /** Returns where bytes can be put. */
  int end() {
    return end;
  }

  /** Returns the position in the stream behind the last byte. */
  long position() {
    return origin + end;
  }

  /** Returns the position in the stream where the current line begins. */
  long linePosition() {
    return origin + lineStart;
  }

  /** Returns the position in the stream behind the last complete line. */
  long restPosition() {
    return origin + start;
  }

  /** Called when bytes have been put. */
  void put(int count) {
    end += count;
  }

  /**
   * Makes room for more bytes.
   *
   * @throws ShareValueTooLargeException if a line has reached the limit
   */
  void makeRoom() {
    if (bytes.length < USUAL_BYTES) {
      move(SpareBuffers.take(USUAL_BYTES));
    } else if (start == end && bytes.length > MOST_IDLE_BYTES) {
      move(new byte[USUAL_BYTES]);
    } else if (end == bytes.length) {
      int length = end - start;
      checkLength(length);
      boolean isHalfEmpty = length <= bytes.length / 2;
      move(isHalfEmpty ? bytes : new byte[larger(bytes.length)]);
    }
  }

  /** Takes no more room than it needs until {@link #makeRoom}. */
  void rest() {
    byte[] given = bytes;
    if (end - start <= given.length / 2) {
      move(start == end ? NONE : new byte[end - start]);
      SpareBuffers.give(given, USUAL_BYTES);
    }
  }

  private int larger(int length) {
    long most = Math.max(USUAL_BYTES, mostLineBytes + 1L);
    return (int) Math.min(length * 2L, Math.min(most, Integer.MAX_VALUE - 8L));
  }

  private void move(byte[] to) {
    System.arraycopy(bytes, start, to, 0, end - start);
    bytes = to;
    origin += start;
    scanned -= start;
    end -= start;
    start = 0;
  }

  /**
   * Finds the next complete line.
   *
   * @return whether there is one; {@link #lineStart} and {@link #lineLength} give its place
   * @throws ShareValueTooLargeException if it is too long
   */
  boolean next() {
    if (!hasNext()) {
      return false;
    }
    lineStart = start;
    lineLength = scanned - start;
    start = scanned + 1;
    scanned = start;
    checkLength(lineLength);
    return true;
  }

  /** Returns whether there is one more after the line of {@link #next}. */
  boolean hasNext() {
    while (scanned < end && bytes[scanned] != '\n') {
      scanned++;
    }
    return scanned < end;
  }

  int lineStart() {
    return lineStart;
  }

  int lineLength() {
    return lineLength;
  }

  private void checkLength(int length) {
    if (length > mostLineBytes) {
      throw new ShareValueTooLargeException(
          "SHO_ETOOBIG",
          "a message of more than "
              + mostLineBytes
              + " bytes came through a channel, which is closed; raise -D"
              + Limits.MESSAGE_PROPERTY
              + " to receive it");
    }
  }
}
