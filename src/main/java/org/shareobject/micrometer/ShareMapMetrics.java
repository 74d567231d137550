package org.shareobject.micrometer;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.BaseUnits;
import io.micrometer.core.instrument.binder.cache.CacheMeterBinder;
import java.util.Objects;
import java.util.function.ToLongFunction;
import org.shareobject.ShareException;
import org.shareobject.ShareMap;
import org.shareobject.ShareStats;

/**
 * A map's statistics as Micrometer's meters, under the names that its binders of other caches have:
 * {@code cache.gets} with {@code result} {@code hit} or {@code miss}, {@code cache.puts}, {@code
 * cache.evictions} and {@code cache.size}, each with the tag {@code cache}. Further ones begin with
 * {@code shareobject.map}: the counters {@code removals}, {@code expirations}, {@code recoveries}
 * and {@code damaged.entries}, and the gauges {@code live}, {@code used} and {@code capacity} in
 * bytes, and {@code peers}.
 *
 * <p>{@link ShareStats} says what each number counts. All of them are of all processes that share
 * the map. So where several of them publish the map's meters, take one of them, or the largest, and
 * not the sum.
 *
 * <p>The meters do not keep the map from being collected. Of a map that is closed, or whose file is
 * damaged, they keep the last numbers. They are read by {@link ShareMap#stats}, once for each
 * meter.
 */
@SuppressWarnings("exports") // as module-info says
public final class ShareMapMetrics extends CacheMeterBinder<ShareMap<?, ?>> {
  private static final String PREFIX = "shareobject.map.";

  private volatile ShareStats last;

  /**
   * Prepares meters of a map, to be bound by {@link #bindTo}.
   *
   * @param map the map
   * @param name the value of the tag {@code cache}
   * @param tags further tags of all meters
   * @throws ShareException as {@link ShareMap#stats} does, for example if the map is closed
   */
  public ShareMapMetrics(ShareMap<?, ?> map, String name, Iterable<Tag> tags) {
    super(map, Objects.requireNonNull(name, "name"), tags);
    last = map.stats();
  }

  /**
   * Binds meters of a map to a registry.
   *
   * @param registry the registry
   * @param map the map
   * @param name the value of the tag {@code cache}
   * @param tags keys and values, in turns, of further tags of all meters
   * @param <K> the type of the keys
   * @param <V> the type of the values
   * @return the map
   * @throws ShareException as {@link ShareMap#stats} does, for example if the map is closed
   */
  public static <K, V> ShareMap<K, V> monitor(
      MeterRegistry registry, ShareMap<K, V> map, String name, String... tags) {
    new ShareMapMetrics(map, name, Tags.of(tags)).bindTo(registry);
    return map;
  }

  @Override
  protected Long size() {
    return stats().entries();
  }

  @Override
  protected long hitCount() {
    return stats().hits();
  }

  @Override
  protected Long missCount() {
    return stats().misses();
  }

  @Override
  protected Long evictionCount() {
    return stats().evictions();
  }

  @Override
  protected long putCount() {
    return stats().sets();
  }

  @Override
  protected void bindImplementationSpecificMetrics(MeterRegistry registry) {
    count(registry, "removals", "Entries removed.", ShareStats::removals);
    count(registry, "expirations", "Entries dropped after their time.", ShareStats::expirations);
    count(registry, "recoveries", "Repairs after the death of a writer.", ShareStats::recoveries);
    count(registry, "damaged.entries", "Entries dropped because of damage.", ShareStats::damaged);
    gauge(registry, "live", BaseUnits.BYTES, "Size of all entries.", ShareStats::liveBytes);
    gauge(
        registry,
        "used",
        BaseUnits.BYTES,
        "Size of all entries, overwritten ones too.",
        ShareStats::usedBytes);
    gauge(registry, "capacity", BaseUnits.BYTES, "Room for entries.", ShareStats::capacity);
    gauge(registry, "peers", null, "Handles that are open.", ShareStats::peers);
  }

  private void count(
      MeterRegistry registry, String name, String help, ToLongFunction<ShareStats> number) {
    FunctionCounter.builder(PREFIX + name, getCache(), map -> number.applyAsLong(stats()))
        .tags(getTagsWithCacheName())
        .description(help)
        .register(registry);
  }

  private void gauge(
      MeterRegistry registry,
      String name,
      String unit,
      String help,
      ToLongFunction<ShareStats> number) {
    Gauge.builder(PREFIX + name, getCache(), map -> number.applyAsLong(stats()))
        .tags(getTagsWithCacheName())
        .baseUnit(unit)
        .description(help)
        .register(registry);
  }

  private ShareStats stats() {
    ShareMap<?, ?> map = getCache();
    if (map != null) {
      try {
        last = map.stats();
      } catch (ShareException e) {
        // What was counted until then stays.
      }
    }
    return last;
  }
}
