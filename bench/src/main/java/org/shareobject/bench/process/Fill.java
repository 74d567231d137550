package org.shareobject.bench.process;

import org.shareobject.bench.peer.Filler;
import org.shareobject.bench.peer.Peer;

/** Fills a store and ends. */
final class Fill implements Job {
  @Override
  public void run(Settings settings, Parent parent) throws Exception {
    try (Peer peer = settings.peer().open(settings.spec())) {
      Filler.fill(peer, settings.spec());
    }
    parent.say("filled");
  }
}
