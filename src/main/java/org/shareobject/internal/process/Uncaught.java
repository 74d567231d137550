package org.shareobject.internal.process;

/** Where errors go that no caller waits for. */
public final class Uncaught {
  private Uncaught() {}

  /** Tells the current thread's handler of uncaught exceptions; the thread goes on. */
  public static void tell(Throwable error) {
    Thread thread = Thread.currentThread();
    try {
      thread.getUncaughtExceptionHandler().uncaughtException(thread, error);
    } catch (RuntimeException | Error e) {
      // As the JVM does with a handler that throws.
      return;
    }
  }
}
