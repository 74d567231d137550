package org.shareobject.ipc;

import org.shareobject.internal.socket.Descriptor;

/** A handle to be passed along with a message. */
interface Passed {
  /**
   * Returns a descriptor of it, to be closed when it is sent.
   *
   * @throws RuntimeException if it is closed, or the system refuses
   */
  Descriptor open();

  /** Called when the other side has it. */
  void acknowledged();

  /** Returns whether only a process that uses this library can receive it. */
  boolean needsSameLibrary();
}
