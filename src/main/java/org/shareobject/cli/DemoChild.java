package org.shareobject.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.shareobject.internal.process.JvmCommand;

/** A process of the demo, and the thread that shows what it prints. */
final class DemoChild implements AutoCloseable {
  /** More lines than anybody awaits; few enough to be added to those printed. */
  private static final int ALL_LINES = 1 << 20;

  private final String role;
  private final PrintWriter out;
  private final Process process;
  private final CompletableFuture<Void> shown = new CompletableFuture<>();
  private final Semaphore lines = new Semaphore(0);
  private final Map<String, Integer> texts = new ConcurrentHashMap<>();

  DemoChild(String role, PrintWriter out) throws IOException {
    this.role = role;
    this.out = out;
    process =
        new ProcessBuilder(JvmCommand.of(DemoProcess.class, role))
            .redirectErrorStream(true)
            .start();
    out.println("demo> the " + role + " is process " + process.pid());
    Thread shower = new Thread(this::show, role);
    shower.setDaemon(true);
    shower.start();
  }

  /** Waits until so many lines are printed, the process ended, or the time is over. */
  void awaitLines(int count, long nanos) throws InterruptedException {
    lines.tryAcquire(count, nanos, TimeUnit.NANOSECONDS);
  }

  /** Returns whether the process ended within the time. */
  boolean awaitEnd(long nanos) throws InterruptedException {
    return process.waitFor(nanos, TimeUnit.NANOSECONDS);
  }

  /** Returns how often it printed the line. */
  int printed(String line) {
    return texts.getOrDefault(line, 0);
  }

  int exitCode() {
    return process.exitValue();
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
    shown.join();
  }

  private void show() {
    try (BufferedReader reader = process.inputReader()) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        out.println(role + "> " + line);
        texts.merge(line, 1, Integer::sum);
        lines.release();
      }
    } catch (IOException | UncheckedIOException e) {
      // The pipe broke since the process was killed.
    } finally {
      lines.release(ALL_LINES);
      shown.complete(null);
    }
  }
}
