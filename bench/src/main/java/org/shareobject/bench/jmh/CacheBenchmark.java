package org.shareobject.bench.jmh;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.shareobject.bench.jcache.CacheType;
import org.shareobject.bench.jcache.Calls;
import org.shareobject.bench.peer.KeyKind;
import org.shareobject.bench.peer.Keys;
import org.shareobject.bench.peer.Spec;
import org.shareobject.bench.peer.Visits;

/** One call on a cache of JCache, by one thread, on keys in random order. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Benchmark)
@Fork(
    jvmArgsAppend = { // what Hazelcast demands
      "--add-modules=java.se",
      "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
      "--add-opens=java.base/java.lang=ALL-UNNAMED",
      "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
      "--add-opens=java.management/sun.management=ALL-UNNAMED",
      "--add-opens=jdk.management/com.sun.management.internal=ALL-UNNAMED"
    })
public class CacheBenchmark {
  private static final int VALUE_BYTES = 100;

  /** Whose cache is measured. */
  @Param("SHAREOBJECT")
  public CacheType type;

  /** How many entries there are. */
  @Param("2000")
  public int entries;

  private Calls calls;
  private Visits visits;
  private byte[] value;

  /** Opens and fills the cache, and draws the order. */
  @Setup(Level.Trial)
  public void fill() throws Exception {
    Path folder = Files.createTempDirectory(Path.of(System.getProperty("bench.folder")), "jmh");
    calls = type.open(folder);
    SplittableRandom random = new SplittableRandom(1);
    value = new byte[VALUE_BYTES];
    for (int i = 0; i < entries; i++) {
      random.nextBytes(value);
      calls.put(Keys.text(i), value);
      calls.putCount(Keys.text(i), 0);
    }
    for (int i = 0; i < entries; i++) {
      if (calls.get(Keys.text(i)) == null) {
        throw new IllegalStateException(type.label() + " does not hold " + entries + " entries");
      }
    }
    visits = new Visits(new Spec(folder, entries, VALUE_BYTES, KeyKind.SAME_TEXT), false, 1);
  }

  /** Closes the cache; the caller of JMH removes the folder. */
  @TearDown(Level.Trial)
  public void close() {
    calls.close();
  }

  /** Reads a value. */
  @Benchmark
  public byte[] get() {
    return calls.get((String) visits.next());
  }

  /** Stores a value. */
  @Benchmark
  public void put() {
    calls.put((String) visits.next(), value);
  }

  /** Adds 1 to a number. */
  @Benchmark
  public Long invoke() {
    return calls.increment((String) visits.next());
  }
}
