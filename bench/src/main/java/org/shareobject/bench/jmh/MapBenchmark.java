package org.shareobject.bench.jmh;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.ThreadParams;
import org.shareobject.bench.peer.Filler;
import org.shareobject.bench.peer.KeyKind;
import org.shareobject.bench.peer.Peer;
import org.shareobject.bench.peer.PeerType;
import org.shareobject.bench.peer.Session;
import org.shareobject.bench.peer.Spec;
import org.shareobject.bench.peer.Visits;
import org.shareobject.bench.process.Child;

/** One call on the product or a peer, on keys in random order. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Benchmark)
public class MapBenchmark {
  private static final int DRAWS = 1 << 12;
  private static final double MOSTLY_READS = 0.95;

  /** Who is measured. */
  @Param("SHAREOBJECT")
  public PeerType peer;

  /** What keys are. */
  @Param("BYTES")
  public KeyKind keys;

  /** How many entries there are. */
  @Param("2000")
  public int entries;

  /** How long values are. */
  @Param("100")
  public int valueBytes;

  /** Whether some keys come more often. */
  @Param("false")
  public boolean zipf;

  /** Whether another process overwrites the same keys all the time. */
  @Param("false")
  public boolean besideWriter;

  private Spec spec;
  private Peer store;
  private Child writer;

  /** Opens and fills the store. */
  @Setup(Level.Trial)
  public void fill() throws Exception {
    Path folder = Files.createTempDirectory(Path.of(System.getProperty("bench.folder")), "jmh");
    spec = new Spec(folder, entries, valueBytes, keys);
    store = peer.open(spec);
    Filler.fill(store, spec);
    if (besideWriter) {
      writer = Child.start("Overwrite", peer, spec);
      writer.await("ready");
      writer.send("go");
    }
  }

  /** Ends the writer and closes the store; the caller of JMH removes the folder. */
  @TearDown(Level.Trial)
  public void close() throws Exception {
    if (writer != null) {
      writer.close();
    }
    store.close();
  }

  /** A thread's session and way through the keys. */
  @State(Scope.Thread)
  public static class Turn {
    private Session session;
    private Visits visits;
    private boolean[] reads95;
    private boolean[] reads50;
    private int next;
    private byte[] value;

    /** Draws the order before the measurement. */
    @Setup(Level.Trial)
    public void draw(MapBenchmark benchmark, ThreadParams thread) {
      session = benchmark.store.session();
      visits = new Visits(benchmark.spec, benchmark.zipf, thread.getThreadIndex() + 1);
      reads95 = draws(MOSTLY_READS);
      reads50 = draws(0.5);
      value = new byte[benchmark.valueBytes];
      ThreadLocalRandom.current().nextBytes(value);
    }

    /** Gives the session back. */
    @TearDown(Level.Trial)
    public void close() {
      session.close();
    }

    private static boolean[] draws(double share) {
      boolean[] draws = new boolean[DRAWS];
      for (int i = 0; i < DRAWS; i++) {
        draws[i] = ThreadLocalRandom.current().nextDouble() < share;
      }
      return draws;
    }

    private byte[] getOrSet(boolean[] reads) {
      if (reads[next++ & DRAWS - 1]) {
        return session.get(visits.next());
      }
      session.set(visits.next(), value);
      return value;
    }
  }

  /** Reads a value. */
  @Benchmark
  public byte[] get(Turn turn) {
    return turn.session.get(turn.visits.next());
  }

  /** Stores a value. */
  @Benchmark
  public void set(Turn turn) {
    turn.session.set(turn.visits.next(), turn.value);
  }

  /** Reads 95 times of 100, stores else. */
  @Benchmark
  public byte[] mixed95(Turn turn) {
    return turn.getOrSet(turn.reads95);
  }

  /** Reads every other time, stores else. */
  @Benchmark
  public byte[] mixed50(Turn turn) {
    return turn.getOrSet(turn.reads50);
  }
}
