package org.shareobject.jcache;

import java.util.Objects;
import java.util.function.Function;
import javax.cache.processor.MutableEntry;

/** The entry that a processor sees. What it does becomes visible when the processor is done. */
final class ProcessorEntry<K, V> implements MutableEntry<K, V> {
  /** What the processor has done, all in all. */
  enum Use {
    NONE,
    READ,
    LOADED,
    SET,
    REMOVED
  }

  private final K key;
  private final Function<K, V> loader;
  private final boolean wasPresent;
  private V value;
  private Use use = Use.NONE;

  /** Creates an entry with the present value, or null; loads what is absent unless null. */
  ProcessorEntry(K key, V value, Function<K, V> loader) {
    this.key = key;
    this.value = value;
    this.loader = loader;
    wasPresent = value != null;
  }

  Use use() {
    return use;
  }

  V current() {
    return value;
  }

  @Override
  public K getKey() {
    return key;
  }

  @Override
  public boolean exists() {
    return value != null;
  }

  @Override
  public V getValue() {
    if (value != null && use == Use.NONE) {
      use = Use.READ;
    } else if (value == null && loader != null) {
      value = loader.apply(key);
      if (value != null) {
        use = Use.LOADED;
      }
    }
    return value;
  }

  @Override
  public void setValue(V newValue) {
    value = Objects.requireNonNull(newValue, "value");
    use = Use.SET;
  }

  @Override
  public void remove() {
    boolean onlyHere = !wasPresent && (use == Use.SET || use == Use.LOADED);
    use = onlyHere ? Use.NONE : Use.REMOVED;
    value = null;
  }

  @Override
  public <T> T unwrap(Class<T> type) {
    return Unwrap.as(type, this);
  }
}
