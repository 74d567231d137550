package org.shareobject.ipc;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.shareobject.ShareClosedException;
import org.shareobject.ShareException;
import org.shareobject.ShareFullException;
import org.shareobject.ShareIoException;
import org.shareobject.internal.socket.Descriptor;
import org.shareobject.internal.socket.Endpoint;

/**
 * What is to be written, in order.
 *
 * <p>Whoever adds a message writes as much as fits at once, unless another thread is at it. What
 * does not fit is left to a thread that waits for room; so adding never blocks. The JVM stays alive
 * while that has something to write. It also writes what listeners add while more messages wait to
 * be listened to: several of them in one piece, instead of each by itself.
 *
 * <p>After a message with a handle nothing but answers about handles is written until the other
 * side has acknowledged it: a refused one is sent again, and order is kept.
 */
final class Outbox {
  /** Small messages that wait are written together, up to so many bytes. */
  private static final int BATCH_BYTES = 64 << 10;

  /** So many writes, and a thread that only wanted to add leaves the rest to the writer. */
  private static final int MOST_WRITES = 16;

  /** As Node: how often a refused handle is sent again. */
  private static final int MOST_REFUSALS = 3;

  private final Endpoint endpoint;
  private final Limits limits;
  private final String name;

  private final ArrayDeque<Outgoing> urgent = new ArrayDeque<>();
  private final ArrayDeque<Outgoing> queue = new ArrayDeque<>();
  private long queuedBytes;
  private Outgoing unacknowledged;
  private boolean isProbing;
  private boolean isSameLibrary;
  private boolean finishing;
  private ShareException end;

  /** Whether a thread has the role of writing, which alone touches the batch. */
  private boolean writing;

  private Batch batch;
  private Thread writer;
  private boolean isLeftToWriter;

  Outbox(Endpoint endpoint, Limits limits, String name) {
    this.endpoint = endpoint;
    this.limits = limits;
    this.name = name;
  }

  /**
   * Writes a message, soon, in its turn; or fails its future.
   *
   * @param isOneOfMany whether it is left to the writer, for others follow
   */
  void add(Outgoing message, boolean isOneOfMany) {
    ShareException refusal;
    synchronized (this) {
      refusal = refusal(message);
      if (refusal == null) {
        queue.add(message);
        queuedBytes += message.cost();
      }
    }
    if (refusal != null) {
      message.fail(refusal);
    } else if (isOneOfMany) {
      if (takeRole()) {
        leaveToWriter();
      }
    } else {
      write();
    }
  }

  /**
   * Writes an answer about a handle before all else. Waits while too many answers wait: the other
   * side asks on, but does not read.
   */
  void addUrgent(Outgoing message) throws InterruptedException {
    synchronized (this) {
      while (end == null && urgent.size() >= Limits.ANSWERS) {
        wait();
      }
      if (end != null) {
        return;
      }
      urgent.add(message);
      queuedBytes += message.cost();
    }
    write();
  }

  private ShareException refusal(Outgoing message) {
    if (end != null || finishing) {
      return new ShareClosedException(
          "SHO_ECLOSED",
          "nothing can be sent: " + (end == null ? "disconnected" : end.getMessage()));
    }
    if (queuedBytes > 0 && message.cost() > limits.queuedBytes() - queuedBytes) {
      return new ShareFullException(
          "SHO_EFULL",
          queuedBytes
              + " bytes of the heap wait to be written already: wait for the futures of earlier messages, or"
              + " raise -D"
              + Limits.QUEUE_PROPERTY
              + "="
              + limits.queuedBytes());
    }
    return null;
  }

  /** Is told that the other side has the handle. */
  void acknowledged() {
    Outgoing message;
    synchronized (this) {
      message = isProbing ? null : unacknowledged;
      if (message != null) {
        unacknowledged = null;
      }
    }
    if (message != null) {
      message.passed().acknowledged();
      message.complete();
      write();
    }
  }

  /**
   * Is told that the other side did not get the handle.
   *
   * @param knowsMaps whether the other side is of this library
   * @param reason what it said, or null
   */
  void refused(boolean knowsMaps, String reason) {
    Outgoing message;
    ShareException failure;
    synchronized (this) {
      message = unacknowledged;
      if (message == null) {
        return;
      }
      unacknowledged = null;
      isSameLibrary |= knowsMaps;
      failure = failure(message, reason);
      isProbing = false;
      if (failure == null) {
        queue.addFirst(message);
        queuedBytes += message.cost();
      }
    }
    if (failure != null) {
      message.fail(failure);
    }
    write();
  }

  /** Returns null if it is to be sent again. */
  private ShareException failure(Outgoing message, String reason) {
    if (isProbing) {
      return isSameLibrary
          ? null
          : new ShareException(
              "SHO_ETYPE", "the other side cannot take a map: it is no process of this library");
    }
    if (reason != null || message.refused() > MOST_REFUSALS) {
      return new ShareIoException(
          "SHO_ESYSTEM",
          "the other side did not get the handle: "
              + (reason != null ? reason : "it may be at its limit of open files (EMFILE)"));
    }
    return null;
  }

  /** Ends the endpoint once all is written and acknowledged; nothing more can be added. */
  void finish() {
    synchronized (this) {
      finishing = true;
      endIfFinished();
    }
  }

  /**
   * Fails all that is not written, and all that will be added. What is being written is left to who
   * writes it: it may be through already.
   */
  void fail(ShareException cause) {
    List<Outgoing> unsent = new ArrayList<>();
    Outgoing sent;
    synchronized (this) {
      if (end != null) {
        return;
      }
      end = cause;
      boolean isInBatch = batch != null && batch.isOf(unacknowledged);
      sent = isInBatch || isProbing ? null : unacknowledged;
      if (!isInBatch && isProbing && unacknowledged != null) {
        unsent.add(unacknowledged);
      }
      unacknowledged = null;
      if (batch != null && !writing) {
        unsent.addAll(batch.messages());
        batch = null;
      }
      unsent.addAll(urgent);
      unsent.addAll(queue);
      urgent.clear();
      queue.clear();
      queuedBytes = 0;
      notifyAll();
    }
    endpoint.end();
    if (sent != null) {
      sent.failAtEnd(cause, true);
    }
    unsent.forEach(message -> message.failAtEnd(cause, false));
  }

  // ---- writing ----

  private void write() {
    if (takeRole()) {
      List<Runnable> done = new ArrayList<>();
      if (!drain(done)) {
        leaveToWriter();
      }
      done.forEach(Runnable::run);
    }
  }

  /** Hands the role over. The JVM stays alive until the writer is done. */
  private void leaveToWriter() {
    KeepAlive.enter();
    synchronized (this) {
      isLeftToWriter = true;
      notifyAll();
      if (writer != null) {
        return;
      }
      writer = new Thread(this::writeOn, name + " writer");
      writer.setDaemon(true);
    }
    try {
      writer.start();
    } catch (OutOfMemoryError e) {
      releaseRole();
      KeepAlive.leave();
      fail(new ShareIoException("SHO_ENOMEM", "no thread to write with: " + e.getMessage(), e));
    }
  }

  private void writeOn() {
    while (awaitRole()) {
      try {
        writeAll();
      } finally {
        KeepAlive.leave();
      }
    }
  }

  /** Returns false when there is nothing more to come. */
  private synchronized boolean awaitRole() {
    while (!isLeftToWriter && end == null) {
      awaitChange();
    }
    boolean isMine = isLeftToWriter;
    isLeftToWriter = false;
    return isMine;
  }

  @SuppressWarnings("WaitNotInLoop") // the caller's
  private void awaitChange() {
    try {
      wait();
    } catch (InterruptedException e) {
      // Whoever that was meant for: what was sent is written all the same.
      return;
    }
  }

  private void writeAll() {
    boolean goesOn = true;
    while (goesOn) {
      List<Runnable> done = new ArrayList<>();
      goesOn = !drain(done);
      if (!done.isEmpty()) {
        // Futures run what they were told to; it must not find the role taken for long.
        if (goesOn) {
          releaseRole();
        }
        done.forEach(Runnable::run);
        goesOn = goesOn && takeRole();
      }
      if (goesOn) {
        awaitRoom();
      }
    }
  }

  private void awaitRoom() {
    try {
      endpoint.awaitRoom();
    } catch (ShareException e) {
      fail(e);
    }
  }

  private synchronized void releaseRole() {
    writing = false;
  }

  private synchronized boolean takeRole() {
    if (writing) {
      return false;
    }
    writing = true;
    return true;
  }

  /**
   * Writes what fits; only with the role.
   *
   * @param done takes what is to be run without the role
   * @return whether there is nothing more to write, and the role is given up
   */
  private boolean drain(List<Runnable> done) {
    for (int i = 0; i < MOST_WRITES; i++) {
      Batch current;
      synchronized (this) {
        if (batch == null) {
          batch = next();
        }
        current = batch;
        if (current == null) {
          writing = false;
          endIfFinished();
          return true;
        }
      }
      if (!write(current, done)) {
        return false;
      }
    }
    return false;
  }

  /** Returns what is to be written next, null if nothing may be. */
  private Batch next() {
    if (end != null) {
      return null;
    }
    if (!urgent.isEmpty()) {
      notifyAll();
      return Batch.of(poll(urgent));
    }
    if (unacknowledged != null || queue.isEmpty()) {
      return null;
    }
    Outgoing first = poll(queue);
    if (first.hasHandle()) {
      unacknowledged = first;
      isProbing = first.passed().needsSameLibrary() && !isSameLibrary;
      return isProbing ? Batch.probe(Protocol.probe(), first) : Batch.of(first);
    }
    return withFollowers(first);
  }

  private Batch withFollowers(Outgoing first) {
    int bytes = first.length();
    if (!fits(queue.peek(), bytes)) {
      return Batch.of(first);
    }
    List<Outgoing> messages = new ArrayList<>();
    messages.add(first);
    while (fits(queue.peek(), bytes)) {
      Outgoing next = poll(queue);
      messages.add(next);
      bytes += next.length();
    }
    return Batch.of(messages, bytes);
  }

  private static boolean fits(Outgoing message, int bytes) {
    return message != null && !message.hasHandle() && message.length() <= BATCH_BYTES - bytes;
  }

  private Outgoing poll(ArrayDeque<Outgoing> from) {
    Outgoing message = from.poll();
    queuedBytes -= message.cost();
    return message;
  }

  /** Returns false if nothing fits now. */
  private boolean write(Batch current, List<Runnable> done) {
    try (Descriptor passed = current.open()) {
      return write(current, passed, done);
    } catch (RuntimeException e) {
      failed(current, e, done); // what is to go along is no more, or has no descriptor
      return true;
    }
  }

  private boolean write(Batch current, Descriptor passed, List<Runnable> done) {
    try {
      if (!current.write(endpoint, passed)) {
        return false;
      }
      if (current.isDone()) {
        written(current, done);
      }
    } catch (ShareClosedException e) {
      fail(e);
      failAtEnd(current, false, done);
    } catch (ShareException e) {
      failed(current, e, done);
    }
    return true;
  }

  private void written(Batch current, List<Runnable> done) {
    if (current.completes()) {
      forget(current);
      current.messages().forEach(message -> done.add(message::complete));
    } else if (!forgetUnlessEnded(current)) {
      failAtEnd(current, current.sendsHandle(), done);
    }
  }

  private void failAtEnd(Batch current, boolean isSent, List<Runnable> done) {
    ShareException cause;
    synchronized (this) {
      forget(current);
      cause = end;
    }
    current.messages().forEach(message -> done.add(() -> message.failAtEnd(cause, isSent)));
  }

  /** What was written in part cannot be taken back: then the channel is at its end. */
  private void failed(Batch current, RuntimeException error, List<Runnable> done) {
    if (!current.isUntouched()) {
      fail(new ShareIoException("SHO_ESYSTEM", "a message cannot be written whole", error));
    }
    synchronized (this) {
      forget(current);
      if (current.isOf(unacknowledged)) {
        unacknowledged = null;
      }
    }
    current.messages().forEach(message -> done.add(() -> message.fail(error)));
  }

  /** A handle whose channel ended while it was written is failed by who wrote it. */
  private synchronized boolean forgetUnlessEnded(Batch current) {
    if (end == null) {
      forget(current);
    }
    return end == null;
  }

  private synchronized void forget(Batch current) {
    if (batch == current) {
      batch = null;
    }
  }

  private void endIfFinished() {
    if (finishing
        && end == null
        && !writing
        && queue.isEmpty()
        && urgent.isEmpty()
        && unacknowledged == null) {
      endpoint.end();
    }
  }
}
