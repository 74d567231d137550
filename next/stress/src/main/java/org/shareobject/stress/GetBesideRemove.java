package org.shareobject.stress;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.shareobject.ShareMap;

/** Reads twice while the key is removed and stored again. */
@JCStressTest
@Outcome(
    id = {"1, 1", "1, 0", "1, 2", "0, 0", "0, 2", "2, 2"},
    expect = Expect.ACCEPTABLE,
    desc = "In the order of the writes.")
@Outcome(expect = Expect.FORBIDDEN, desc = "Torn, or what was removed is back.")
@State
public class GetBesideRemove extends Cell {
  private static final ShareMap<Long, Long> MAP = Maps.open();

  public GetBesideRemove() {
    super(MAP);
    set(1);
  }

  @Actor
  public void write() {
    map.remove(key);
    set(2);
  }

  @Actor
  public void read(II_Result result) {
    result.r1 = get();
    result.r2 = get();
  }
}
