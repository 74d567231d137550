package org.shareobject.bench.peer;

import java.util.SplittableRandom;

/** Fills peers. */
public final class Filler {
  private Filler() {}

  /** Stores all entries that a peer was set up for, with random values. */
  public static void fill(Peer peer, Spec spec) throws Exception {
    SplittableRandom random = new SplittableRandom(1);
    byte[] value = new byte[spec.valueBytes()];
    try (Session session = peer.session()) {
      for (int i = 0; i < spec.entries(); i++) {
        random.nextBytes(value);
        session.load(spec.keys().isText() ? Keys.text(i) : Keys.bytes(i), value);
      }
    }
  }
}
