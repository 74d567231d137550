package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.JvmLauncher;
import org.shareobject.testing.SetLoop;

/** A process that lives and does not go on, and how long others wait for it. */
@Timeout(300)
class ShareObjectStoppedPeerTest {
  private static final String FOR_EVER = String.valueOf(Integer.MAX_VALUE);
  private static final int WIDE = 1 << 20;

  @TempDir Path folder;

  @Test
  void shouldNameProcessThatWasStoppedInsideSet() throws Exception {
    try (ChildJvm stopped = writer("1");
        ChildJvm waiting = writer("2", "-Dshareobject.lockTimeoutMillis=200")) {
      assertEquals("ready", stopped.nextLine());
      assertEquals("ready", waiting.nextLine());
      while (waiting.process().isAlive()) {
        signal("-STOP", stopped);
        // Longer than the other one waits, whether or not it was stopped inside.
        Thread.sleep(600);
        signal("-CONT", stopped);
        Thread.sleep(7);
      }
      ChildJvm.Result result = waiting.await();
      assertEquals(1, result.code());
      assertTrue(
          result
              .err()
              .contains(
                  "process "
                      + stopped.process().pid()
                      + " holds its lock and does not go on; resume or kill that process"),
          result.err());
    }
  }

  @Test
  void shouldRefuseLockTimeoutThatIsNoNumber() {
    try (ChildJvm child = writer("1", "-Dshareobject.lockTimeoutMillis=soon")) {
      ChildJvm.Result result = child.await();
      assertEquals(1, result.code());
      assertTrue(
          result
              .err()
              .contains("-Dshareobject.lockTimeoutMillis takes milliseconds above 0, not 'soon'"),
          result.err());
    }
  }

  private ChildJvm writer(String number, String... options) {
    return new JvmLauncher()
        .options(options)
        .start(
            SetLoop.class,
            folder.resolve("share-data").toString(),
            String.valueOf(WIDE),
            number,
            FOR_EVER);
  }

  private static void signal(String signal, ChildJvm child)
      throws IOException, InterruptedException {
    String pid = String.valueOf(child.process().pid());
    assertEquals(0, new ProcessBuilder("kill", signal, pid).inheritIO().start().waitFor());
  }
}
