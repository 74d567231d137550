package org.shareobject.jcache;

import java.lang.System.Logger.Level;

/** Closes what users have handed to a cache. */
final class Closing {
  static final System.Logger LOGGER = System.getLogger("org.shareobject.jcache");

  private Closing() {}

  /** Closes an object if it can be closed; what that throws is logged. */
  static void quietly(Object object) {
    if (object instanceof AutoCloseable closeable) {
      try {
        closeable.close();
      } catch (Exception e) {
        if (e instanceof InterruptedException) {
          Thread.currentThread().interrupt();
        }
        LOGGER.log(Level.WARNING, "closing a " + object.getClass().getName() + " failed", e);
      }
    }
  }
}
