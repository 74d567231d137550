package org.shareobject.ipc;

/** Keeps the JVM alive, as in Node, while somebody listens to a connected channel. */
final class KeepAlive {
  private static int users;

  private KeepAlive() {}

  static synchronized void enter() {
    users++;
    if (users == 1) {
      Thread thread = new Thread(KeepAlive::await, "shareobject keep alive");
      thread.setDaemon(false);
      thread.start();
    }
  }

  static synchronized void leave() {
    users--;
    KeepAlive.class.notifyAll();
  }

  private static void await() {
    synchronized (KeepAlive.class) {
      while (users > 0) {
        try {
          KeepAlive.class.wait();
        } catch (InterruptedException e) {
          return; // somebody ends all threads
        }
      }
    }
  }
}
