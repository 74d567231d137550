package org.shareobject.cli;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code shareobject read}. */
@Command(
    name = "read",
    description = {
      "Prints the text up to its first NUL, and a newline.",
      "Changes no file. Of a file of at most 1024 bytes that another program made, its bytes are"
          + " the text."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.VersionText.class)
final class ReadCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private FileOption file;

  ReadCommand() {}

  @Override
  public Integer call() throws IOException {
    spec.commandLine().getOut().println(file.text());
    return ExitCode.OK;
  }
}
