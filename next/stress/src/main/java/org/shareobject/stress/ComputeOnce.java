package org.shareobject.stress;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.shareobject.ShareMap;

/** Computes a value in two threads. */
@JCStressTest
@Outcome(
    id = {"1, 1, 1", "2, 2, 1"},
    expect = Expect.ACCEPTABLE,
    desc = "One computes, and both have its value.")
@Outcome(expect = Expect.FORBIDDEN, desc = "Both compute, or have different values.")
@State
public class ComputeOnce extends Cell {
  private static final ShareMap<Long, Long> MAP = Maps.open();

  private int first;
  private int second;

  public ComputeOnce() {
    super(MAP);
  }

  @Actor
  public void first(III_Result result) {
    result.r1 =
        number(
            map.computeIfAbsent(
                key,
                absent -> {
                  first++;
                  return value(1);
                }));
  }

  @Actor
  public void second(III_Result result) {
    result.r2 =
        number(
            map.computeIfAbsent(
                key,
                absent -> {
                  second++;
                  return value(2);
                }));
  }

  @Arbiter
  public void count(III_Result result) {
    result.r3 = first + second;
    map.remove(key);
  }
}
