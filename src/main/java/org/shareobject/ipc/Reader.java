package org.shareobject.ipc;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.shareobject.ShareException;
import org.shareobject.ShareFormatException;
import org.shareobject.ShareIoException;
import org.shareobject.internal.process.Uncaught;
import org.shareobject.internal.socket.Endpoint;
import org.shareobject.internal.socket.ReceivedDescriptors;

/**
 * Reads bytes, splits them into lines, and has these handled. One thread of the {@link Crew} at a
 * time does so, from when there is something to read until there is nothing more.
 */
final class Reader {
  /** How often to look for closed sockets while the other side waits for them. */
  private static final int CLOSE_POLL_MS = 20;

  /** After this many reads others that wait for a thread come first. */
  private static final int MOST_READS = 16;

  private final Endpoint endpoint;
  private final Protocol protocol;
  private final Ending ending;
  private final LineBuffer lines;
  private final ClassLoader classLoader = Thread.currentThread().getContextClassLoader();
  private final ReceivedDescriptors received = new ReceivedDescriptors();
  private final Arrived arrived = new Arrived();
  private volatile Thread thread;
  private volatile boolean isLookDue;

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

  /** Called when there is something to read; does not block. */
  void readable() {
    Crew.ALL.add(this::run);
  }

  /** Returns whether the current thread reads. */
  boolean isCurrentThread() {
    return Thread.currentThread() == thread;
  }

  /** Returns whether more messages have already been read. For listeners. */
  boolean hasMore() {
    return lines.hasNext();
  }

  private void run() {
    Thread current = Thread.currentThread();
    current.setContextClassLoader(classLoader);
    thread = current;
    boolean isRead = false;
    ShareException failure = null;
    try {
      if (readWhatIsThere()) {
        isRead = true;
        lines.rest();
      }
    } catch (ShareException e) {
      failure = e;
    } catch (InterruptedException e) {
      failure = new ShareException("SHO_ECLOSED", "the channel's thread was interrupted", e);
    } catch (OutOfMemoryError e) {
      failure = new ShareException("SHO_ENOMEM", "no memory for a message: " + e.getMessage(), e);
    } finally {
      if (!isRead) {
        end(failure);
      }
    }
    if (isRead) {
      thread = null;
      awaitMore();
    }
  }

  private void end(ShareException failure) {
    arrived.close();
    ending.ended(failure);
    thread = null;
  }

  /** From now on another thread may read. */
  private void awaitMore() {
    boolean isClosePolled = protocol.isAwaitingClose();
    try {
      endpoint.awaitReadable();
    } catch (ShareException e) {
      end(e);
      return;
    }
    // Behind the above, so that a look that comes now finds it awaited.
    if (isClosePolled && !isLookDue) {
      isLookDue = true;
      Executor later =
          CompletableFuture.delayedExecutor(CLOSE_POLL_MS, TimeUnit.MILLISECONDS, Runnable::run);
      later.execute(this::lookAgain);
    }
  }

  private void lookAgain() {
    isLookDue = false;
    endpoint.wakeReader();
  }

  /** Returns false at the end of the stream. */
  private boolean readWhatIsThere() throws InterruptedException {
    for (int reads = 0; reads < MOST_READS; reads++) {
      lines.makeRoom();
      int room = lines.bytes().length - lines.end();
      int count = endpoint.receive(lines.bytes(), lines.end(), 0, received);
      if (count == 0) {
        return false;
      }
      if (count > 0) {
        understand(count);
      }
      if (protocol.isAwaitingClose()) {
        protocol.answerClosed();
      }
      if (count < room && (count < 0 || received.count() == 0)) {
        return true;
      }
    }
    return true;
  }

  private void understand(int count) throws InterruptedException {
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
      understandLine();
    }
    arrived.dropBefore(lines.restPosition());
  }

  private void understandLine() throws InterruptedException {
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
