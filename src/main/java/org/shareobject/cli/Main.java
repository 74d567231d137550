package org.shareobject.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.shareobject.internal.nativelib.Version;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code shareobject}. */
@Command(
    name = Main.NAME,
    description = "Text, maps and ports that the processes of this host share.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.VersionText.class,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      DemoCommand.class,
      ReadCommand.class,
      WriteCommand.class,
      PollCommand.class,
      WatchCommand.class,
      InfoCommand.class,
      ForkCommand.class,
      MapCommand.class
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:success", "1:failure, told in one line on stderr", "2:wrong usage"})
public final class Main implements Runnable {
  static final String NAME = "shareobject";

  @Spec private CommandSpec spec;

  Main() {}

  /**
   * Runs the command and ends the JVM.
   *
   * @param args the command line
   */
  public static void main(String[] args) {
    // Texts are UTF-8, whatever the locale says.
    PrintWriter out = writer(FileDescriptor.out);
    PrintWriter err = writer(FileDescriptor.err);
    System.exit(run(out, err, args));
  }

  /** Runs the command and returns its exit code. */
  static int run(PrintWriter out, PrintWriter err, String... args) {
    CommandLine main = new CommandLine(new Main());
    // What follows the program that is to be started are its own options.
    main.getSubcommands().get(ForkCommand.NAME).setStopAtPositional(true);
    return main.setHelpFactory(MapCommand::help)
        .setOut(out)
        .setErr(err)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setParameterExceptionHandler(Main::wrongUsage)
        .setExecutionExceptionHandler((e, command, parsed) -> failure(e, command))
        .execute(args);
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }

  private static int wrongUsage(ParameterException e, String[] args) {
    CommandLine command = e.getCommandLine();
    command.getErr().println(oneLine(e.getMessage()));
    command.getErr().println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
    return ExitCode.USAGE;
  }

  private static int failure(Exception e, CommandLine command) {
    String message = e.getMessage();
    command.getErr().println(oneLine(message != null ? message : e.toString()));
    return ExitCode.SOFTWARE;
  }

  private static String oneLine(String message) {
    return NAME + ": " + message.replaceAll("\\R+", " ");
  }

  private static PrintWriter writer(FileDescriptor descriptor) {
    return new PrintWriter(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
  }

  /** What {@code --version} prints. */
  static final class VersionText implements IVersionProvider {
    VersionText() {}

    @Override
    public String[] getVersion() {
      return new String[] {NAME + " " + Version.get()};
    }
  }
}
