package org.shareobject.cli;

import java.io.BufferedReader;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
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
      "Stores entries that 'dump' printed, and prints how many.",
      "Stops at the first line that is not an entry; those before it are stored."
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
    long entries;
    if (dump.toString().equals("-")) {
      try (Progress progress = new Progress(spec.commandLine().getErr(), "load", 0)) {
        entries = load(System.in, progress);
      }
    } else if (Files.isDirectory(dump)) {
      throw new IOException(dump + " is a folder");
    } else {
      try (InputStream in = Files.newInputStream(dump);
          Progress progress = new Progress(spec.commandLine().getErr(), "load", Files.size(dump))) {
        entries = load(counted(in, progress), progress);
      }
    }
    spec.commandLine().getOut().println(entries);
    return ExitCode.OK;
  }

  /** Counts the bytes that are read as steps. */
  private static InputStream counted(InputStream in, Progress progress) {
    return new FilterInputStream(in) {
      @Override
      public int read(byte[] bytes, int offset, int length) throws IOException {
        int count = in.read(bytes, offset, length);
        progress.add(Math.max(0, count));
        return count;
      }
    };
  }

  private long load(InputStream in, Progress progress) throws IOException {
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8.newDecoder()));
    RawMap map = parent.openOrCreateRaw();
    long number = 0;
    try {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        number++;
        EntryLine entry = EntryLine.parse(line);
        map.set(entry.key(), entry.value(), entry.ttlMs());
        if (!progress.isMeasured()) {
          progress.add(1);
        }
      }
      return number;
    } catch (CharacterCodingException e) {
      throw new IOException("behind line " + number + ": no UTF-8", e);
    } catch (IOException | IllegalArgumentException e) {
      throw new IOException("line " + number + ": " + e.getMessage(), e);
    } finally {
      map.close();
    }
  }
}
