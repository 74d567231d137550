package org.shareobject;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.shareobject.internal.map.RawMap;

/**
 * Runs a computation for a key in one thread of all processes at a time.
 *
 * <p>Each key has a ticket in a table of locks that the file holds; two keys may have the same. A
 * thread that computes one key may ask for another one, and then locks one ticket more; if that is
 * a ticket that it has locked already, it just goes on. C keeps two processes from waiting for each
 * other without end: it knows which thread waits for what, and learns from here what a thread has
 * locked.
 */
final class ComputeOnce {
  /** A computation that the thread is inside of. */
  private record Held(ByteBuffer key, int ticket) {}

  private final RawMap map;
  private final ThreadLocal<List<Held>> held = ThreadLocal.withInitial(ArrayList::new);

  ComputeOnce(RawMap map) {
    this.map = map;
  }

  /**
   * Runs the computation while no other thread runs one for the key, and returns its result.
   *
   * @throws IllegalStateException if this thread runs one for the key already
   * @throws ShareException {@code SHO_EDEADLK} if another process waits for this thread, and what
   *     it computes is the key's
   */
  <V> V run(byte[] key, Supplier<V> computation) {
    List<Held> mine = held.get();
    Held wanted = new Held(ByteBuffer.wrap(key), map.computeTicket(key));
    for (Held other : mine) {
      if (other.key.equals(wanted.key)) {
        throw new IllegalStateException("recursive computation of one key");
      }
    }
    int[] tickets = mine.stream().mapToInt(Held::ticket).distinct().toArray();
    boolean locks = Arrays.stream(tickets).noneMatch(other -> other == wanted.ticket);
    if (locks) {
      map.computeLock(wanted.ticket, tickets);
    }
    mine.add(wanted);
    try {
      return computation.get();
    } finally {
      mine.remove(mine.size() - 1);
      if (mine.isEmpty()) {
        held.remove();
      }
      if (locks) {
        map.computeUnlock(wanted.ticket);
      }
    }
  }
}
