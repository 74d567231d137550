package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.EventShell;
import org.shareobject.testing.Host;
import org.shareobject.testing.JvmLauncher;
import org.shareobject.testing.MapShell;

/** What JFR is told; each recording is a child's, and begins when the map is open. */
@Timeout(300)
class ShareMapEventsTest {
  @TempDir Path folder;

  @Test
  void shouldTellOfWaitsFullMapAndDamage() throws Exception {
    Path file = folder.resolve("map");
    try (ChildJvm shell = shell(file, "65536", "false")) {
      shell.send("await");
      String wait = shell.nextLine();
      assertTrue(wait.startsWith("Wait " + file + " change "), wait);
      long millis = Long.parseLong(wait.replaceAll(".* (\\d+) ms", "$1"));
      assertTrue(millis >= 49, wait);

      shell.send("fill");
      String full = shell.nextLine();
      assertTrue(full.startsWith("MapFull " + file + " " + file + " "), full);

      try (RandomAccessFile cut = new RandomAccessFile(file.toFile(), "rw")) {
        cut.setLength(100);
      }
      shell.send("verify");
      String damage = shell.nextLine();
      assertTrue(damage.startsWith("Damage " + file + " 0 " + file), damage);
    }
  }

  @Test
  void shouldTellOfEvictionBurst() {
    Path file = folder.resolve("map");
    try (ChildJvm shell = shell(file, "1048576", "true")) {
      shell.send("evict");
      String burst = shell.nextLine();
      assertTrue(burst.matches("EvictionBurst \\Q" + file + "\\E [1-9]\\d* .*"), burst);
    }
  }

  @Test
  void shouldTellOfLockThatWasTakenOver() throws Exception {
    Path file = folder.resolve("map");
    try (ChildJvm watching = shell(file, "1048576", "false");
        ChildJvm writing = shell(file, "1048576", "false");
        ShareMap<String, String> map = ShareMap.open(file)) {
      writing.send("storm");
      CompletableFuture<Void> set;
      boolean isInside;
      do {
        Host.signal("CONT", writing.process().pid());
        Host.signal("STOP", writing.process().pid());
        set = CompletableFuture.runAsync(() -> map.set("key", "value"));
        isInside = !isDone(set);
      } while (!isInside);
      long before = map.stats().recoveries();
      writing.kill();
      set.join();
      assertEquals(1, map.stats().recoveries() - before);
      String takeover = watching.nextLine();
      assertTrue(takeover.startsWith("LockTakeover " + file + " 1 "), takeover);
    }
  }

  @Test
  void shouldLoadNoEventWithoutRecording() throws Exception {
    Path log = folder.resolve("classes");
    try (ChildJvm shell =
        new JvmLauncher()
            .options("-Xlog:class+load:file=" + log)
            .start(MapShell.class, folder.resolve("map").toString())) {
      assertEquals("ready", shell.nextLine());
      shell.send("set key value");
      assertEquals("done", shell.nextLine());
      shell.send("compute key 0 value");
      assertEquals("value", shell.nextLine());
      shell.endInput();
      assertEquals(0, shell.await().code());
    }
    String classes = Files.readString(log);
    assertTrue(classes.contains("org.shareobject.internal.map.MapEvents "));
    assertFalse(classes.contains("jdk.jfr.Event "));
  }

  private static boolean isDone(CompletableFuture<Void> set) throws Exception {
    try {
      set.get(500, TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    }
  }

  private static ChildJvm shell(Path file, String capacity, String evicts) {
    ChildJvm shell = new JvmLauncher().start(EventShell.class, file.toString(), capacity, evicts);
    assertEquals("ready", shell.nextLine());
    return shell;
  }
}
