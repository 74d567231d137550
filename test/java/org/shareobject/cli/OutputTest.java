package org.shareobject.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.shareobject.ShareMap;
import org.shareobject.ShareObject;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.JvmLauncher;

/** What the command prints goes where nothing can be stored, or where nobody reads. */
@Timeout(120)
class OutputTest {
  private static final Path FULL = Path.of("/dev/full");
  private static final int BY_SIGPIPE = 141;

  @TempDir Path folder;

  @BeforeEach
  void makeFiles() {
    try (ShareObject cell = ShareObject.open(folder.resolve("share-data"))) {
      cell.set("text");
    }
    try (ShareMap<String, String> map = ShareMap.open(folder.resolve("map"))) {
      map.set("key", "value");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "read",
        "poll",
        "info",
        "--help",
        "--version",
        "map map get key",
        "map map add n 1",
        "map map del other",
        "map map ttl key",
        "map map keys",
        "map map dump",
        "map map load",
        "map map stats",
        "map map metrics",
        "map map top --interval 1ms",
        "map map verify"
      })
  void shouldFailWhenNothingCanBeStored(String command) throws IOException {
    assumeTrue(Files.exists(FULL), "needs " + FULL);
    ChildJvm.Result result = sh("exec \"$@\" >/dev/full", command);
    assertEquals(
        new ChildJvm.Result(1, "", "shareobject: standard output: No space left on device\n"),
        result);
  }

  @ParameterizedTest
  @ValueSource(strings = {"poll --interval 1ms", "map map keys", "map map dump"})
  void shouldEndQuietlyWhenTheReaderHasLeft(String command) {
    try (ShareMap<String, String> map = ShareMap.open(folder.resolve("map"))) {
      for (int i = 0; i < 50_000; i++) {
        map.set("a long key, so that it does not fit into the pipe " + i, "");
      }
    }
    ChildJvm.Result result = sh("{ \"$@\"; echo $? >&2; } | head -n 1 >/dev/null", command);
    assertEquals(new ChildJvm.Result(0, "", BY_SIGPIPE + "\n"), result);
  }

  @Test
  void shouldFailWhenStandardOutputIsClosed() {
    ChildJvm.Result result = sh("exec \"$@\" >&-", "read");
    assertEquals(
        new ChildJvm.Result(1, "", "shareobject: standard output: Bad file descriptor\n"), result);
  }

  private ChildJvm.Result sh(String script, String command) {
    return new JvmLauncher()
        .folder(folder)
        .environment("LC_ALL", "C.UTF-8")
        .prefix("sh", "-c", script, "sh")
        .run(Main.class, command.split(" ", -1));
  }
}
