package org.shareobject.ipc;

import java.util.ArrayList;
import java.util.List;
import org.shareobject.ShareClosedException;
import org.shareobject.ShareException;
import org.shareobject.ShareIoException;
import org.shareobject.internal.socket.Endpoint;

/**
 * The messages to be written, in order: a {@link SendQueue}, the {@link Acknowledgement} that a
 * handle waits for, and a {@link Writer}. The outbox is the lock of all three; futures complete
 * without it.
 *
 * <p>What listeners add while more messages wait for them is left to the crew, which writes several
 * together instead of one by one.
 */
final class Outbox {
  private final Endpoint endpoint;
  private final SendQueue queue;
  private final Acknowledgement acknowledgement;
  private final Writer writer;

  /** What is being written; null if nothing is. */
  private Batch batch;

  private boolean isFinishing;
  private ShareException end;

  Outbox(Endpoint endpoint, Limits limits) {
    this.endpoint = endpoint;
    queue = new SendQueue(limits);
    acknowledgement = new Acknowledgement(limits);
    writer = new Writer(endpoint, this);
  }

  /**
   * Writes a message soon, when its turn comes, or fails its future.
   *
   * @param isOneOfMany whether it is left to the crew, because others follow
   */
  void add(Outgoing message, boolean isOneOfMany) {
    ShareException refusal;
    synchronized (this) {
      refusal = refusal(message);
      if (refusal == null) {
        queue.add(message);
      }
    }
    if (refusal != null) {
      message.fail(refusal);
    } else if (isOneOfMany) {
      writer.writeLater();
    } else {
      writer.write();
    }
  }

  private ShareException refusal(Outgoing message) {
    if (end != null || isFinishing) {
      return new ShareClosedException(
          "SHO_ECLOSED",
          "nothing can be sent: " + (end == null ? "disconnected" : end.getMessage()));
    }
    ShareException lateness = message.hasHandle() ? acknowledgement.refusal() : null;
    return lateness != null ? lateness : queue.refusal(message);
  }

  /** Called when something fits, or the other side is gone. Does not block. */
  void writable() {
    writer.writable();
  }

  /**
   * Writes an answer about a handle before all else. Waits while too many answers wait, that is,
   * while the other side keeps asking but does not read.
   */
  void addAnswer(Outgoing answer) throws InterruptedException {
    synchronized (this) {
      while (end == null && queue.hasTooManyAnswers()) {
        wait();
      }
      if (end != null) {
        return;
      }
      queue.addAnswer(answer);
    }
    writer.write();
  }

  /** Called when the other side has the handle. */
  void acknowledged() {
    Outgoing message;
    synchronized (this) {
      message = acknowledgement.acknowledged();
    }
    if (message != null) {
      message.passed().acknowledged();
      message.complete();
      writer.write();
    }
  }

  /**
   * Called when the other side did not get the handle.
   *
   * @param knowsMaps whether the other side uses this library
   * @param reason what it said, or null
   */
  void refused(boolean knowsMaps, String reason) {
    Outgoing message;
    ShareException failure;
    synchronized (this) {
      message = acknowledgement.isLate() ? null : acknowledgement.forget();
      if (message == null) {
        return;
      }
      failure = acknowledgement.refused(message, knowsMaps, reason);
      if (failure == null) {
        queue.addFirst(message);
      }
    }
    if (failure != null) {
      message.fail(failure);
    }
    writer.write();
  }

  /** Called when the time for the answer about a handle is over. */
  private void expired() {
    Outgoing late;
    List<Outgoing> behind = new ArrayList<>();
    ShareException refusal;
    synchronized (this) {
      late = acknowledgement.expired();
      if (late == null) {
        return;
      }
      refusal = acknowledgement.refusal();
      queue.drainHandlesTo(behind);
    }
    late.fail(acknowledgement.lateness());
    behind.forEach(message -> message.fail(refusal));
    writer.write();
  }

  /** Ends the endpoint once all is written and acknowledged; nothing more can be added. */
  synchronized void finish() {
    isFinishing = true;
    endIfFinished();
  }

  /** Ends the endpoint if all is written and acknowledged. Called with the lock held. */
  void endIfFinished() {
    if (isFinishing
        && end == null
        && !writer.isWriting()
        && queue.isEmpty()
        && !acknowledgement.isAwaited()) {
      endpoint.end();
    }
  }

  /**
   * Fails all that is not written, and all that will be added. What is being written is left to the
   * thread that writes it, because it may already be complete.
   */
  void fail(ShareException cause) {
    List<Outgoing> unsent = new ArrayList<>();
    Outgoing sent = null;
    synchronized (this) {
      if (end != null) {
        return;
      }
      end = cause;
      boolean isInBatch = batch != null && acknowledgement.isOf(batch);
      Outgoing awaited = acknowledgement.forget();
      if (awaited != null && !isInBatch) {
        if (acknowledgement.isProbing()) {
          unsent.add(awaited);
        } else {
          sent = awaited;
        }
      }
      if (batch != null && !writer.isWriting()) {
        unsent.addAll(batch.messages());
        batch = null;
      }
      queue.drainTo(unsent);
      notifyAll();
    }
    endpoint.end();
    if (sent != null) {
      sent.failAtEnd(cause, true);
    }
    unsent.forEach(message -> message.failAtEnd(cause, false));
  }

  // ---- for the writer ----

  /** Returns what is to be written now; null if nothing may be. With the lock. */
  Batch batch() {
    if (batch == null && end == null) {
      batch = next();
    }
    return batch;
  }

  private Batch next() {
    Outgoing answer = queue.pollAnswer();
    if (answer != null) {
      notifyAll(); // there is room for another one
      return Batch.of(answer);
    }
    Outgoing message = acknowledgement.isAwaited() ? null : queue.pollMessage();
    if (message == null) {
      return null;
    }
    return message.hasHandle() ? acknowledgement.await(message) : queue.withFollowers(message);
  }

  /** Called when all of a batch is written. */
  void written(Batch written, List<Runnable> done) {
    if (written.completes()) {
      forget(written);
      written.messages().forEach(message -> done.add(message::complete));
    } else if (!forgetUnlessEnded(written)) {
      failedAtEnd(written, written.sendsHandle(), done);
    }
  }

  /** If the channel ends while a handle is written, the thread that writes it fails it. */
  private synchronized boolean forgetUnlessEnded(Batch written) {
    if (end == null) {
      forget(written);
      acknowledgement.startTimer(written, this::expired);
    }
    return end == null;
  }

  /** Called when the channel ended while a batch was written. */
  void failedAtEnd(Batch failed, boolean isSent, List<Runnable> done) {
    ShareException cause;
    synchronized (this) {
      forget(failed);
      cause = end;
    }
    failed.messages().forEach(message -> done.add(() -> message.failAtEnd(cause, isSent)));
  }

  /** Called when a batch cannot be written. If a part of it was, the channel ends. */
  void failed(Batch failed, RuntimeException error, List<Runnable> done) {
    if (!failed.isUntouched()) {
      fail(new ShareIoException("SHO_ESYSTEM", "a message cannot be written whole", error));
    }
    synchronized (this) {
      forget(failed);
      if (acknowledgement.isOf(failed)) {
        acknowledgement.forget();
      }
    }
    failed.messages().forEach(message -> done.add(() -> message.fail(error)));
  }

  private synchronized void forget(Batch done) {
    if (batch == done) {
      batch = null;
    }
  }
}
