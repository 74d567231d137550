package org.shareobject.stress;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.shareobject.Eviction;

/** Reads twice while chunks are cleaned and used again. */
@JCStressTest
@Outcome(
    id = {"1, 1", "1, 2"},
    expect = Expect.ACCEPTABLE,
    desc = "Whole, and not older than what was seen before.")
@Outcome(expect = Expect.FORBIDDEN, desc = "Torn, absent or older.")
@State
public class GetBesideCleaning {
  private static final int KEYS = 80;
  private static final int WRITES = 8;
  private static final Churn CHURN = new Churn(Eviction.NONE, KEYS);
  private static int count;

  private final int more = count++ % 16;

  @Actor
  public void write() {
    for (int i = 0; i < WRITES; i++) {
      CHURN.write();
    }
  }

  @Actor
  public void read(II_Result result) {
    long key = CHURN.keyIn(more);
    long first = CHURN.read(key);
    long second = CHURN.read(key);
    result.r1 = Churn.judge(0, first);
    result.r2 = Churn.judge(first, second);
  }
}
