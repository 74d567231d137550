package org.shareobject.cluster;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.shareobject.internal.process.Uncaught;

/**
 * Accepts the connections of a port and hands them to the workers in turn. As in Node, a worker is
 * offered the next connection when it has answered for the last one, so one that hangs gets no
 * more. Among those that have, the one that has taken the fewest is next. A connection that was
 * offered in vain, because the worker refused it or died first, goes to another one.
 */
final class Turns implements AutoCloseable {
  /** As many are accepted ahead; the others wait in the system's queue. */
  private static final int WAITING_AT_MOST = 64;

  private static final long PAUSE_MS = 100;

  private final String key;
  private final ServerSocketChannel acceptor;

  /** Workers that wait for a connection, the one that has waited longest first. */
  private final Set<ClusterMember> free = new LinkedHashSet<>();

  /** How many connections each worker has taken; a new one begins like the one that has most. */
  private final Map<ClusterMember, Long> taken = new HashMap<>();

  private final ArrayDeque<SocketChannel> waiting = new ArrayDeque<>();

  /** What each worker has not answered for. */
  private final Map<ClusterMember, SocketChannel> offered = new HashMap<>();

  private boolean isClosed;

  /** Begins to accept when there is a worker. */
  Turns(String key, ServerSocketChannel acceptor) {
    this.key = key;
    this.acceptor = acceptor;
    Thread thread = new Thread(this::acceptAll, "shareobject primary " + key);
    thread.setDaemon(true);
    thread.start();
  }

  /** Adds a worker, which knows the key by now. */
  synchronized void add(ClusterMember member) {
    long most = taken.values().stream().max(Long::compare).orElse(0L);
    if (!isClosed && taken.putIfAbsent(member, most) == null) {
      offerNext(member);
      notifyAll();
    }
  }

  /** Offers a worker no more; it may still answer for the last one. */
  synchronized void retire(ClusterMember member) {
    taken.remove(member);
    free.remove(member);
  }

  /** Removes a worker that takes nothing more; another one gets what it has not answered for. */
  synchronized void remove(ClusterMember member) {
    retire(member);
    SocketChannel unanswered = offered.remove(member);
    if (unanswered != null) {
      waiting.addFirst(unanswered);
      distribute();
    }
  }

  private void acceptAll() {
    while (isWanted()) {
      try {
        accepted(acceptor.accept());
      } catch (ClosedChannelException e) {
        return;
      } catch (IOException e) {
        Uncaught.tell(e); // such as the limit of open files
        pause();
      }
    }
  }

  private static void pause() {
    try {
      Thread.sleep(PAUSE_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized boolean isWanted() {
    while (!isClosed && (taken.isEmpty() || waiting.size() >= WAITING_AT_MOST)) {
      try {
        wait();
      } catch (InterruptedException e) {
        return false;
      }
    }
    return !isClosed;
  }

  private synchronized void accepted(SocketChannel connection) {
    if (isClosed) {
      close(connection);
      return;
    }
    waiting.add(connection);
    distribute();
  }

  private void distribute() {
    if (!free.isEmpty() && !waiting.isEmpty()) {
      ClusterMember next = Collections.min(free, Comparator.comparing(taken::get));
      free.remove(next);
      offerNext(next);
    }
  }

  /** Offers a worker the next connection, as soon as there is one. */
  private void offerNext(ClusterMember member) {
    SocketChannel next = waiting.poll();
    if (next == null) {
      free.add(member);
      return;
    }
    notifyAll();
    offered.put(member, next);
    var unused =
        member
            .offer(key, next)
            .whenComplete((isTaken, error) -> answered(member, next, isTaken, error));
  }

  private synchronized void answered(
      ClusterMember member, SocketChannel connection, Boolean isTaken, Throwable error) {
    if (!offered.remove(member, connection)) {
      return; // another one has it
    }
    if (isClosed || Boolean.TRUE.equals(isTaken)) {
      taken.computeIfPresent(member, (same, count) -> count + 1);
      close(connection);
    } else {
      waiting.addFirst(connection);
      distribute();
    }
    if (error == null) {
      offerNextIfStays(member);
    } else {
      // Its channel has ended, or it has too many open files, which may change.
      CompletableFuture.delayedExecutor(PAUSE_MS, TimeUnit.MILLISECONDS)
          .execute(() -> offerNextIfStays(member));
    }
  }

  private synchronized void offerNextIfStays(ClusterMember member) {
    if (taken.containsKey(member) && !isClosed) {
      offerNext(member);
    }
  }

  /** Returns the port that the system has bound; null for a Unix socket. */
  InetSocketAddress address() {
    try {
      return acceptor.getLocalAddress() instanceof InetSocketAddress inet ? inet : null;
    } catch (IOException e) {
      return null; // closed meanwhile
    }
  }

  /** Ends all connections that no worker has. */
  @Override
  public void close() {
    synchronized (this) {
      isClosed = true;
      waiting.forEach(Turns::close);
      waiting.clear();
      notifyAll();
    }
    close(acceptor);
  }

  private static void close(java.nio.channels.Channel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      Uncaught.tell(e);
    }
  }
}
