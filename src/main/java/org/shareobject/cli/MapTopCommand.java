package org.shareobject.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.shareobject.ShareMap;
import org.shareobject.ShareStats;
import org.shareobject.internal.time.Nanos;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code shareobject map FILE top}. */
@Command(
    name = "top",
    description = {
      "Shows the map's activity, updated each second, until 'q' is typed. What does not fit on"
          + " the screen is left out.",
      "Prints one line for one interval if the output is not a terminal."
    },
    mixinStandardHelpOptions = true)
final class MapTopCommand implements Callable<Integer> {
  private static final String OTHER_SCREEN = "\033[?1049h\033[?25l";
  private static final String FIRST_SCREEN = "\033[?25h\033[?1049l";
  private static final String HOME = "\033[H";
  private static final String ERASE_LINE = "\033[K";
  private static final String ERASE_BELOW = "\033[J";

  private final CountDownLatch quit = new CountDownLatch(1);

  /** Guarded by this: the screen is the shell's again. */
  private boolean isOver;

  @ParentCommand private MapCommand parent;
  @Spec private CommandSpec spec;

  @Option(
      names = {"-i", "--interval"},
      paramLabel = "TIME",
      defaultValue = "1s",
      converter = TimeConverter.class,
      description = "The time between two updates (default: ${DEFAULT-VALUE}).")
  private Duration interval;

  @Option(names = "--once", description = "Prints one line and ends; --json does so too.")
  private boolean once;

  @Mixin private JsonOption json;

  MapTopCommand() {}

  @Override
  public Integer call() throws InterruptedException {
    try (ShareMap<String, byte[]> map = parent.openReadOnly()) {
      if (once || json.isWanted() || !Terminal.isOut()) {
        MapRates rates = next(map, map.stats(), System.nanoTime());
        out().println(json.isWanted() ? JsonOption.line(rates.values()) : rates.line());
      } else {
        show(map);
      }
    }
    return ExitCode.OK;
  }

  private void show(ShareMap<String, byte[]> map) throws InterruptedException {
    Runtime.getRuntime().addShutdownHook(new Thread(this::leaveScreen));
    // Whoever stopped it, by Ctrl-Z, has brought the terminal's modes back.
    Signals.handle("CONT", this::enterScreen);
    enterScreen();
    if (Terminal.isIn()) {
      Thread keys = new Thread(this::awaitQuit, "keys");
      keys.setDaemon(true);
      keys.start();
    }
    try {
      ShareStats before = map.stats();
      draw(new MapRates(before, before, 1));
      long atNs = System.nanoTime();
      while (quit.getCount() > 0 && !out().checkError()) {
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

  private synchronized void enterScreen() {
    if (isOver) {
      return;
    }
    if (Terminal.isIn()) {
      Terminal.keyByKey();
    }
    out().print(OTHER_SCREEN);
    out().flush();
  }

  private synchronized void leaveScreen() {
    if (!isOver) {
      isOver = true;
      out().print(FIRST_SCREEN);
      out().flush();
      Terminal.restore();
    }
  }

  private void awaitQuit() {
    try {
      for (int key = System.in.read(); key >= 0 && key != 'q' && key != 'Q'; ) {
        key = System.in.read();
      }
    } catch (IOException e) {
      // As the end of the input.
    }
    quit.countDown();
  }

  private void draw(MapRates rates) {
    Terminal.Size size = Terminal.size();
    String time = LocalTime.now(ZoneId.systemDefault()).truncatedTo(ChronoUnit.SECONDS).toString();
    List<String> numbers = rates.screen(size.columns());
    StringBuilder screen = new StringBuilder(HOME);
    int lines = Math.min(size.lines() - 1, numbers.size());
    // Nothing follows the last line: its end would scroll a screen that is just high enough.
    screen.append(ERASE_LINE).append(title(size.columns(), time));
    for (String line : numbers.subList(0, lines)) {
      screen.append("\n").append(ERASE_LINE).append(line);
    }
    if (lines + 1 < size.lines()) {
      screen.append("\n").append(ERASE_BELOW);
    }
    out().print(screen);
    out().flush();
  }

  /** The file's name, of which the end tells most, and the time. */
  private String title(int columns, String time) {
    String file = Printable.line(parent.file().toString());
    int room = columns - time.length() - 2;
    if (room < 1) {
      return time.substring(0, Math.min(time.length(), columns));
    }
    return file.substring(Math.max(0, file.length() - room)) + "  " + time;
  }

  private MapRates next(ShareMap<String, byte[]> map, ShareStats before, long beforeNs)
      throws InterruptedException {
    var unused = quit.await(Nanos.of(interval), TimeUnit.NANOSECONDS);
    ShareStats now = map.stats();
    return new MapRates(before, now, (System.nanoTime() - beforeNs) / 1e9);
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }
}
