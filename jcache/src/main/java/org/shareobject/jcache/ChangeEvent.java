package org.shareobject.jcache;

import javax.cache.Cache;
import javax.cache.event.CacheEntryEvent;
import javax.cache.event.EventType;

/** A change of an entry, as one listener sees it. */
final class ChangeEvent<K, V> extends CacheEntryEvent<K, V> {
  private static final long serialVersionUID = 1L;

  private final transient K key;
  private final transient V value;
  private final transient V oldValue;

  ChangeEvent(Cache<K, V> source, EventType type, K key, V value, V oldValue) {
    super(source, type);
    this.key = key;
    this.value = value;
    this.oldValue = oldValue;
  }

  /** Returns the event for a listener that did not ask for old values. */
  ChangeEvent<K, V> withoutOldValue(Cache<K, V> source) {
    boolean gone = getEventType() == EventType.REMOVED || getEventType() == EventType.EXPIRED;
    return new ChangeEvent<>(source, getEventType(), key, gone ? null : value, null);
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
  public V getOldValue() {
    return oldValue;
  }

  @Override
  public boolean isOldValueAvailable() {
    return oldValue != null;
  }

  @Override
  public <T> T unwrap(Class<T> type) {
    return Unwrap.as(type, this);
  }
}
