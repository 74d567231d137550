package org.shareobject.bench.peer;

import java.util.SplittableRandom;
import org.apache.commons.rng.sampling.distribution.DiscreteSampler;
import org.apache.commons.rng.sampling.distribution.RejectionInversionZipfSampler;

/** A thread's own way through the keys, drawn before the measurement. */
public final class Visits {
  private static final int FEWEST = 1 << 12;
  private static final int MOST = 1 << 23;
  private static final double STEEP = 0.99;

  private final Object[] keys;
  private final boolean textToBeMade;
  private int next;

  /**
   * Draws.
   *
   * @param spec how many keys there are, and what they are
   * @param zipf whether some keys come more often: Zipf's law with exponent 0.99; else all alike
   * @param seed of the draw
   */
  public Visits(Spec spec, boolean zipf, long seed) {
    int entries = spec.entries();
    keys = new Object[Math.min(MOST, Math.max(FEWEST, Integer.highestOneBit(entries - 1) << 1))];
    textToBeMade = spec.keys() == KeyKind.NEW_TEXT;
    Object[] pool = spec.keys() == KeyKind.SAME_TEXT ? texts(entries) : null;
    SplittableRandom random = new SplittableRandom(seed);
    DiscreteSampler law = zipf ? zipf(entries, random) : null;
    for (int i = 0; i < keys.length; i++) {
      int index = zipf ? scatter(law.sample() - 1, entries) : random.nextInt(entries);
      keys[i] = pool == null ? Keys.bytes(index) : pool[index];
    }
  }

  /** Returns what draws ranks, 1 and up, by Zipf's law with exponent 0.99. */
  public static DiscreteSampler zipf(int entries, SplittableRandom random) {
    return RejectionInversionZipfSampler.of(random::nextLong, entries, STEEP);
  }

  /** Returns the next key as a caller has it. */
  public Object next() {
    Object key = keys[next++ & keys.length - 1];
    return textToBeMade ? Keys.text((byte[]) key) : key;
  }

  private static Object[] texts(int count) {
    Object[] texts = new Object[count];
    for (int i = 0; i < count; i++) {
      texts[i] = Keys.text(i);
      texts[i].hashCode();
    }
    return texts;
  }

  /** Keeps the keys that come often from lying side by side. */
  private static int scatter(int index, int entries) {
    return (int) Long.remainderUnsigned(index * 0x9E3779B97F4A7C15L >>> 1, entries);
  }
}
