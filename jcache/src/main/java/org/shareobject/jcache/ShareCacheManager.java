package org.shareobject.jcache;

import java.lang.ref.WeakReference;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import javax.cache.Cache;
import javax.cache.CacheException;
import javax.cache.CacheManager;
import javax.cache.configuration.CompleteConfiguration;
import javax.cache.configuration.Configuration;
import javax.cache.spi.CachingProvider;

/** The caches of a folder that this process has opened by one class loader. */
final class ShareCacheManager implements CacheManager {
  private final ShareCachingProvider provider;
  private final URI uri;
  private final WeakReference<ClassLoader> loader;
  private final Properties properties = new Properties();
  private final Settings settings;
  private final Folder folder;

  /** Guarded by itself. */
  private final Map<String, ShareCache<?, ?>> caches = new HashMap<>();

  private volatile boolean closed;

  ShareCacheManager(
      ShareCachingProvider provider, URI uri, ClassLoader loader, Properties properties) {
    this.provider = provider;
    this.uri = uri;
    this.loader = new WeakReference<>(loader);
    if (properties != null) {
      this.properties.putAll(properties);
    }
    settings = Settings.of(uri);
    folder = Folder.open(settings.folder());
  }

  Folder folder() {
    return folder;
  }

  @Override
  public CachingProvider getCachingProvider() {
    return provider;
  }

  @Override
  public URI getURI() {
    return uri;
  }

  @Override
  public ClassLoader getClassLoader() {
    return loader.get();
  }

  @Override
  public Properties getProperties() {
    return properties;
  }

  /**
   * Creates a cache, or opens it if another process has created it.
   *
   * @throws CacheException if this manager has it, or if another process uses it with other types,
   *     codecs or another kind of expiry
   */
  @Override
  public <K, V, C extends Configuration<K, V>> Cache<K, V> createCache(
      String cacheName, C configuration) {
    ensureOpen();
    Objects.requireNonNull(cacheName, "cacheName");
    ShareConfiguration<K, V> complete = complete(Objects.requireNonNull(configuration));
    if (!complete.isStoreByValue()) {
      throw new UnsupportedOperationException(
          "the cache "
              + cacheName
              + " cannot store by reference: its entries are in shared memory");
    }
    synchronized (caches) {
      ensureOpen();
      if (caches.containsKey(cacheName)) {
        throw new CacheException("there is a cache named " + cacheName + " already");
      }
      settings.apply(cacheName, getClassLoader(), complete);
      ShareCache<K, V> cache = new ShareCache<>(this, cacheName, complete);
      caches.put(cacheName, cache);
      Watch.add(cache);
      return cache;
    }
  }

  private static <K, V> ShareConfiguration<K, V> complete(Configuration<K, V> configuration) {
    if (configuration instanceof CompleteConfiguration<K, V> complete) {
      return new ShareConfiguration<>(complete);
    }
    return new ShareConfiguration<K, V>()
        .setTypes(configuration.getKeyType(), configuration.getValueType())
        .setStoreByValue(configuration.isStoreByValue());
  }

  @Override
  public <K, V> Cache<K, V> getCache(String cacheName, Class<K> keyType, Class<V> valueType) {
    Objects.requireNonNull(keyType, "keyType");
    Objects.requireNonNull(valueType, "valueType");
    Cache<K, V> cache = getCache(cacheName);
    if (cache instanceof ShareCache<K, V> ours) {
      check(cacheName, "keys", ours.keyType(), keyType);
      check(cacheName, "values", ours.valueType(), valueType);
    }
    return cache;
  }

  private static void check(String cache, String what, Class<?> declared, Class<?> wanted) {
    if (declared != wanted) {
      throw new ClassCastException(
          "the cache "
              + cache
              + " has "
              + what
              + " of "
              + declared.getName()
              + ", not of "
              + wanted.getName());
    }
  }

  /** Returns a cache that this manager has opened, or opens one that the settings file names. */
  @Override
  @SuppressWarnings("unchecked") // as JCache has it
  public <K, V> Cache<K, V> getCache(String cacheName) {
    ensureOpen();
    Objects.requireNonNull(cacheName, "cacheName");
    synchronized (caches) {
      ShareCache<?, ?> cache = caches.get(cacheName);
      if (cache == null && settings.names().contains(cacheName)) {
        return createCache(cacheName, new ShareConfiguration<>());
      }
      return (Cache<K, V>) cache;
    }
  }

  /** Returns the names of the caches that are open here or that the settings file names. */
  @Override
  public Iterable<String> getCacheNames() {
    ensureOpen();
    Set<String> names = new TreeSet<>(settings.names());
    synchronized (caches) {
      names.addAll(caches.keySet());
    }
    return java.util.Collections.unmodifiableSet(names);
  }

  /** Closes a cache and removes its files; other processes close it within 2 s. */
  @Override
  public void destroyCache(String cacheName) {
    ensureOpen();
    Objects.requireNonNull(cacheName, "cacheName");
    ShareCache<?, ?> cache;
    synchronized (caches) {
      cache = caches.get(cacheName);
    }
    if (cache != null) {
      cache.close();
    }
    Store.destroy(folder, cacheName);
  }

  @Override
  public void enableManagement(String cacheName, boolean enabled) {
    ShareCache<?, ?> cache = opened(cacheName);
    if (cache != null) {
      cache.enableManagement(enabled);
    }
  }

  @Override
  public void enableStatistics(String cacheName, boolean enabled) {
    ShareCache<?, ?> cache = opened(cacheName);
    if (cache != null) {
      cache.enableStatistics(enabled);
    }
  }

  private ShareCache<?, ?> opened(String cacheName) {
    ensureOpen();
    Objects.requireNonNull(cacheName, "cacheName");
    synchronized (caches) {
      return caches.get(cacheName);
    }
  }

  /** Forgets a cache that is closed. */
  void released(ShareCache<?, ?> cache) {
    synchronized (caches) {
      caches.remove(cache.getName(), cache);
    }
    Watch.remove(cache);
  }

  @Override
  public void close() {
    List<ShareCache<?, ?>> open;
    synchronized (caches) {
      if (closed) {
        return;
      }
      closed = true;
      open = new ArrayList<>(caches.values());
    }
    provider.remove(uri, loader.get(), this);
    open.forEach(ShareCache::close);
  }

  @Override
  public boolean isClosed() {
    return closed;
  }

  @Override
  public <T> T unwrap(Class<T> type) {
    return Unwrap.as(type, this);
  }

  private void ensureOpen() {
    if (closed) {
      throw new IllegalStateException("the manager of " + uri + " is closed");
    }
  }
}
