package org.shareobject.ipc;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Predicate;
import org.shareobject.internal.process.Uncaught;

/**
 * Who listens, and what nobody listened to yet.
 *
 * <p>A message is kept until somebody listens to it. The thread that reads calls the listeners
 * itself, but kept messages are told by a thread that ends with them; what is read meanwhile is
 * kept too, so that listeners see all in order and one at a time.
 *
 * <p>A handle is open until the listeners have returned, longer only if one of them took it. Few
 * are kept for a first listener: each costs a descriptor.
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

  /** A listener and what it listens to; filter null: all that no other one filters out. */
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
    teller.start();
  }

  /** Adds a listener to the end of the channel, which is told at once if that has come. */
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

  /** Tells the listeners, or keeps the message for them. Waits while too much is kept. */
  void deliver(JsonNode message, Handle handle) throws InterruptedException {
    List<MessageListener> listeners = listenersOrKeep(message, handle);
    if (!listeners.isEmpty()) {
      tell(listeners, message, handle);
    }
  }

  /** Returns whether a message with a handle would be told, or can be kept. */
  synchronized boolean takesHandle(JsonNode message) {
    return keptHandles < MOST_HANDLES || !listeners(message).isEmpty();
  }

  /** Returns those who are to be told now; none if the message was kept, or dropped. */
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

  /** Tells that the channel is at its end, after all that was read before. */
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

  /** Returns the next that somebody listens to; if there is none, the reader tells again. */
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

  /** The first filter that takes a message has it alone. */
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

  /** Has all listeners receive a message, whose handle is then closed unless one took it. */
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
