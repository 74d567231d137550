package org.shareobject.bench.process;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntPredicate;
import org.shareobject.Codec;
import org.shareobject.Eviction;
import org.shareobject.ShareMap;
import org.shareobject.bench.peer.Keys;
import org.shareobject.bench.peer.Spec;

/**
 * Plays a trace against caches that hold the same number of entries: as many as the product's map
 * had room for. Settings {@code trace}, or {@code file} with one; {@code share} of its keys in
 * percent. Answers {@code shareObject}, {@code caffeine}, {@code lru} and {@code secondChance} with
 * the hits of 100 lookups, and {@code entries}.
 */
final class HitRatio implements Job {
  private static final long LEAST_CAPACITY = 64 << 10;
  private static final int ENTRY_BYTES = 45;

  /** So few entries have larger values, since a map has no less than {@link #LEAST_CAPACITY}. */
  private static final int FEW = 300;

  private static final int LARGE_VALUE = 10_000;

  @Override
  public void run(Settings settings, Parent parent) {
    Spec spec = settings.spec();
    int[] trace;
    try {
      trace =
          settings.has("file")
              ? TraceFile.read(Path.of(settings.text("file")))
              : Trace.valueOf(settings.text("trace")).draw(spec.entries());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    long keys = Arrays.stream(trace).distinct().count();
    int room = (int) (keys * settings.number("share") / 100);
    byte[] value = new byte[room < FEW ? LARGE_VALUE : spec.valueBytes()];
    int entries = shareObject(spec, trace, capacity(spec, room, value), value, parent);
    parent.say("entries " + entries);
    parent.say("caffeine " + caffeine(trace, entries));
    parent.say("lru " + lru(trace, entries));
    parent.say("secondChance " + secondChance(trace, entries));
  }

  /** Returns the capacity of a map that holds about so many entries. */
  private static long capacity(Spec spec, int room, byte[] value) {
    long guess = Math.max(LEAST_CAPACITY, room * (long) (Keys.BYTES + value.length + ENTRY_BYTES));
    try (ShareMap<byte[], byte[]> map = open(spec.folder().resolve("full"), guess)) {
      for (int i = 0; i < 3 * room; i++) {
        map.set(Keys.bytes(i), value);
      }
      return Math.max(LEAST_CAPACITY, guess * room / map.stats().entries());
    }
  }

  private static ShareMap<byte[], byte[]> open(Path file, long capacity) {
    return ShareMap.builder(Codec.BYTES, Codec.BYTES)
        .capacity(capacity)
        .eviction(Eviction.S3_FIFO)
        .open(file);
  }

  private static int shareObject(
      Spec spec, int[] trace, long capacity, byte[] value, Parent parent) {
    try (ShareMap<byte[], byte[]> map = open(spec.folder().resolve("map"), capacity)) {
      double ratio =
          play(
              trace,
              index -> {
                byte[] key = Keys.bytes(index);
                if (map.get(key) != null) {
                  return true;
                }
                map.set(key, value);
                return false;
              });
      parent.say("shareObject " + ratio);
      return (int) map.stats().entries();
    }
  }

  private static double caffeine(int[] trace, int entries) {
    Cache<Integer, Integer> cache =
        Caffeine.newBuilder().maximumSize(entries).executor(Runnable::run).build();
    return play(
        trace,
        index -> {
          if (cache.getIfPresent(index) != null) {
            return true;
          }
          cache.put(index, index);
          return false;
        });
  }

  private static double lru(int[] trace, int entries) {
    Map<Integer, Integer> cache =
        new LinkedHashMap<>(2 * entries, 0.75f, true) {
          private static final long serialVersionUID = 1;

          @Override
          protected boolean removeEldestEntry(Map.Entry<Integer, Integer> eldest) {
            return size() > entries;
          }
        };
    return play(
        trace,
        index -> {
          if (cache.get(index) != null) {
            return true;
          }
          cache.put(index, index);
          return false;
        });
  }

  private static double secondChance(int[] trace, int entries) {
    int[] ring = new int[entries];
    Map<Integer, Boolean> visited = new HashMap<>();
    int[] hand = {0};
    return play(
        trace,
        index -> {
          if (visited.replace(index, true) != null) {
            return true;
          }
          if (visited.size() == entries) {
            while (visited.replace(ring[hand[0]], false)) {
              hand[0] = (hand[0] + 1) % entries;
            }
            visited.remove(ring[hand[0]]);
          }
          ring[hand[0]] = index;
          hand[0] = (hand[0] + 1) % entries;
          visited.put(index, false);
          return false;
        });
  }

  private static double play(int[] trace, IntPredicate hits) {
    int found = 0;
    for (int index : trace) {
      if (hits.test(index)) {
        found++;
      }
    }
    return 100.0 * found / trace.length;
  }
}
