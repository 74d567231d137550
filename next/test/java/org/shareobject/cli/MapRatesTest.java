package org.shareobject.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.shareobject.Eviction;
import org.shareobject.ShareStats;

class MapRatesTest {
  @Test
  void shouldTellWhatHappenedBetweenTwoLooks() {
    ShareStats before = stats(1000, 100, 50);
    ShareStats after = stats(4000, 1100, 60);
    assertEquals(
        "entries 7, fill 50.0 %, gets 2000/s, hits 75.0 %, sets 5/s, removals 0/s, evictions 0/s,"
            + " expirations 0/s, peers 2, recoveries 1, damaged 0",
        new MapRates(before, after, 2).line());
    assertEquals(
        """
        entries                   7
        fill        [####################....................] 50.0 %: 1.0 MiB of 2.0 MiB, S3_FIFO
        gets                  2,000 /s
        hits                 75.0 %   78.4 % since creation
        sets                      5 /s
        removals                  0 /s
        evictions                 0 /s   3 since creation
        expirations               0 /s   4 since creation
        peers                     2 of 256
        recoveries                1
        damaged                   0""",
        String.join("\n", new MapRates(before, after, 2).screen(200)));
    assertEquals(
        """
        entries                   7
        fill        50.0 %: 1.0 MiB
        gets                  2,000 /s
        hits                 75.0 %""",
        String.join("\n", new MapRates(before, after, 2).screen(30).subList(0, 4)));
    assertEquals(
        "fill        50.0 %: 1.0 MiB of 2.0 MiB, S3_FIFO",
        new MapRates(before, after, 2).screen(50).get(1));
  }

  @Test
  void shouldTellNoRatioIfNobodyLooked() {
    ShareStats stats = stats(0, 0, 0);
    assertEquals(0, stats.hitRatio());
    assertEquals(
        "hits                      -   - since creation",
        new MapRates(stats, stats, 1).screen(80).get(3));
    String line = new MapRates(stats, stats, 1).line();
    assertTrue(line.contains(", hits -, "), line);
  }

  private static ShareStats stats(long hits, long misses, long sets) {
    long mega = 1 << 20;
    return new ShareStats(
        hits,
        misses,
        sets,
        2,
        3,
        4,
        1,
        0,
        7,
        mega,
        mega,
        2 * mega,
        1000,
        3 * mega,
        8,
        Eviction.S3_FIFO,
        2,
        256);
  }
}
