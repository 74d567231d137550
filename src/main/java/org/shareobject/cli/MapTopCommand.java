package org.shareobject.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.shareobject.ShareMap;
import org.shareobject.ShareStats;
import org.shareobject.internal.time.Nanos;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code shareobject map FILE top}. */
@Command(
    name = "top",
    description = {
      "Shows what goes on in the map, anew each second, until interrupted.",
      "If nobody looks, because this is no terminal, it prints one line."
    },
    mixinStandardHelpOptions = true)
final class MapTopCommand implements Callable<Integer> {
  private static final String OTHER_SCREEN = "\033[?1049h\033[?25l";
  private static final String FIRST_SCREEN = "\033[?25h\033[?1049l";
  private static final String HOME = "\033[H";
  private static final String END_OF_LINE = "\033[K\n";
  private static final String ERASE_BELOW = "\033[J";

  private final AtomicBoolean hasLeft = new AtomicBoolean();

  @ParentCommand private MapCommand parent;
  @Spec private CommandSpec spec;

  @Option(
      names = {"-i", "--interval"},
      paramLabel = "TIME",
      defaultValue = "1s",
      converter = TimeConverter.class,
      description = "The time between two looks (default: ${DEFAULT-VALUE}).")
  private Duration interval;

  @Option(names = "--once", description = "Prints one line and ends.")
  private boolean once;

  MapTopCommand() {}

  @Override
  public Integer call() throws InterruptedException {
    try (ShareMap<String, byte[]> map = parent.openReadOnly()) {
      if (once || !Terminal.isOut()) {
        out().println(next(map, map.stats(), System.nanoTime()).line());
      } else {
        show(map);
      }
    }
    return ExitCode.OK;
  }

  private void show(ShareMap<String, byte[]> map) throws InterruptedException {
    Runtime.getRuntime().addShutdownHook(new Thread(this::leaveScreen));
    out().print(OTHER_SCREEN);
    try {
      ShareStats before = map.stats();
      long atNs = System.nanoTime();
      while (!out().checkError()) {
        MapRates rates = next(map, before, atNs);
        before = rates.stats();
        atNs = System.nanoTime();
        draw(rates);
      }
    } finally {
      // Before the failure is told.
      leaveScreen();
    }
  }

  private void leaveScreen() {
    if (hasLeft.compareAndSet(false, true)) {
      out().print(FIRST_SCREEN);
      out().flush();
    }
  }

  private void draw(MapRates rates) {
    PrintWriter out = out();
    String time = LocalTime.now(ZoneId.systemDefault()).truncatedTo(ChronoUnit.SECONDS).toString();
    out.print(HOME + parent.file() + "   " + time + END_OF_LINE + END_OF_LINE);
    rates.screen().forEach(line -> out.print(line + END_OF_LINE));
    out.print(ERASE_BELOW);
    out.flush();
  }

  private MapRates next(ShareMap<String, byte[]> map, ShareStats before, long beforeNs)
      throws InterruptedException {
    Thread.sleep(Nanos.of(interval) / 1_000_000);
    ShareStats now = map.stats();
    return new MapRates(before, now, (System.nanoTime() - beforeNs) / 1e9);
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }
}
