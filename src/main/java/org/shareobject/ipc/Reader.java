package org.shareobject.ipc;

import com.fasterxml.jackson.databind.JsonNode;
import org.shareobject.ShareException;
import org.shareobject.ShareFormatException;
import org.shareobject.ShareIoException;
import org.shareobject.internal.nativelib.Results;
import org.shareobject.internal.process.Uncaught;
import org.shareobject.internal.socket.Endpoint;
import org.shareobject.internal.socket.ReceivedDescriptors;

/** The thread of a channel: reads bytes, splits them into lines, and has these handled. */
final class Reader implements Runnable {
  private static final int FOR_EVER = -1;

  /** How often to look for closed sockets while the other side waits for them. */
  private static final int CLOSE_POLL_MS = 20;

  private final Endpoint endpoint;
  private final Protocol protocol;
  private final Ending ending;
  private final LineBuffer lines;
  private final ReceivedDescriptors received = new ReceivedDescriptors();
  private final Arrived arrived = new Arrived();

  /** Called once when nothing more is read. */
  @FunctionalInterface
  interface Ending {
    /**
     * Ends the channel.
     *
     * @param failure why, if it is not the end of the stream; else null
     */
    void ended(ShareException failure);
  }

  Reader(Endpoint endpoint, Protocol protocol, Limits limits, Ending ending) {
    this.endpoint = endpoint;
    this.protocol = protocol;
    this.ending = ending;
    lines = new LineBuffer(limits.messageBytes());
  }

  @Override
  public void run() {
    ShareException failure = null;
    try {
      while (read()) {
        if (protocol.isAwaitingClose()) {
          protocol.answerClosed();
        }
      }
    } catch (ShareException e) {
      failure = e;
    } catch (InterruptedException e) {
      failure = new ShareException("SHO_ECLOSED", "the channel's thread was interrupted", e);
    } catch (OutOfMemoryError e) {
      failure = new ShareException("SHO_ENOMEM", "no memory for a message: " + e.getMessage(), e);
    } finally {
      arrived.close();
      ending.ended(failure);
    }
  }

  /** Returns whether more messages have already been read. For listeners. */
  boolean hasMore() {
    return lines.hasNext();
  }

  /** Returns false at the end. */
  private boolean read() throws InterruptedException {
    lines.makeRoom();
    int timeoutMs = protocol.isAwaitingClose() ? CLOSE_POLL_MS : FOR_EVER;
    int count = endpoint.receive(lines.bytes(), lines.end(), timeoutMs, received);
    if (count == Results.ETIMEDOUT) {
      return true;
    }
    if (count == 0) {
      return false;
    }
    lines.put(count);
    arrived.add(received, lines.position());
    if (received.lost()) {
      Uncaught.tell(
          new ShareIoException(
              "SHO_ESYSTEM",
              "a descriptor that came through a channel was lost, because this process, or the"
                  + " system, has too many open files; the other side gets a refusal"));
    }
    while (lines.next()) {
      arrived.dropBefore(lines.linePosition());
      understand();
    }
    arrived.dropBefore(lines.restPosition());
    return true;
  }

  private void understand() throws InterruptedException {
    JsonNode message;
    try {
      message = Json.read(lines.bytes(), lines.lineStart(), lines.lineLength());
    } catch (ShareFormatException e) {
      Uncaught.tell(e);
      return;
    }
    protocol.receive(message, arrived);
  }
}
