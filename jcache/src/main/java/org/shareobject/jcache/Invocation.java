package org.shareobject.jcache;

import java.util.function.Function;
import javax.cache.CacheException;
import javax.cache.processor.EntryProcessor;
import javax.cache.processor.EntryProcessorException;
import org.shareobject.jcache.Entries.Action;
import org.shareobject.jcache.Entries.Change;

/** One call of an entry processor. */
final class Invocation<K, V, T> {
  private final Entries<K, V> entries;
  private final Through<K, V> through;
  private final Statistics statistics;
  private final EntryProcessor<K, V, T> processor;
  private final Object[] arguments;
  private boolean counted;
  private T result;
  private ProcessorEntry<K, V> entry;

  Invocation(
      Entries<K, V> entries,
      Through<K, V> through,
      Statistics statistics,
      EntryProcessor<K, V, T> processor,
      Object... arguments) {
    this.entries = entries;
    this.through = through;
    this.statistics = statistics;
    this.processor = processor;
    this.arguments = arguments;
  }

  /** Runs the processor; again if the key was changed meanwhile. */
  T run(K key, byte[] k, long start) {
    long now = System.currentTimeMillis();
    Function<Entries<K, V>.Found, Change<V>> decision =
        found -> {
          if (!counted) {
            statistics.got(found.present(), start);
            counted = true;
          }
          return decide(key, found, now);
        };
    Action action = entries.change(key, k, true, now, decision).change().action();
    if (action == Action.STORE && entry.use() == ProcessorEntry.Use.SET) {
      statistics.put(start);
    } else if (action == Action.REMOVE) {
      statistics.removed(start);
    }
    return result;
  }

  private Change<V> decide(K key, Entries<K, V>.Found found, long now) {
    entry = new ProcessorEntry<>(key, found.value(), through.processorLoader());
    try {
      result = processor.process(entry, arguments);
    } catch (CacheException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new EntryProcessorException("the processor failed for the key " + key, e);
    }
    return switch (entry.use()) {
      case NONE -> entries.keep();
      case READ -> entries.read(found, now);
      case LOADED -> store(found, now);
      case SET -> {
        Change<V> change = store(found, now);
        if (through.writes()) {
          through.write(key, entry.current());
        }
        yield change;
      }
      case REMOVED -> {
        if (through.writes()) {
          through.delete(key);
        }
        yield entries.remove();
      }
    };
  }

  private Change<V> store(Entries<K, V>.Found found, long now) {
    V value = entry.current();
    return entries.store(found, value, entries.encodeValue(value), now);
  }
}
