package org.shareobject.ipc;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** The bytes of one message, ended by a newline. For one thread. */
final class Line extends ByteArrayOutputStream {
  private static final int FIRST_SIZE = 256;
  private static final int MOST_SPARE_BYTES = 16 << 10;

  Line() {
    super(FIRST_SIZE);
  }

  /** Returns the line of a value. */
  static Line of(Object message) {
    Line line = new Line();
    Json.write(message, line);
    return line.end();
  }

  /**
   * Returns the line of a value that has a handle.
   *
   * @param envelope the envelope's fields except the message, such as {@code "type":"net.Socket"}
   */
  static Line ofHandle(String envelope, Object message) {
    Line line = new Line();
    line.text("{\"cmd\":\"NODE_HANDLE\"," + envelope + ",\"msg\":");
    Json.write(message, line);
    line.text("}");
    return line.end();
  }

  private void text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    write(bytes, 0, bytes.length);
  }

  /** JSON has newlines only between its tokens, and only if somebody wrote raw values. */
  private Line end() {
    for (int i = 0; i < count; i++) {
      if (buf[i] == '\n') {
        buf[i] = ' ';
      }
    }
    write('\n');
    if (buf.length - count > MOST_SPARE_BYTES) {
      buf = toByteArray(); // it may wait for long
    }
    return this;
  }

  /** Returns the bytes, of which {@link #size} count. */
  byte[] bytes() {
    return buf;
  }
}
