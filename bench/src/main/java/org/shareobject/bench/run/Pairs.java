package org.shareobject.bench.run;

import static org.shareobject.bench.run.Case.params;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.shareobject.bench.peer.PeerType;
import org.shareobject.bench.process.Child;

/** The channel and what is kept by messages: pairs of processes, of JVMs or of Node. */
final class Pairs {
  private static final String BATCH = "100";

  private final boolean withNode;
  private final boolean quick;
  private final String runMs;

  Pairs(Options options, boolean withNode) {
    this.withNode = withNode;
    quick = options.quick();
    runMs = quick ? "700" : "2000";
  }

  /** Which process sends, and which receives. */
  private enum Pair {
    JAVA_JAVA("Java to Java", "java"),
    JAVA_NODE("Java to Node", "node"),
    NODE_NODE("Node to Node", "node");

    private final String label;
    private final String partner;

    Pair(String label, String partner) {
      this.label = label;
      this.partner = partner;
    }
  }

  /** Returns echoes and passed connections, each by each pair. */
  List<Case> channel() {
    List<Case> cases = new ArrayList<>();
    for (String atOnce : List.of("1", "100")) {
      for (Pair pair : pairs()) {
        String what = atOnce.equals("1") ? "echo, one at a time" : "echo, 100 on their way";
        cases.add(
            new Case(
                params("what", what, "pair", pair.label),
                folder ->
                    pair == Pair.NODE_NODE
                        ? node("echo.js", "drive", atOnce)
                        : java("Echo", folder, "partner=" + pair.partner, "atOnce=" + atOnce)));
      }
    }
    for (Pair pair : pairs()) {
      cases.add(
          new Case(
              params("what", "connections passed", "pair", pair.label),
              folder ->
                  pair == Pair.NODE_NODE
                      ? node("sockets.js", "drive", BATCH)
                      : java("Sockets", folder, "partner=" + pair.partner, "batch=" + BATCH)));
    }
    return cases;
  }

  /** Returns gets and sets by messages, beside those of a map. */
  List<Case> manager() {
    List<Case> cases = new ArrayList<>();
    for (String op : quick ? List.of("get") : List.of("get", "set")) {
      for (String atOnce : List.of("1", "100")) {
        String shown = atOnce.equals("1") ? "one" : atOnce;
        if (withNode) {
          cases.add(
              new Case(
                  params("op", op, "at once", shown, "way", "Node's Manager and User"),
                  folder -> node("user.js", op, atOnce)));
        }
        cases.add(
            new Case(
                params("op", op, "at once", shown, "way", "Manager and User"),
                folder -> java("UserCalls", folder, "op=" + op, "atOnce=" + atOnce)));
      }
      cases.add(
          new Case(
              params("op", op, "at once", "one", "way", "ShareMap"),
              folder -> java("TextCalls", folder, "op=" + op)));
    }
    return cases;
  }

  private List<Pair> pairs() {
    return withNode ? List.of(Pair.values()) : List.of(Pair.JAVA_JAVA);
  }

  private List<Measure> java(String job, Path folder, String... settings) {
    List<String> all = new ArrayList<>(List.of(settings));
    all.add("warmMs=" + (quick ? 4000 : 10_000)); // code of two JVMs is compiled meanwhile
    all.add("runMs=" + runMs);
    return rate(
        Child.start(
            job, PeerType.SHAREOBJECT, Children.spec(folder, 1), all.toArray(String[]::new)));
  }

  private List<Measure> node(String script, String what, String number) {
    return rate(Child.node(script, what, number, quick ? "1000" : "2000", runMs));
  }

  private static List<Measure> rate(Child driver) {
    try (driver) {
      return List.of(Measure.of("calls", "1/s", Double.parseDouble(driver.await("rate"))));
    }
  }
}
