package org.shareobject;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.shareobject.internal.map.RawMap;

/**
 * Runs a computation for a key in one thread of all processes at a time.
 *
 * <p>The first thread of this JVM that asks for a key is the leader: only it waits for other
 * processes, with a ticket in a table in the file, and computes. The others are parked until it is
 * done, and then look for the value before one of them becomes the leader.
 *
 * <p>A thread that computes one key may ask for another one. C prevents deadlocks between threads,
 * in this process and others: it knows which thread waits for what. This class reports to it what a
 * thread computes, and for which key it is parked.
 */
final class ComputeOnce {
  private static final long LOOK_MILLIS = 20;

  /** A computation that the thread is running. */
  private record Held(ByteBuffer key, int ticket) {}

  private final RawMap map;
  private final ThreadLocal<List<Held>> held = ThreadLocal.withInitial(ArrayList::new);

  /** For each key that has a leader: opens when the leader is done. */
  private final ConcurrentMap<ByteBuffer, CountDownLatch> leaders = new ConcurrentHashMap<>();

  ComputeOnce(RawMap map) {
    this.map = map;
  }

  /**
   * Runs the computation while no other thread runs one for the key, and returns its result. If
   * another thread ran one, returns what the lookup then finds.
   *
   * @throws IllegalStateException if this thread runs one for the key already
   * @throws ShareException {@code SHO_EDEADLK} if waiting would close a cycle; {@code SHO_EINTR} if
   *     the thread is interrupted while it waits
   */
  <V> V run(byte[] key, Supplier<V> lookup, Supplier<V> computation) {
    ByteBuffer wanted = ByteBuffer.wrap(key);
    List<Held> mine = held.get();
    try {
      for (Held other : mine) {
        if (other.key.equals(wanted)) {
          throw new IllegalStateException("recursive computation of one key");
        }
      }
      int[] tickets = mine.stream().mapToInt(Held::ticket).toArray();
      CountDownLatch done = new CountDownLatch(1);
      while (true) {
        CountDownLatch other = leaders.putIfAbsent(wanted, done);
        if (other == null) {
          try {
            return lead(key, mine, tickets, computation);
          } finally {
            leaders.remove(wanted, done);
            done.countDown();
          }
        }
        Object wait = map.beginWait();
        try {
          follow(other, key, tickets);
        } finally {
          map.endWait(wait, RawMap.COMPUTATION);
        }
        V found = lookup.get();
        if (found != null) {
          return found;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ShareException(
          "SHO_EINTR", "interrupted while another thread computes the value of the key", e);
    } finally {
      if (mine.isEmpty()) {
        held.remove();
      }
    }
  }

  private <V> V lead(byte[] key, List<Held> mine, int[] tickets, Supplier<V> computation)
      throws InterruptedException {
    int ticket = map.computeLock(key, tickets);
    mine.add(new Held(ByteBuffer.wrap(key), ticket));
    try {
      return computation.get();
    } finally {
      mine.remove(mine.size() - 1);
      map.computeUnlock(ticket);
    }
  }

  private void follow(CountDownLatch leader, byte[] key, int[] tickets)
      throws InterruptedException {
    if (tickets.length == 0) {
      leader.await();
      return;
    }
    try {
      do {
        map.computeWait(key, tickets);
      } while (!leader.await(LOOK_MILLIS, TimeUnit.MILLISECONDS));
    } finally {
      map.computeGoOn(tickets);
    }
  }

  /**
   * Makes all threads that wait for another thread of this JVM check again, because the map is
   * closed.
   */
  void close() {
    leaders.values().forEach(CountDownLatch::countDown);
  }
}
