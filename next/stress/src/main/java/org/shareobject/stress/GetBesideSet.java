package org.shareobject.stress;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.shareobject.ShareMap;

/** Reads twice while the key is overwritten. */
@JCStressTest
@Outcome(
    id = {"1, 1", "1, 2", "1, 3", "2, 2", "2, 3", "3, 3"},
    expect = Expect.ACCEPTABLE,
    desc = "Whole, and not older than what was seen before.")
@Outcome(expect = Expect.FORBIDDEN, desc = "Torn, absent or older.")
@State
public class GetBesideSet extends Cell {
  private static final ShareMap<Long, Long> MAP = Maps.open();

  public GetBesideSet() {
    super(MAP);
    set(1);
  }

  @Actor
  public void write() {
    set(2);
    set(3);
  }

  @Actor
  public void read(II_Result result) {
    result.r1 = get();
    result.r2 = get();
  }
}
