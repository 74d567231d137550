package org.shareobject.jcache;

import java.lang.System.Logger.Level;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Looks once a second whether another process has destroyed a cache that is open here, and closes
 * it then. One daemon thread for all caches of the process, which ends with the last of them.
 */
final class Watch {
  private static final long PERIOD_MS = 1000;
  private static final Set<ShareCache<?, ?>> CACHES = ConcurrentHashMap.newKeySet();

  /** Guarded by the class. */
  private static Thread thread;

  private Watch() {}

  static synchronized void add(ShareCache<?, ?> cache) {
    CACHES.add(cache);
    if (thread == null) {
      thread = new Thread(Watch::run, "shareobject-jcache-watch");
      thread.setDaemon(true);
      thread.setContextClassLoader(null);
      thread.start();
    }
  }

  static synchronized void remove(ShareCache<?, ?> cache) {
    CACHES.remove(cache);
    if (CACHES.isEmpty() && thread != null) {
      if (thread != Thread.currentThread()) {
        thread.interrupt();
      }
      thread = null;
    }
  }

  private static synchronized boolean isWanted() {
    return thread == Thread.currentThread();
  }

  private static void run() {
    try {
      while (isWanted()) {
        Thread.sleep(PERIOD_MS);
        for (ShareCache<?, ?> cache : CACHES) {
          look(cache);
        }
      }
    } catch (InterruptedException e) {
      // The last cache was closed.
    }
  }

  private static void look(ShareCache<?, ?> cache) {
    try {
      if (cache.isGone()) {
        Closing.LOGGER.log(
            Level.WARNING,
            "the cache {0} was destroyed by another process, and is closed here",
            cache.getName());
        cache.close();
      }
    } catch (RuntimeException e) {
      Closing.LOGGER.log(Level.WARNING, "closing the cache " + cache.getName() + " failed", e);
    }
  }
}
