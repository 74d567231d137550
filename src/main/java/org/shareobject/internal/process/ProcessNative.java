package org.shareobject.internal.process;

import org.shareobject.internal.nativelib.NativeLibrary;

/** What Java does not know of processes: sessions and groups. */
final class ProcessNative {
  static {
    NativeLibrary.load();
  }

  private ProcessNative() {}

  /**
   * Sends a signal to all processes of a group.
   *
   * @param leader the group's number, at least 2
   * @param signal the system's number of the signal; 0 only asks whether the group has a process
   * @return 0, or the system's number of the error
   */
  static native int signalGroup(long leader, int signal);

  /**
   * Begins a session and runs a program in place of this process.
   *
   * @param words the program and its arguments, each ended by a zero
   * @return the system's number of the error
   */
  static native int become(byte[] words);
}
