package org.shareobject.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.shareobject.ShareValueTooLargeException;
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
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:success",
      "1:failure; one line on stderr names it",
      "2:wrong usage",
      "141:the reader of the output has left"
    })
public final class Main implements Runnable {
  static final String NAME = "shareobject";

  /** As a shell reports a program that SIGPIPE ended. */
  static final int BY_SIGPIPE = 141;

  /** By name, in the order of the help. */
  private static final Map<String, Class<?>> COMMANDS = new LinkedHashMap<>();

  static {
    COMMANDS.put("demo", DemoCommand.class);
    COMMANDS.put("read", ReadCommand.class);
    COMMANDS.put("write", WriteCommand.class);
    COMMANDS.put("poll", PollCommand.class);
    COMMANDS.put("watch", WatchCommand.class);
    COMMANDS.put("info", InfoCommand.class);
    COMMANDS.put("fork", ForkCommand.class);
    COMMANDS.put("map", MapCommand.class);
    COMMANDS.put("completion", CompletionCommand.class);
    COMMANDS.put("help", HelpCommand.class);
  }

  @Spec private CommandSpec spec;

  Main() {}

  /**
   * Runs the command and ends the JVM.
   *
   * @param args the command line
   */
  public static void main(String[] args) {
    PrintWriter err =
        new PrintWriter(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
    String damage = Arguments.damage(args);
    if (damage != null) {
      err.println(oneLine(damage));
      System.exit(ExitCode.USAGE);
    }
    System.exit(run(Output.standard(), err, args));
  }

  /** Runs the command and returns its exit code. */
  static int run(PrintWriter out, PrintWriter err, String... args) {
    CommandLine main = new CommandLine(new Main());
    add(main, args);
    int code =
        main.setHelpFactory(MapCommand::help)
            .setOut(out)
            .setErr(err)
            .setCaseInsensitiveEnumValuesAllowed(true)
            .registerConverter(Path.class, new PathConverter())
            .setParameterExceptionHandler(Main::wrongUsage)
            .setExecutionExceptionHandler((e, command, parsed) -> failure(e, command))
            .execute(args);
    return out.checkError() ? lost(out, err, code) : code;
  }

  /**
   * Adds the command that is asked for: to read the annotations of all takes longer than most
   * commands do. Whatever needs more than one gets all.
   */
  private static void add(CommandLine main, String... args) {
    String word = args.length > 0 ? args[0] : "";
    boolean isOne =
        COMMANDS.containsKey(word)
            && !word.equals(HelpCommand.NAME)
            && !word.equals(CompletionCommand.NAME);
    for (String name : isOne ? Set.of(word) : COMMANDS.keySet()) {
      main.addSubcommand(COMMANDS.get(name));
    }
    CommandLine map = main.getSubcommands().get(MapCommand.NAME);
    if (map != null) {
      MapCommand.addTo(map, args);
    }
    CommandLine fork = main.getSubcommands().get(ForkCommand.NAME);
    if (fork != null) {
      // What follows the program that is to be started are its own options.
      fork.setStopAtPositional(true);
    }
  }

  /** Says why output is lost; the reader's leaving needs no words. */
  private static int lost(PrintWriter out, PrintWriter err, int code) {
    if (out instanceof Output output && output.isBroken()) {
      return code == ExitCode.OK ? BY_SIGPIPE : code;
    }
    IOException cause = out instanceof Output output ? output.failure() : null;
    err.println(
        oneLine("standard output: " + (cause == null ? "cannot be written" : cause.getMessage())));
    return ExitCode.SOFTWARE;
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }

  private static int wrongUsage(ParameterException e, String[] args) {
    CommandLine command = e.getCommandLine();
    command.getErr().println(oneLine(e.getMessage()));
    // Not with --help: in the place of a map's file it would be taken for one.
    String path = command.getCommandSpec().qualifiedName().substring(NAME.length());
    command.getErr().println("Try '" + NAME + " " + HelpCommand.NAME + path + "'.");
    return ExitCode.USAGE;
  }

  private static int failure(Exception e, CommandLine command) {
    String message = reason(e);
    CommandLine parent = command.getParent();
    boolean isOfMap = parent != null && parent.getCommandSpec().name().equals(MapCommand.NAME);
    String hint = isOfMap && e instanceof ShareValueTooLargeException ? ": see --max-entry" : "";
    command.getErr().println(oneLine(message + hint));
    return ExitCode.SOFTWARE;
  }

  /** Returns what happened; of many that concern files, the JDK tells only the file. */
  private static String reason(Exception e) {
    if (e instanceof NoSuchFileException missing) {
      return missing.getFile() + ": no such file";
    }
    if (e instanceof AccessDeniedException denied) {
      return denied.getFile() + ": permission denied";
    }
    return e.getMessage() != null ? e.getMessage() : e.toString();
  }

  private static String oneLine(String message) {
    return NAME + ": " + message.replaceAll("\\R+", " ");
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
