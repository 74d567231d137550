package org.shareobject.testing;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What threads and processes did to one key, and whether there is an order of it that explains all
 * results: each operation takes effect at one moment between its begin and its end.
 *
 * <p>The search is that of Wing and Gong, "Testing and Verifying Concurrent Objects", with Lowe's
 * memory of configurations already seen ("Testing for Linearizability"). A state is the value of
 * the key; all values that are written differ.
 */
public final class History {
  /** The value of an absent key. */
  public static final long ABSENT = 0;

  private History() {}

  /** What an operation is. */
  public enum Kind {
    /** Stores. */
    SET,
    /** Reads; result: the value. */
    GET,
    /** Stores; result: the old value. */
    PUT,
    /** Stores if the value is the expected one; result: 1 if so. */
    CAS,
    /** Removes; result: the old value. */
    REMOVE,
    /** Removes if the value is the expected one; result: 1 if so. */
    REMOVE_IF
  }

  /**
   * One operation.
   *
   * @param key its key
   * @param begin a moment before it
   * @param end a moment after it
   * @param kind what it is
   * @param value what it writes
   * @param expected what it expects
   * @param result what it returned
   */
  public record Operation(
      int key, long begin, long end, Kind kind, long value, long expected, long result) {

    /** Reads a line that {@link #toString} wrote. */
    public static Operation parse(String line) {
      String[] f = line.split(" ", -1);
      return new Operation(
          Integer.parseInt(f[0]),
          Long.parseLong(f[1]),
          Long.parseLong(f[2]),
          Kind.valueOf(f[3]),
          Long.parseLong(f[4]),
          Long.parseLong(f[5]),
          Long.parseLong(f[6]));
    }

    @Override
    public String toString() {
      return key + " " + begin + " " + end + " " + kind + " " + value + " " + expected + " "
          + result;
    }

    /** Returns whether the result could come of the state. */
    private boolean explains(long state) {
      return switch (kind) {
        case SET -> true;
        case GET, PUT, REMOVE -> state == result;
        case CAS, REMOVE_IF -> (state == expected) == (result == 1);
      };
    }

    private long after(long state) {
      return switch (kind) {
        case SET, PUT -> value;
        case GET -> state;
        case REMOVE -> ABSENT;
        case CAS -> result == 1 ? value : state;
        case REMOVE_IF -> result == 1 ? ABSENT : state;
      };
    }
  }

  /** A begin or an end, in a list by time. */
  private static final class Event {
    final int id;
    final Operation operation;
    final long time;

    /** The end that belongs to a begin; null in an end. */
    final Event end;

    Event previous;
    Event next;

    Event(int id, Operation operation, long time, Event end) {
      this.id = id;
      this.operation = operation;
      this.time = time;
      this.end = end;
    }

    void unlink() {
      previous.next = next;
      if (next != null) {
        next.previous = previous;
      }
    }

    void relink() {
      previous.next = this;
      if (next != null) {
        next.previous = this;
      }
    }
  }

  private record Configuration(BitSet done, long state) {}

  private record Step(Event begin, long stateBefore) {}

  /** Returns whether there is such an order, from an absent key on. */
  public static boolean isLinearizable(List<Operation> operations) {
    Event head = link(operations);
    Set<Configuration> seen = new HashSet<>();
    Deque<Step> path = new ArrayDeque<>();
    BitSet done = new BitSet(operations.size());
    long state = ABSENT;
    Event event = head.next;
    while (head.next != null) {
      if (event.end == null) {
        // All that could come first was tried: the last step was wrong.
        if (path.isEmpty()) {
          return false;
        }
        Step last = path.pop();
        state = last.stateBefore();
        done.clear(last.begin().id);
        last.begin().end.relink();
        last.begin().relink();
        event = last.begin().next;
      } else if (event.operation.explains(state) && isNew(seen, done, event, state)) {
        path.push(new Step(event, state));
        state = event.operation.after(state);
        done.set(event.id);
        event.unlink();
        event.end.unlink();
        event = head.next;
      } else {
        event = event.next;
      }
    }
    return true;
  }

  private static boolean isNew(Set<Configuration> seen, BitSet done, Event event, long state) {
    BitSet then = (BitSet) done.clone();
    then.set(event.id);
    return seen.add(new Configuration(then, event.operation.after(state)));
  }

  private static Event link(List<Operation> operations) {
    List<Event> events = new ArrayList<>();
    for (int i = 0; i < operations.size(); i++) {
      Operation operation = operations.get(i);
      Event end = new Event(i, operation, operation.end(), null);
      events.add(end);
      events.add(new Event(i, operation, operation.begin(), end));
    }
    // Begins first, so that what touches counts as overlapping.
    events.sort(
        Comparator.<Event>comparingLong(event -> event.time)
            .thenComparing(event -> event.end == null));
    Event head = new Event(-1, null, 0, null);
    Event last = head;
    for (Event event : events) {
      last.next = event;
      event.previous = last;
      last = event;
    }
    return head;
  }
}
