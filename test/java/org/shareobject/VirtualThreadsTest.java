package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.JvmLauncher;
import org.shareobject.testing.LaterJdk;
import org.shareobject.testing.VirtualWaits;

/**
 * Virtual threads that wait, more of them than carriers. {@code -Dshareobject.kills=60} for a long
 * one.
 */
@Timeout(600)
class VirtualThreadsTest {
  private static final int KILLS = Integer.getInteger("shareobject.kills", 4);
  private static final int PROCESSES = 3;

  @TempDir Path folder;

  private JvmLauncher launcher;

  @BeforeEach
  void find() throws IOException {
    launcher =
        LaterJdk.assumeLauncher(21)
            .options(
                "-Djdk.virtualThreadScheduler.parallelism=2",
                "-Djdk.virtualThreadScheduler.maxPoolSize=2",
                "-XX:+UseSerialGC");
  }

  @ParameterizedTest
  @CsvSource({"compute,8 have one value", "await,8 woken", "cell,8 woken"})
  void shouldLetOthersRunWhileTheyWait(String what, String result) {
    try (ChildJvm child = launcher.start(VirtualWaits.class, what, file())) {
      assertEquals(result, child.nextLine());
    }
  }

  @Test
  void shouldComputeOnceForEachAbsenceAmongKilledProcesses() throws InterruptedException {
    String counts = folder.resolve("counts").toString();
    ChildJvm[] children = new ChildJvm[PROCESSES];
    try (ShareMap<String, String> map = ShareMap.open(Path.of(file()))) {
      for (int i = 0; i < PROCESSES; i++) {
        children[i] = launcher.start(VirtualWaits.class, "mix", file(), counts);
      }
      for (int kill = 0; kill < KILLS; kill++) {
        int victim = kill % PROCESSES;
        assertEquals("ready", children[victim].nextLine());
        TimeUnit.SECONDS.sleep(1);
        children[victim].kill();
        children[victim].close();
        children[victim] = launcher.start(VirtualWaits.class, "mix", file(), counts);
      }
      map.set("stop", "now");
      for (ChildJvm child : children) {
        String line = child.nextLine();
        assertEquals("ended", line.equals("ready") ? child.nextLine() : line);
      }
      check(map, Path.of(counts));
    } finally {
      for (ChildJvm child : children) {
        if (child != null) {
          child.close();
        }
      }
    }
  }

  /** A kill may take one value along that was computed and not stored, and one count. */
  private static void check(ShareMap<String, String> map, Path countsFile) {
    long runs = 0;
    try (ShareMap<String, Long> counts =
        ShareMap.builder(Codec.STRING, Codec.LONG).open(countsFile)) {
      for (String wrong : new String[] {"two at once", "computed though present", "wrong value"}) {
        assertEquals(0, counts.getOrDefault(wrong, 0L), wrong);
      }
      for (int i = 0; i < VirtualWaits.KEYS; i++) {
        long run = counts.getOrDefault("runs " + i, 0L);
        long absences = counts.getOrDefault("gone " + i, 0L) + (map.containsKey("" + i) ? 1 : 0);
        assertTrue(
            run >= absences && run <= absences + 2L * KILLS,
            "key " + i + " was absent " + absences + " times and computed " + run + " times");
        runs += run;
      }
    }
    System.out.println(KILLS + " kills, " + runs + " values computed, each once for its absence");
  }

  private String file() {
    return folder.resolve("file").toString();
  }
}
