package org.shareobject.ipc;

import java.util.ArrayDeque;
import org.shareobject.ShareFormatException;
import org.shareobject.internal.process.Uncaught;
import org.shareobject.internal.socket.Descriptor;
import org.shareobject.internal.socket.ReceivedDescriptors;

/**
 * Descriptors that have arrived and wait for the line that they belong to. For one thread.
 *
 * <p>A descriptor is sent with the first byte of its line, so the line begins in the bytes that
 * were read together with the descriptor. It may end much later. A descriptor that belongs to no
 * line beginning there is closed.
 */
final class Arrived {
  private record Waiting(Descriptor descriptor, long readUntil) {}

  private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();

  /**
   * Adds what a read brought.
   *
   * @param readUntil position in the stream behind the last byte of that read
   */
  void add(ReceivedDescriptors received, long readUntil) {
    for (int i = 0; i < received.count(); i++) {
      waiting.add(new Waiting(new Descriptor(received.get(i)), readUntil));
    }
  }

  /** Returns the descriptor for a line that wants one, or null. */
  Descriptor take() {
    Waiting first = waiting.poll();
    return first == null ? null : first.descriptor();
  }

  /** Closes the descriptors that cannot belong to a line that begins at the position or later. */
  void dropBefore(long lineStart) {
    int dropped = 0;
    while (!waiting.isEmpty() && waiting.peek().readUntil() <= lineStart) {
      waiting.poll().descriptor().close();
      dropped++;
    }
    if (dropped > 0) {
      Uncaught.tell(
          new ShareFormatException(
              "SHO_EFORMAT",
              dropped
                  + " descriptors came through a channel without a NODE_HANDLE message for them,"
                  + " and were closed"));
    }
  }

  /** Closes all. */
  void close() {
    waiting.forEach(each -> each.descriptor().close());
    waiting.clear();
  }
}
