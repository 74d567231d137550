package org.shareobject.cli;

import java.time.Duration;
import java.util.List;
import org.shareobject.internal.process.Session;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The options of {@code shareobject fork}. */
final class ForkSettings {
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
              + " lets it finish its connections, then gets SIGTERM, then SIGKILL. A program that"
              + " does not speak the channel gets SIGTERM first (default: ${DEFAULT-VALUE}).")
  private Duration grace;

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

  int maxRestarts() {
    return maxRestarts;
  }

  Backoff newBackoff() {
    return new Backoff(backoff, minUptime, maxRestarts);
  }

  /** Returns what starts a copy, away from signals that are meant for this process. */
  ProcessBuilder command() {
    return Session.command(new ProcessBuilder(command));
  }

  /** Returns what is wrong; null if nothing is. */
  String error() {
    if (copies < 1) {
      return "--copies must be 1 or more, not " + copies;
    }
    return maxRestarts < 0 ? "--max-restarts must be 0 or more, not " + maxRestarts : null;
  }
}
