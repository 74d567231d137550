package org.shareobject.cli;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.shareobject.internal.time.Nanos;

/** One thread that does all, so that nothing needs a lock. What comes after its end is dropped. */
final class Loop implements AutoCloseable {
  private final ScheduledThreadPoolExecutor executor;
  private final Consumer<Throwable> errors;

  /**
   * Creates a loop.
   *
   * @param errors receives what a task throws
   */
  Loop(String name, Consumer<Throwable> errors) {
    this.errors = errors;
    executor =
        new ScheduledThreadPoolExecutor(
            1, task -> new Thread(task, name), new ThreadPoolExecutor.DiscardPolicy());
  }

  /** Something that is to be done later. */
  record Timer(Future<?> task) {
    void cancel() {
      task.cancel(false);
    }
  }

  /** Does something soon. */
  void run(Runnable task) {
    executor.execute(() -> guard(task));
  }

  /** Does something later. */
  Timer after(Duration pause, Runnable task) {
    return new Timer(executor.schedule(() -> guard(task), Nanos.of(pause), TimeUnit.NANOSECONDS));
  }

  private void guard(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException | Error e) {
      errors.accept(e);
    }
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }
}
