package org.shareobject.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code shareobject fork}. */
@Command(
    name = ForkCommand.NAME,
    description = {
      "Runs several copies of a server on the ports that it listens on, and replaces those that"
          + " end.",
      "Node programs need no change: they are workers of Node's cluster, and what they listen on"
          + " is bound once and shared. A JVM does the same by ClusterWorker.join().",
      "SIGHUP replaces one copy after the other without refusing a connection: starts a new one,"
          + " waits until it is ready, and stops the old one. A copy is ready when it listens,"
          + " when it sends the message \"ready\" if the program does that, or, if it does neither, after"
          + " --min-uptime. If the new copy fails, the old ones go on.",
      "SIGTERM and Ctrl-C stop all copies, which finish their connections and then get SIGTERM; a"
          + " second one kills them."
          + " Copies run in sessions of their own, so that Ctrl-C reaches only the command. What a"
          + " copy started and left behind gets SIGTERM, then SIGKILL."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.VersionText.class,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:stopped by a signal, or all copies left the cluster by themselves",
      "1:the program cannot be started, or all copies ended and at least one was given up",
      "2:wrong usage"
    })
final class ForkCommand implements Callable<Integer> {
  static final String NAME = "fork";

  @Spec private CommandSpec spec;
  @Mixin private ForkSettings settings;

  ForkCommand() {}

  @Override
  public Integer call() throws InterruptedException {
    if (settings.error() != null) {
      throw new ParameterException(spec.commandLine(), settings.error());
    }
    try (Fleet fleet = new Fleet(settings, spec.commandLine().getErr())) {
      Signals.handle("HUP", fleet::reload);
      Signals.handle("TERM", () -> fleet.stop("SIGTERM"));
      Signals.handle("INT", () -> fleet.stop("SIGINT"));
      return fleet.run();
    }
  }
}
