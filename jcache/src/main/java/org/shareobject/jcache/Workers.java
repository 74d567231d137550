package org.shareobject.jcache;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** A daemon thread that is started when it has something to do. */
final class Workers {
  private static final long SECONDS = 10;

  private final String name;
  private final ClassLoader loader;
  private ExecutorService executor;
  private volatile Thread thread;
  private boolean closed;

  Workers(String name, ClassLoader loader) {
    this.name = name;
    this.loader = loader;
  }

  /** Has the thread do it after what it was told before; nothing if it is closed. */
  synchronized void execute(Runnable task) {
    if (closed) {
      return;
    }
    if (executor == null) {
      executor =
          Executors.newSingleThreadExecutor(
              first -> {
                Thread created = new Thread(first, name);
                created.setDaemon(true);
                created.setContextClassLoader(loader);
                thread = created;
                return created;
              });
    }
    executor.execute(task);
  }

  /** Lets the thread finish what it was told, for at most 10 s, and ends it. */
  void close() {
    ExecutorService ending;
    synchronized (this) {
      closed = true;
      ending = executor;
    }
    if (ending == null) {
      return;
    }
    ending.shutdown();
    if (Thread.currentThread() == thread) {
      return;
    }
    try {
      if (!ending.awaitTermination(SECONDS, TimeUnit.SECONDS)) {
        ending.shutdownNow();
      }
    } catch (InterruptedException e) {
      ending.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
