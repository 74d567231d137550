package org.shareobject.jcache;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import javax.cache.Cache;
import javax.cache.configuration.MutableCacheEntryListenerConfiguration;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.event.CacheEntryCreatedListener;
import javax.cache.event.CacheEntryEvent;
import javax.cache.event.CacheEntryExpiredListener;
import javax.cache.event.CacheEntryRemovedListener;
import javax.cache.event.CacheEntryUpdatedListener;
import javax.cache.expiry.Duration;
import javax.cache.expiry.ExpiryPolicy;
import javax.cache.processor.MutableEntry;
import javax.cache.spi.CachingProvider;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;

/** A cache of some provider, which records all that can be seen of an operation. */
final class Trial implements AutoCloseable {
  static final int KEYS = 4;

  private static final List<String> COUNTERS =
      List.of("CacheHits", "CacheMisses", "CachePuts", "CacheRemovals");

  /** When entries expire: null changes nothing. */
  record Policy(Duration creation, Duration access, Duration update) implements ExpiryPolicy {
    @Override
    public Duration getExpiryForCreation() {
      return creation;
    }

    @Override
    public Duration getExpiryForAccess() {
      return access;
    }

    @Override
    public Duration getExpiryForUpdate() {
      return update;
    }
  }

  /** What can be seen of an operation. */
  record Seen(String result, List<String> events, List<Long> counts, Set<Integer> keys) {}

  private final Cache<Integer, Integer> cache;
  private final List<String> events = new ArrayList<>();
  private final ObjectName bean;
  private List<Long> counters;

  Trial(CachingProvider provider, java.net.URI uri, String name, Policy policy) throws JMException {
    MutableConfiguration<Integer, Integer> configuration =
        new MutableConfiguration<Integer, Integer>()
            .setTypes(Integer.class, Integer.class)
            .setExpiryPolicyFactory(() -> policy)
            .setStatisticsEnabled(true)
            .addCacheEntryListenerConfiguration(
                new MutableCacheEntryListenerConfiguration<>(Recorder::new, null, true, true));
    RECORDING.set(events);
    cache = provider.getCacheManager(uri, null).createCache(name, configuration);
    bean =
        server()
            .queryNames(
                new ObjectName("javax.cache:type=CacheStatistics,Cache=" + name + ",*"), null)
            .iterator()
            .next();
    counters = counters();
  }

  /** Where the listener that is created next records. */
  private static final ThreadLocal<List<String>> RECORDING = new ThreadLocal<>();

  private static MBeanServer server() {
    return ManagementFactory.getPlatformMBeanServer();
  }

  private List<Long> counters() throws JMException {
    List<Long> now = new ArrayList<>();
    for (String each : COUNTERS) {
      now.add((Long) server().getAttribute(bean, each));
    }
    return now;
  }

  /** Runs an operation by its name, with keys and values from a seed. */
  Seen run(String operation, long seed) throws JMException {
    events.clear();
    String result;
    try {
      result = String.valueOf(perform(operation, new Random(seed)));
    } catch (RuntimeException e) {
      result = e.getClass().getSimpleName();
    }
    // Each provider notices an expiry at another moment.
    List<String> heard =
        events.stream().filter(event -> !event.startsWith("EXPIRED")).sorted().toList();
    List<Long> before = counters;
    counters = counters();
    List<Long> counted = new ArrayList<>();
    for (int i = 0; i < counters.size(); i++) {
      counted.add(counters.get(i) - before.get(i));
    }
    Set<Integer> keys = new TreeSet<>();
    for (int key = 0; key < KEYS; key++) {
      if (cache.containsKey(key)) {
        keys.add(key);
      }
    }
    return new Seen(result, heard, counted, keys);
  }

  static final List<String> OPERATIONS =
      List.of(
          "get",
          "getAll",
          "containsKey",
          "put",
          "getAndPut",
          "putAll",
          "putIfAbsent",
          "remove",
          "remove value",
          "getAndRemove",
          "replace",
          "replace value",
          "getAndReplace",
          "removeAll keys",
          "removeAll",
          "clear",
          "iterate",
          "iterate and remove",
          "invoke nothing",
          "invoke read",
          "invoke set",
          "invoke read and set",
          "invoke remove",
          "invoke set and remove",
          "invoke failure",
          "invokeAll");

  private Object perform(String operation, Random random) {
    int key = random.nextInt(KEYS);
    int value = random.nextInt(3);
    int other = random.nextInt(3);
    Set<Integer> keys = new HashSet<>(Set.of(key, (key + 1) % KEYS)); // may be asked for null
    Map<Integer, Integer> map = new HashMap<>(Map.of(key, value, (key + 1) % KEYS, other));
    return switch (operation) {
      case "get" -> cache.get(key);
      case "getAll" -> new TreeMap<>(cache.getAll(keys));
      case "containsKey" -> cache.containsKey(key);
      case "put" -> done(() -> cache.put(key, value));
      case "getAndPut" -> cache.getAndPut(key, value);
      case "putAll" -> done(() -> cache.putAll(map));
      case "putIfAbsent" -> cache.putIfAbsent(key, value);
      case "remove" -> cache.remove(key);
      case "remove value" -> cache.remove(key, value);
      case "getAndRemove" -> cache.getAndRemove(key);
      case "replace" -> cache.replace(key, value);
      case "replace value" -> cache.replace(key, value, other);
      case "getAndReplace" -> cache.getAndReplace(key, value);
      case "removeAll keys" -> done(() -> cache.removeAll(keys));
      case "removeAll" -> done(cache::removeAll);
      case "clear" -> done(cache::clear);
      case "iterate" -> {
        Map<Integer, Integer> all = new TreeMap<>();
        cache.forEach(entry -> all.put(entry.getKey(), entry.getValue()));
        yield all;
      }
      case "iterate and remove" -> {
        int removed = 0;
        for (var entries = cache.iterator(); entries.hasNext(); removed++) {
          entries.next();
          entries.remove();
        }
        yield removed;
      }
      case "invokeAll" -> {
        Map<Integer, Object> results = new TreeMap<>();
        cache
            .invokeAll(keys, (entry, arguments) -> process("invoke read and set", entry, value))
            .forEach((each, result) -> results.put(each, result.get()));
        yield results;
      }
      default -> cache.invoke(key, (entry, arguments) -> process(operation, entry, value));
    };
  }

  private static Object done(Runnable operation) {
    operation.run();
    return "done";
  }

  private static Object process(String operation, MutableEntry<Integer, Integer> entry, int value) {
    Object result = entry.exists();
    switch (operation) {
      case "invoke nothing" -> {}
      case "invoke read" -> result = entry.getValue();
      case "invoke set" -> entry.setValue(value);
      case "invoke read and set" -> {
        result = entry.getValue();
        entry.setValue(value);
      }
      case "invoke remove" -> entry.remove();
      case "invoke set and remove" -> {
        entry.setValue(value);
        entry.remove();
      }
      case "invoke failure" -> throw new IllegalArgumentException("as told");
      default -> throw new AssertionError(operation);
    }
    return result;
  }

  @Override
  public void close() {
    String name = cache.getName();
    cache.getCacheManager().destroyCache(name);
  }

  /** Records events in the list of the trial that created it. */
  private static final class Recorder
      implements CacheEntryCreatedListener<Integer, Integer>,
          CacheEntryUpdatedListener<Integer, Integer>,
          CacheEntryRemovedListener<Integer, Integer>,
          CacheEntryExpiredListener<Integer, Integer> {
    private final List<String> events = RECORDING.get();

    private void record(Iterable<CacheEntryEvent<? extends Integer, ? extends Integer>> told) {
      told.forEach(
          event ->
              events.add(
                  event.getEventType()
                      + " "
                      + event.getKey()
                      + " "
                      + event.getValue()
                      + " "
                      + event.getOldValue()));
    }

    @Override
    public void onCreated(Iterable<CacheEntryEvent<? extends Integer, ? extends Integer>> told) {
      record(told);
    }

    @Override
    public void onUpdated(Iterable<CacheEntryEvent<? extends Integer, ? extends Integer>> told) {
      record(told);
    }

    @Override
    public void onRemoved(Iterable<CacheEntryEvent<? extends Integer, ? extends Integer>> told) {
      record(told);
    }

    @Override
    public void onExpired(Iterable<CacheEntryEvent<? extends Integer, ? extends Integer>> told) {
      record(told);
    }
  }
}
