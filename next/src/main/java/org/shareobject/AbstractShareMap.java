package org.shareobject;

import java.util.AbstractMap;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentMap;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.shareobject.internal.map.RawEntry;
import org.shareobject.internal.map.RawMap;

/**
 * The contract of {@link ConcurrentMap} over a map from bytes to bytes.
 *
 * <p>A method that depends on the old value reads it with its version, writes only if the version
 * is still the same, and else begins again. No version ever returns, so each method is atomic
 * between all processes.
 */
abstract class AbstractShareMap<K, V> extends AbstractMap<K, V> implements ConcurrentMap<K, V> {
  /** The version of an absent key. */
  private static final long ABSENT = 0;

  final RawMap raw;
  final Codec<K> keys;
  final Codec<V> values;

  /** The time to live of entries that are written without one, in ms; 0: none. */
  final long ttlMs;

  final ComputeOnce computeOnce;

  AbstractShareMap(RawMap raw, Codec<K> keys, Codec<V> values, long ttlMs) {
    this.raw = raw;
    this.keys = keys;
    this.values = values;
    this.ttlMs = ttlMs;
    computeOnce = new ComputeOnce(raw);
  }

  // ---- codecs

  /** Returns the key's bytes; it is up to the codec to refuse a key of another class. */
  @SuppressWarnings("unchecked")
  final byte[] keyBytes(Object key) {
    return keys.encode((K) Objects.requireNonNull(key, "key"));
  }

  final byte[] valueBytes(V value) {
    byte[] bytes = values.encode(Objects.requireNonNull(value, "value"));
    return Objects.requireNonNull(bytes, "the codec returned null");
  }

  final K key(byte[] bytes) {
    return Objects.requireNonNull(keys.decode(bytes), "the codec returned a null key");
  }

  final V value(byte[] bytes) {
    return bytes == null
        ? null
        : Objects.requireNonNull(values.decode(bytes), "the codec returned a null value");
  }

  private boolean isValue(byte[] bytes, Object value) {
    return Objects.deepEquals(value(bytes), value);
  }

  // ---- Map

  @Override
  public V get(Object key) {
    return value(raw.get(keyBytes(key)));
  }

  @Override
  public boolean containsKey(Object key) {
    return raw.contains(keyBytes(key));
  }

  @Override
  public boolean containsValue(Object value) {
    return values().contains(Objects.requireNonNull(value, "value"));
  }

  @Override
  public int size() {
    return (int) Math.min(raw.size(), Integer.MAX_VALUE);
  }

  @Override
  public boolean isEmpty() {
    return raw.size() == 0;
  }

  @Override
  public V put(K key, V value) {
    return putBytes(keyBytes(key), valueBytes(value), ttlMs);
  }

  final V putBytes(byte[] key, byte[] value, long ttl) {
    while (true) {
      RawEntry old = raw.getVersioned(key);
      if (raw.compareAndSet(key, old == null ? ABSENT : old.version(), value, ttl)) {
        return old == null ? null : value(old.value());
      }
    }
  }

  @Override
  public void putAll(Map<? extends K, ? extends V> map) {
    map.forEach((key, value) -> raw.set(keyBytes(key), valueBytes(value), ttlMs));
  }

  @Override
  public V remove(Object key) {
    byte[] k = keyBytes(key);
    while (true) {
      RawEntry old = raw.getVersioned(k);
      if (old == null) {
        return null;
      }
      if (raw.compareAndRemove(k, old.version())) {
        return value(old.value());
      }
    }
  }

  /**
   * Removes every entry that was there when the call began. Each key is removed atomically, the
   * whole map is not: readers, also in other processes, see keys disappear one after the other.
   * What is written meanwhile may be removed or stay. If the call fails, or the process is killed
   * meanwhile, some keys are removed and the others are there with whole values; call it again.
   *
   * @throws ShareIoException {@code SHO_EBUSY} if a process that is stopped holds a lock
   */
  @Override
  public void clear() {
    raw.clear();
  }

  @Override
  public Set<K> keySet() {
    return new MapViews.Keys<>(this);
  }

  @Override
  public Collection<V> values() {
    return new MapViews.Values<>(this);
  }

  @Override
  public Set<Entry<K, V>> entrySet() {
    return new MapViews.Entries<>(this);
  }

  // ---- ConcurrentMap

  @Override
  public V putIfAbsent(K key, V value) {
    return putBytesIfAbsent(keyBytes(key), valueBytes(value), ttlMs);
  }

  final V putBytesIfAbsent(byte[] key, byte[] value, long ttl) {
    while (true) {
      byte[] old = raw.get(key);
      if (old != null) {
        return value(old);
      }
      if (raw.compareAndSet(key, ABSENT, value, ttl)) {
        return null;
      }
    }
  }

  @Override
  public boolean remove(Object key, Object value) {
    byte[] k = keyBytes(key);
    Objects.requireNonNull(value, "value");
    while (true) {
      RawEntry old = raw.getVersioned(k);
      if (old == null || !isValue(old.value(), value)) {
        return false;
      }
      if (raw.compareAndRemove(k, old.version())) {
        return true;
      }
    }
  }

  @Override
  public V replace(K key, V value) {
    byte[] k = keyBytes(key);
    byte[] v = valueBytes(value);
    while (true) {
      RawEntry old = raw.getVersioned(k);
      if (old == null) {
        return null;
      }
      if (raw.compareAndSet(k, old.version(), v, ttlMs)) {
        return value(old.value());
      }
    }
  }

  @Override
  public boolean replace(K key, V oldValue, V newValue) {
    byte[] k = keyBytes(key);
    Objects.requireNonNull(oldValue, "oldValue");
    byte[] v = valueBytes(newValue);
    while (true) {
      RawEntry old = raw.getVersioned(k);
      if (old == null || !isValue(old.value(), oldValue)) {
        return false;
      }
      if (raw.compareAndSet(k, old.version(), v, ttlMs)) {
        return true;
      }
    }
  }

  // ---- functions

  /**
   * Returns the value of a key. If the key is absent, the function computes the value, which is
   * stored and returned. For one key, the function runs in only one thread of all processes at a
   * time. The others that ask for the key wait, without a time limit; one of them takes over if the
   * function throws or returns null, or if its process dies. {@code put} and similar methods do not
   * wait: a value that one of them stores meanwhile stays, and is returned. Computations of
   * different keys do not wait for each other.
   *
   * <p>A thread that waits is parked: a virtual one gives its carrier back. It can be interrupted.
   *
   * <p>The function may compute other keys of the map. If threads, of one process or of several,
   * would deadlock, one of them gets an exception. A deadlock through several maps is not detected.
   *
   * @param key the key
   * @param f computes the value; may return null, and then nothing is stored
   * @return the value, or null if the function returned null
   * @throws IllegalStateException if the function computes its own key
   * @throws ShareException {@code SHO_EDEADLK}, if waiting would close a cycle; {@code SHO_EINTR},
   *     if the thread is interrupted while it waits, or already was when it began to wait: its
   *     interrupt flag stays set, and nothing was computed
   * @throws ShareFullException if the computed value has no room
   * @throws ShareClosedException if the map is closed before or during the call
   */
  @Override
  public V computeIfAbsent(K key, Function<? super K, ? extends V> f) {
    Objects.requireNonNull(f, "f");
    V present = get(key);
    if (present != null) {
      return present;
    }
    byte[] k = keyBytes(key);
    return computeOnce.run(k, () -> value(raw.get(k)), () -> computeAbsent(key, k, f));
  }

  private V computeAbsent(K key, byte[] k, Function<? super K, ? extends V> f) {
    V present = value(raw.get(k));
    if (present != null) {
      return present;
    }
    V computed = f.apply(key);
    if (computed == null) {
      return null;
    }
    V raced = putBytesIfAbsent(k, valueBytes(computed), ttlMs);
    return raced != null ? raced : computed;
  }

  @Override
  public V computeIfPresent(K key, BiFunction<? super K, ? super V, ? extends V> f) {
    Objects.requireNonNull(f, "f");
    return update(key, old -> old == null ? null : f.apply(key, old));
  }

  @Override
  public V compute(K key, BiFunction<? super K, ? super V, ? extends V> f) {
    Objects.requireNonNull(f, "f");
    return update(key, old -> f.apply(key, old));
  }

  @Override
  public V merge(K key, V value, BiFunction<? super V, ? super V, ? extends V> f) {
    Objects.requireNonNull(value, "value");
    Objects.requireNonNull(f, "f");
    return update(key, old -> old == null ? value : f.apply(old, value));
  }

  @Override
  public void replaceAll(BiFunction<? super K, ? super V, ? extends V> f) {
    Objects.requireNonNull(f, "f");
    for (K each : keySet()) {
      computeIfPresent(
          each,
          (key, old) -> Objects.requireNonNull(f.apply(key, old), "the function returned null"));
    }
  }

  /** Replaces a value, null if absent, by the function's result; may run the function again. */
  private V update(K key, Function<? super V, ? extends V> f) {
    byte[] k = keyBytes(key);
    while (true) {
      RawEntry old = raw.getVersioned(k);
      V updated = f.apply(old == null ? null : value(old.value()));
      if (updated == null && old == null) {
        return null;
      }
      boolean done =
          updated == null
              ? raw.compareAndRemove(k, old.version())
              : raw.compareAndSet(
                  k, old == null ? ABSENT : old.version(), valueBytes(updated), ttlMs);
      if (done) {
        return updated;
      }
    }
  }
}
