package org.shareobject.cli;

import java.time.Duration;
import java.util.List;
import org.shareobject.cluster.Scheduling;
import org.shareobject.internal.process.Session;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The options of {@code shareobject fork}. */
final class ForkSettings {
  private static final List<String> WITHOUT_CHANNEL =
      List.of(
          "env",
          "-u",
          "NODE_CHANNEL_FD",
          "-u",
          "NODE_CHANNEL_SERIALIZATION_MODE",
          "-u",
          "NODE_UNIQUE_ID");

  @Option(
      names = {"-n", "--copies"},
      paramLabel = "N",
      description = "How many copies run (default: one for each processor).")
  private int copies = Runtime.getRuntime().availableProcessors();

  @Option(
      names = "--min-uptime",
      paramLabel = "TIME",
      defaultValue = "5s",
      converter = TimeConverter.class,
      description =
          "A copy that ends sooner ends early; one that lives this long is replaced at once"
              + " (default: ${DEFAULT-VALUE}).")
  private Duration minUptime;

  @Option(
      names = "--backoff",
      paramLabel = "TIME",
      defaultValue = "100ms",
      converter = TimeConverter.class,
      description =
          "The pause after an early end; each further one doubles it, up to 15 s"
              + " (default: ${DEFAULT-VALUE}).")
  private Duration backoff;

  @Option(
      names = "--max-restarts",
      paramLabel = "N",
      defaultValue = "16",
      description =
          "A copy that ends early again after this many restarts in a row is given up"
              + " (default: ${DEFAULT-VALUE}).")
  private int maxRestarts;

  @Option(
      names = "--grace",
      paramLabel = "TIME",
      defaultValue = "5s",
      converter = TimeConverter.class,
      description =
          "How long each step of stopping a copy may take: it is disconnected, which"
              + " lets it finish its connections, then gets the --stop-signal, then SIGKILL. A"
              + " program that does not speak the channel gets the signal first"
              + " (default: ${DEFAULT-VALUE}).")
  private Duration grace;

  @Option(
      names = "--round-robin",
      description =
          "Hands connections to the copies in turn, as Node's cluster does, so that those that last"
              + " spread evenly. Otherwise the copies accept by themselves, which costs less.")
  private boolean isRoundRobin;

  @Option(
      names = "--no-channel",
      description =
          "The program and what it starts know nothing of the command and share no port: for programs"
              + " that do not speak the channel and start Node, which takes the channel for its own.")
  private boolean hasNoChannel;

  @Option(
      names = "--stop-signal",
      paramLabel = "SIGNAL",
      defaultValue = "TERM",
      converter = StopSignal.Converter.class,
      description =
          "What a copy and its group get when its connections are finished, or after --grace:"
              + " HUP, INT, QUIT or TERM (default: ${DEFAULT-VALUE}).")
  private StopSignal stopSignal;

  @Option(
      names = "--signal-at-once",
      description =
          "Sends the signal at once, not when the connections are finished: for programs that"
              + " finish or close them when they get it. Others would cut them.")
  private boolean isSignalledAtOnce;

  @Option(
      names = "--ready-timeout",
      paramLabel = "TIME",
      defaultValue = "30s",
      converter = TimeConverter.class,
      description =
          "How long a new copy may take to become ready in a reload"
              + " (default: ${DEFAULT-VALUE}).")
  private Duration readyTimeout;

  @Parameters(
      arity = "1..*",
      paramLabel = "COMMAND",
      description = "The program and its arguments, for example: node server.js")
  private List<String> command;

  ForkSettings() {}

  int copies() {
    return copies;
  }

  Duration minUptime() {
    return minUptime;
  }

  Duration grace() {
    return grace;
  }

  Duration readyTimeout() {
    return readyTimeout;
  }

  Scheduling scheduling() {
    return isRoundRobin ? Scheduling.ROUND_ROBIN : Scheduling.SHARED;
  }

  StopSignal stopSignal() {
    return stopSignal;
  }

  boolean isSignalledAtOnce() {
    return isSignalledAtOnce;
  }

  int maxRestarts() {
    return maxRestarts;
  }

  Backoff newBackoff() {
    return new Backoff(backoff, minUptime, maxRestarts);
  }

  /**
   * Returns what starts a copy, away from signals that are meant for this process.
   *
   * @param number which copies that run now do not have, from 0
   */
  ProcessBuilder command(NodePreload preload, int number) {
    ProcessBuilder own = new ProcessBuilder();
    own.command(Inspector.countUp(command, own.environment(), number));
    ProcessBuilder builder = Session.command(own);
    if (hasNoChannel) {
      builder.command().addAll(builder.command().size() - own.command().size(), WITHOUT_CHANNEL);
      return builder;
    }
    preload.addTo(builder, isSignalledAtOnce ? null : stopSignal);
    return builder;
  }

  /** Returns what is wrong; null if nothing is. */
  String error() {
    if (copies < 1) {
      return "--copies must be 1 or more, not " + copies;
    }
    return maxRestarts < 0 ? "--max-restarts must be 0 or more, not " + maxRestarts : null;
  }
}
