package org.shareobject.jcache;

import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import javax.cache.Cache;

/**
 * Goes through the entries that this process can read. Weakly consistent: an entry that is there
 * throughout comes once, one that is added or removed meanwhile once or not at all.
 */
final class EntryIterator<K, V> implements Iterator<Cache.Entry<K, V>> {
  private final ShareCache<K, V> cache;
  private final Entries<K, V> entries;
  private final Statistics statistics;
  private final Iterator<Map.Entry<byte[], byte[]>> iterator;
  private CacheEntry<K, V> next;
  private CacheEntry<K, V> last;

  EntryIterator(ShareCache<K, V> cache, Entries<K, V> entries, Statistics statistics) {
    this.cache = cache;
    this.entries = entries;
    this.statistics = statistics;
    iterator = entries.iterator();
  }

  @Override
  public boolean hasNext() {
    while (next == null && iterator.hasNext()) {
      long start = statistics.start();
      Map.Entry<byte[], byte[]> raw = iterator.next();
      long now = System.currentTimeMillis();
      byte[] k = raw.getKey();
      V value = entries.alive(raw.getValue());
      K key = value == null ? null : entries.keys.decode(k, 0);
      if (key == null) {
        continue;
      }
      if (!entries.expiry.ignoresReads()) {
        entries.change(key, k, false, now, found -> entries.read(found, now));
      }
      next = new CacheEntry<>(key, value);
      statistics.got(true, start);
    }
    return next != null;
  }

  @Override
  public Cache.Entry<K, V> next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    last = next;
    next = null;
    return last;
  }

  @Override
  public void remove() {
    if (last == null) {
      throw new IllegalStateException("no entry was returned since the last remove");
    }
    cache.remove(last.key());
    last = null;
  }
}
