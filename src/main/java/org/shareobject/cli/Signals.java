package org.shareobject.cli;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/**
 * Signals of the system. Reached by reflection: the JDK's {@code sun.misc.Signal}, which it keeps
 * for want of another, cannot be named without a warning that no annotation suppresses.
 */
final class Signals {
  private Signals() {}

  /**
   * Has a signal run something, in a thread of its own, instead of what the JVM does at it.
   *
   * @param name without {@code SIG}
   * @throws IllegalStateException if the JVM cannot handle it, as with {@code -Xrs}
   */
  static void handle(String name, Runnable action) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object proxy =
          Proxy.newProxyInstance(
              Signals.class.getClassLoader(),
              new Class<?>[] {handler},
              (self, method, args) -> {
                action.run();
                return null;
              });
      signal
          .getMethod("handle", signal, handler)
          .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
    } catch (InvocationTargetException e) {
      throw new IllegalStateException(
          "SIG" + name + " cannot be handled: " + e.getCause().getMessage(), e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("this JDK cannot handle signals: " + e, e);
    }
  }
}
