package org.shareobject.bench.process;

import java.util.SplittableRandom;
import org.apache.commons.rng.sampling.distribution.DiscreteSampler;
import org.shareobject.bench.peer.Visits;

/** Sequences of lookups; the same at every run. */
enum Trace {
  /** Zipf's law, exponent 0.99, over all keys. */
  ZIPF {
    @Override
    void fill(int[] trace, int keys) {
      DiscreteSampler law = Visits.zipf(keys, new SplittableRandom(1));
      for (int i = 0; i < trace.length; i++) {
        trace[i] = law.sample() - 1;
      }
    }
  },
  /** The same with a scan of keys that never come again in each third of it. */
  ZIPF_SCANS {
    @Override
    void fill(int[] trace, int keys) {
      ZIPF.fill(trace, keys);
      int fresh = keys;
      for (int scan = 1; scan <= SCANS; scan++) {
        int begin = trace.length / (SCANS + 1) * scan;
        for (int i = 0; i < keys / 2; i++) {
          trace[begin + i] = fresh++;
        }
      }
    }
  },
  /** Zipf's law over keys that move on: what was asked for often is forgotten. */
  ZIPF_DRIFTING {
    @Override
    void fill(int[] trace, int keys) {
      DiscreteSampler law = Visits.zipf(keys, new SplittableRandom(1));
      for (int i = 0; i < trace.length; i++) {
        trace[i] = (int) (((law.sample() - 1) + (long) i * keys / trace.length) % (2L * keys));
      }
    }
  };

  private static final int SCANS = 2;
  private static final int LOOKUPS_PER_KEY = 10;

  int[] draw(int keys) {
    int[] trace = new int[LOOKUPS_PER_KEY * keys];
    fill(trace, keys);
    return trace;
  }

  abstract void fill(int[] trace, int keys);
}
