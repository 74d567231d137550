package org.shareobject.bench.jcache;

import java.io.Serializable;
import javax.cache.Cache;
import javax.cache.CacheManager;
import javax.cache.configuration.Configuration;
import javax.cache.processor.EntryProcessor;
import javax.cache.processor.MutableEntry;

/** Two caches of a provider, one of values and one of numbers. */
final class CacheCalls extends Calls {
  private static final Increment INCREMENT = new Increment();

  private final Runnable end;
  private final Cache<String, byte[]> values;
  private final Cache<String, Long> counts;

  CacheCalls(
      CacheManager manager,
      Configuration<String, byte[]> ofValues,
      Configuration<String, Long> ofCounts,
      Runnable end) {
    this.end = end;
    values = manager.createCache("values", ofValues);
    counts = manager.createCache("counts", ofCounts);
  }

  @Override
  public byte[] get(String key) {
    return values.get(key);
  }

  @Override
  public void put(String key, byte[] value) {
    values.put(key, value);
  }

  @Override
  public void putCount(String key, long count) {
    counts.put(key, count);
  }

  @Override
  public Long increment(String key) {
    return counts.invoke(key, INCREMENT);
  }

  @Override
  public void close() {
    end.run();
  }

  /** A class of its own and serializable, as Hazelcast demands. */
  private static final class Increment implements EntryProcessor<String, Long, Long>, Serializable {
    private static final long serialVersionUID = 1;

    @Override
    public Long process(MutableEntry<String, Long> entry, Object... arguments) {
      Long sum = entry.getValue() + 1;
      entry.setValue(sum);
      return sum;
    }
  }
}
