package org.shareobject.cluster;

import java.time.Duration;
import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * A map that keeps the keys that were used last: set, or got. Iterators go over a copy, which is no
 * use of what they meet.
 *
 * <p>One lock guards all; next to a message it costs nothing. The order of use is the order of
 * expiry too, since all keys may idle for the same time: what has expired is met first.
 */
final class LruMap<K, V> extends AbstractMap<K, V> implements ConcurrentMap<K, V> {
  static final Duration FOR_EVER = Duration.ofSeconds(Long.MAX_VALUE);

  private final LinkedHashMap<K, Used<V>> entries = new LinkedHashMap<>(16, 0.75f, true);
  private final int max;
  private final long idleNanos;
  private final LongSupplier clock;

  private static final class Used<V> {
    private final V value;
    private long atNanos;

    Used(V value, long atNanos) {
      this.value = value;
      this.atNanos = atNanos;
    }
  }

  /**
   * Creates an empty map.
   *
   * @param max the most keys
   * @param idle how long a key is kept that is not used
   * @throws IllegalArgumentException if one of them is not above zero
   */
  LruMap(int max, Duration idle) {
    this(max, idle, System::nanoTime);
  }

  /** Creates an empty map that takes the time from a clock, in nanoseconds. */
  LruMap(int max, Duration idle, LongSupplier clock) {
    if (max < 1) {
      throw new IllegalArgumentException("the most keys must be 1 or more, not " + max);
    }
    if (idle.isNegative() || idle.isZero()) {
      throw new IllegalArgumentException("the time to idle must be above zero, not " + idle);
    }
    this.max = max;
    idleNanos = TimeUnit.NANOSECONDS.convert(idle);
    this.clock = clock;
  }

  @Override
  public synchronized V get(Object key) {
    long now = expire();
    Used<V> used = entries.get(Objects.requireNonNull(key));
    if (used == null) {
      return null;
    }
    used.atNanos = now;
    return used.value;
  }

  @Override
  public synchronized V put(K key, V value) {
    Used<V> next = new Used<>(Objects.requireNonNull(value), expire());
    Used<V> previous = entries.put(Objects.requireNonNull(key), next);
    if (entries.size() > max) {
      dropFirst();
    }
    return previous == null ? null : previous.value;
  }

  @Override
  public synchronized V putIfAbsent(K key, V value) {
    Objects.requireNonNull(value);
    V present = get(key);
    return present != null ? present : put(key, value);
  }

  @Override
  public synchronized V remove(Object key) {
    expire();
    Used<V> previous = entries.remove(Objects.requireNonNull(key));
    return previous == null ? null : previous.value;
  }

  @Override
  public synchronized boolean remove(Object key, Object value) {
    if (!holds(key, value)) {
      return false;
    }
    remove(key);
    return true;
  }

  @Override
  public synchronized boolean replace(K key, V expected, V value) {
    Objects.requireNonNull(expected);
    Objects.requireNonNull(value);
    if (!holds(key, expected)) {
      return false;
    }
    put(key, value);
    return true;
  }

  @Override
  public synchronized V replace(K key, V value) {
    Objects.requireNonNull(value);
    return containsKey(key) ? put(key, value) : null;
  }

  @Override
  public synchronized boolean containsKey(Object key) {
    expire();
    return entries.containsKey(Objects.requireNonNull(key));
  }

  @Override
  public synchronized int size() {
    expire();
    return entries.size();
  }

  @Override
  public synchronized void clear() {
    entries.clear();
  }

  @Override
  public Set<Entry<K, V>> entrySet() {
    return new Entries();
  }

  private boolean holds(Object key, Object value) {
    V present = get(key);
    return present != null && present.equals(value);
  }

  /** Drops what has expired; returns the time. */
  private long expire() {
    long now = clock.getAsLong();
    while (!entries.isEmpty() && now - first().next().atNanos > idleNanos) {
      dropFirst();
    }
    return now;
  }

  private void dropFirst() {
    Iterator<Used<V>> first = first();
    first.next();
    first.remove();
  }

  private Iterator<Used<V>> first() {
    return entries.values().iterator();
  }

  private synchronized List<Entry<K, V>> copy() {
    expire();
    return entries.entrySet().stream().map(this::entry).toList();
  }

  private Entry<K, V> entry(Entry<K, Used<V>> used) {
    return new SimpleEntry<>(used.getKey(), used.getValue().value) {
      private static final long serialVersionUID = 1L;

      @Override
      public V setValue(V value) {
        put(getKey(), value);
        return super.setValue(value);
      }
    };
  }

  /** All of them as a set. */
  private final class Entries extends AbstractSet<Entry<K, V>> {
    @Override
    public Iterator<Entry<K, V>> iterator() {
      return new Entrance(copy().iterator());
    }

    @Override
    public int size() {
      return LruMap.this.size();
    }

    @Override
    public void clear() {
      LruMap.this.clear();
    }
  }

  private final class Entrance implements Iterator<Entry<K, V>> {
    private final Iterator<Entry<K, V>> entries;
    private Entry<K, V> last;

    Entrance(Iterator<Entry<K, V>> entries) {
      this.entries = entries;
    }

    @Override
    public boolean hasNext() {
      return entries.hasNext();
    }

    @Override
    public Entry<K, V> next() {
      last = entries.next();
      return last;
    }

    @Override
    public void remove() {
      if (last == null) {
        throw new IllegalStateException("there is nothing to remove before next");
      }
      LruMap.this.remove(last.getKey());
      last = null;
    }
  }
}
