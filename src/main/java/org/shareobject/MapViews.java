package org.shareobject;

import java.util.AbstractCollection;
import java.util.AbstractSet;
import java.util.Collection;
import java.util.Iterator;
import java.util.Map;
import java.util.Map.Entry;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Function;
import java.util.function.Predicate;
import org.shareobject.internal.map.RawScan;

/**
 * The three views of a map. Their iterators are weakly consistent: an entry that is present
 * throughout is returned exactly once, one that is added or removed meanwhile once or not at all. A
 * key that is removed and set again counts as two entries.
 */
final class MapViews {
  private MapViews() {}

  /** {@link Map#keySet}. */
  static final class Keys<K, V> extends AbstractSet<K> {
    private final AbstractShareMap<K, V> map;

    Keys(AbstractShareMap<K, V> map) {
      this.map = map;
    }

    @Override
    public Iterator<K> iterator() {
      return iteration();
    }

    private Iteration<K> iteration() {
      return new Iteration<>(map, scan -> map.key(scan.key()));
    }

    @Override
    public Spliterator<K> spliterator() {
      return unsized(iterator(), Spliterator.DISTINCT);
    }

    @Override
    public int size() {
      return map.size();
    }

    @Override
    public boolean contains(Object key) {
      return map.containsKey(key);
    }

    @Override
    public boolean remove(Object key) {
      return map.raw.remove(map.keyBytes(key));
    }

    @Override
    public boolean removeAll(Collection<?> others) {
      return removeIf(others::contains);
    }

    @Override
    public boolean removeIf(Predicate<? super K> filter) {
      return iteration().removeIf(filter);
    }

    @Override
    public void clear() {
      map.clear();
    }
  }

  /** {@link Map#values}. */
  static final class Values<K, V> extends AbstractCollection<V> {
    private final AbstractShareMap<K, V> map;

    Values(AbstractShareMap<K, V> map) {
      this.map = map;
    }

    @Override
    public Iterator<V> iterator() {
      return iteration();
    }

    private Iteration<V> iteration() {
      return new Iteration<>(map, scan -> map.value(scan.value()));
    }

    @Override
    public Spliterator<V> spliterator() {
      return unsized(iterator(), 0);
    }

    @Override
    public int size() {
      return map.size();
    }

    @Override
    public boolean contains(Object value) {
      for (V other : this) {
        if (Objects.deepEquals(other, value)) {
          return true;
        }
      }
      return false;
    }

    @Override
    public boolean remove(Object value) {
      Iteration<V> iteration = iteration();
      while (iteration.hasNext()) {
        if (Objects.deepEquals(iteration.next(), value) && iteration.removeUnchanged()) {
          return true;
        }
      }
      return false;
    }

    @Override
    public boolean removeAll(Collection<?> others) {
      return removeIf(others::contains);
    }

    @Override
    public boolean retainAll(Collection<?> others) {
      return removeIf(value -> !others.contains(value));
    }

    @Override
    public boolean removeIf(Predicate<? super V> filter) {
      return iteration().removeIf(filter);
    }

    @Override
    public void clear() {
      map.clear();
    }
  }

  /** {@link Map#entrySet}. */
  static final class Entries<K, V> extends AbstractSet<Entry<K, V>> {
    private final AbstractShareMap<K, V> map;

    Entries(AbstractShareMap<K, V> map) {
      this.map = map;
    }

    @Override
    public Iterator<Entry<K, V>> iterator() {
      return iteration();
    }

    private Iteration<Entry<K, V>> iteration() {
      return new Iteration<>(
          map, scan -> new WriteThrough<>(map, map.key(scan.key()), map.value(scan.value())));
    }

    @Override
    public Spliterator<Entry<K, V>> spliterator() {
      return unsized(iterator(), Spliterator.DISTINCT);
    }

    @Override
    public int size() {
      return map.size();
    }

    @Override
    public boolean contains(Object element) {
      return element instanceof Entry<?, ?> entry
          && entry.getKey() != null
          && entry.getValue() != null
          && Objects.deepEquals(map.get(entry.getKey()), entry.getValue());
    }

    @Override
    public boolean remove(Object element) {
      return element instanceof Entry<?, ?> entry
          && entry.getKey() != null
          && entry.getValue() != null
          && map.remove(entry.getKey(), entry.getValue());
    }

    @Override
    public boolean removeAll(Collection<?> others) {
      return removeIf(others::contains);
    }

    @Override
    public boolean retainAll(Collection<?> others) {
      return removeIf(entry -> !others.contains(entry));
    }

    @Override
    public boolean removeIf(Predicate<? super Entry<K, V>> filter) {
      return iteration().removeIf(filter);
    }

    @Override
    public void clear() {
      map.clear();
    }
  }

  private static <E> Spliterator<E> unsized(Iterator<E> iterator, int characteristics) {
    return Spliterators.spliteratorUnknownSize(
        iterator, characteristics | Spliterator.CONCURRENT | Spliterator.NONNULL);
  }

  /** Iterates over the map once, one record ahead. */
  private static final class Iteration<E> implements Iterator<E> {
    private final AbstractShareMap<?, ?> map;
    private final Function<RawScan, E> element;
    private final RawScan scan;
    private boolean ahead;
    private byte[] lastKey;
    private long lastVersion;

    Iteration(AbstractShareMap<?, ?> map, Function<RawScan, E> element) {
      this.map = map;
      this.element = element;
      scan = map.raw.scan();
    }

    @Override
    public boolean hasNext() {
      if (!ahead) {
        ahead = scan.advance();
      }
      return ahead;
    }

    @Override
    public E next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      ahead = false;
      lastKey = scan.key();
      lastVersion = scan.version();
      return element.apply(scan);
    }

    @Override
    public void remove() {
      map.raw.remove(takeLastKey());
    }

    /** Removes the last entry unless it has been written since; returns whether it did. */
    boolean removeUnchanged() {
      return map.raw.compareAndRemove(takeLastKey(), lastVersion);
    }

    boolean removeIf(Predicate<? super E> filter) {
      Objects.requireNonNull(filter, "filter");
      boolean removed = false;
      while (hasNext()) {
        if (filter.test(next())) {
          removed |= removeUnchanged();
        }
      }
      return removed;
    }

    private byte[] takeLastKey() {
      if (lastKey == null) {
        throw new IllegalStateException("call next() before each remove()");
      }
      byte[] key = lastKey;
      lastKey = null;
      return key;
    }
  }

  /** An entry as it was when the iterator met it; a value set here is written to the map. */
  private static final class WriteThrough<K, V> implements Entry<K, V> {
    private final AbstractShareMap<K, V> map;
    private final K key;
    private V value;

    WriteThrough(AbstractShareMap<K, V> map, K key, V value) {
      this.map = map;
      this.key = key;
      this.value = value;
    }

    @Override
    public K getKey() {
      return key;
    }

    @Override
    public V getValue() {
      return value;
    }

    @Override
    public V setValue(V newValue) {
      map.raw.set(map.keyBytes(key), map.valueBytes(newValue), map.ttlMs);
      V old = value;
      value = newValue;
      return old;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Entry<?, ?> entry
          && key.equals(entry.getKey())
          && value.equals(entry.getValue());
    }

    @Override
    public int hashCode() {
      return key.hashCode() ^ value.hashCode();
    }

    @Override
    public String toString() {
      return key + "=" + value;
    }
  }
}
