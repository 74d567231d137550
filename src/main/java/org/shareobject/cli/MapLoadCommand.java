package org.shareobject.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.shareobject.internal.map.RawMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code shareobject map FILE load [DUMP]}. */
@Command(
    name = "load",
    description = {
      "Stores what 'dump' printed, and prints how many entries that were.",
      "Stops at the first line that is no entry; those before it are stored."
    },
    mixinStandardHelpOptions = true)
final class MapLoadCommand implements Callable<Integer> {
  @ParentCommand private MapCommand parent;
  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "DUMP",
      arity = "0..1",
      defaultValue = "-",
      description = "The file to read; - for standard input (default: ${DEFAULT-VALUE}).")
  private Path dump;

  MapLoadCommand() {}

  @Override
  public Integer call() throws IOException {
    boolean isInput = dump.toString().equals("-");
    InputStream in = isInput ? System.in : Files.newInputStream(dump);
    long bytes = isInput ? 0 : Files.size(dump);
    try (BufferedReader lines =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
        Progress progress = new Progress(spec.commandLine().getErr(), "load", bytes)) {
      RawMap map = parent.openOrCreateRaw();
      try {
        spec.commandLine().getOut().println(load(lines, map, progress, isInput));
      } finally {
        map.close();
      }
    }
    return ExitCode.OK;
  }

  private static long load(BufferedReader lines, RawMap map, Progress progress, boolean countsLines)
      throws IOException {
    long number = 0;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      number++;
      try {
        EntryLine entry = EntryLine.parse(line);
        map.set(entry.key(), entry.value(), entry.ttlMs());
      } catch (IOException | IllegalArgumentException e) {
        throw new IOException("line " + number + ": " + e.getMessage(), e);
      }
      progress.add(countsLines ? 1 : line.length() + 1);
    }
    return number;
  }
}
