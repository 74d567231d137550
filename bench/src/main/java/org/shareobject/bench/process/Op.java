package org.shareobject.bench.process;

import org.shareobject.bench.peer.Session;

/** What a loop does with each key. */
enum Op {
  GET {
    @Override
    int apply(Session session, Object key, byte[] value) {
      return session.get(key).length;
    }
  },
  SET {
    @Override
    int apply(Session session, Object key, byte[] value) {
      session.set(key, value);
      return 0;
    }
  },
  INCREMENT {
    @Override
    int apply(Session session, Object key, byte[] value) {
      session.increment(key);
      return 0;
    }
  };

  abstract int apply(Session session, Object key, byte[] value);
}
