package org.shareobject.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
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
      "Shows two JVM processes that share a text.",
      "A reader fills the file with NULs and prints its text each second: blank lines. Some seconds"
          + " later a writer stores \""
          + DemoProcess.TEXT
          + "\", and the reader prints that."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.VersionText.class)
final class DemoCommand implements Callable<Integer> {
  private static final int BLANK_LINES = 3;

  private final List<DemoChild> children = new CopyOnWriteArrayList<>();

  @Spec private CommandSpec spec;

  @Option(
      names = {"-f", "--file"},
      paramLabel = "FILE",
      description = "The shared file; its text is lost (default: one in a temporary folder).")
  private Path file;

  @Option(
      names = {"-s", "--seconds"},
      paramLabel = "N",
      description = "Ends after N seconds (default: when interrupted).")
  private Long seconds;

  DemoCommand() {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (seconds != null && seconds < 1) {
      throw new ParameterException(
          spec.commandLine(), "--seconds must be 1 or more, not " + seconds);
    }
    if (file != null) {
      show(file);
      return ExitCode.OK;
    }
    Path folder = Files.createTempDirectory("shareobject-demo");
    Path temporary = folder.resolve("share-data");
    Thread cleaner = new Thread(() -> clean(temporary, folder));
    Runtime.getRuntime().addShutdownHook(cleaner);
    try {
      show(temporary);
    } finally {
      clean(temporary, folder);
    }
    return ExitCode.OK;
  }

  private void show(Path shared) throws IOException, InterruptedException {
    long start = System.nanoTime();
    System.setProperty(Addon.PATH_PROPERTY, shared.toString());
    PrintWriter out = spec.commandLine().getOut();
    out.println("demo> they share the file " + shared.toAbsolutePath());
    try (DemoChild reader = start("reader")) {
      reader.awaitLines(BLANK_LINES, leftNanos(start));
      try (DemoChild writer = start("writer")) {
        writer.awaitEnd(leftNanos(start));
        if (reader.awaitEnd(leftNanos(start))) {
          throw new IOException("the reader ended by itself with exit code " + reader.exitCode());
        }
      }
      if (!reader.hasPrinted(DemoProcess.TEXT)) {
        throw new IOException("the reader never printed " + DemoProcess.TEXT);
      }
    }
  }

  private DemoChild start(String role) throws IOException {
    DemoChild child = new DemoChild(role, spec.commandLine().getOut());
    children.add(child);
    return child;
  }

  private long leftNanos(long start) {
    return seconds == null
        ? Long.MAX_VALUE
        : TimeUnit.SECONDS.toNanos(seconds) - (System.nanoTime() - start);
  }

  /** Leaves neither processes nor files behind; also on Ctrl-C. */
  private void clean(Path shared, Path folder) {
    try {
      for (DemoChild child : children) {
        child.close();
      }
      Files.deleteIfExists(shared);
      Files.deleteIfExists(folder);
    } catch (IOException e) {
      System.err.println("shareobject: " + folder + " is left behind: " + e.getMessage());
    }
  }
}
