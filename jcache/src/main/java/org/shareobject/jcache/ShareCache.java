package org.shareobject.jcache;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.cache.Cache;
import javax.cache.CacheException;
import javax.cache.configuration.CacheEntryListenerConfiguration;
import javax.cache.configuration.Configuration;
import javax.cache.expiry.ExpiryPolicy;
import javax.cache.integration.CacheWriterException;
import javax.cache.integration.CompletionListener;
import javax.cache.processor.EntryProcessor;
import javax.cache.processor.EntryProcessorException;
import javax.cache.processor.EntryProcessorResult;
import org.shareobject.jcache.Entries.Action;
import org.shareobject.jcache.Entries.Change;

/**
 * A cache in shared memory.
 *
 * <p>Every method on one key is atomic between all processes. Loads and entry processors of a key,
 * and with write-through every change of it, also run under the key's lock of all processes: a
 * value is loaded once. A change without that lock may come between; then the processor runs again.
 */
final class ShareCache<K, V> implements Cache<K, V> {
  private final ShareCacheManager manager;
  private final String name;
  private final ShareConfiguration<K, V> configuration;
  private final Store store;
  private final Entries<K, V> entries;
  private final Expiry expiry;
  private final Listeners<K, V> listeners;
  private final Others<K, V> others;
  private final Through<K, V> through;
  private final Statistics statistics;
  private final Beans beans;
  private final Workers loading;
  private final Workers telling;
  private final boolean setsBlindly;
  private volatile boolean closed;

  /** Opens the cache; the configuration belongs to it from now on. */
  ShareCache(ShareCacheManager manager, String name, ShareConfiguration<K, V> configuration) {
    this.manager = manager;
    this.name = name;
    this.configuration = configuration;
    ClassLoader loader = manager.getClassLoader();
    String classes = configuration.getSerialization();
    var keys =
        new EntryCodec<>(
            name, configuration.getKeyType(), configuration.getKeyCodec(), classes, loader);
    var values =
        new EntryCodec<>(
            name, configuration.getValueType(), configuration.getValueCodec(), classes, loader);
    loading = new Workers("shareobject-jcache-load " + name, loader);
    telling = new Workers("shareobject-jcache-events " + name, loader);
    listeners = new Listeners<>(this, telling);
    ExpiryPolicy policy = configuration.getExpiryPolicyFactory().create();
    expiry = new Expiry(policy);
    through = new Through<>(configuration);
    setsBlindly = expiry.ignoresPresence() && !through.writes();
    store = Store.open(manager.folder(), name, Definition.of(configuration, policy), configuration);
    entries = new Entries<>(keys, values, store, expiry, listeners, configuration.getUnreadable());
    statistics = new Statistics(store::evictions);
    others = new Others<>(entries, telling);
    beans = new Beans(manager.getURI(), name);
    try {
      configuration.getCacheEntryListenerConfigurations().forEach(listeners::add);
      others.update();
      enableStatistics(configuration.isStatisticsEnabled());
      enableManagement(configuration.isManagementEnabled());
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  // ---- reads

  @Override
  public V get(K key) {
    long start = begin(key);
    byte[] k = entries.encodeKey(key);
    V value = expiry.ignoresReads() ? entries.alive(store.get(k)) : null;
    if (value == null) {
      value = find(key, k, System.currentTimeMillis());
    }
    statistics.got(value != null, start);
    return value == null && through.reads() ? load(key, k) : value;
  }

  /** Looks for a value: sets its deadline, and removes what is expired. */
  private V find(K key, byte[] k, long now) {
    return entries.change(key, k, true, now, found -> entries.read(found, now)).found().value();
  }

  /** Returns the value of an absent key, loaded by one thread of all processes. */
  private V load(K key, byte[] k) {
    return store.exclusively(
        k,
        () -> {
          Once<V> loaded = new Once<>(() -> through.load(key));
          long now = System.currentTimeMillis();
          var done =
              entries.change(
                  key,
                  k,
                  false,
                  now,
                  found -> {
                    if (found.present()) {
                      return entries.read(found, now);
                    }
                    V value = loaded.get();
                    return value == null
                        ? entries.keep()
                        : entries.store(found, value, entries.encodeValue(value), now);
                  });
          return switch (done.change().action()) {
            case STORE -> done.change().value();
            case DROP -> null;
            default -> done.found().value();
          };
        });
  }

  @Override
  public Map<K, V> getAll(Set<? extends K> keys) {
    ensureOpen();
    noNulls(keys);
    Map<K, V> found = new HashMap<>();
    for (K key : keys) {
      V value = get(key);
      if (value != null) {
        found.put(key, value);
      }
    }
    return found;
  }

  @Override
  public boolean containsKey(K key) {
    begin(key);
    return entries.alive(store.get(entries.encodeKey(key))) != null;
  }

  @Override
  public Iterator<Entry<K, V>> iterator() {
    ensureOpen();
    return new EntryIterator<>(this, entries, statistics);
  }

  // ---- writes

  @Override
  public void put(K key, V value) {
    long start = begin(key, value);
    byte[] k = entries.encodeKey(key);
    byte[] v = entries.encodeValue(value);
    if (setsBlindly && listeners.none()) {
      long now = expiry.isEternal() ? 0 : System.currentTimeMillis();
      long deadline = expiry.created(now);
      if (deadline > now) {
        entries.set(k, v, deadline, now);
        statistics.put(start);
        return;
      }
    }
    if (put(key, k, value, v, true).change().action() == Action.STORE) {
      statistics.put(start);
    }
  }

  private Entries.Done<Entries<K, V>.Found, V> put(
      K key, byte[] k, V value, byte[] v, boolean writes) {
    return changing(
        key,
        k,
        false,
        writes ? () -> through.write(key, value) : null,
        found -> entries.store(found, value, v, System.currentTimeMillis()));
  }

  @Override
  public V getAndPut(K key, V value) {
    long start = begin(key, value);
    var done = put(key, entries.encodeKey(key), value, entries.encodeValue(value), true);
    V old = done.found().value();
    statistics.got(old != null, start);
    if (done.change().action() == Action.STORE) {
      statistics.put(start);
    }
    return old;
  }

  @Override
  public void putAll(Map<? extends K, ? extends V> map) {
    ensureOpen();
    for (Map.Entry<? extends K, ? extends V> entry : map.entrySet()) {
      Objects.requireNonNull(entry.getKey(), "key");
      Objects.requireNonNull(entry.getValue(), "value");
    }
    Set<Object> notWritten = new HashSet<>();
    CacheWriterException failure = null;
    if (through.writes()) {
      Collection<Entry<? extends K, ? extends V>> left = new ArrayList<>();
      map.forEach((key, value) -> left.add(new CacheEntry<>(key, value)));
      try {
        through.writeAll(left);
      } catch (CacheWriterException e) {
        failure = e;
      }
      left.forEach(entry -> notWritten.add(entry.getKey()));
    }
    for (Map.Entry<? extends K, ? extends V> entry : map.entrySet()) {
      if (!notWritten.contains(entry.getKey())) {
        K key = entry.getKey();
        V value = entry.getValue();
        long start = statistics.start();
        byte[] k = entries.encodeKey(key);
        if (put(key, k, value, entries.encodeValue(value), false).change().action()
            == Action.STORE) {
          statistics.put(start);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  @Override
  public boolean putIfAbsent(K key, V value) {
    long start = begin(key, value);
    byte[] v = entries.encodeValue(value);
    var done =
        changing(
            key,
            entries.encodeKey(key),
            false,
            () -> through.write(key, value),
            found ->
                found.present()
                    ? entries.keep()
                    : entries.store(found, value, v, System.currentTimeMillis()));
    boolean stored = done.change().action() == Action.STORE;
    statistics.got(done.found().present(), start);
    if (stored) {
      statistics.put(start);
    }
    return stored;
  }

  @Override
  public boolean remove(K key) {
    long start = begin(key);
    boolean removed = delete(key) != null;
    if (removed) {
      statistics.removed(start);
    }
    return removed;
  }

  @Override
  public V getAndRemove(K key) {
    long start = begin(key);
    V old = delete(key);
    statistics.got(old != null, start);
    if (old != null) {
      statistics.removed(start);
    }
    return old;
  }

  /** Removes a key; returns its value, or null. */
  private V delete(K key) {
    return changing(
            key,
            entries.encodeKey(key),
            false,
            () -> through.delete(key),
            found -> entries.remove())
        .found()
        .value();
  }

  @Override
  public boolean remove(K key, V oldValue) {
    long start = begin(key, oldValue);
    var done =
        changing(
            key,
            entries.encodeKey(key),
            true,
            () -> through.delete(key),
            found ->
                Objects.deepEquals(found.value(), oldValue)
                    ? entries.remove()
                    : entries.read(found, System.currentTimeMillis()));
    boolean removed = done.change().action() == Action.REMOVE;
    statistics.got(done.found().present(), start);
    if (removed) {
      statistics.removed(start);
    }
    return removed;
  }

  @Override
  public boolean replace(K key, V oldValue, V newValue) {
    long start = begin(key, oldValue);
    Objects.requireNonNull(newValue, "newValue");
    return replace(key, newValue, start, old -> Objects.deepEquals(old, oldValue)).change().action()
        == Action.STORE;
  }

  @Override
  public boolean replace(K key, V value) {
    long start = begin(key, value);
    return replace(key, value, start, old -> true).change().action() == Action.STORE;
  }

  @Override
  public V getAndReplace(K key, V value) {
    long start = begin(key, value);
    return replace(key, value, start, old -> true).found().value();
  }

  private Entries.Done<Entries<K, V>.Found, V> replace(
      K key, V value, long start, Function<V, Boolean> condition) {
    byte[] v = entries.encodeValue(value);
    var done =
        changing(
            key,
            entries.encodeKey(key),
            true,
            () -> through.write(key, value),
            found -> {
              long now = System.currentTimeMillis();
              return found.present() && condition.apply(found.value())
                  ? entries.store(found, value, v, now)
                  : entries.read(found, now);
            });
    statistics.got(done.found().present(), start);
    if (done.change().action() == Action.STORE) {
      statistics.put(start);
    }
    return done;
  }

  @Override
  public void removeAll(Set<? extends K> keys) {
    ensureOpen();
    noNulls(keys);
    removeKeys(new ArrayList<K>(keys));
  }

  @Override
  public void removeAll() {
    ensureOpen();
    List<K> keys = new ArrayList<>();
    entries
        .iterator()
        .forEachRemaining(
            entry -> {
              K key = entries.keys.decode(entry.getKey(), 0);
              if (key != null) {
                keys.add(key);
              }
            });
    removeKeys(keys);
  }

  private void removeKeys(List<K> keys) {
    CacheWriterException failure = null;
    Set<K> notDeleted = new HashSet<>();
    if (through.writes() && !keys.isEmpty()) {
      notDeleted.addAll(keys);
      try {
        through.deleteAll(notDeleted);
      } catch (CacheWriterException e) {
        failure = e;
      }
    }
    for (K key : keys) {
      if (!notDeleted.contains(key)) {
        long start = statistics.start();
        byte[] k = entries.encodeKey(key);
        var done = changing(key, k, false, null, found -> entries.remove());
        if (done.found().present()) {
          statistics.removed(start);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  /** Removes all entries, as one call of the map; no event is raised, nothing is counted. */
  @Override
  public void clear() {
    ensureOpen();
    store.clear();
  }

  /**
   * Changes an entry. With write-through, and if the change is one of the value, the writer comes
   * first, under the key's lock of all processes.
   */
  private Entries.Done<Entries<K, V>.Found, V> changing(
      K key,
      byte[] k,
      boolean reads,
      Runnable writer,
      Function<Entries<K, V>.Found, Change<V>> decision) {
    long now = System.currentTimeMillis();
    if (writer == null || !through.writes()) {
      return entries.change(key, k, reads, now, decision);
    }
    Once<Boolean> written =
        new Once<>(
            () -> {
              writer.run();
              return true;
            });
    return store.exclusively(
        k,
        () ->
            entries.change(
                key,
                k,
                reads,
                now,
                found -> {
                  Change<V> change = decision.apply(found);
                  if (change.action() != Action.KEEP && change.action() != Action.TOUCH) {
                    written.get();
                  }
                  return change;
                }));
  }

  // ---- loads and processors

  @Override
  public void loadAll(
      Set<? extends K> keys, boolean replaceExistingValues, CompletionListener listener) {
    ensureOpen();
    noNulls(keys);
    if (!through.hasLoader()) {
      if (listener != null) {
        listener.onCompletion();
      }
      return;
    }
    List<K> wanted = new ArrayList<>(keys);
    loading.execute(
        () -> {
          try {
            loadNow(wanted, replaceExistingValues);
          } catch (Exception e) {
            if (listener != null) {
              listener.onException(e);
            }
            return;
          }
          if (listener != null) {
            listener.onCompletion();
          }
        });
  }

  private void loadNow(List<K> keys, boolean replaces) {
    if (!replaces) {
      keys.removeIf(this::containsKey);
    }
    if (keys.isEmpty()) {
      return;
    }
    Map<K, V> loaded = through.loadAll(keys);
    for (K key : keys) {
      V value = loaded.get(key);
      if (value != null) {
        byte[] v = entries.encodeValue(value);
        changing(
            key,
            entries.encodeKey(key),
            false,
            null,
            found ->
                found.present() && !replaces
                    ? entries.keep()
                    : entries.store(found, value, v, System.currentTimeMillis()));
      }
    }
  }

  @Override
  public <T> T invoke(K key, EntryProcessor<K, V, T> processor, Object... arguments) {
    long start = begin(key, processor);
    byte[] k = entries.encodeKey(key);
    return store.exclusively(
        k,
        () ->
            new Invocation<>(entries, through, statistics, processor, arguments)
                .run(key, k, start));
  }

  @Override
  public <T> Map<K, EntryProcessorResult<T>> invokeAll(
      Set<? extends K> keys, EntryProcessor<K, V, T> processor, Object... arguments) {
    ensureOpen();
    noNulls(keys);
    Objects.requireNonNull(processor, "processor");
    Map<K, EntryProcessorResult<T>> results = new HashMap<>();
    for (K key : keys) {
      try {
        T result = invoke(key, processor, arguments);
        if (result != null) {
          results.put(key, () -> result);
        }
      } catch (EntryProcessorException e) {
        results.put(key, failed(e));
      } catch (CacheException e) {
        results.put(key, failed(new EntryProcessorException(e)));
      }
    }
    return results;
  }

  private static <T> EntryProcessorResult<T> failed(EntryProcessorException e) {
    return () -> {
      throw e;
    };
  }

  // ---- the cache itself

  @Override
  public void registerCacheEntryListener(CacheEntryListenerConfiguration<K, V> listener) {
    ensureOpen();
    synchronized (configuration) {
      configuration.addCacheEntryListenerConfiguration(listener);
    }
    listeners.add(listener);
    try {
      others.update();
    } catch (CacheException e) {
      deregisterCacheEntryListener(listener);
      throw e;
    }
  }

  @Override
  public void deregisterCacheEntryListener(CacheEntryListenerConfiguration<K, V> listener) {
    ensureOpen();
    Objects.requireNonNull(listener, "listener");
    synchronized (configuration) {
      configuration.removeCacheEntryListenerConfiguration(listener);
    }
    listeners.remove(listener);
    others.update();
  }

  void enableStatistics(boolean on) {
    synchronized (configuration) {
      configuration.setStatisticsEnabled(on);
    }
    statistics.enable(on);
    beans.statistics(on ? statistics : null);
  }

  void enableManagement(boolean on) {
    synchronized (configuration) {
      configuration.setManagementEnabled(on);
    }
    beans.configuration(on ? configuration : null);
  }

  Class<K> keyType() {
    return configuration.getKeyType();
  }

  Class<V> valueType() {
    return configuration.getValueType();
  }

  @Override
  public String getName() {
    return name;
  }

  @Override
  public ShareCacheManager getCacheManager() {
    return manager;
  }

  /** Returns a copy of the configuration, as a {@link ShareConfiguration}. */
  @Override
  public <C extends Configuration<K, V>> C getConfiguration(Class<C> type) {
    synchronized (configuration) {
      return Unwrap.as(type, new ShareConfiguration<>(configuration));
    }
  }

  @Override
  public boolean isClosed() {
    return closed;
  }

  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    manager.released(this);
    beans.statistics(null);
    beans.configuration(null);
    loading.close();
    others.close();
    telling.close();
    listeners.close();
    through.close();
    expiry.close();
    store.close();
  }

  /** Returns whether another process has destroyed the cache. */
  boolean isGone() {
    return !closed && store.isGone();
  }

  @Override
  public <T> T unwrap(Class<T> type) {
    return Unwrap.as(type, this);
  }

  private void ensureOpen() {
    if (closed) {
      throw new IllegalStateException(
          "the cache " + name + " is closed, or was destroyed by another process");
    }
  }

  private long begin(Object key) {
    ensureOpen();
    Objects.requireNonNull(key, "key");
    return statistics.start();
  }

  private long begin(Object key, Object other) {
    long start = begin(key);
    Objects.requireNonNull(other, "null is no value, and no processor");
    return start;
  }

  private static void noNulls(Set<?> keys) {
    for (Object key : keys) {
      Objects.requireNonNull(key, "key");
    }
  }

  /** Asks a supplier once, however often a change is decided. */
  private static final class Once<T> {
    private Supplier<T> supplier;
    private T value;

    Once(Supplier<T> supplier) {
      this.supplier = supplier;
    }

    T get() {
      if (supplier != null) {
        value = supplier.get();
        supplier = null;
      }
      return value;
    }
  }
}
