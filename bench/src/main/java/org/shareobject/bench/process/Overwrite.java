package org.shareobject.bench.process;

import java.util.concurrent.atomic.AtomicBoolean;
import org.shareobject.bench.peer.Peer;
import org.shareobject.bench.peer.Session;
import org.shareobject.bench.peer.Spec;
import org.shareobject.bench.peer.Visits;

/** Stores random values until the parent is gone or kills it; begins at a line. */
final class Overwrite implements Job {
  private static final int WARM_CALLS = 20_000;

  @Override
  public void run(Settings settings, Parent parent) throws Exception {
    Spec spec = settings.spec();
    byte[] value = new byte[spec.valueBytes()];
    try (Peer peer = settings.peer().open(spec);
        Session session = peer.session()) {
      Visits visits = new Visits(spec, false, ProcessHandle.current().pid());
      for (int i = 0; i < WARM_CALLS; i++) {
        session.set(visits.next(), value);
      }
      parent.say("ready");
      if (parent.listen() == null) {
        return;
      }
      AtomicBoolean gone = new AtomicBoolean();
      parent.whenGone(() -> gone.set(true));
      while (!gone.getPlain()) {
        session.set(visits.next(), value);
      }
    }
  }
}
