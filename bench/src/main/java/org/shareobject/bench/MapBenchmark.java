package org.shareobject.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.shareobject.Codec;
import org.shareobject.ShareMap;

/**
 * One call on {@link ShareMap}, and the same on a {@link ConcurrentHashMap} that clones what goes
 * in and out, as who shares a byte array must. Keys are text of 16 bytes, values have 100 bytes,
 * keys are asked for in random order.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(5)
@State(Scope.Benchmark)
public class MapBenchmark {
  private static final int VALUE_BYTES = 100;
  private static final long BYTES_PER_ENTRY = 250;

  /** How many entries there are. */
  @Param({"2000", "1000000"})
  public int entries;

  private String[] keys;
  private Path file;
  private ShareMap<String, byte[]> shared;
  private ConcurrentHashMap<String, byte[]> heap;

  /** A thread's own way through the keys. */
  @State(Scope.Thread)
  public static class Turn {
    private final Random random = new Random();
    private final byte[] value = new byte[VALUE_BYTES];
    private int[] order;
    private int next;

    /** Draws the order before the measurement. */
    @Setup
    public void draw(MapBenchmark benchmark) {
      order = random.ints(1 << 20, 0, benchmark.entries).toArray();
      random.nextBytes(value);
    }

    String key(MapBenchmark benchmark) {
      return benchmark.keys[order[next++ & order.length - 1]];
    }
  }

  /** Fills both maps. */
  @Setup(Level.Trial)
  public void fill() throws IOException {
    Path memory = Path.of("/dev/shm");
    file =
        Files.isDirectory(memory)
            ? Files.createTempDirectory(memory, "shareobject-bench").resolve("map")
            : Files.createTempDirectory("shareobject-bench").resolve("map");
    shared =
        ShareMap.builder(Codec.STRING, Codec.BYTES)
            .capacity(Math.max(64L << 20, entries * BYTES_PER_ENTRY))
            .open(file);
    heap = new ConcurrentHashMap<>(2 * entries);
    keys = new String[entries];
    Random random = new Random(1);
    for (int i = 0; i < entries; i++) {
      keys[i] = String.format("key:%012d", i);
      byte[] value = new byte[VALUE_BYTES];
      random.nextBytes(value);
      shared.set(keys[i], value);
      heap.put(keys[i], value);
    }
    // The heap map is asked with keys that are not its own, as is the shared one.
    for (int i = 0; i < entries; i++) {
      keys[i] = String.format("key:%012d", i);
    }
  }

  /** Leaves no file behind. */
  @TearDown(Level.Trial)
  public void remove() throws IOException {
    shared.close();
    Files.delete(file);
    Files.delete(file.getParent());
  }

  /** Reads a value of the shared map. */
  @Benchmark
  public byte[] getShared(Turn turn) {
    return shared.get(turn.key(this));
  }

  /** Reads and clones a value of the heap map. */
  @Benchmark
  public byte[] getHeap(Turn turn) {
    return heap.get(turn.key(this)).clone();
  }

  /** Stores a value in the shared map. */
  @Benchmark
  public void setShared(Turn turn) {
    shared.set(turn.key(this), turn.value);
  }

  /** Clones a value and stores it in the heap map. */
  @Benchmark
  public byte[] setHeap(Turn turn) {
    return heap.put(turn.key(this), turn.value.clone());
  }
}
