package org.shareobject.cli;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;

/**
 * A line on stderr that shows how far a work is, if it takes longer than a second and somebody
 * looks. Gone when it is closed.
 */
final class Progress implements AutoCloseable {
  private static final long FIRST_MS = 1000;
  private static final long REDRAW_MS = 200;
  private static final int BAR_WIDTH = 30;
  private static final String ERASE = "\r\033[K";

  private final PrintWriter err;
  private final String work;
  private final long total;
  private final BooleanSupplier isSeen;
  private final long startNs = System.nanoTime();
  private final AtomicLong done = new AtomicLong();
  private final ScheduledThreadPoolExecutor timer =
      new ScheduledThreadPoolExecutor(1, Progress::daemon);
  private boolean isDrawn;

  /**
   * Begins.
   *
   * @param work what is done, as {@code "dump"}
   * @param total how many steps it takes; 0 if nobody knows
   */
  Progress(PrintWriter err, String work, long total) {
    this(err, work, total, Terminal::isErr, FIRST_MS);
  }

  Progress(PrintWriter err, String work, long total, BooleanSupplier isSeen, long firstMs) {
    this.err = err;
    this.work = work;
    this.total = total;
    this.isSeen = isSeen;
    var unused = timer.schedule(this::begin, firstMs, TimeUnit.MILLISECONDS);
  }

  private static Thread daemon(Runnable work) {
    Thread thread = new Thread(work, "progress");
    thread.setDaemon(true);
    return thread;
  }

  /** Does a work of which nobody knows how far it is. */
  static void during(PrintWriter err, String name, Runnable work) {
    Progress progress = new Progress(err, name, 0);
    try {
      work.run();
    } finally {
      progress.close();
    }
  }

  /** Returns whether it is known how many steps there are. */
  boolean isMeasured() {
    return total > 0;
  }

  /** Says that so many steps more are done. */
  void add(long steps) {
    done.addAndGet(steps);
  }

  private void begin() {
    if (isSeen.getAsBoolean()) {
      isDrawn = true;
      var unused = timer.scheduleAtFixedRate(this::draw, 0, REDRAW_MS, TimeUnit.MILLISECONDS);
    }
  }

  private void draw() {
    err.print(ERASE + line((System.nanoTime() - startNs) / 1e9));
    err.flush();
  }

  /** Returns the line after some seconds. */
  String line(double seconds) {
    long now = done.get();
    if (total <= 0) {
      String steps = now == 0 ? "" : String.format(Locale.ROOT, ", %,d done", now);
      return String.format(Locale.ROOT, "%s: %.0f s%s", work, seconds, steps);
    }
    double part = Math.min(1, (double) now / total);
    int full = (int) (part * BAR_WIDTH);
    String left =
        part == 0 ? "" : String.format(Locale.ROOT, ", %.0f s left", seconds / part - seconds);
    return String.format(
        Locale.ROOT,
        "%s [%s%s] %3.0f %%, %,d of %,d%s",
        work,
        "#".repeat(full),
        ".".repeat(BAR_WIDTH - full),
        100 * part,
        now,
        total,
        left);
  }

  @Override
  public void close() {
    timer.shutdownNow();
    try {
      timer.awaitTermination(1, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (isDrawn) {
      err.print(ERASE);
      err.flush();
    }
  }
}
