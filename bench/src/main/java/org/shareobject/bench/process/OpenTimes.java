package org.shareobject.bench.process;

import java.util.Arrays;
import org.shareobject.bench.peer.Peer;
import org.shareobject.bench.peer.PeerType;
import org.shareobject.bench.peer.Spec;

/**
 * Opens an existing store again and again: setting {@code times}. Answers {@code first}, which
 * loads classes and libraries too, and {@code again}, the median of the others; ms.
 */
final class OpenTimes implements Job {
  private static final double NANOS_PER_MS = 1e6;

  @Override
  public void run(Settings settings, Parent parent) {
    Spec spec = settings.spec();
    PeerType type = settings.peer();
    double first = open(type, spec);
    double[] times = new double[settings.number("times")];
    for (int i = 0; i < times.length; i++) {
      times[i] = open(type, spec);
    }
    Arrays.sort(times);
    parent.say("first " + first);
    parent.say("again " + times[times.length / 2]);
  }

  private static double open(PeerType type, Spec spec) {
    long begin = System.nanoTime();
    Peer peer = type.open(spec);
    long end = System.nanoTime();
    peer.close();
    return (end - begin) / NANOS_PER_MS;
  }
}
