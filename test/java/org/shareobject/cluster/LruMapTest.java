package org.shareobject.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.collect.testing.ConcurrentMapTestSuiteBuilder;
import com.google.common.collect.testing.TestStringMapGenerator;
import com.google.common.collect.testing.features.CollectionFeature;
import com.google.common.collect.testing.features.CollectionSize;
import com.google.common.collect.testing.features.MapFeature;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import junit.framework.TestResult;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.shareobject.testing.Failures;

/** What is kept, and for how long. */
class LruMapTest {
  private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1_500); // overflows on its way

  private LruMap<String, Integer> map(int max, long idleNanos) {
    return new LruMap<>(max, Duration.ofNanos(idleNanos), clock::get);
  }

  @Test
  void shouldDropTheKeyThatWasNotUsedForTheLongestTime() {
    LruMap<String, Integer> map = map(3, 1000);
    map.put("a", 1);
    map.put("b", 2);
    map.put("c", 3);
    map.get("a");
    map.put("b", 4);
    map.put("d", 5);
    assertEquals(Set.of("a", "b", "d"), map.keySet());
    map.merge("a", 1, Integer::sum);
    map.putIfAbsent("e", 6);
    assertEquals(Map.of("a", 2, "d", 5, "e", 6), map);
  }

  @Test
  void shouldDropKeysThatIdle() {
    LruMap<String, Integer> map = map(10, 1000);
    map.put("a", 1);
    map.put("b", 2);
    clock.addAndGet(1000);
    assertEquals(1, map.get("a"));
    clock.addAndGet(1);
    assertNull(map.get("b"));
    clock.addAndGet(999);
    assertEquals(Set.of("a"), map.keySet()); // which is no use
    clock.addAndGet(1);
    assertEquals(0, map.size());
    map.put("a", 3);
    assertEquals(3, map.get("a"));
  }

  @Test
  void shouldNotTakeIterationForUse() {
    LruMap<String, Integer> map = map(2, 1000);
    map.put("a", 1);
    map.put("b", 2);
    assertEquals(Set.of("a", "b"), map.keySet());
    map.put("c", 3);
    assertEquals(Set.of("b", "c"), map.keySet());
  }

  @Test
  void shouldKeepForEver() {
    LruMap<String, Integer> map = new LruMap<>(2, LruMap.FOR_EVER, clock::get);
    map.put("a", 1);
    clock.addAndGet(Long.MAX_VALUE);
    assertEquals(1, map.get("a"));
  }

  @Test
  void shouldCountExactlyWithManyThreads() throws InterruptedException {
    LruMap<String, Integer> map = map(10, 1000);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      threads.add(
          new Thread(
              () -> {
                for (int n = 0; n < 10_000; n++) {
                  map.compute("n", (key, value) -> value == null ? 1 : value + 1);
                }
              }));
    }
    threads.forEach(Thread::start);
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(40_000, map.get("n"));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1})
  void shouldRefuseLimitsThatAreNone(int limit) {
    Failures.refuses(() -> map(limit, 1), "1 or more", limit);
    Failures.refuses(() -> map(1, limit), "above zero");
  }

  @Test
  void shouldKeepTheContractOfConcurrentMap() {
    TestResult result = new TestResult();
    ConcurrentMapTestSuiteBuilder.using(new Generator())
        .named("LruMap")
        .withFeatures(
            MapFeature.GENERAL_PURPOSE,
            CollectionFeature.SUPPORTS_ITERATOR_REMOVE,
            CollectionSize.ANY)
        .createTestSuite()
        .run(result);
    assertEquals(List.of(), Collections.list(result.failures()));
    assertEquals(List.of(), Collections.list(result.errors()));
    assertTrue(result.runCount() > 100, result.runCount() + " tests");
  }

  private static final class Generator extends TestStringMapGenerator {
    @Override
    protected Map<String, String> create(Map.Entry<String, String>[] entries) {
      Map<String, String> map = new LruMap<>(1000, LruMap.FOR_EVER);
      for (Map.Entry<String, String> entry : entries) {
        map.put(entry.getKey(), entry.getValue());
      }
      return map;
    }
  }
}
