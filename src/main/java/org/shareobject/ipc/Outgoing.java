package org.shareobject.ipc;

import java.util.concurrent.CompletableFuture;
import org.shareobject.ShareClosedException;
import org.shareobject.ShareException;

/** A message on its way out. Its state belongs to its {@link Outbox}. */
final class Outgoing {
  private final Line line;
  private final Passed passed;
  private final CompletableFuture<Void> future;
  private int refusals;

  /**
   * Creates a message.
   *
   * @param passed what is sent along, or null
   * @param future is completed when the message is written or, if something is sent along,
   *     acknowledged
   */
  Outgoing(Line line, Passed passed, CompletableFuture<Void> future) {
    this.line = line;
    this.passed = passed;
    this.future = future;
  }

  byte[] bytes() {
    return line.bytes();
  }

  int length() {
    return line.size();
  }

  Passed passed() {
    return passed;
  }

  /** Returns how much heap it takes while it waits. */
  long cost() {
    return HeapCost.outgoing(line, hasHandle());
  }

  boolean hasHandle() {
    return passed != null;
  }

  /** Counts a refusal by the other side; returns how many there were. */
  int refused() {
    return ++refusals;
  }

  void complete() {
    future.complete(null);
  }

  void fail(Throwable error) {
    future.completeExceptionally(error);
  }

  /** Fails because the channel came to its end. */
  void failAtEnd(ShareException end, boolean isSent) {
    String state =
        isSent
            ? "the handle was sent, but not acknowledged"
            : hasHandle() ? "message and handle were not sent" : "the message was not sent";
    fail(new ShareClosedException(end.code(), end.getMessage() + "; " + state, end));
  }
}
