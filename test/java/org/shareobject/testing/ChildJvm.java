package org.shareobject.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** A JVM that a test started: lines to it, lines from it, and its end. */
public final class ChildJvm implements AutoCloseable {
  private static final long PATIENCE_S = 60;
  private static final String END = "\0end";

  private final Process process;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
  private final Queue<String> out = new ConcurrentLinkedQueue<>();
  private final Queue<String> err = new ConcurrentLinkedQueue<>();
  private final Thread outReader;
  private final Thread errReader;

  /**
   * How a child ended.
   *
   * @param code exit code; 128 and the signal's number if one killed it
   * @param out what it printed
   * @param err what it complained of
   */
  public record Result(int code, String out, String err) {}

  ChildJvm(Process process) {
    this.process = process;
    outReader = reader(process.getInputStream(), out, true);
    errReader = reader(process.getErrorStream(), err, false);
  }

  /** Returns the process. */
  public Process process() {
    return process;
  }

  /** Returns the next line that it prints. */
  public String nextLine() {
    try {
      String line = lines.poll(PATIENCE_S, TimeUnit.SECONDS);
      if (line == null || line.equals(END)) {
        throw new AssertionError(
            (line == null ? "no line from" : "early end of") + " the child: " + out + err);
      }
      return line;
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted", e);
    }
  }

  /** Returns whether it has printed a line that was not taken yet. */
  public boolean hasLine() {
    return !lines.isEmpty();
  }

  /** Sends a line. */
  @SuppressWarnings("resource")
  public void send(String line) {
    try {
      Writer writer = process.outputWriter(StandardCharsets.UTF_8);
      writer.write(line + "\n");
      writer.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ends its standard input. */
  public void endInput() {
    try {
      process.getOutputStream().close();
    } catch (IOException e) {
      // It is gone already.
    }
  }

  /** Waits for its end. */
  public Result await() {
    try {
      if (!process.waitFor(PATIENCE_S, TimeUnit.SECONDS)) {
        throw new AssertionError("the child does not end: " + out + err);
      }
      outReader.join();
      errReader.join();
      return new Result(process.exitValue(), text(out), text(err));
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted", e);
    }
  }

  /** Kills it by SIGKILL and waits until it is dead. */
  public void kill() {
    process.destroyForcibly().onExit().join();
  }

  @Override
  public void close() {
    kill();
  }

  private static String text(Queue<String> lines) {
    return lines.stream().map(line -> line + "\n").collect(Collectors.joining());
  }

  private Thread reader(InputStream from, Queue<String> to, boolean isOut) {
    Thread reader =
        new Thread(
            () -> {
              try (BufferedReader text =
                  new BufferedReader(new InputStreamReader(from, StandardCharsets.UTF_8))) {
                for (String line = text.readLine(); line != null; line = text.readLine()) {
                  to.add(line);
                  if (isOut) {
                    lines.add(line);
                  }
                }
              } catch (IOException e) {
                // The pipe broke since the child was killed.
              } finally {
                if (isOut) {
                  lines.add(END);
                }
              }
            });
    reader.setDaemon(true);
    reader.start();
    return reader;
  }
}
