package org.shareobject.bench.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.shareobject.bench.peer.KeyKind;
import org.shareobject.bench.peer.PeerType;
import org.shareobject.bench.peer.Spec;
import org.shareobject.bench.process.Child;

/** Measures that take several processes. */
final class Children {
  private static final int VALUE_BYTES = 100;
  private static final int SMALL = 2000;
  private static final int KILL_EVERY_MS = 1000;
  private static final int WINDOW_MS = 100;

  private final Options options;

  Children(Options options) {
    this.options = options;
  }

  static Spec spec(Path folder, int entries) {
    return new Spec(folder, entries, VALUE_BYTES, KeyKind.BYTES);
  }

  /** Measures the calls per second of so many processes at once. */
  List<Measure> throughput(Path folder, PeerType peer, String op, int entries, int processes)
      throws Exception {
    Spec spec = spec(folder, entries);
    fill(peer, spec);
    List<Child> children = new ArrayList<>();
    try {
      for (int i = 0; i < processes; i++) {
        children.add(
            Child.start(
                "Throughput",
                peer,
                spec,
                "op=" + op,
                "seed=" + (i + 1),
                "warmMs=" + (options.quick() ? 700 : 1500),
                "runMs=" + (options.quick() ? 700 : 2000)));
      }
      children.forEach(child -> child.await("ready"));
      children.forEach(child -> child.send("go"));
      double sum = 0;
      for (Child child : children) {
        sum += Double.parseDouble(child.await("done"));
      }
      return List.of(Measure.of("calls", "1/s", sum));
    } finally {
      children.forEach(Child::close);
    }
  }

  /** Fills a store in a process of its own, since this one has not the flags that peers need. */
  private void fill(PeerType peer, Spec spec) {
    try (Child child = Child.start("Fill", peer, spec)) {
      child.await("filled");
    }
  }

  /** Measures how long opening a store takes that is there. */
  List<Measure> openTimes(Path folder, PeerType peer, int entries) {
    Spec spec = spec(folder, entries);
    fill(peer, spec);
    try (Child child = Child.start("OpenTimes", peer, spec, "times=20")) {
      return List.of(
          Measure.of("first in a new JVM", "ms", Double.parseDouble(child.await("first"))),
          Measure.of("later", "ms", Double.parseDouble(child.await("again"))));
    }
  }

  /** Measures the room that entries take. */
  List<Measure> footprint(Path folder, PeerType peer, int entries) {
    Spec spec = spec(folder, entries);
    double payload = (double) spec.payloadBytes() / entries;
    try (Child child = Child.start("Footprint", peer, spec)) {
      List<Measure> measures = new ArrayList<>();
      double each = Double.parseDouble(child.await("bytes")) / entries;
      measures.add(Measure.of("per entry", "B", each));
      measures.add(Measure.of("over key and value", "B", each - payload));
      if (peer == PeerType.SHAREOBJECT) {
        double live = Double.parseDouble(child.await("live")) / entries;
        measures.add(Measure.of("header, padding, table", "B", live - payload));
        measures.add(Measure.of("fill", "", Double.parseDouble(child.await("fill"))));
      }
      return measures;
    }
  }

  /** Measures how long a sleeper takes to wake. */
  List<Measure> wakeUps(Path folder, String way) {
    String turns = "turns=" + (options.quick() ? 500 : 2000);
    Spec spec = spec(folder, 1);
    try (Child sleeper = await(spec, way, "sleep", turns);
        Child waker = await(spec, way, "wake", turns)) {
      sleeper.await("ready");
      waker.await("ready");
      sleeper.send("go");
      waker.send("go");
      return List.of(
          Measure.of("median", "ns", Double.parseDouble(sleeper.await("median"))),
          Measure.of("p99", "ns", Double.parseDouble(sleeper.await("p99"))));
    }
  }

  /** Measures sets while threads of another process await other keys. */
  List<Measure> besideSleepers(Path folder, int sleepers) throws Exception {
    Spec spec = spec(folder, SMALL);
    fill(PeerType.SHAREOBJECT, spec);
    try (Child child =
        Child.start("Sleepers", PeerType.SHAREOBJECT, spec, "sleepers=" + sleepers)) {
      child.await("ready");
      return throughput(folder, PeerType.SHAREOBJECT, "SET", SMALL, 1);
    }
  }

  /** Measures sets while another process listens to all changes. */
  List<Measure> besideListeners(Path folder, int listeners, int processes) throws Exception {
    Spec spec = spec(folder, SMALL);
    fill(PeerType.SHAREOBJECT, spec);
    try (Child child =
        Child.start("Listeners", PeerType.SHAREOBJECT, spec, "listeners=" + listeners)) {
      child.await("ready");
      List<Measure> measures =
          new ArrayList<>(throughput(folder, PeerType.SHAREOBJECT, "SET", SMALL, processes));
      child.send("end");
      double heard = Double.parseDouble(child.await("heard"));
      double missed = Double.parseDouble(child.await("missed"));
      if (listeners > 0) {
        measures.add(Measure.of("heard", "%", 100 * heard / (heard + missed)));
      }
      return measures;
    }
  }

  private static Child await(Spec spec, String way, String role, String turns) {
    return Child.start(
        "AwaitTimes",
        PeerType.SHAREOBJECT,
        spec,
        "way=" + way,
        "role=" + role,
        turns,
        "napUs=1000");
  }

  /** Measures how long many callers wait for one absent key, and how often it is computed. */
  List<Measure> stampede(Path folder, PeerType peer, int workMs) {
    int keys = options.quick() ? 10 : 40;
    Spec spec = spec(folder, SMALL);
    try (Child one = Child.start("Stampede", peer, spec, "threads=4", "workMs=" + workMs);
        Child two = Child.start("Stampede", peer, spec, "threads=4", "workMs=" + workMs)) {
      one.await("ready");
      two.await("ready");
      List<Double> times = new ArrayList<>();
      int runs = 0;
      for (int key = 0; key < keys; key++) {
        one.send(Integer.toString(key));
        two.send(Integer.toString(key));
        String[] first = one.await("all").split(" ");
        String[] second = two.await("all").split(" ");
        times.add(Math.max(Double.parseDouble(first[0]), Double.parseDouble(second[0])) / 1e6);
        runs += Integer.parseInt(first[1]) + Integer.parseInt(second[1]);
      }
      return List.of(
          Measure.of("until all have it", "ms", Row.median(times)),
          Measure.of("computed", "times a key", (double) runs / keys));
    }
  }

  /** Measures the hits of caches that hold the same number of entries. */
  List<Measure> hitRatios(Path folder, String trace, int keys, int share) {
    return hitRatios(folder, keys, share, "trace=" + trace);
  }

  /** The same with a recorded trace. */
  List<Measure> hitRatios(Path folder, Path trace, int share) {
    return hitRatios(folder, SMALL, share, "file=" + trace.toAbsolutePath());
  }

  private List<Measure> hitRatios(Path folder, int keys, int share, String trace) {
    try (Child child =
        Child.start(
            "HitRatio",
            PeerType.SHAREOBJECT,
            new Spec(folder, keys, VALUE_BYTES, KeyKind.BYTES),
            trace,
            "share=" + share)) {
      double own = Double.parseDouble(child.await("shareObject"));
      double entries = Double.parseDouble(child.await("entries"));
      return List.of(
          Measure.of("ShareObject, S3_FIFO", "%", own),
          Measure.of("Caffeine", "%", Double.parseDouble(child.await("caffeine"))),
          Measure.of("LRU", "%", Double.parseDouble(child.await("lru"))),
          Measure.of("second chance", "%", Double.parseDouble(child.await("secondChance"))),
          Measure.of("entries", "", entries));
    }
  }

  /**
   * Measures the longest call of each tenth of a second, of a process that reads and writes beside
   * one that overwrites the same keys; which is killed each second, and at once replaced, or not.
   */
  List<Measure> survivor(Path folder, PeerType peer, boolean kill, int seconds) throws Exception {
    Spec spec = spec(folder, SMALL);
    fill(peer, spec);
    List<Child> victims = new ArrayList<>();
    try (Child survivor =
        Child.start("Survive", peer, spec, "runMs=" + seconds * 1000, "windowMs=" + WINDOW_MS)) {
      survivor.await("ready");
      for (int i = 0; i < (kill ? seconds : 1); i++) {
        victims.add(Child.start("Overwrite", peer, spec));
      }
      victims.forEach(victim -> victim.await("ready"));
      survivor.send("go");
      for (int i = 0; i < seconds; i++) {
        Child victim = victims.get(kill ? i : 0);
        if (kill || i == 0) {
          victim.send("go");
        }
        Thread.sleep(KILL_EVERY_MS);
        if (kill) {
          victim.kill();
        }
      }
      double[] windows =
          Arrays.stream(survivor.await("windows").split(","))
              .mapToDouble(Double::parseDouble)
              .toArray();
      return List.of(
          Measure.of("longest call", "ns", Arrays.stream(windows).max().orElse(0)),
          Measure.of("failed calls", "", Double.parseDouble(survivor.await("failures"))),
          Measure.of("longest call of each 100 ms", "ns", windows));
    } finally {
      victims.forEach(Child::close);
    }
  }

  /** Runs the C program of the limits. */
  List<Measure> limits() throws IOException {
    Process process =
        new ProcessBuilder(System.getProperty("bench.limits"), options.quick() ? "500" : "2000")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    return process
        .inputReader()
        .lines()
        .map(line -> line.split(" "))
        .map(words -> Measure.of(words[0], "ns", Double.parseDouble(words[1])))
        .toList();
  }
}
