package org.shareobject.ipc;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Predicate;
import org.shareobject.internal.process.Uncaught;

/**
 * The listeners of a channel, and the messages that wait for one.
 *
 * <p>A message is kept until somebody listens to it. The thread that reads calls the listeners
 * itself. Kept messages are delivered by a thread of their own, which ends after the last; what is
 * read meanwhile is kept too, so that listeners see all messages in order and one at a time.
 *
 * <p>A handle is open until the listeners have returned, and longer only if one of them took it.
 * Only a few are kept for a first listener, because each costs a descriptor.
 */
final class Inbox {
  /** How many handles may wait to be listened to. */
  static final int MOST_HANDLES = 64;

  private final long mostBytes;
  private final String name;
  private final List<Route> routes = new ArrayList<>();
  private final List<Runnable> disconnectListeners = new ArrayList<>();
  private final ArrayDeque<Kept> kept = new ArrayDeque<>();
  private long keptBytes;
  private int keptHandles;
  private boolean isTelling;
  private boolean isKeptAlive;
  private boolean isDisconnected;
  private boolean isClosed;

  Inbox(Limits limits, String name) {
    mostBytes = limits.queuedBytes();
    this.name = name;
  }

  /** A listener and its filter; a null filter accepts all messages that no other filter takes. */
  private record Route(Predicate<JsonNode> filter, MessageListener listener) {}

  private record Kept(JsonNode message, Handle handle, long cost) {
    static Kept of(JsonNode message, Handle handle) {
      return new Kept(message, handle, HeapCost.kept(message, handle != null));
    }

    int handles() {
      return handle == null ? 0 : 1;
    }
  }

  /** Adds a listener; null as filter: to all that no filter takes. */
  void listen(Predicate<JsonNode> filter, MessageListener listener) {
    synchronized (this) {
      routes.add(new Route(filter, listener));
      keepAlive();
      if (kept.isEmpty() || isTelling) {
        return;
      }
      isTelling = true;
    }
    Thread teller = new Thread(this::tellKept, name + " early messages");
    teller.setDaemon(false);
    try {
      teller.start();
    } catch (OutOfMemoryError e) {
      synchronized (this) {
        isTelling = false;
        notifyAll();
      }
      throw e;
    }
  }

  /** Adds a listener for the end of the channel, called at once if the channel has ended. */
  void listenToEnd(Runnable listener) {
    synchronized (this) {
      if (!isDisconnected || isTelling) {
        disconnectListeners.add(listener);
        keepAlive();
        return;
      }
    }
    run(listener);
  }

  private void keepAlive() {
    if (!isKeptAlive && !isDisconnected) {
      isKeptAlive = true;
      KeepAlive.enter();
    }
  }

  /** Passes a message to the listeners, or keeps it for them. Waits while too much is kept. */
  void deliver(JsonNode message, Handle handle) throws InterruptedException {
    List<MessageListener> listeners = listenersOrKeep(message, handle);
    if (!listeners.isEmpty()) {
      tell(listeners, message, handle);
    }
  }

  /** Returns whether a message with a handle has a listener, or can be kept. */
  synchronized boolean takesHandle(JsonNode message) {
    return keptHandles < MOST_HANDLES || !listeners(message).isEmpty();
  }

  /** Returns the listeners to call now; none if the message was kept or dropped. */
  private synchronized List<MessageListener> listenersOrKeep(JsonNode json, Handle handle)
      throws InterruptedException {
    Kept message = null;
    while (true) {
      List<MessageListener> listeners = isTelling ? List.of() : listeners(json);
      if (!listeners.isEmpty()) {
        return listeners;
      }
      if (message == null) {
        message = Kept.of(json, handle);
      }
      if (isClosed) {
        drop(message);
        return listeners;
      }
      if (hasRoom(message)) {
        kept.add(message);
        count(message, 1);
        return listeners;
      }
      wait();
    }
  }

  private boolean hasRoom(Kept message) {
    return kept.isEmpty()
        || (message.cost() <= mostBytes - keptBytes
            && message.handles() <= MOST_HANDLES - keptHandles);
  }

  private void count(Kept message, int sign) {
    keptBytes += sign * message.cost();
    keptHandles += sign * message.handles();
  }

  /** Reports the end of the channel, after all messages that were read before. */
  void disconnected() {
    boolean isTold;
    boolean wasKeptAlive;
    synchronized (this) {
      isDisconnected = true;
      isTold = isTelling; // by who tells what was kept
      wasKeptAlive = isKeptAlive;
    }
    if (!isTold) {
      tellEnd();
    }
    if (wasKeptAlive) {
      KeepAlive.leave();
    }
  }

  /** Drops what was kept. */
  synchronized void close() {
    isClosed = true;
    kept.forEach(Inbox::drop);
    kept.clear();
    keptBytes = 0;
    keptHandles = 0;
    notifyAll();
  }

  private static void drop(Kept message) {
    if (message.handle() != null) {
      message.handle().drop();
    }
  }

  private void tellKept() {
    for (Kept next = nextKept(); next != null; next = nextKept()) {
      List<MessageListener> listeners;
      synchronized (this) {
        listeners = listeners(next.message());
      }
      tell(listeners, next.message(), next.handle());
    }
    if (isDisconnected()) {
      tellEnd();
    }
  }

  /** Returns the next kept message with a listener; if none, the reader delivers again. */
  private synchronized Kept nextKept() {
    for (Iterator<Kept> all = kept.iterator(); all.hasNext(); ) {
      Kept next = all.next();
      if (!listeners(next.message()).isEmpty()) {
        all.remove();
        count(next, -1);
        notifyAll();
        return next;
      }
    }
    isTelling = false;
    notifyAll();
    return null;
  }

  private synchronized boolean isDisconnected() {
    return isDisconnected;
  }

  private void tellEnd() {
    while (true) {
      List<Runnable> listeners;
      synchronized (this) {
        listeners = List.copyOf(disconnectListeners);
        disconnectListeners.clear();
      }
      if (listeners.isEmpty()) {
        return;
      }
      listeners.forEach(Inbox::run);
    }
  }

  /** Only the first filter that accepts a message gets it. */
  private List<MessageListener> listeners(JsonNode message) {
    List<MessageListener> unfiltered = new ArrayList<>();
    for (Route route : routes) {
      if (route.filter() == null) {
        unfiltered.add(route.listener());
      } else if (takes(route.filter(), message)) {
        return List.of(route.listener());
      }
    }
    return unfiltered;
  }

  private static boolean takes(Predicate<JsonNode> filter, JsonNode message) {
    try {
      return filter.test(message);
    } catch (RuntimeException | Error e) {
      Uncaught.tell(e);
      return false;
    }
  }

  /** Passes a message to all listeners, then closes its handle unless one took it. */
  static void tell(List<MessageListener> listeners, JsonNode message, Handle handle) {
    for (MessageListener listener : listeners) {
      try {
        listener.message(message, handle);
      } catch (RuntimeException | Error e) {
        Uncaught.tell(e);
      }
    }
    if (handle != null) {
      handle.drop();
    }
  }

  private static void run(Runnable listener) {
    try {
      listener.run();
    } catch (RuntimeException | Error e) {
      Uncaught.tell(e);
    }
  }
}
