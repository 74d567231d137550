package org.shareobject.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.shareobject.ShareException;
import org.shareobject.ShareObject;
import org.shareobject.internal.cell.Addon;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code shareobject demo}. */
@Command(
    name = "demo",
    description = {
      "Shows two JVM processes that share a text, and ends within ten seconds.",
      "A reader fills the file with NULs and prints its text each second: blank lines. Some seconds"
          + " later a writer stores \""
          + DemoProcess.TEXT
          + "\", and the reader prints that."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.VersionText.class)
final class DemoCommand implements Callable<Integer> {
  private static final int BLANK_LINES = 3;
  private static final int TEXT_LINES = 2;
  private static final long PATIENCE_SECONDS = 60;

  private final List<DemoChild> children = new CopyOnWriteArrayList<>();
  private volatile boolean isEnding;

  @Spec private CommandSpec spec;

  @Option(
      names = {"-f", "--file"},
      paramLabel = "FILE",
      description = "The shared file; its text is lost (default: one in a temporary folder).")
  private Path file;

  @Option(
      names = {"-s", "--seconds"},
      paramLabel = "N",
      description = "Ends after N seconds (default: when the reader has printed the text twice).")
  private Long seconds;

  @Option(
      names = {"-w", "--watch"},
      description = "Goes on until interrupted.")
  private boolean isWatching;

  DemoCommand() {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (seconds != null && seconds < 1) {
      throw new ParameterException(
          spec.commandLine(), "--seconds must be 1 or more, not " + seconds);
    }
    if (isWatching && seconds != null) {
      throw new ParameterException(spec.commandLine(), "--watch has no end: leave --seconds out");
    }
    if (file != null) {
      refuseForeign(file);
    }
    Path folder = file == null ? Files.createTempDirectory("shareobject-demo") : null;
    Runtime.getRuntime().addShutdownHook(new Thread(() -> end(folder)));
    try {
      show(file == null ? shared(folder) : file);
    } finally {
      clean(folder);
    }
    return ExitCode.OK;
  }

  /** The reader would take over a short file of another program; of other faults it tells. */
  private static void refuseForeign(Path file) {
    try {
      ShareObject.open(file).close();
    } catch (ShareException e) {
      if (e.code().equals("SHO_EFORMAT")) {
        throw e;
      }
    }
  }

  private static Path shared(Path folder) {
    return folder.resolve("share-data");
  }

  private void show(Path shared) throws IOException, InterruptedException {
    long start = System.nanoTime();
    System.setProperty(Addon.PATH_PROPERTY, shared.toString());
    PrintWriter out = spec.commandLine().getOut();
    out.println("demo> they share the file " + shared.toAbsolutePath());
    try (DemoChild reader = start("reader")) {
      out.println("demo> the file has only NULs so far: the reader prints blank lines");
      reader.awaitLines(BLANK_LINES, leftNanos(start));
      stopIfEnding();
      if (out.checkError()) {
        return; // nobody looks any more
      }
      try (DemoChild writer = start("writer")) {
        writer.awaitEnd(leftNanos(start));
        await(reader, start);
      }
      if (!out.checkError() && reader.printed(DemoProcess.TEXT) == 0) {
        throw new IOException("the reader never printed " + DemoProcess.TEXT);
      }
    }
    out.println(
        "demo> seen: one process printed what another stored, through memory that both have."
            + " Try next: 'bin/shareobject write one' and 'bin/shareobject watch', then"
            + " 'bin/shareobject write two' in another terminal");
  }

  /** Waits until the reader has shown enough, or nobody looks any more. */
  private void await(DemoChild reader, long start) throws IOException, InterruptedException {
    boolean hasEnd = seconds == null && !isWatching;
    while (leftNanos(start) > 0
        && !(hasEnd && reader.printed(DemoProcess.TEXT) >= TEXT_LINES)
        && !spec.commandLine().getOut().checkError()) {
      if (reader.awaitEnd(TimeUnit.MILLISECONDS.toNanos(50))) {
        stopIfEnding();
        throw new IOException("the reader ended by itself with exit code " + reader.exitCode());
      }
    }
  }

  /** After a signal the children are killed; what they lack then is no failure. */
  private void stopIfEnding() throws InterruptedException {
    while (isEnding) {
      Thread.sleep(PATIENCE_SECONDS * 1000); // the JVM ends
    }
  }

  private DemoChild start(String role) throws IOException {
    DemoChild child = new DemoChild(role, spec.commandLine().getOut());
    children.add(child);
    return child;
  }

  private long leftNanos(long start) {
    if (isWatching) {
      return Long.MAX_VALUE;
    }
    long limit = seconds == null ? PATIENCE_SECONDS : seconds;
    return TimeUnit.SECONDS.toNanos(limit) - (System.nanoTime() - start);
  }

  private void end(Path folder) {
    isEnding = true;
    clean(folder);
  }

  /** Leaves neither processes nor files behind; also on Ctrl-C. */
  private void clean(Path folder) {
    for (DemoChild child : children) {
      child.close();
    }
    if (folder == null) {
      return;
    }
    try {
      Files.deleteIfExists(shared(folder));
      Files.deleteIfExists(folder);
    } catch (IOException e) {
      System.err.println("shareobject: " + folder + " is left behind: " + e.getMessage());
    }
  }
}
