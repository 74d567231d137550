package org.shareobject.stress;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.shareobject.ShareMap;
import org.shareobject.Versioned;

/** Reads a value with its version while the key is overwritten. */
@JCStressTest
@Outcome(
    id = {"1, 1", "2, 1", "3, 1"},
    expect = Expect.ACCEPTABLE,
    desc = "The version is the value's.")
@Outcome(expect = Expect.FORBIDDEN, desc = "Torn, absent, or another value's version.")
@State
public class VersionBesideSet extends Cell {
  private static final ShareMap<Long, Long> MAP = Maps.open();

  private final long[] versions = new long[4];
  private Versioned<Long> seen;

  public VersionBesideSet() {
    super(MAP);
    setAndNote(1);
  }

  private void setAndNote(int number) {
    set(number);
    versions[number] = map.getVersioned(key).version();
  }

  @Actor
  public void write() {
    setAndNote(2);
    setAndNote(3);
  }

  @Actor
  public void read() {
    seen = map.getVersioned(key);
  }

  @Arbiter
  public void judge(II_Result result) {
    result.r1 = seen == null ? ABSENT : number(seen.value());
    result.r2 = result.r1 > 0 && versions[result.r1] == seen.version() ? 1 : 0;
  }
}
