package org.shareobject.jcache;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import javax.cache.expiry.Duration;
import javax.cache.spi.CachingProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The same random operations with other providers: results, events, statistics and what is there
 * afterwards. What differs is listed here, and explained in docs/jcache.md.
 */
class ProvidersTest {
  private static final int STEPS = 1500;

  /** All but the first have entries expire at once when that happens to them. */
  private static final Map<String, Trial.Policy> POLICIES =
      Map.of(
          "eternal", new Trial.Policy(Duration.ETERNAL, null, null),
          "created", new Trial.Policy(Duration.ZERO, null, null),
          "updated", new Trial.Policy(Duration.ETERNAL, null, Duration.ZERO),
          "accessed", new Trial.Policy(Duration.ETERNAL, Duration.ZERO, null));

  /** Provider, policy, what differs: operation. */
  private static final Set<String> LISTED =
      Set.of(
          "Caffeine, accessed, counts: iterate",
          "Caffeine, accessed, counts: iterate and remove",
          "Caffeine, accessed, keys: invoke nothing",
          "Caffeine, created, counts: invoke read and set",
          "Caffeine, created, counts: invoke set",
          "Caffeine, created, counts: invokeAll",
          "Caffeine, created, counts: putIfAbsent",
          "Caffeine, created, events: invoke read and set",
          "Caffeine, created, events: invoke set",
          "Caffeine, created, events: invokeAll",
          "Caffeine, created, result: putIfAbsent",
          "Caffeine, eternal, counts: iterate",
          "Caffeine, updated, counts: getAndPut",
          "Caffeine, updated, counts: iterate",
          "Caffeine, updated, counts: put",
          "Caffeine, updated, counts: putAll",
          "Caffeine, updated, events: getAndPut",
          "Caffeine, updated, events: put",
          "Caffeine, updated, events: putAll",
          "Ehcache, accessed, keys: invoke nothing",
          "Ehcache, created, counts: getAndPut",
          "Ehcache, created, counts: invoke read and set",
          "Ehcache, created, counts: invoke set",
          "Ehcache, created, counts: invokeAll",
          "Ehcache, created, counts: putIfAbsent",
          "Ehcache, created, result: putIfAbsent",
          "Ehcache, updated, counts: putAll",
          "Ehcache, updated, events: putAll",
          "RI, accessed, counts: iterate and remove",
          "RI, accessed, counts: removeAll keys",
          "RI, accessed, events: invoke remove",
          "RI, accessed, events: iterate and remove",
          "RI, created, counts: putIfAbsent",
          "RI, created, events: invoke remove",
          "RI, eternal, events: invoke remove",
          "RI, updated, counts: removeAll keys",
          "RI, updated, events: invoke remove");

  @TempDir Path temporary;

  @Test
  void shouldDifferFromOthersOnlyWhereListed() throws Exception {
    Map<String, CachingProvider> others = new LinkedHashMap<>();
    others.put("RI", new org.jsr107.ri.spi.RICachingProvider());
    others.put("Caffeine", new com.github.benmanes.caffeine.jcache.spi.CaffeineCachingProvider());
    others.put("Ehcache", new org.ehcache.jsr107.EhcacheCachingProvider());
    Map<String, String> unlisted = new TreeMap<>();
    try (ShareCachingProvider ours = new ShareCachingProvider()) {
      URI folder = temporary.toUri();
      Files.writeString(temporary.resolve("jcache.properties"), "default.capacity = 64k\n");
      for (Map.Entry<String, CachingProvider> other : others.entrySet()) {
        for (Map.Entry<String, Trial.Policy> policy : POLICIES.entrySet()) {
          String name = other.getKey() + " " + policy.getKey();
          try (Trial one = new Trial(ours, folder, "ours " + name, policy.getValue());
              Trial two = new Trial(other.getValue(), null, name, policy.getValue())) {
            compare(one, two, new Random(7))
                .forEach(
                    (difference, sample) -> {
                      String line = other.getKey() + ", " + policy.getKey() + ", " + difference;
                      if (!LISTED.contains(line)) {
                        unlisted.put(line, sample);
                      }
                    });
          }
        }
      }
    }
    assertEquals(Map.of(), unlisted);
  }

  /** Returns the differences, each with a sample. */
  private static Map<String, String> compare(Trial ours, Trial theirs, Random random)
      throws Exception {
    Map<String, String> differences = new TreeMap<>();
    for (int step = 0; step < STEPS; step++) {
      String operation = Trial.OPERATIONS.get(random.nextInt(Trial.OPERATIONS.size()));
      long seed = random.nextLong();
      Trial.Seen one = ours.run(operation, seed);
      Trial.Seen two = theirs.run(operation, seed);
      note(differences, "result: " + operation, one.result(), two.result());
      note(differences, "events: " + operation, one.events(), two.events());
      note(differences, "counts: " + operation, one.counts(), two.counts());
      note(differences, "keys: " + operation, one.keys(), two.keys());
      if (!one.keys().equals(two.keys())) {
        ours.run("clear", 0);
        theirs.run("clear", 0);
      }
    }
    return differences;
  }

  private static void note(
      Map<String, String> differences, String what, Object ours, Object theirs) {
    if (!ours.equals(theirs)) {
      differences.putIfAbsent(what, "ours " + ours + ", theirs " + theirs);
    }
  }
}
