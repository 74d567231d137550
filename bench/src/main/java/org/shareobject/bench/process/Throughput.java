package org.shareobject.bench.process;

import org.shareobject.bench.peer.Peer;
import org.shareobject.bench.peer.Session;
import org.shareobject.bench.peer.Spec;
import org.shareobject.bench.peer.Visits;

/**
 * Calls as fast as it can: settings {@code op}, {@code warmMs}, {@code runMs}, {@code seed}. Says
 * {@code ready} when warm, begins at a line, and answers {@code done <calls per second>}.
 */
final class Throughput implements Job {
  private static final int BATCH = 512;
  private static final double NANOS_PER_S = 1e9;

  private int sink;

  @Override
  public void run(Settings settings, Parent parent) throws Exception {
    Spec spec = settings.spec();
    Op op = Op.valueOf(settings.text("op"));
    byte[] value = new byte[spec.valueBytes()];
    try (Peer peer = settings.peer().open(spec);
        Session session = peer.session()) {
      Visits visits = new Visits(spec, false, settings.number("seed"));
      loop(session, visits, op, value, settings.number("warmMs"));
      parent.say("ready");
      parent.listen();
      double rate = loop(session, visits, op, value, settings.number("runMs"));
      parent.say("done " + rate);
      parent.listen();
    }
  }

  private double loop(Session session, Visits visits, Op op, byte[] value, long millis) {
    long begin = System.nanoTime();
    long end = begin + millis * 1_000_000;
    long calls = 0;
    long now;
    do {
      sink += batch(session, visits, op, value);
      calls += BATCH;
      now = System.nanoTime();
    } while (now < end);
    return calls * NANOS_PER_S / (now - begin);
  }

  private static int batch(Session session, Visits visits, Op op, byte[] value) {
    int sum = 0;
    for (int i = 0; i < BATCH; i++) {
      sum += op.apply(session, visits.next(), value);
    }
    return sum;
  }
}
