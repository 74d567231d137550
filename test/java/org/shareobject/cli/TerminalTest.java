package org.shareobject.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.shareobject.ShareMap;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.Futures;
import org.shareobject.testing.Host;
import org.shareobject.testing.JvmLauncher;

/** The command at a real pseudo terminal. */
@Timeout(120)
class TerminalTest {
  private static final String OTHER_SCREEN = "\033[?1049h";
  private static final String FIRST_SCREEN = "\033[?1049l";

  @TempDir Path folder;

  private Path typescript;

  @BeforeEach
  void makeMap() {
    typescript = folder.resolve("typescript");
    try (ShareMap<String, String> map = ShareMap.open(folder.resolve("map"))) {
      map.set("key", "value");
    }
  }

  @ParameterizedTest
  @CsvSource({"12, 50", "8, 30", "24, 80", "50, 200", "1, 10"})
  void shouldShowTopOnAnyScreenUntilQuit(int lines, int columns) {
    try (ChildJvm top = terminal(lines, columns).start(Main.class, top())) {
      Futures.await(() -> screens().size() > 2);
      top.send("q");
      assertEquals(0, top.await().code(), this::printed);
    }
    String printed = printed();
    assertTrue(printed.contains(FIRST_SCREEN), printed);
    List<String> screens = screens();
    for (String screen : screens.subList(1, screens.size() - 1)) {
      List<String> rows = screen.lines().map(row -> row.replaceAll("\033\\[[KJ]", "")).toList();
      assertTrue(rows.size() <= lines, () -> rows.size() + " lines: " + screen);
      assertFalse(rows.size() == lines && screen.endsWith("\n"), "it scrolls: " + screen);
      assertTrue(rows.stream().allMatch(row -> row.length() <= columns), screen);
      assertEquals(lines > 1, screen.contains("entries "), screen);
      assertEquals(lines > 11, screen.contains("damaged "), screen);
    }
  }

  @Test
  void shouldShowNoRatioOfNoGets() {
    try (ChildJvm top = terminal(24, 80).start(Main.class, top())) {
      Futures.await(() -> screens().size() > 2);
      top.send("q");
      top.await();
    }
    assertTrue(printed().contains("hits                      -   - since creation"), printed());
  }

  @ParameterizedTest
  @CsvSource({"INT, 130", "TERM, 143", "HUP, 129"})
  void shouldRestoreTheTerminalAtSignals(String signal, int code) {
    // What the shell finds once top has ended.
    JvmLauncher launcher = terminal(24, 80).atEnd("echo code $?; stty -a");
    try (ChildJvm top = launcher.start(Main.class, top())) {
      Futures.await(() -> screens().size() > 2);
      long shell = top.process().children().findFirst().orElseThrow().pid();
      long jvm = ProcessHandle.of(shell).orElseThrow().children().findFirst().orElseThrow().pid();
      Host.assumeNotIgnored(signal, jvm);
      Host.signal(signal, jvm);
      top.await();
    }
    String printed = printed();
    String after = printed.substring(printed.indexOf(FIRST_SCREEN));
    assertTrue(after.contains("code " + code), after);
    assertTrue(after.contains(" icanon") && after.contains(" echo "), after);
  }

  @Test
  void shouldPrintTheResultOfLoadBehindItsProgress() throws IOException {
    Path feed = folder.resolve("feed");
    Host.run("mkfifo", feed.toString());
    JvmLauncher launcher = terminal(24, 80).input(feed);
    try (ChildJvm load = launcher.start(Main.class, "map", "map", "load")) {
      try (var out = Files.newBufferedWriter(feed)) {
        out.write("{\"key\":\"é\",\"value\":\"b\"}\n");
        out.flush();
        Futures.await(() -> printed().contains("load: ") && printed().contains("1 done"));
      }
      assertEquals(0, load.await().code());
    }
    String printed = printed();
    assertTrue(printed.contains("\r\033[K1\r\n"), printed);
  }

  private JvmLauncher terminal(int lines, int columns) {
    return new JvmLauncher().folder(folder).terminal(lines, columns, typescript);
  }

  private static String[] top() {
    return new String[] {"map", "map", "top", "--interval", "50ms"};
  }

  /** What is drawn from one home of the cursor to the next. */
  private List<String> screens() {
    String printed = printed();
    int begin = printed.indexOf(OTHER_SCREEN);
    return begin < 0 ? List.of() : List.of(printed.substring(begin).split("\033\\[H", -1));
  }

  private String printed() {
    try {
      return Files.exists(typescript) ? Files.readString(typescript) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
