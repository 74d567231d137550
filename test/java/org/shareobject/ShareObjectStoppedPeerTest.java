package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.Host;
import org.shareobject.testing.JvmLauncher;
import org.shareobject.testing.SetSame;

/** A process that lives and does not go on, and how long others wait for it. */
@Timeout(300)
class ShareObjectStoppedPeerTest {
  private static final int WIDE = 1 << 20;

  @TempDir Path folder;

  @Test
  void shouldNameProcessThatWasStoppedInsideSet() throws Exception {
    try (ChildJvm stopped = writer();
        ChildJvm waiting = writer("-Dshareobject.lockTimeoutMillis=200")) {
      assertEquals("ready", stopped.nextLine());
      assertEquals("ready", waiting.nextLine());
      while (waiting.process().isAlive()) {
        signal("STOP", stopped);
        // Longer than the other one waits, whether or not it was stopped inside.
        Thread.sleep(400);
        signal("CONT", stopped);
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
    try (ChildJvm child = writer("-Dshareobject.lockTimeoutMillis=soon")) {
      ChildJvm.Result result = child.await();
      assertEquals(1, result.code());
      assertTrue(
          result
              .err()
              .contains("-Dshareobject.lockTimeoutMillis takes milliseconds above 0, not 'soon'"),
          result.err());
    }
  }

  private ChildJvm writer(String... options) {
    return new JvmLauncher()
        .options(options)
        .start(SetSame.class, folder.resolve("share-data").toString(), String.valueOf(WIDE));
  }

  private static void signal(String signal, ChildJvm child) {
    Host.signal(signal, child.process().pid());
  }
}
