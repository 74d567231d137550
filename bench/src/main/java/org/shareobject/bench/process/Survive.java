package org.shareobject.bench.process;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.shareobject.bench.peer.Peer;
import org.shareobject.bench.peer.Session;
import org.shareobject.bench.peer.Spec;
import org.shareobject.bench.peer.Visits;

/**
 * Reads and writes in turn while others are killed: settings {@code runMs}, {@code windowMs}. Says
 * {@code ready} when warm, begins at a line; answers {@code windows} with the longest call that
 * falls into each window, ns, and {@code failures} with the number of calls that threw.
 */
final class Survive implements Job {
  private static final int WARM_CALLS = 50_000;

  @Override
  public void run(Settings settings, Parent parent) throws Exception {
    Spec spec = settings.spec();
    long windowNs = settings.number("windowMs") * 1_000_000L;
    long[] longest = new long[settings.number("runMs") / settings.number("windowMs")];
    try (Peer peer = settings.peer().open(spec);
        Session session = peer.session()) {
      Visits visits = new Visits(spec, false, 1);
      byte[] value = new byte[spec.valueBytes()];
      for (int i = 0; i < WARM_CALLS; i++) {
        call(session, visits, value, i);
      }
      parent.say("ready");
      parent.listen();
      long failures = observe(session, visits, value, longest, windowNs);
      parent.say(
          "windows "
              + Arrays.stream(longest).mapToObj(Long::toString).collect(Collectors.joining(",")));
      parent.say("failures " + failures);
      parent.listen();
    }
  }

  private static long observe(
      Session session, Visits visits, byte[] value, long[] longest, long windowNs) {
    long failures = 0;
    long begin = System.nanoTime();
    long before = begin;
    for (int i = 0; ; i++) {
      try {
        call(session, visits, value, i);
      } catch (RuntimeException e) {
        failures++;
      }
      long now = System.nanoTime();
      int first = (int) ((before - begin) / windowNs);
      if (first >= longest.length) {
        return failures;
      }
      int last = (int) Math.min(longest.length - 1, (now - begin) / windowNs);
      for (int window = first; window <= last; window++) {
        longest[window] = Math.max(longest[window], now - before);
      }
      before = now;
    }
  }

  private static void call(Session session, Visits visits, byte[] value, int turn) {
    if ((turn & 1) == 0) {
      session.get(visits.next());
    } else {
      session.set(visits.next(), value);
    }
  }
}
