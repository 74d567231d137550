package org.shareobject.ipc;

import org.shareobject.internal.socket.Descriptor;

/** A handle to be passed along with a message. */
interface Passed {
  /**
   * Returns a descriptor of it, to be closed when it is sent.
   *
   * @throws RuntimeException if there is none any more, or the system refuses
   */
  Descriptor open();

  /** Called when the other side has it. */
  void acknowledged();

  /** Returns whether only a process of this library knows what to do with it. */
  boolean needsSameLibrary();
}
