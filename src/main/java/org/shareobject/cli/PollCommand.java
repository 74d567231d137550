package org.shareobject.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.shareobject.ShareObject;
import org.shareobject.internal.time.Nanos;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code shareobject poll}. */
@Command(
    name = "poll",
    description = {
      "Prints the text again and again until interrupted; an empty text is a blank line.",
      "Creates the file if it is missing; changes no other file, as 'read'."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.VersionText.class)
final class PollCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private FileOption file;
  @Mixin private CapacityOption capacity;

  @Option(
      names = {"-i", "--interval"},
      paramLabel = "TIME",
      defaultValue = "1s",
      converter = TimeConverter.class,
      description = "The pause between two prints, as 250ms, 1s or 2m (default: ${DEFAULT-VALUE}).")
  private Duration interval;

  PollCommand() {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (Files.notExists(file.file(), LinkOption.NOFOLLOW_LINKS)) {
      ShareObject.open(file.file(), capacity.bytes()).close();
    }
    PrintWriter out = spec.commandLine().getOut();
    do {
      out.println(file.text());
      Thread.sleep(Nanos.of(interval) / 1_000_000);
    } while (!out.checkError());
    return ExitCode.OK;
  }
}
