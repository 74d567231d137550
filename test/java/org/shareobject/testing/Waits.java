package org.shareobject.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * How long a thread's calls took at most. Time for which it, or another thread that it may wait
 * for, could run but had no processor does not count: that is the machine's doing.
 */
public final class Waits {
  private final List<Path> threads;
  private long longestNs;
  private long longestWithQueueNs;

  /** Creates a record of no calls; the threads are those of {@link #thisThread}. */
  public Waits(List<Path> threads) {
    this.threads = threads;
  }

  /** Returns the system's name of this thread. */
  public static Path thisThread() {
    try {
      Path self = Path.of("/proc/thread-self");
      return Files.exists(self) ? self.toRealPath() : self;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

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
   * Returns for how long the threads have waited for a processor; 0 where the system does not tell.
   */
  private long queuedNs() {
    long sum = 0;
    for (Path thread : threads) {
      try {
        String line = Files.readString(thread.resolve("schedstat"), StandardCharsets.US_ASCII);
        sum += Long.parseLong(List.of(line.split(" ", -1)).get(1));
      } catch (IOException e) {
        return 0;
      }
    }
    return sum;
  }
}
