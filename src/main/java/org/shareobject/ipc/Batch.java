package org.shareobject.ipc;

import java.util.List;
import org.shareobject.internal.socket.Descriptor;
import org.shareobject.internal.socket.Endpoint;

/** Bytes that are being written: of one message, or of several small ones. For one thread. */
final class Batch {
  /** The size of one write; more than the system's buffer takes makes no sense. */
  private static final int MOST_BYTES = 64 << 10;

  private static final int NO_DESCRIPTOR = -1;

  private final List<Outgoing> messages;
  private final byte[] bytes;
  private final int end;
  private final boolean isProbe;
  private int offset;

  private Batch(List<Outgoing> messages, byte[] bytes, int end, boolean isProbe) {
    this.messages = messages;
    this.bytes = bytes;
    this.end = end;
    this.isProbe = isProbe;
  }

  /** Returns the batch of one message, with its handle if it has one. */
  static Batch of(Outgoing message) {
    return new Batch(List.of(message), message.bytes(), message.length(), false);
  }

  /** Returns the batch of several messages without handles. */
  static Batch of(List<Outgoing> messages, int length) {
    byte[] bytes = new byte[length];
    int end = 0;
    for (Outgoing message : messages) {
      System.arraycopy(message.bytes(), 0, bytes, end, message.length());
      end += message.length();
    }
    return new Batch(messages, bytes, end, false);
  }

  /** Returns a batch that asks on behalf of a message. */
  static Batch probe(Line line, Outgoing message) {
    return new Batch(List.of(message), line.bytes(), line.size(), true);
  }

  List<Outgoing> messages() {
    return messages;
  }

  /** Returns whether the messages are finished once the bytes are written. */
  boolean completes() {
    return !isProbe && !messages.get(0).hasHandle();
  }

  /** Returns whether it consists of this one message, which may be null. */
  boolean isOf(Outgoing message) {
    return messages.get(0).equals(message);
  }

  /** Returns whether it passes the handle of its message. */
  boolean sendsHandle() {
    return !isProbe && messages.get(0).hasHandle();
  }

  boolean isDone() {
    return offset == end;
  }

  /** Returns whether nothing of it is written. */
  boolean isUntouched() {
    return offset == 0;
  }

  /** Returns the descriptor that is to be sent with the next write, or null. */
  Descriptor open() {
    return offset == 0 && sendsHandle() ? messages.get(0).passed().open() : null;
  }

  /**
   * Writes what fits.
   *
   * @param passed is sent along; null for nothing
   * @return whether anything was written
   */
  boolean write(Endpoint endpoint, Descriptor passed) {
    int length = Math.min(MOST_BYTES, end - offset);
    int sent =
        endpoint.send(bytes, offset, length, passed == null ? NO_DESCRIPTOR : passed.number());
    offset += sent;
    return sent > 0;
  }
}
