package org.shareobject.cli;

import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code shareobject completion}. */
@Command(
    name = CompletionCommand.NAME,
    description = {
      "Prints what bash and zsh need to complete commands and options. In a shell, or in its start"
          + " file:",
      "  source <(shareobject completion)"
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.VersionText.class)
final class CompletionCommand implements Runnable {
  static final String NAME = "completion";

  @Spec private CommandSpec spec;

  CompletionCommand() {}

  @Override
  public void run() {
    spec.commandLine().getOut().println(AutoComplete.bash(Main.NAME, spec.root().commandLine()));
  }
}
