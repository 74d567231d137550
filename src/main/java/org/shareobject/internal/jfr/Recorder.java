package org.shareobject.internal.jfr;

import jdk.jfr.FlightRecorder;

/**
 * Whether JFR is on. The classes of events are for those who asked before: to initialise one starts
 * parts of JFR, which takes some 300 ms, whether or not anything records.
 */
public final class Recorder {
  private static final boolean IS_PRESENT = isPresent();

  private Recorder() {}

  /** Returns whether JFR was started in this JVM: reads one field. */
  public static boolean isOn() {
    return IS_PRESENT && FlightRecorder.isInitialized();
  }

  /** Begins a wait; returns what {@link #endWait} takes. */
  public static Object beginWait() {
    return isOn() ? WaitEvent.started() : null;
  }

  /** Ends a wait for something of a file. */
  public static void endWait(Object begun, String file, String waitedFor) {
    if (begun != null) {
      WaitEvent.emit(begun, file, waitedFor);
    }
  }

  private static boolean isPresent() {
    try {
      FlightRecorder.isInitialized();
      return true;
    } catch (LinkageError e) {
      return false; // this JVM, or this application's modules, are without jdk.jfr
    }
  }
}
