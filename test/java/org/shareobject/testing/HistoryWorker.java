package org.shareobject.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.shareobject.Codec;
import org.shareobject.ShareMap;
import org.shareobject.Versioned;
import org.shareobject.testing.History.Kind;
import org.shareobject.testing.History.Operation;

/** Threads that do all kinds of things to few keys of a map, and write down what came of it. */
public final class HistoryWorker {
  /** How many keys there are. */
  public static final int KEYS = 4;

  private final ShareMap<Long, Long> map;
  private final Random random;
  private final List<Operation> log = new ArrayList<>();
  private long nextValue;

  private HistoryWorker(ShareMap<Long, Long> map, int worker) {
    this.map = map;
    random = new Random(worker);
    nextValue = (worker + 1L) << 32;
  }

  /** A child: takes map, log, number of the first worker, threads, operations of each. */
  public static void main(String[] args) throws IOException, InterruptedException {
    try (ShareMap<Long, Long> map = open(Path.of(args[0]))) {
      System.out.println("ready");
      System.in.read();
      List<Operation> log =
          run(map, Integer.parseInt(args[2]), Integer.parseInt(args[3]), Integer.parseInt(args[4]));
      Files.write(Path.of(args[1]), log.stream().map(Operation::toString).toList());
    }
  }

  /** Opens the map that workers share. */
  public static ShareMap<Long, Long> open(Path file) {
    return ShareMap.builder(Codec.LONG, Codec.LONG).capacity(64 << 10).open(file);
  }

  /** Runs threads; returns what they did. */
  public static List<Operation> run(
      ShareMap<Long, Long> map, int first, int threads, int operations)
      throws InterruptedException {
    List<HistoryWorker> workers = new ArrayList<>();
    List<Thread> running = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      HistoryWorker worker = new HistoryWorker(map, first + t);
      workers.add(worker);
      running.add(new Thread(() -> worker.work(operations)));
    }
    running.forEach(Thread::start);
    for (Thread thread : running) {
      thread.join();
    }
    return workers.stream().flatMap(worker -> worker.log.stream()).toList();
  }

  private void work(int operations) {
    while (log.size() < operations) {
      act((long) random.nextInt(KEYS));
    }
  }

  private void act(Long key) {
    long value = nextValue++;
    long begin = System.nanoTime();
    switch (random.nextInt(8)) {
      case 0 -> {
        map.set(key, value);
        done(key, begin, Kind.SET, value, 0, 0);
      }
      case 1 -> done(key, begin, Kind.PUT, value, 0, orAbsent(map.put(key, value)));
      case 2 -> {
        Long there = map.putIfAbsent(key, value);
        if (there == null) {
          done(key, begin, Kind.CAS, value, History.ABSENT, 1);
        } else {
          done(key, begin, Kind.GET, 0, 0, there);
        }
      }
      case 3 -> done(key, begin, Kind.REMOVE, 0, 0, orAbsent(map.remove(key)));
      case 4 -> done(key, begin, Kind.GET, 0, 0, orAbsent(map.get(key)));
      case 5 -> removeIf(key, read(key));
      default -> compareAndSet(key, read(key), value);
    }
  }

  private Versioned<Long> read(Long key) {
    long begin = System.nanoTime();
    Versioned<Long> read = map.getVersioned(key);
    done(key, begin, Kind.GET, 0, 0, read == null ? History.ABSENT : read.value());
    if (random.nextInt(4) == 0) {
      // Others come between reading and writing.
      LockSupport.parkNanos(1);
    }
    return read;
  }

  private void removeIf(Long key, Versioned<Long> read) {
    if (read != null) {
      long begin = System.nanoTime();
      boolean removed = map.removeVersion(key, read.version());
      done(key, begin, Kind.REMOVE_IF, 0, read.value(), removed ? 1 : 0);
    }
  }

  private void compareAndSet(Long key, Versioned<Long> read, Long value) {
    long begin = System.nanoTime();
    boolean replaced = map.replaceVersion(key, read == null ? 0 : read.version(), value);
    long expected = read == null ? History.ABSENT : read.value();
    done(key, begin, Kind.CAS, value, expected, replaced ? 1 : 0);
  }

  private void done(Long key, long begin, Kind kind, long value, long expected, long result) {
    log.add(new Operation(key.intValue(), begin, System.nanoTime(), kind, value, expected, result));
  }

  private static long orAbsent(Long value) {
    return value == null ? History.ABSENT : value;
  }
}
