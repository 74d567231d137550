package org.shareobject.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * How long one thread's calls took at most. Time for which the thread could run but had no
 * processor does not count: that is the machine's doing. For one thread.
 */
public final class Waits {
  private static final Path SCHEDSTAT = Path.of("/proc/thread-self/schedstat");

  private long longestNs;
  private long longestWithQueueNs;

  /** Creates a record of no calls. */
  public Waits() {}

  /** Calls and measures. */
  public <T> T time(Supplier<T> call) {
    return time(call, () -> Long.MIN_VALUE);
  }

  /**
   * Calls and measures what lies after the time that {@code from} tells in the end, if anything.
   */
  public <T> T time(Supplier<T> call, LongSupplier from) {
    long queued = queuedNs();
    long start = System.nanoTime();
    T result = call.get();
    long end = System.nanoTime();
    long took = end - Math.max(start, from.getAsLong());
    longestWithQueueNs = Math.max(longestWithQueueNs, took);
    if (took > longestNs) {
      longestNs = Math.max(longestNs, took - (queuedNs() - queued));
    }
    return result;
  }

  /** Returns the longest time in milliseconds, rounded down. */
  public long longestMs() {
    return longestNs / 1_000_000;
  }

  @Override
  public String toString() {
    return longestNs / 1000
        + " us ("
        + longestWithQueueNs / 1000
        + " us with the wait for a processor)";
  }

  /**
   * Returns for how long this thread has waited for a processor; 0 where the system does not tell.
   */
  private static long queuedNs() {
    try {
      List<String> fields =
          List.of(Files.readString(SCHEDSTAT, StandardCharsets.US_ASCII).strip().split(" ", -1));
      return Long.parseLong(fields.get(1));
    } catch (IOException e) {
      return 0;
    }
  }
}
