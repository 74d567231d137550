package org.shareobject.bench.run;

import static org.shareobject.bench.run.Case.params;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.shareobject.bench.jcache.CacheType;
import org.shareobject.bench.jmh.AddonBenchmark;
import org.shareobject.bench.jmh.CacheBenchmark;
import org.shareobject.bench.jmh.LimitBenchmark;
import org.shareobject.bench.jmh.MapBenchmark;
import org.shareobject.bench.peer.KeyKind;
import org.shareobject.bench.peer.PeerType;

/** All suites. */
public final class Suites {
  private static final int SMALL = 2000;
  private static final int LARGE = 1_000_000;
  private static final int HUGE = 10_000_000;
  private static final int VALUE_BYTES = 100;
  private static final List<Integer> SHARES = List.of(1, 5, 20);

  /** Recorded traces that go in circles. */
  private static final Set<String> LOOPS = Set.of("loop", "gli", "multi1");

  private static final List<PeerType> SHARED =
      List.of(
          PeerType.SHAREOBJECT,
          PeerType.CHRONICLE,
          PeerType.LMDB,
          PeerType.LOCKED_FILE,
          PeerType.REDIS_UNIX);

  private final Options options;
  private final boolean quick;
  private final List<PeerType> peers;
  private final Jmh jmh;
  private final Children children;
  private final Pairs pairs;

  /**
   * Prepares.
   *
   * @param options what was asked for
   * @param peers which peers can run here
   * @param withNode whether Node can run here
   */
  public Suites(Options options, List<PeerType> peers, boolean withNode) {
    this.options = options;
    this.peers = peers;
    quick = options.quick();
    jmh = new Jmh(options);
    children = new Children(options);
    pairs = new Pairs(options, withNode);
  }

  /** Returns the suites in the order in which they run. */
  public List<Suite> all() {
    return List.of(
        limits(),
        heap(),
        peers(),
        sizes(),
        values(),
        mixes(),
        percentiles(),
        besideWriter(),
        addon(),
        jcache(),
        processes(),
        counters(),
        await(),
        sleepers(),
        listeners(),
        stampede(),
        open(),
        memory(),
        kills(),
        eviction(),
        loops(),
        suite("channel", 1, 5, pairs.channel()),
        suite("manager", 1, 5, pairs.manager()));
  }

  private Suite suite(String name, int quickRounds, int fullRounds, List<Case> cases) {
    int rounds = quick ? quickRounds : fullRounds;
    return new Suite(name, options.rounds() > 0 ? options.rounds() : rounds, cases);
  }

  private List<PeerType> available(List<PeerType> wanted) {
    return wanted.stream().filter(peers::contains).toList();
  }

  private Case call(
      Map<String, String> shown,
      PeerType peer,
      String op,
      Map<String, String> params,
      int threads) {
    return new Case(
        shown, folder -> jmh.average(folder, MapBenchmark.class, op, peer, params, threads));
  }

  private static Map<String, String> jmhParams(PeerType peer, int entries, KeyKind keys) {
    return params("peer", peer.name(), "entries", entries, "keys", keys.name());
  }

  private Suite limits() {
    List<Case> cases = new ArrayList<>();
    for (String limit : List.of("emptyJni", "copyKnown", "newString", "clock")) {
      cases.add(
          new Case(
              params("limit", limit),
              folder ->
                  jmh.average(folder, LimitBenchmark.class, limit, PeerType.HEAP, Map.of(), 1)));
    }
    cases.add(new Case(params("limit", "two processes"), folder -> children.limits()));
    return suite("limits", 1, 5, cases);
  }

  /** Get and set of the product and the heap map, with keys in three ways. */
  private Suite heap() {
    List<Case> cases = new ArrayList<>();
    for (String op : List.of("get", "set")) {
      for (int entries : quick && op.equals("set") ? List.of(SMALL) : List.of(SMALL, LARGE)) {
        for (int threads : quick ? List.of(1) : List.of(1, 2)) {
          for (KeyKind keys : KeyKind.values()) {
            if (quick && keys == KeyKind.NEW_TEXT) {
              continue;
            }
            for (PeerType peer : List.of(PeerType.SHAREOBJECT, PeerType.HEAP)) {
              cases.add(
                  call(
                      params(
                          "op",
                          op,
                          "entries",
                          entries,
                          "threads",
                          threads,
                          "keys",
                          keys.label(),
                          "peer",
                          peer.label()),
                      peer,
                      op,
                      jmhParams(peer, entries, keys),
                      threads));
            }
          }
        }
      }
    }
    return suite("heap", 2, 7, cases);
  }

  private Suite peers() {
    List<Case> cases = new ArrayList<>();
    for (String op : List.of("get", "set")) {
      for (int entries : quick ? List.of(SMALL) : List.of(SMALL, LARGE)) {
        for (int threads : List.of(1, 2)) {
          for (PeerType peer : quick && threads == 2 ? twoThreads(op) : peers) {
            cases.add(
                call(
                    params("op", op, "entries", entries, "threads", threads, "peer", peer.label()),
                    peer,
                    op,
                    jmhParams(peer, entries, KeyKind.BYTES),
                    threads));
          }
        }
      }
    }
    return suite("peers", 2, 5, cases);
  }

  /** Returns of which peers the quick set has a call by two threads: those of a goal. */
  private static List<PeerType> twoThreads(String op) {
    return op.equals("get") ? List.of(PeerType.SHAREOBJECT, PeerType.CHRONICLE) : List.of();
  }

  /** How the cost grows with the number of entries. */
  private Suite sizes() {
    List<Case> cases = new ArrayList<>();
    List<Integer> sizes =
        quick
            ? List.of(SMALL, 20_000, 100_000, LARGE, HUGE)
            : List.of(SMALL, 10_000, 50_000, 200_000, LARGE, 3 * LARGE, HUGE);
    List<PeerType> wanted =
        quick
            ? List.of(PeerType.SHAREOBJECT, PeerType.HEAP)
            : List.of(PeerType.SHAREOBJECT, PeerType.HEAP, PeerType.CHRONICLE, PeerType.LMDB);
    for (int entries : sizes) {
      for (PeerType peer : quick && entries == HUGE ? wanted.subList(0, 1) : wanted) {
        cases.add(
            call(
                params("op", "get", "entries", entries, "peer", peer.label()),
                peer,
                "get",
                jmhParams(peer, entries, KeyKind.BYTES),
                1));
      }
    }
    return suite("sizes", 2, 5, cases);
  }

  /** How the cost grows with the length of values. */
  private Suite values() {
    List<Case> cases = new ArrayList<>();
    for (String op : List.of("get", "set")) {
      for (int valueBytes :
          quick ? List.of(64 << 10) : List.of(VALUE_BYTES, 1 << 10, 64 << 10, 1 << 20)) {
        int entries = valueBytes < 1 << 20 ? SMALL : SMALL / 10;
        for (PeerType peer :
            available(quick ? SHARED.subList(0, 2) : with(SHARED, PeerType.HEAP))) {
          Map<String, String> params = jmhParams(peer, entries, KeyKind.BYTES);
          params.put("valueBytes", Integer.toString(valueBytes));
          cases.add(
              call(
                  params("op", op, "value", valueBytes, "entries", entries, "peer", peer.label()),
                  peer,
                  op,
                  params,
                  1));
        }
      }
    }
    return suite("values", 1, 3, cases);
  }

  /** Reads and writes mixed, all keys alike or some more often. */
  private Suite mixes() {
    List<Case> cases = new ArrayList<>();
    for (String op : quick ? List.of("mixed95") : List.of("mixed95", "mixed50")) {
      for (boolean zipf : List.of(false, true)) {
        for (int threads : quick ? List.of(2) : List.of(1, 2)) {
          for (PeerType peer :
              available(quick ? SHARED.subList(0, 2) : with(SHARED, PeerType.HEAP))) {
            Map<String, String> params = jmhParams(peer, LARGE / 10, KeyKind.BYTES);
            params.put("zipf", Boolean.toString(zipf));
            cases.add(
                call(
                    params(
                        "mix",
                        op.equals("mixed95") ? "95/5" : "50/50",
                        "order",
                        zipf ? "Zipf" : "uniform",
                        "threads",
                        threads,
                        "peer",
                        peer.label()),
                    peer,
                    op,
                    params,
                    threads));
          }
        }
      }
    }
    return suite("mixes", 1, 3, cases);
  }

  private Suite percentiles() {
    List<Case> cases = new ArrayList<>();
    for (String op : quick ? List.of("get") : List.of("get", "set")) {
      for (PeerType peer : available(with(SHARED, PeerType.HEAP))) {
        cases.add(
            new Case(
                params("op", op, "peer", peer.label()),
                folder ->
                    jmh.percentiles(
                        folder,
                        MapBenchmark.class,
                        op,
                        peer,
                        jmhParams(peer, LARGE / 10, KeyKind.BYTES))));
      }
    }
    return suite("percentiles", 1, 5, cases);
  }

  /** A reader's latency alone and while another process overwrites the same keys. */
  private Suite besideWriter() {
    List<Case> cases = new ArrayList<>();
    for (int entries : quick ? List.of(SMALL) : List.of(SMALL, LARGE)) {
      for (PeerType peer : available(quick ? List.of(PeerType.SHAREOBJECT) : SHARED)) {
        for (boolean beside : List.of(false, true)) {
          Map<String, String> params = jmhParams(peer, entries, KeyKind.BYTES);
          params.put("besideWriter", Boolean.toString(beside));
          cases.add(
              new Case(
                  params(
                      "entries",
                      entries,
                      "peer",
                      peer.label(),
                      "reader",
                      beside ? "beside a writer" : "alone"),
                  folder -> jmh.percentiles(folder, MapBenchmark.class, "get", peer, params)));
        }
      }
    }
    return suite("beside-writer", 2, 5, cases);
  }

  private Suite addon() {
    List<Case> cases = new ArrayList<>();
    for (String op : List.of("read", "write")) {
      for (String way : List.of("ShareObject", "MappingInC", "MappingInJava")) {
        String label =
            switch (way) {
              case "MappingInC" -> "open and map at each call, C by JNI";
              case "MappingInJava" -> "open and map at each call, Java";
              default -> "ShareObject";
            };
        cases.add(
            new Case(
                params("op", op, "way", label),
                folder ->
                    jmh.average(
                        folder, AddonBenchmark.class, op + way, PeerType.HEAP, Map.of(), 1)));
      }
    }
    return suite("addon", 2, 5, cases);
  }

  /** JCache by several providers, and the map that ours stands on. */
  private Suite jcache() {
    List<Case> cases = new ArrayList<>();
    List<CacheType> wanted =
        quick
            ? List.of(CacheType.SHAREMAP, CacheType.SHAREOBJECT, CacheType.EHCACHE_OFF_HEAP)
            : List.of(CacheType.values());
    for (String op : List.of("get", "put", "invoke")) {
      for (int entries : quick ? List.of(SMALL) : List.of(SMALL, LARGE / 10)) {
        for (CacheType type : wanted) {
          cases.add(
              new Case(
                  params("op", op, "entries", entries, "peer", type.label()),
                  folder ->
                      jmh.average(
                          folder,
                          CacheBenchmark.class,
                          op,
                          PeerType.HEAP,
                          params("type", type.name(), "entries", entries),
                          1)));
        }
      }
    }
    return suite("jcache", 2, 5, cases);
  }

  private Suite processes() {
    List<Case> cases = new ArrayList<>();
    for (String op : quick ? List.of("GET") : List.of("GET", "SET")) {
      for (PeerType peer : available(quick ? SHARED.subList(0, 2) : SHARED)) {
        for (int processes : quick ? List.of(1, 2) : List.of(1, 2, 4)) {
          cases.add(
              new Case(
                  params(
                      "op",
                      op.toLowerCase(java.util.Locale.ROOT),
                      "peer",
                      peer.label(),
                      "processes",
                      processes),
                  folder -> children.throughput(folder, peer, op, SMALL, processes)));
        }
      }
    }
    return suite("processes", 2, 5, cases);
  }

  /** Processes that add to one counter. */
  private Suite counters() {
    List<Case> cases = new ArrayList<>();
    List<PeerType> wanted =
        List.of(PeerType.SHAREOBJECT, PeerType.CHRONICLE, PeerType.LMDB, PeerType.REDIS_UNIX);
    for (PeerType peer : available(wanted)) {
      for (int processes : quick ? List.of(2) : List.of(1, 2, 4)) {
        cases.add(
            new Case(
                params("peer", peer.label(), "processes", processes),
                folder -> children.throughput(folder, peer, "INCREMENT", 1, processes)));
      }
    }
    return suite("counters", 1, 5, cases);
  }

  private Suite await() {
    List<Case> cases = new ArrayList<>();
    for (String way : List.of("ShareMap.await", "ShareObject.await", "Redis BLPOP")) {
      if (!way.startsWith("Redis") || peers.contains(PeerType.REDIS_UNIX)) {
        cases.add(new Case(params("way", way), folder -> children.wakeUps(folder, way)));
      }
    }
    return suite("await", 1, 5, cases);
  }

  /** What it costs a set that others sleep until other keys change. */
  private Suite sleepers() {
    List<Case> cases = new ArrayList<>();
    for (int sleepers : List.of(1, 100, 1000)) {
      cases.add(
          new Case(
              params("sleepers", sleepers), folder -> children.besideSleepers(folder, sleepers)));
    }
    return suite("sleepers", 1, 5, cases);
  }

  /** What it costs a set that another process listens to all changes. */
  private Suite listeners() {
    List<Case> cases = new ArrayList<>();
    for (int processes : List.of(1, 4)) {
      for (int listeners : List.of(0, 1)) {
        cases.add(
            new Case(
                params("listeners", listeners, "processes", processes),
                folder -> children.besideListeners(folder, listeners, processes)));
      }
    }
    return suite("listeners", 1, 5, cases);
  }

  private Suite stampede() {
    List<Case> cases = new ArrayList<>();
    for (PeerType peer : List.of(PeerType.SHAREOBJECT, PeerType.CHRONICLE)) {
      cases.add(
          new Case(params("peer", peer.label()), folder -> children.stampede(folder, peer, 10)));
    }
    return suite("stampede", 1, 5, cases);
  }

  /** How long it takes to open a store of 1 GiB. */
  private Suite open() {
    List<Case> cases = new ArrayList<>();
    int entries = 3_900_000; // which is 1 GiB of file
    List<PeerType> wanted =
        quick
            ? List.of(PeerType.SHAREOBJECT)
            : List.of(PeerType.SHAREOBJECT, PeerType.CHRONICLE, PeerType.LMDB);
    for (PeerType peer : wanted) {
      cases.add(
          new Case(
              params("peer", peer.label()), folder -> children.openTimes(folder, peer, entries)));
    }
    return suite("open", 1, 5, cases);
  }

  private Suite memory() {
    List<Case> cases = new ArrayList<>();
    for (PeerType peer : peers) {
      if (quick && peer != PeerType.SHAREOBJECT && peer != PeerType.HEAP) {
        continue;
      }
      cases.add(
          new Case(
              params("peer", peer.label()), folder -> children.footprint(folder, peer, LARGE)));
    }
    return suite("memory", 1, 1, cases);
  }

  private Suite kills() {
    List<Case> cases = new ArrayList<>();
    List<PeerType> wanted =
        quick
            ? List.of(PeerType.SHAREOBJECT)
            : List.of(PeerType.SHAREOBJECT, PeerType.LMDB, PeerType.CHRONICLE);
    for (PeerType peer : wanted) {
      for (boolean kill : List.of(false, true)) {
        cases.add(
            new Case(
                params("peer", peer.label(), "writer", kill ? "killed each second" : "lives"),
                folder -> children.survivor(folder, peer, kill, quick ? 5 : 20)));
      }
    }
    return suite("kills", 1, 1, cases);
  }

  private Suite eviction() {
    List<Case> cases = new ArrayList<>();
    int keys = quick ? 100_000 : LARGE;
    for (String trace : List.of("ZIPF", "ZIPF_SCANS", "ZIPF_DRIFTING")) {
      for (int share : SHARES) {
        cases.add(
            new Case(
                params("trace", trace, "room", room(share)),
                folder -> children.hitRatios(folder, trace, keys, share)));
      }
    }
    cases.addAll(recorded(trace -> !LOOPS.contains(trace)));
    return suite("eviction", 1, 1, cases);
  }

  private Suite loops() {
    return suite("loops", 1, 1, recorded(LOOPS::contains));
  }

  private List<Case> recorded(Predicate<String> wanted) {
    List<Case> cases = new ArrayList<>();
    for (Path trace : traces()) {
      String name = trace.getFileName().toString().split("\\.")[0];
      for (int share : wanted.test(name) ? SHARES : List.<Integer>of()) {
        cases.add(
            new Case(
                params("trace", name, "room", room(share)),
                folder -> children.hitRatios(folder, trace, share)));
      }
    }
    return cases;
  }

  private static String room(int share) {
    return share + " % of its keys";
  }

  private List<Path> traces() {
    if (options.traces() == null) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(options.traces())) {
      return files.filter(Files::isRegularFile).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<PeerType> with(List<PeerType> some, PeerType another) {
    List<PeerType> all = new ArrayList<>(some);
    all.add(1, another);
    return all;
  }
}
