package org.shareobject.jcache;

import java.lang.System.Logger.Level;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import javax.cache.event.EventType;
import org.shareobject.MapChange;
import org.shareobject.ShareMap;
import org.shareobject.Versioned;

/**
 * Hears from the map what is not done through this cache, and tells its listeners. While there are
 * none, it does not listen, and the map keeps no changes.
 *
 * <p>The map's thread passes the changes to the cache's thread for events, at most {@link #AHEAD}
 * of them. So slow listeners slow it down, and the map tells it when it falls behind.
 */
final class Others<K, V> {
  private static final int AHEAD = 1024;
  private static final long LOOK_NANOS = 1_000_000;

  private final Entries<K, V> entries;
  private final Workers worker;
  private final AtomicInteger ahead = new AtomicInteger();

  /** Null if nobody listens; guarded by this. */
  private ShareMap.Registration registration;

  private volatile boolean closed;

  Others(Entries<K, V> entries, Workers worker) {
    this.entries = entries;
    this.worker = worker;
  }

  /**
   * Begins to listen, if there are listeners, or ends it.
   *
   * @throws javax.cache.CacheException if the map has no room to keep changes
   */
  synchronized void update() {
    boolean wanted = !closed && !entries.listeners.none();
    if (wanted && registration == null) {
      registration = entries.store.onChange(this::heard);
    } else if (!wanted && registration != null) {
      registration.close();
      registration = null;
    }
  }

  void close() {
    closed = true;
    update();
  }

  /** Called by the map's thread. */
  private void heard(MapChange<byte[]> change) {
    EventType type =
        switch (change.kind()) {
          case CREATED -> EventType.CREATED;
          case UPDATED -> EventType.UPDATED;
          case REMOVED -> EventType.REMOVED;
          case EXPIRED -> EventType.EXPIRED;
          case EVICTED, CLEARED, MISSED -> null;
        };
    if (change.kind() == MapChange.Kind.MISSED) {
      awaitRoom();
      pass(() -> entries.listeners.missed(change.missed()));
    } else if (type != null && !change.own() && entries.listeners.want(type)) {
      awaitRoom();
      entries.afterPublished(change.key(), () -> pass(() -> tell(type, change)));
    }
  }

  private void awaitRoom() {
    while (!closed && ahead.get() >= AHEAD) {
      LockSupport.parkNanos(LOOK_NANOS);
    }
  }

  private void pass(Runnable told) {
    ahead.incrementAndGet();
    worker.execute(
        () -> {
          ahead.decrementAndGet();
          if (!closed) {
            run(told);
          }
        });
  }

  private void run(Runnable told) {
    try {
      told.run();
    } catch (RuntimeException e) {
      if (!closed) {
        Closing.LOGGER.log(Level.WARNING, "telling what another process did failed", e);
      }
    }
  }

  /** Tells a change with the value of now, if the key still has one. */
  private void tell(EventType type, MapChange<byte[]> change) {
    K key = entries.keys.decode(change.key(), 0);
    if (key == null) {
      return; // this process cannot have such a key
    }
    V value = null;
    if (type == EventType.CREATED || type == EventType.UPDATED) {
      Versioned<byte[]> entry = entries.store.getVersioned(change.key());
      if (entry != null
          && entry.version() == change.version()
          && Entries.isTouched(entry.value())) {
        return; // nothing but a deadline was set
      }
      value = entry == null ? null : entries.alive(entry.value());
    }
    entries.listeners.publishLater(type, key, value);
  }
}
