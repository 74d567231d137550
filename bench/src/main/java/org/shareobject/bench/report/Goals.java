package org.shareobject.bench.report;

import java.util.Optional;
import org.shareobject.bench.run.Numbers;
import org.shareobject.bench.run.Row;

/** What was promised, and what was measured: ratios of cases that were measured in turn. */
final class Goals {
  private static final String OURS = "ShareObject";
  private static final String HEAP = "ConcurrentHashMap";
  private static final String SMALL = "2000";
  private static final String LARGE = "1000000";
  private static final String HUGE = "10000000";

  private final Rows rows;
  private final StringBuilder table = new StringBuilder();

  Goals(Rows rows) {
    this.rows = rows;
  }

  /** Returns the table. */
  String table() {
    table.append("| | goal | measured | |\n|-|-:|-:|-|\n");
    heap();
    peers();
    jcache();
    rest();
    return table.toString();
  }

  private void heap() {
    for (String keys : new String[] {"byte[16]", "new String", "same String"}) {
      for (String threads : new String[] {"1", "2"}) {
        String who = keys + ", " + threads + (threads.equals("1") ? " thread" : " threads");
        atMost("get, 2,000 entries, to the heap's, " + who, 1.2, heap("get", SMALL, threads, keys));
        atMost("set, 2,000 entries, to the heap's, " + who, 1.5, heap("set", SMALL, threads, keys));
        atMost(
            "get, 1,000,000 entries, to the heap's, " + who,
            1.0,
            heap("get", LARGE, threads, keys));
      }
    }
  }

  private Optional<Double> heap(String op, String entries, String threads, String keys) {
    String[] params = {"op", op, "entries", entries, "threads", threads, "keys", keys};
    return ratio("heap", "time", with(params, "peer", OURS), with(params, "peer", HEAP));
  }

  private void peers() {
    for (String entries : new String[] {SMALL, LARGE}) {
      String at = ", " + Numbers.plain(Double.parseDouble(entries)) + " entries";
      atLeast(
          "get: times as fast as Chronicle Map, 1 thread" + at,
          4,
          peer("get", entries, "1", "Chronicle Map"));
      atLeast(
          "get: times as fast as Chronicle Map, 2 threads" + at,
          8,
          peer("get", entries, "2", "Chronicle Map"));
      atLeast("get: times as fast as lmdbjava" + at, 8, peer("get", entries, "1", "lmdbjava"));
      atLeast(
          "set: times as fast as Chronicle Map" + at,
          4,
          peer("set", entries, "1", "Chronicle Map"));
      atLeast("set: times as fast as lmdbjava" + at, 8, peer("set", entries, "1", "lmdbjava"));
    }
    atLeast(
        "get: times as fast as Redis, Unix socket",
        200,
        peer("get", SMALL, "1", "Redis, Unix socket"));
  }

  private Optional<Double> peer(String op, String entries, String threads, String peer) {
    String[] params = {"op", op, "entries", entries, "threads", threads};
    return ratio("peers", "time", with(params, "peer", peer), with(params, "peer", OURS));
  }

  private void jcache() {
    for (String op : new String[] {"get", "put", "invoke"}) {
      for (String entries : new String[] {SMALL, "100000"}) {
        String what = "JCache " + op + ", " + Numbers.plain(Double.parseDouble(entries));
        String[] params = {"op", op, "entries", entries};
        String[] ours = with(params, "peer", OURS);
        atMost(
            what + " entries, to ShareMap's",
            1.5,
            ratio("jcache", "time", ours, with(params, "peer", "ShareMap")));
        atMost(
            what + " entries, to Ehcache's off-heap",
            1.0,
            ratio("jcache", "time", ours, with(params, "peer", "Ehcache, off-heap")));
      }
    }
  }

  private void rest() {
    for (String op : new String[] {"read", "write"}) {
      String[] params = {"op", op};
      atLeast(
          "ShareObject." + op + ": times as fast as mapping at each call in C",
          10,
          ratio(
              "addon",
              "time",
              with(params, "way", "open and map at each call, C by JNI"),
              with(params, "way", OURS)));
    }
    String[] get = {"op", "get", "peer", OURS};
    atMost(
        "get: 10,000,000 entries to 1,000,000",
        1.3,
        ratio("sizes", "time", with(get, "entries", HUGE), with(get, "entries", LARGE)));
    atLeast(
        "reads of 2 processes to 1",
        1.9,
        ratio("processes", "calls", with(get, "processes", "2"), with(get, "processes", "1")));
    String[] reader = {"peer", OURS, "entries", SMALL};
    atMost(
        "a reader's p99.9 beside a writer, to alone",
        2,
        ratio(
            "beside-writer",
            "p99.9",
            with(reader, "reader", "beside a writer"),
            with(reader, "reader", "alone")));
    atMost("opening a map of 1 GiB, ms", 2, value("open", "later"));
    atMost("overhead of an entry at 80 % fill, bytes", 40, value("memory", "over key and value"));
  }

  private Optional<Double> value(String suite, String metric) {
    return rows.find(suite, metric, "peer", OURS).map(Row::median);
  }

  private Optional<Double> ratio(String suite, String metric, String[] one, String[] other) {
    Optional<Row> first = rows.find(suite, metric, one);
    return rows.find(suite, metric, other).flatMap(row -> first.map(f -> f.ratioTo(row)));
  }

  private static String[] with(String[] params, String name, String value) {
    String[] longer = java.util.Arrays.copyOf(params, params.length + 2);
    longer[params.length] = name;
    longer[params.length + 1] = value;
    return longer;
  }

  private void atMost(String what, double goal, Optional<Double> measured) {
    line(what, "≤ ", goal, measured, measured.orElse(goal) <= goal);
  }

  private void atLeast(String what, double goal, Optional<Double> measured) {
    line(what, "≥ ", goal, measured, measured.orElse(goal) >= goal);
  }

  private void line(String what, String sign, double goal, Optional<Double> measured, boolean met) {
    measured.ifPresent(
        value ->
            table
                .append("| ")
                .append(what)
                .append(" | ")
                .append(sign)
                .append(Numbers.plain(goal))
                .append(" | ")
                .append(Numbers.plain(value))
                .append(met ? " | met |\n" : " | **missed** |\n"));
  }
}
