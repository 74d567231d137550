package org.shareobject.ipc;

import org.shareobject.ShareException;
import org.shareobject.ShareIoException;

/**
 * The handle that the other side has yet to acknowledge, if there is one. Until then only answers
 * are written, so a refused handle can be sent again in its order. Before the first map, the other
 * side is asked whether it uses this library. Guarded by its {@link Outbox}.
 */
final class Acknowledgement {
  /** How often a refused handle is sent again, as in Node. */
  private static final int MOST_REFUSALS = 3;

  private Outgoing message;
  private boolean isProbing;
  private boolean isSameLibrary;

  boolean isAwaited() {
    return message != null;
  }

  /** Awaits a message's handle; returns what is to be written for it. */
  Batch await(Outgoing withHandle) {
    message = withHandle;
    isProbing = withHandle.passed().needsSameLibrary() && !isSameLibrary;
    return isProbing ? Batch.probe(Protocol.probe(), withHandle) : Batch.of(withHandle);
  }

  /** Called when the other side has the handle; returns its message, null if there is none. */
  Outgoing acknowledged() {
    return isProbing ? null : forget();
  }

  /** Stops waiting; returns the message, or null. */
  Outgoing forget() {
    Outgoing forgotten = message;
    message = null;
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
