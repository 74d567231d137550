package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.lang.management.OperatingSystemMXBean;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.Host;
import org.shareobject.testing.JvmLauncher;
import org.shareobject.testing.Storm;
import org.shareobject.testing.Storm.Diary;

/**
 * Writers that are killed at random: no acknowledged write is lost, no value is torn, nobody waits
 * for the dead. {@code -Dshareobject.kills=2000} for a long one.
 */
@Timeout(3600)
class ShareMapStormTest {
  private static final int KILLS = Integer.getInteger("shareobject.kills", 10);
  private static final int WRITERS = 4;
  private static final int READERS = 2;
  private static final long LONGEST_WAIT_MS = 1000;

  @TempDir Path folder;

  private final ChildJvm[] writers = new ChildJvm[WRITERS];
  private final Diary[] diaries = new Diary[WRITERS];
  private final List<ChildJvm> readers = new ArrayList<>();
  private JvmLauncher launcher;
  private Path file;

  @AfterEach
  void end() {
    for (ChildJvm writer : writers) {
      if (writer != null) {
        kill(writer);
      }
    }
    readers.forEach(ChildJvm::close);
  }

  @ParameterizedTest
  @CsvSource({"NONE,1048576,false", "S3_FIFO,131072,false", "S3_FIFO,1048576,true"})
  void shouldLoseNothing(Eviction eviction, long capacity, boolean inOtherPidNamespaces)
      throws InterruptedException {
    file = folder.resolve("map");
    // Without checks, so that writers are inside the map most of the time.
    launcher = new JvmLauncher().plain().options("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");
    if (inOtherPidNamespaces) {
      Host.assumeRuns("there are PID namespaces", "unshare", "--pid", "--fork", "true");
      // Each of them is process 1, and all would write one file of performance data.
      launcher.prefix("unshare", "--pid", "--fork").options("-XX:-UsePerfData");
    }
    try (ShareMap<String, byte[]> map =
        ShareMap.builder(Codec.STRING, Codec.BYTES)
            .capacity(capacity)
            .eviction(eviction)
            .open(file)) {
      startAll(eviction);
      rage(map, eviction);
      endAll(map, eviction);
    }
  }

  private void startAll(Eviction eviction) {
    for (int w = 0; w < WRITERS; w++) {
      diaries[w] = new Diary(folder.resolve("diary " + w));
      writers[w] = startWriter(w);
    }
    for (int r = 0; r < READERS; r++) {
      readers.add(
          new JvmLauncher()
              .start(
                  Storm.Reader.class,
                  file.toString(),
                  String.valueOf(WRITERS),
                  String.valueOf(eviction == Eviction.S3_FIFO)));
    }
    readers.forEach(reader -> assertEquals("ready", reader.nextLine()));
  }

  private ChildJvm startWriter(int writer) {
    return launcher.start(
        Storm.Writer.class,
        file.toString(),
        folder.resolve("diary " + writer).toString(),
        String.valueOf(writer));
  }

  private void rage(ShareMap<String, byte[]> map, Eviction eviction) throws InterruptedException {
    Random random = new Random();
    for (int kill = 0; kill < KILLS; kill++) {
      int victim = kill % WRITERS;
      assertEquals("ready", writers[victim].nextLine());
      Thread.sleep(0, random.nextInt(1_000_000));
      Thread.sleep(random.nextInt(20));
      kill(writers[victim]);
      writers[victim] = startWriter(victim);
      for (int writer = 0; writer < WRITERS; writer++) {
        assertEquals(List.of(), faults(map, writer, eviction));
      }
    }
  }

  private void endAll(ShareMap<String, byte[]> map, Eviction eviction) {
    long longest = 0;
    for (int writer = 0; writer < WRITERS; writer++) {
      assertEquals("ready", writers[writer].nextLine());
      writers[writer].send("end");
      assertEquals("end", writers[writer].nextLine());
      assertEquals(List.of(), faults(map, writer, eviction));
      longest = Math.max(longest, diaries[writer].longestMs());
    }
    long longestRead = 0;
    for (ChildJvm reader : readers) {
      reader.send("end");
      String line = reader.nextLine();
      assertTrue(line.endsWith(" ms"), line);
      longestRead = Math.max(longestRead, Long.parseLong(line.split(" ", -1)[0]));
    }
    map.verify();
    ShareStats stats = map.stats();
    System.out.printf(
        "%s: %d kills, %d recoveries, %d sets, %d evictions; the longest 64 sets took %d ms, the"
            + " longest get %d ms%n",
        eviction, KILLS, stats.recoveries(), stats.sets(), stats.evictions(), longest, longestRead);
    assertEquals(0, stats.damaged());
    double mostMs = LONGEST_WAIT_MS * Math.max(1, load());
    assertTrue(Math.max(longest, longestRead) <= mostMs, "more than " + mostMs + " ms");
  }

  /** Returns how many threads there are for each processor: so long waits who holds a lock. */
  private static double load() {
    OperatingSystemMXBean system = ManagementFactory.getOperatingSystemMXBean();
    return system.getSystemLoadAverage() / system.getAvailableProcessors();
  }

  private List<String> faults(ShareMap<String, byte[]> map, int writer, Eviction eviction) {
    return Storm.faults(map, writer, diaries[writer], eviction == Eviction.S3_FIFO);
  }

  /** Kills the JVM itself, not only the program that keeps its namespace. */
  private static void kill(ChildJvm child) {
    List<ProcessHandle> inner = child.process().children().toList();
    inner.forEach(ProcessHandle::destroyForcibly);
    if (inner.isEmpty()) {
      child.process().destroyForcibly();
    }
    child.process().onExit().join();
  }
}
