package org.shareobject.ipc;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.shareobject.internal.nativelib.Results;
import org.shareobject.internal.socket.Descriptor;
import org.shareobject.internal.socket.Endpoint;
import org.shareobject.internal.socket.ReceivedDescriptors;

/** A channel whose other side is any bytes that a test wants. */
final class RawPeer implements AutoCloseable {
  private static final int NONE = -1;

  final Channel channel;
  private final Endpoint endpoint;
  private final ReceivedDescriptors descriptors = new ReceivedDescriptors();
  private final ByteArrayOutputStream rest = new ByteArrayOutputStream();

  private RawPeer(Endpoint[] ends) {
    channel = Channel.open(ends[0]);
    endpoint = ends[1];
  }

  static RawPeer open() {
    return new RawPeer(Endpoint.pair());
  }

  /** Writes a text, in one piece if the system takes it. */
  void write(String text) {
    write(text.getBytes(StandardCharsets.UTF_8), NONE);
  }

  /** Writes a text with a descriptor, which is closed then. */
  void write(String text, Descriptor passed) {
    try (passed) {
      write(text.getBytes(StandardCharsets.UTF_8), passed.number());
    }
  }

  void write(byte[] bytes, int passed) {
    int written = 0;
    while (written < bytes.length) {
      endpoint.awaitRoom();
      int length = Math.min(64 << 10, bytes.length - written);
      written += endpoint.send(bytes, written, length, written == 0 ? passed : NONE);
    }
  }

  /** Returns the next line; closes the descriptors that come along. */
  String readLine() {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (System.nanoTime() < end) {
      String text = rest.toString(StandardCharsets.UTF_8);
      int newline = text.indexOf('\n');
      if (newline >= 0) {
        rest.reset();
        rest.writeBytes(text.substring(newline + 1).getBytes(StandardCharsets.UTF_8));
        return text.substring(0, newline);
      }
      if (!read(1000)) {
        throw new AssertionError("the end came after: " + text);
      }
    }
    throw new AssertionError("no line");
  }

  /** Reads so many lines; nothing was read before. */
  void skipLines(int count) {
    byte[] bytes = new byte[64 << 10];
    for (int left = count; left > 0; ) {
      int length = endpoint.receive(bytes, 0, 30_000, descriptors);
      if (length <= 0) {
        throw new AssertionError(left + " lines are missing");
      }
      for (int i = 0; i < length; i++) {
        left -= bytes[i] == '\n' ? 1 : 0;
      }
    }
  }

  /** Returns whether nothing comes for a while. */
  boolean isSilent(int ms) {
    byte[] bytes = new byte[1];
    return rest.size() == 0 && endpoint.receive(bytes, 0, ms, descriptors) == Results.ETIMEDOUT;
  }

  /** Reads until the end. */
  void readToEnd() {
    while (read(30_000)) {
      rest.reset();
    }
  }

  private boolean read(int ms) {
    byte[] bytes = new byte[64 << 10];
    int count = endpoint.receive(bytes, 0, ms, descriptors);
    if (count == Results.ETIMEDOUT) {
      return true;
    }
    for (int i = 0; i < descriptors.count(); i++) {
      new Descriptor(descriptors.get(i)).close();
    }
    rest.write(bytes, 0, count);
    return count > 0;
  }

  /** Ends this side at once. */
  void die() {
    endpoint.close();
  }

  @Override
  public void close() {
    endpoint.close();
    channel.close();
  }
}
