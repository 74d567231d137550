package org.shareobject.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;
import org.shareobject.ShareObject;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code shareobject watch}. */
@Command(
    name = "watch",
    description = {
      "Prints each new text as soon as it is stored, until interrupted.",
      "Creates the file if it is missing; refuses one that another program made. Programs that"
          + " store without this library are not noticed."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.VersionText.class)
final class WatchCommand implements Callable<Integer> {
  private static final Duration FOR_EVER = Duration.ofSeconds(Long.MAX_VALUE);

  @Spec private CommandSpec spec;
  @Mixin private FileOption file;
  @Mixin private CapacityOption capacity;

  WatchCommand() {}

  @Override
  public Integer call() throws IOException, InterruptedException, TimeoutException {
    PrintWriter out = spec.commandLine().getOut();
    try (ShareObject cell = file.openToRead(capacity)) {
      long seen = cell.version();
      while (!out.checkError()) {
        cell.await(seen, FOR_EVER);
        String text;
        do {
          seen = cell.version();
          text = cell.get();
        } while (cell.version() != seen);
        out.println(text);
      }
    }
    return ExitCode.OK;
  }
}
