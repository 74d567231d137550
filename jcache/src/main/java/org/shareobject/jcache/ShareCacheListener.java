package org.shareobject.jcache;

import javax.cache.Cache;
import javax.cache.event.CacheEntryListener;

/**
 * A listener that is also told when changes of other processes were missed. A listener class
 * implements it beside the interfaces of JCache, and is registered as they are.
 *
 * @param <K> the type of keys
 * @param <V> the type of values
 */
public interface ShareCacheListener<K, V> extends CacheEntryListener<K, V> {
  /**
   * Changes of other processes were missed, of keys that are not known: listeners were so slow that
   * more changes came than are kept for them, or a process was killed in the middle of a change.
   * What the cache has now is not older than those changes, so read what matters again.
   *
   * <p>Called by the thread that tells the changes of other processes, once for each gap, between
   * the changes before and those after it. What it throws is logged.
   *
   * @param cache the cache
   * @param most how many changes were missed at most; {@link Long#MAX_VALUE} if it is not known
   */
  void onMissed(Cache<K, V> cache, long most);
}
