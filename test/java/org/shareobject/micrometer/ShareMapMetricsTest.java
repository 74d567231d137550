package org.shareobject.micrometer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.shareobject.ShareClosedException;
import org.shareobject.ShareMap;
import org.shareobject.ShareStats;

class ShareMapMetricsTest {
  @TempDir Path folder;

  private final MeterRegistry registry = new SimpleMeterRegistry();

  @Test
  void shouldHaveTheMetersOfOtherCaches() {
    try (ShareMap<String, String> map = ShareMap.open(folder.resolve("map"))) {
      assertSame(map, ShareMapMetrics.monitor(registry, map, "users", "region", "here"));
      map.set("a", "1");
      map.set("b", "2");
      map.set("b", "3");
      assertEquals("1", map.get("a"));
      map.get("absent");
      map.remove("b");

      assertEquals(map.stats().hits(), gets("hit"));
      assertTrue(gets("hit") >= 1);
      assertEquals(1, gets("miss"));
      assertEquals(3, counter("cache.puts"));
      assertEquals(0, counter("cache.evictions"));
      assertEquals(1, gauge("cache.size"));
      assertEquals(1, counter("shareobject.map.removals"));
      assertEquals(0, counter("shareobject.map.expirations"));
      assertEquals(0, counter("shareobject.map.recoveries"));
      assertEquals(0, counter("shareobject.map.damaged.entries"));
      ShareStats stats = map.stats();
      assertEquals(stats.liveBytes(), gauge("shareobject.map.live"));
      assertEquals(stats.usedBytes(), gauge("shareobject.map.used"));
      assertEquals(stats.capacity(), gauge("shareobject.map.capacity"));
      assertEquals(1, gauge("shareobject.map.peers"));
    }
  }

  @Test
  @SuppressWarnings("try") // closed within
  void shouldKeepTheLastNumbersOfAMapThatIsClosed() {
    try (ShareMap<String, String> map = ShareMap.open(folder.resolve("map"))) {
      ShareMapMetrics.monitor(registry, map, "users", "region", "here");
      map.set("a", "1");
      assertEquals(1, counter("cache.puts"));
      map.close();
      assertEquals(1, counter("cache.puts"));
      assertEquals(0, counter("shareobject.map.removals"));
      assertThrows(ShareClosedException.class, () -> new ShareMapMetrics(map, "users", List.of()));
    }
  }

  private long gets(String result) {
    return (long)
        registry
            .get("cache.gets")
            .tags("cache", "users", "region", "here", "result", result)
            .functionCounter()
            .count();
  }

  private long counter(String name) {
    return (long)
        registry.get(name).tags("cache", "users", "region", "here").functionCounter().count();
  }

  private long gauge(String name) {
    return (long) registry.get(name).tags("cache", "users", "region", "here").gauge().value();
  }
}
