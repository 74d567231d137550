package org.shareobject.jcache;

import java.lang.System.Logger.Level;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.cache.Cache;
import javax.cache.configuration.CacheEntryListenerConfiguration;
import javax.cache.configuration.Factory;
import javax.cache.event.CacheEntryCreatedListener;
import javax.cache.event.CacheEntryEvent;
import javax.cache.event.CacheEntryEventFilter;
import javax.cache.event.CacheEntryExpiredListener;
import javax.cache.event.CacheEntryListener;
import javax.cache.event.CacheEntryListenerException;
import javax.cache.event.CacheEntryRemovedListener;
import javax.cache.event.CacheEntryUpdatedListener;
import javax.cache.event.EventType;

/**
 * The listeners of a cache in this process.
 *
 * <p>The cache calls {@link #publish} for the changes that it makes, while it holds the key's
 * stripe; so the events of a key are in order. {@link Others} calls {@link #publishLater} for those
 * of other processes.
 */
final class Listeners<K, V> {
  private record Registration<K, V>(
      CacheEntryListenerConfiguration<K, V> configuration,
      CacheEntryListener<? super K, ? super V> listener,
      CacheEntryEventFilter<? super K, ? super V> filter) {}

  private final Cache<K, V> cache;
  private final Workers worker;
  private final List<Registration<K, V>> registrations = new CopyOnWriteArrayList<>();

  Listeners(Cache<K, V> cache, Workers worker) {
    this.cache = cache;
    this.worker = worker;
  }

  void add(CacheEntryListenerConfiguration<K, V> configuration) {
    Factory<CacheEntryEventFilter<? super K, ? super V>> filter =
        configuration.getCacheEntryEventFilterFactory();
    registrations.add(
        new Registration<>(
            configuration,
            configuration.getCacheEntryListenerFactory().create(),
            filter == null ? null : filter.create()));
  }

  /** Removes listeners with this configuration, and closes them. */
  void remove(CacheEntryListenerConfiguration<K, V> configuration) {
    List<Registration<K, V>> removed =
        registrations.stream().filter(each -> each.configuration.equals(configuration)).toList();
    registrations.removeAll(removed);
    removed.forEach(each -> Closing.quietly(each.listener));
  }

  boolean none() {
    return registrations.isEmpty();
  }

  /** Returns whether anybody wants to hear of a type of event. */
  boolean want(EventType type) {
    for (Registration<K, V> each : registrations) {
      if (hears(each.listener, type)) {
        return true;
      }
    }
    return false;
  }

  private static boolean hears(CacheEntryListener<?, ?> listener, EventType type) {
    return switch (type) {
      case CREATED -> listener instanceof CacheEntryCreatedListener;
      case UPDATED -> listener instanceof CacheEntryUpdatedListener;
      case REMOVED -> listener instanceof CacheEntryRemovedListener;
      case EXPIRED -> listener instanceof CacheEntryExpiredListener;
    };
  }

  /**
   * Tells a change: calls synchronous listeners, and has the worker call the others.
   *
   * @throws CacheEntryListenerException if a synchronous listener throws
   */
  void publish(EventType type, K key, V value, V oldValue) {
    ChangeEvent<K, V> event = new ChangeEvent<>(cache, type, key, value, oldValue);
    for (Registration<K, V> each : registrations) {
      if (!hears(each.listener, type)) {
        continue;
      }
      if (each.configuration.isSynchronous()) {
        try {
          deliver(each, event);
        } catch (CacheEntryListenerException e) {
          throw e;
        } catch (RuntimeException e) {
          throw new CacheEntryListenerException(
              "a listener of the cache " + cache.getName() + " failed", e);
        }
      } else {
        worker.execute(() -> deliverLater(each, event));
      }
    }
  }

  /** Tells a change that this cache did not make, in the thread of the worker. */
  void publishLater(EventType type, K key, V value) {
    ChangeEvent<K, V> event = new ChangeEvent<>(cache, type, key, value, null);
    for (Registration<K, V> each : registrations) {
      if (hears(each.listener, type)) {
        deliverLater(each, event);
      }
    }
  }

  /** Tells that changes of other processes were missed, in the thread of the worker. */
  @SuppressWarnings("unchecked") // a listener takes any supertype of keys and values
  void missed(long most) {
    Closing.LOGGER.log(
        Level.WARNING,
        "listeners of the cache {0} missed changes of other processes: they were too slow, or a"
            + " process was killed",
        cache.getName());
    for (Registration<K, V> each : registrations) {
      if (each.listener instanceof ShareCacheListener) {
        try {
          ((ShareCacheListener<K, V>) each.listener).onMissed(cache, most);
        } catch (RuntimeException e) {
          failed(e);
        }
      }
    }
  }

  private void deliverLater(Registration<K, V> registration, ChangeEvent<K, V> event) {
    try {
      if (registrations.contains(registration)) {
        deliver(registration, event);
      }
    } catch (RuntimeException e) {
      failed(e);
    }
  }

  private void failed(RuntimeException e) {
    Closing.LOGGER.log(Level.WARNING, "a listener of the cache " + cache.getName() + " failed", e);
  }

  @SuppressWarnings("unchecked") // a listener takes any supertype of keys and values
  private void deliver(Registration<K, V> registration, ChangeEvent<K, V> event) {
    var filter = (CacheEntryEventFilter<K, V>) registration.filter;
    if (filter != null && !filter.evaluate(event)) {
      return;
    }
    List<CacheEntryEvent<? extends K, ? extends V>> events =
        List.of(
            registration.configuration.isOldValueRequired() ? event : event.withoutOldValue(cache));
    CacheEntryListener<? super K, ? super V> listener = registration.listener;
    switch (event.getEventType()) {
      case CREATED -> ((CacheEntryCreatedListener<K, V>) listener).onCreated(events);
      case UPDATED -> ((CacheEntryUpdatedListener<K, V>) listener).onUpdated(events);
      case REMOVED -> ((CacheEntryRemovedListener<K, V>) listener).onRemoved(events);
      case EXPIRED -> ((CacheEntryExpiredListener<K, V>) listener).onExpired(events);
    }
  }

  void close() {
    for (Registration<K, V> each : registrations) {
      Closing.quietly(each.listener);
      Closing.quietly(each.filter);
    }
    registrations.clear();
  }
}
