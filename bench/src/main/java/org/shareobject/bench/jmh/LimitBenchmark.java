package org.shareobject.bench.jmh;

import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.shareobject.bench.peer.Keys;

/** What nobody can beat: the parts that no shared map can do without. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Benchmark)
public class LimitBenchmark {
  private static final int VALUE_BYTES = 100;
  private static final int LINE = 128;
  private static final int VALUES = 2000;

  private final ByteBuffer memory = ByteBuffer.allocateDirect(VALUES * LINE);
  private final byte[] key = Keys.bytes(1);
  private int next;

  /** Calls a native function that does nothing. */
  @Benchmark
  public void emptyJni() {
    Natives.empty();
  }

  /** Copies a value from an address that is known, into a new array; one of 2,000 in turn. */
  @Benchmark
  public byte[] copyKnown() {
    byte[] value = new byte[VALUE_BYTES];
    memory.get(next(), value);
    return value;
  }

  /** Makes the text of a key: what a new String costs in all rows that have one. */
  @Benchmark
  public String newString() {
    return Keys.text(key);
  }

  /** Reads the clock: what sampled times have in them. */
  @Benchmark
  public long clock() {
    return System.nanoTime();
  }

  private int next() {
    next = next == (VALUES - 1) * LINE ? 0 : next + LINE;
    return next;
  }
}
