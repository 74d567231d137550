package org.shareobject.stress;

import java.util.ArrayDeque;
import java.util.Deque;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.shareobject.Eviction;
import org.shareobject.ShareMap;

/** Reads a key that is there, and one that is being added, while tables grow. */
@JCStressTest
@Outcome(
    id = {"1, 0", "1, 1"},
    expect = Expect.ACCEPTABLE,
    desc = "The old key is there; the new one is absent or whole.")
@Outcome(expect = Expect.FORBIDDEN, desc = "Torn, or the old key is lost.")
@State
public class GetBesideGrowth extends Cell {
  /** So few that the tables of their map are small and grow often. */
  private static final int STATES_OF_A_MAP = 512;

  private static final int MOST_MAPS = 32;
  private static final int ADDED = 8;
  private static final Deque<ShareMap<Long, Long>> MAPS = new ArrayDeque<>();
  private static int states;

  public GetBesideGrowth() {
    super(nextMap());
    set(1);
  }

  private static synchronized ShareMap<Long, Long> nextMap() {
    if (states++ % STATES_OF_A_MAP == 0) {
      MAPS.addLast(Maps.open(4 << 20, Eviction.NONE));
      if (MAPS.size() > MOST_MAPS) {
        MAPS.removeFirst().close(); // its states are gone
      }
    }
    return MAPS.getLast();
  }

  private Long added(int number) {
    return key + ((long) number << 32);
  }

  @Actor
  public void write() {
    for (int i = 1; i <= ADDED; i++) {
      map.set(added(i), value(1));
    }
  }

  @Actor
  public void read(II_Result result) {
    result.r2 = number(map.get(added(ADDED)));
    result.r1 = get();
  }
}
