package org.shareobject.ipc;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import java.util.concurrent.CompletableFuture;
import org.shareobject.ShareException;
import org.shareobject.ShareIoException;

/**
 * The handle that the other side has yet to acknowledge, if there is one. Until then only answers
 * are written, so a refused handle can be sent again in its order. Before the first map, the other
 * side is asked whether it uses this library. Guarded by its {@link Outbox}.
 *
 * <p>If the answer does not come in time, messages go on, but no other handle is sent until it has
 * come: an answer does not tell which handle it is about.
 */
final class Acknowledgement {
  /** How often a refused handle is sent again, as in Node. */
  private static final int MOST_REFUSALS = 3;

  private Outgoing message;
  private boolean isProbing;
  private boolean isSameLibrary;

  private final long timeoutMs;

  /** Completes with true when the time is over; null if the time is not counted. */
  private CompletableFuture<Boolean> timer;

  private boolean isOverdue;

  Acknowledgement(Limits limits) {
    timeoutMs = limits.handleTimeoutMs();
  }

  boolean isAwaited() {
    return message != null;
  }

  /** Awaits a message's handle; returns what is to be written for it. */
  Batch await(Outgoing withHandle) {
    message = withHandle;
    isProbing = withHandle.passed().needsSameLibrary() && !isSameLibrary;
    return isProbing ? Batch.probe(Protocol.probe(), withHandle) : Batch.of(withHandle);
  }

  /** Begins to count the time, if the batch belongs to the message whose handle is awaited. */
  void startTimer(Batch written, Runnable whenOver) {
    if (timeoutMs == 0 || !isOf(written)) {
      return;
    }
    timer = new CompletableFuture<Boolean>().completeOnTimeout(true, timeoutMs, MILLISECONDS);
    var unused = timer.thenAccept(isOver -> runIf(isOver, whenOver));
  }

  private static void runIf(boolean isOver, Runnable whenOver) {
    if (isOver) {
      var unused = CompletableFuture.runAsync(whenOver);
    }
  }

  /** Returns the message whose time is over, and stops waiting for it; null if none is. */
  Outgoing expired() {
    boolean isOver = timer != null && timer.getNow(false);
    isOverdue |= isOver;
    return isOver ? forget() : null;
  }

  /** Returns why a handle cannot be sent now; null if it can. */
  ShareException refusal() {
    return isOverdue
        ? new ShareIoException(
            "SHO_ETIMEDOUT",
            "the handle was not sent: the other side has not acknowledged an earlier one")
        : null;
  }

  /** Returns what the message fails with whose handle is {@link #expired}. */
  ShareException lateness() {
    return new ShareIoException(
        "SHO_ETIMEDOUT",
        "the handle was sent, but not acknowledged within "
            + timeoutMs
            + " ms (-D"
            + Limits.TIMEOUT_PROPERTY
            + "); the other side may still take it");
  }

  /** Called when an answer comes; returns whether it is late, and so of no use. */
  boolean isLate() {
    boolean wasOverdue = isOverdue;
    isOverdue = false;
    return wasOverdue;
  }

  /** Called when the other side has the handle; returns its message, null if there is none. */
  Outgoing acknowledged() {
    return isLate() || isProbing ? null : forget();
  }

  /** Stops waiting; returns the message, or null. */
  Outgoing forget() {
    Outgoing forgotten = message;
    message = null;
    if (timer != null) {
      timer.complete(false);
      timer = null;
    }
    return forgotten;
  }

  /** Returns whether the batch belongs to the message whose handle is awaited. */
  boolean isOf(Batch batch) {
    return batch.isOf(message);
  }

  /** Returns whether the handle itself was not sent yet, but only asked for. */
  boolean isProbing() {
    return isProbing;
  }

  /**
   * Called when the other side did not get the handle of the message that is awaited.
   *
   * @param knowsMaps whether the other side uses this library
   * @param reason what it said, or null
   * @return why the message fails; null if it is to be sent again
   */
  ShareException refused(Outgoing refused, boolean knowsMaps, String reason) {
    boolean wasProbing = isProbing;
    isProbing = false;
    isSameLibrary |= knowsMaps;
    if (wasProbing) {
      return isSameLibrary
          ? null
          : new ShareException(
              "SHO_ETYPE", "the other side cannot take a map: it does not use this library");
    }
    if (reason != null || refused.refused() > MOST_REFUSALS) {
      return new ShareIoException(
          "SHO_ESYSTEM",
          "the other side did not get the handle: "
              + (reason != null ? reason : "it may be at its limit of open files (EMFILE)"));
    }
    return null;
  }
}
