package org.shareobject.jcache;

import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import javax.cache.management.CacheStatisticsMXBean;

/**
 * What this process has done with a cache since its statistics were cleared. Only evictions are
 * those of all processes: the one who needs room does not tell whose entry it drops.
 */
final class Statistics implements CacheStatisticsMXBean {
  private final LongSupplier evictions;
  private volatile long evictionsBefore;
  private volatile boolean enabled;

  final LongAdder hits = new LongAdder();
  final LongAdder misses = new LongAdder();
  final LongAdder puts = new LongAdder();
  final LongAdder removals = new LongAdder();
  private final LongAdder getNanos = new LongAdder();
  private final LongAdder putNanos = new LongAdder();
  private final LongAdder removeNanos = new LongAdder();

  Statistics(LongSupplier evictions) {
    this.evictions = evictions;
    evictionsBefore = evictions.getAsLong();
  }

  void enable(boolean on) {
    enabled = on;
  }

  /** Returns the time to pass to the methods below; 0 if nothing is counted. */
  long start() {
    return enabled ? System.nanoTime() | 1 : 0;
  }

  void got(boolean hit, long start) {
    if (start != 0) {
      (hit ? hits : misses).increment();
      getNanos.add(System.nanoTime() - start);
    }
  }

  void put(long start) {
    if (start != 0) {
      puts.increment();
      putNanos.add(System.nanoTime() - start);
    }
  }

  void removed(long start) {
    if (start != 0) {
      removals.increment();
      removeNanos.add(System.nanoTime() - start);
    }
  }

  @Override
  public void clear() {
    evictionsBefore = evictions.getAsLong();
    for (LongAdder each :
        new LongAdder[] {hits, misses, puts, removals, getNanos, putNanos, removeNanos}) {
      each.reset();
    }
  }

  @Override
  public long getCacheHits() {
    return hits.sum();
  }

  @Override
  public float getCacheHitPercentage() {
    return percentage(getCacheHits());
  }

  @Override
  public long getCacheMisses() {
    return misses.sum();
  }

  @Override
  public float getCacheMissPercentage() {
    return percentage(getCacheMisses());
  }

  private float percentage(long part) {
    long all = getCacheGets();
    return all == 0 ? 0 : (float) (100.0 * part / all);
  }

  @Override
  public long getCacheGets() {
    return getCacheHits() + getCacheMisses();
  }

  @Override
  public long getCachePuts() {
    return puts.sum();
  }

  @Override
  public long getCacheRemovals() {
    return removals.sum();
  }

  @Override
  public long getCacheEvictions() {
    return Math.max(0, evictions.getAsLong() - evictionsBefore);
  }

  @Override
  public float getAverageGetTime() {
    return micros(getNanos, getCacheGets());
  }

  @Override
  public float getAveragePutTime() {
    return micros(putNanos, getCachePuts());
  }

  @Override
  public float getAverageRemoveTime() {
    return micros(removeNanos, getCacheRemovals());
  }

  private static float micros(LongAdder nanos, long calls) {
    return calls == 0 ? 0 : (float) (nanos.sum() / 1e3 / calls);
  }
}
