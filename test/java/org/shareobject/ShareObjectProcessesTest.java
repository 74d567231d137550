package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.shareobject.internal.cell.CellInfo;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.JvmLauncher;
import org.shareobject.testing.OpenLoop;
import org.shareobject.testing.Pong;
import org.shareobject.testing.ReadLoop;
import org.shareobject.testing.SetLoop;
import org.shareobject.testing.SetStorm;
import org.shareobject.testing.Texts;
import org.shareobject.testing.Waits;

/** Several JVMs on one file. {@code -Dshareobject.long=true} runs the long form. */
@Timeout(900)
class ShareObjectProcessesTest {
  private static final boolean LONG = Boolean.getBoolean("shareobject.long");
  private static final int WIDE = 1 << 16;

  /** Instead of the time of a kill: it is to come. */
  private static final long ALIVE = Long.MAX_VALUE;

  @TempDir Path folder;

  @Test
  void shouldNeverShowTornTextToThirdProcess() {
    String file = folder.resolve("share-data").toString();
    String sets = LONG ? "1000000" : "100000";
    try (ChildJvm reader = start(ReadLoop.class, file, "1024");
        ChildJvm one = start(SetLoop.class, file, "1024", "1", sets);
        ChildJvm two = start(SetLoop.class, file, "1024", "2", sets)) {
      List.of(reader, one, two).forEach(child -> assertEquals("ready", child.nextLine()));
      one.send("go");
      two.send("go");
      assertEquals("done", one.nextLine());
      assertEquals("done", two.nextLine());
      reader.endInput();
      assertEquals("0 mixtures, 0 versions back", reader.nextLine());
      System.out.printf("%s sets by each of two processes; a third: %s%n", sets, reader.nextLine());
    }
    assertEquals(2 * Long.parseLong(sets), CellInfo.of(Path.of(file)).version());
  }

  @Test
  void shouldCreateFileOnceWhenTwoProcessesOpenIt() {
    try (ChildJvm one = start(OpenLoop.class, "one");
        ChildJvm two = start(OpenLoop.class, "two")) {
      List.of(one, two).forEach(child -> assertEquals("ready", child.nextLine()));
      for (int round = 0; round < 100; round++) {
        Path file = folder.resolve("share-data-" + round);
        one.send(file.toString());
        two.send(file.toString());
        assertEquals(Set.of("1", "2"), new TreeSet<>(List.of(one.nextLine(), two.nextLine())));
        try (ShareObject cell = ShareObject.open(file)) {
          assertEquals(2, cell.version());
          assertTrue(Set.of("one", "two").contains(cell.get()));
        }
      }
    }
  }

  @Test
  void shouldBlockNobodyWhenKilledInsideSet() throws Exception {
    Path file = folder.resolve("share-data");
    int kills = LONG ? 200 : 20;
    Path thisThread = Waits.thisThread();
    CompletableFuture<Path> readerThread = new CompletableFuture<>();
    CompletableFuture<Waits> gets = new CompletableFuture<>();
    AtomicLong killedAt = new AtomicLong(ALIVE);
    Random random = new Random(3);
    Waits sets;
    try (ShareObject cell = ShareObject.open(file, WIDE)) {
      new Thread(
              () -> {
                readerThread.complete(Waits.thisThread());
                Waits waits = new Waits(List.of(thisThread, Waits.thisThread()));
                try {
                  readUntilClosed(cell, waits, killedAt);
                } catch (Throwable e) {
                  gets.completeExceptionally(e);
                }
                gets.complete(waits);
              })
          .start();
      sets = new Waits(List.of(thisThread, readerThread.get()));
      for (int i = 0; i < kills; i++) {
        try (ChildJvm victim = start(SetStorm.class, file.toString(), String.valueOf(WIDE))) {
          assertEquals("ready", victim.nextLine());
          TimeUnit.MICROSECONDS.sleep(random.nextInt(20_000));
          victim.kill();
          killedAt.set(System.nanoTime());
          String text = Texts.make(999, i, WIDE - 1);
          sets.time(() -> cell.set(text));
          assertEquals(text, cell.get());
          killedAt.set(ALIVE);
        }
      }
    }
    String longestGet = gets.get().toString();
    CellInfo info = CellInfo.of(file);
    System.out.printf(
        "%d kills, %d writes, %d takeovers; longest set: %s; longest get: %s%n",
        kills, info.version(), info.recoveries(), sets, longestGet);
    assertEquals(1, info.peers());
    // A lock that nobody takes over costs 10 s; other processes may cost some 100 ms.
    assertTrue(sets.longestMs() <= 1000, "somebody waited " + sets);
    assertTrue(gets.get().longestMs() <= 1000, "somebody waited " + longestGet);
  }

  @Test
  void shouldWakeAcrossProcesses() throws Exception {
    int turns = 10_000;
    long[] rounds = new long[turns];
    Path file = folder.resolve("share-data");
    try (ShareObject cell = ShareObject.open(file);
        ChildJvm pong = start(Pong.class, file.toString(), String.valueOf(turns))) {
      assertEquals("ready", pong.nextLine());
      for (int turn = 0; turn < turns; turn++) {
        long start = System.nanoTime();
        long version = cell.set("ping");
        assertEquals(2L * turn + 2, cell.await(version, Duration.ofSeconds(30)));
        rounds[turn] = System.nanoTime() - start;
      }
      assertEquals(0, pong.await().code());
    }
    Arrays.sort(rounds);
    System.out.printf(
        "await woken by another JVM, %d turns: median %.1f us, p99 %.1f us (half a round)%n",
        turns, rounds[turns / 2] / 2e3, rounds[turns * 99 / 100] / 2e3);
  }

  /** Measures how long gets wait for the dead, not how long for the living of the storm. */
  private static void readUntilClosed(ShareObject cell, Waits waits, AtomicLong killedAt) {
    try {
      while (true) {
        String text = waits.time(cell::get, killedAt::get);
        assertTrue(Texts.isWhole(text, WIDE - 1), text);
      }
    } catch (ShareClosedException e) {
      // The test is over.
    }
  }

  private static ChildJvm start(Class<?> main, String... args) {
    return new JvmLauncher().start(main, args);
  }
}
