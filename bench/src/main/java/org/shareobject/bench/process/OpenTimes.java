package org.shareobject.bench.process;

import org.HdrHistogram.Histogram;
import org.shareobject.bench.peer.Peer;
import org.shareobject.bench.peer.PeerType;
import org.shareobject.bench.peer.Spec;

/**
 * Opens an existing store again and again: setting {@code times}. Answers {@code first}, which
 * loads classes and libraries too, and {@code again}, the median of the others; ms.
 */
final class OpenTimes implements Job {
  private static final int DIGITS = 3;
  private static final double NANOS_PER_MS = 1e6;

  @Override
  public void run(Settings settings, Parent parent) {
    Spec spec = settings.spec();
    PeerType type = settings.peer();
    long first = open(type, spec);
    Histogram times = new Histogram(DIGITS);
    for (int i = 0; i < settings.number("times"); i++) {
      times.recordValue(open(type, spec));
    }
    parent.say("first " + first / NANOS_PER_MS);
    parent.say("again " + times.getValueAtPercentile(50) / NANOS_PER_MS);
  }

  private static long open(PeerType type, Spec spec) {
    long begin = System.nanoTime();
    Peer peer = type.open(spec);
    long end = System.nanoTime();
    peer.close();
    return end - begin;
  }
}
