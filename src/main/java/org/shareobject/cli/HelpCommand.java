package org.shareobject.cli;

import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code shareobject help [COMMAND...]}. */
@Command(
    name = HelpCommand.NAME,
    description = "Prints the help of a command, for example: shareobject help map get",
    mixinStandardHelpOptions = true,
    versionProvider = Main.VersionText.class)
final class HelpCommand implements Runnable {
  static final String NAME = "help";

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "COMMAND",
      arity = "0..*",
      description = "The command, after those that it belongs to (default: shareobject itself).")
  private List<String> path = List.of();

  HelpCommand() {}

  @Override
  public void run() {
    CommandLine command = spec.root().commandLine();
    for (String name : path) {
      CommandLine next = command.getSubcommands().get(name);
      if (next == null) {
        throw new ParameterException(
            spec.commandLine(),
            "'" + command.getCommandSpec().qualifiedName() + "' has no command '" + name + "'");
      }
      command = next;
    }
    command.usage(spec.commandLine().getOut());
  }
}
