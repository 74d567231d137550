package org.shareobject.jcache;

import java.util.Collection;
import java.util.Map;
import java.util.function.Function;
import javax.cache.Cache;
import javax.cache.integration.CacheLoader;
import javax.cache.integration.CacheLoaderException;
import javax.cache.integration.CacheWriter;
import javax.cache.integration.CacheWriterException;

/** The loader and the writer of a cache, with JCache's exceptions. Either may be missing. */
final class Through<K, V> {
  private final CacheLoader<K, V> loader;
  private final CacheWriter<K, V> writer;
  private final boolean reads;
  private final boolean writes;

  @SuppressWarnings("unchecked") // a writer takes any supertype of keys and values
  Through(ShareConfiguration<K, V> configuration) {
    var loaders = configuration.getCacheLoaderFactory();
    var writers = configuration.getCacheWriterFactory();
    loader = loaders == null ? null : loaders.create();
    writer = writers == null ? null : (CacheWriter<K, V>) writers.create();
    reads = loader != null && configuration.isReadThrough();
    writes = writer != null && configuration.isWriteThrough();
  }

  boolean hasLoader() {
    return loader != null;
  }

  /** Whether a read of an absent key loads it. */
  boolean reads() {
    return reads;
  }

  /** Whether changes are written. */
  boolean writes() {
    return writes;
  }

  /** Returns what a processor loads absent values with; null if it does not. */
  Function<K, V> processorLoader() {
    return reads ? this::load : null;
  }

  V load(K key) {
    try {
      return loader.load(key);
    } catch (CacheLoaderException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new CacheLoaderException("the loader failed for the key " + key, e);
    }
  }

  Map<K, V> loadAll(Iterable<? extends K> keys) {
    try {
      return loader.loadAll(keys);
    } catch (CacheLoaderException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new CacheLoaderException("the loader failed", e);
    }
  }

  void write(K key, V value) {
    written(() -> writer.write(new CacheEntry<>(key, value)));
  }

  void delete(K key) {
    written(() -> writer.delete(key));
  }

  /** Writes entries; those that stay in the collection were not written. */
  void writeAll(Collection<Cache.Entry<? extends K, ? extends V>> entries) {
    written(() -> writer.writeAll(entries));
  }

  /** Deletes keys; those that stay in the collection were not deleted. */
  void deleteAll(Collection<?> keys) {
    written(() -> writer.deleteAll(keys));
  }

  private static void written(Runnable call) {
    try {
      call.run();
    } catch (CacheWriterException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new CacheWriterException("the writer failed", e);
    }
  }

  void close() {
    Closing.quietly(loader);
    Closing.quietly(writer);
  }
}
