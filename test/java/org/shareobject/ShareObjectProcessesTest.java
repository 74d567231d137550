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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.shareobject.internal.CellInfo;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.JvmLauncher;
import org.shareobject.testing.OpenLoop;
import org.shareobject.testing.Pong;
import org.shareobject.testing.ReadLoop;
import org.shareobject.testing.SetLoop;
import org.shareobject.testing.SetStorm;
import org.shareobject.testing.Texts;

/** Several JVMs on one file. {@code -Dshareobject.long=true} runs the long form. */
@Timeout(900)
class ShareObjectProcessesTest {
  private static final boolean LONG = Boolean.getBoolean("shareobject.long");
  private static final long LONGEST_WAIT_NS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final int WIDE = 1 << 16;

  @TempDir Path folder;

  /** A wait for another process, and how long it took, ns. */
  private interface Wait {
    void run() throws Exception;
  }

  @Test
  void shouldNeverShowTornTextToThirdProcess() {
    String file = folder.resolve("share-data").toString();
    String sets = LONG ? "1000000" : "100000";
    try (ChildJvm reader = start(ReadLoop.class, file, "1024");
        ChildJvm one = start(SetLoop.class, file, "1024", "1", sets);
        ChildJvm two = start(SetLoop.class, file, "1024", "2", sets)) {
      List.of(reader, one, two).forEach(child -> assertEquals("ready", child.nextLine()));
      assertEquals("done", one.nextLine());
      assertEquals("done", two.nextLine());
      reader.endInput();
      assertEquals("0 mixtures, 0 versions back", reader.nextLine());
      System.out.printf("%s sets by each of two processes; a third: %s%n", sets, reader.nextLine());
    }
    assertEquals(2 * Long.parseLong(sets), CellInfo.of(Path.of(file), 1024).version());
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
    AtomicLong longest = new AtomicLong();
    AtomicLong mixtures = new AtomicLong();
    AtomicBoolean end = new AtomicBoolean();
    Random random = new Random(3);
    try (ShareObject cell = ShareObject.open(file, WIDE)) {
      Thread reader = new Thread(() -> readUntil(end, cell, longest, mixtures));
      reader.start();
      for (int i = 0; i < kills; i++) {
        try (ChildJvm victim = start(SetStorm.class, file.toString(), String.valueOf(WIDE))) {
          assertEquals("ready", victim.nextLine());
          TimeUnit.MICROSECONDS.sleep(random.nextInt(20_000));
          victim.kill();
          long before = cell.version();
          timed(longest, () -> cell.set(Texts.make(999, (int) before, WIDE - 1)));
          assertEquals(Texts.make(999, (int) before, WIDE - 1), cell.get());
        }
      }
      end.set(true);
      reader.join();
    }
    CellInfo info = CellInfo.of(file, WIDE);
    System.out.printf(
        "%d kills, %d writes, %d takeovers; longest wait %d us%n",
        kills, info.version(), info.recoveries(), longest.get() / 1000);
    assertEquals(0, mixtures.get());
    assertEquals(1, info.peers());
    assertTrue(longest.get() <= LONGEST_WAIT_NS, "somebody waited " + longest.get() / 1000 + " us");
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

  private static void readUntil(
      AtomicBoolean end, ShareObject cell, AtomicLong longest, AtomicLong mixtures) {
    while (!end.get()) {
      timed(
          longest,
          () -> {
            if (!Texts.isWhole(cell.get(), WIDE - 1)) {
              mixtures.incrementAndGet();
            }
          });
    }
  }

  private static void timed(AtomicLong longest, Wait wait) {
    long start = System.nanoTime();
    try {
      wait.run();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
    longest.accumulateAndGet(System.nanoTime() - start, Math::max);
  }

  private static ChildJvm start(Class<?> main, String... args) {
    return new JvmLauncher().start(main, args);
  }
}
