package org.shareobject.bench.process;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.shareobject.bench.peer.PeerType;
import org.shareobject.bench.peer.Spec;

/** A JVM of its own that runs one {@link Job}, or Node; the two talk by lines. */
public final class Child implements AutoCloseable {
  private static final int NEEDS_NATIVE_ACCESS_FLAG = 24;
  private static final long PATIENCE_S = 10;

  private final Process process;
  private final BufferedReader says;
  private final PrintStream hears;

  private Child(Process process) {
    this.process = process;
    says = process.inputReader(StandardCharsets.UTF_8);
    hears = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
  }

  /**
   * Starts a job.
   *
   * @param job a class of this package, without it
   * @param peer which peer it opens
   * @param spec what the peer is set up for
   * @param settings {@code name=value} for the job
   */
  public static Child start(String job, PeerType peer, Spec spec, String... settings) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(flags(peer));
    command.add("-Xms512m");
    command.add("-Xmx4g");
    // Who makes garbage collects it: G1's threads would do so on the processor of another process.
    command.add("-XX:+UseSerialGC");
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(Worker.class.getName());
    command.addAll(Settings.of(job, peer, spec));
    command.addAll(List.of(settings));
    return start(command);
  }

  /** Starts a script of {@code bench/src/main/node}, which says lines as a job does. */
  public static Child node(String script, String... args) {
    return start(Partner.command(script, args));
  }

  private static Child start(List<String> command) {
    // What children and their peers print; a line of their errors is no result.
    ProcessBuilder.Redirect log =
        ProcessBuilder.Redirect.appendTo(new File(System.getProperty("bench.log")));
    try {
      return new Child(new ProcessBuilder(command).redirectError(log).start());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the flags of every JVM that measures a peer. */
  public static List<String> flags(PeerType peer) {
    List<String> flags = new ArrayList<>(peer.flags());
    System.getProperties().stringPropertyNames().stream()
        .filter(name -> name.startsWith("bench."))
        .sorted()
        .forEach(name -> flags.add("-D" + name + "=" + System.getProperty(name)));
    if (Runtime.version().feature() >= NEEDS_NATIVE_ACCESS_FLAG) {
      flags.add("--enable-native-access=ALL-UNNAMED");
    }
    return flags;
  }

  /** Sends a line. */
  public void send(String line) {
    hears.println(line);
  }

  /** Waits for the next line that begins so, and returns what follows. */
  public String await(String beginning) {
    try {
      for (String line; (line = says.readLine()) != null; ) {
        if (line.startsWith(beginning)) {
          return line.substring(beginning.length()).trim();
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    throw new IllegalStateException(
        "a child ended before it said \""
            + beginning
            + "\": see "
            + System.getProperty("bench.log"));
  }

  /** Kills it, as {@code kill -9} does. */
  public void kill() {
    process.destroyForcibly();
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Closes its input, upon which it ends; kills it if it does not. */
  @Override
  public void close() {
    hears.close();
    try {
      if (!process.waitFor(PATIENCE_S, TimeUnit.SECONDS)) {
        kill();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      kill();
    }
  }
}
