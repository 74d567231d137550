package org.shareobject.jcache;

import java.util.Objects;
import javax.cache.configuration.CacheEntryListenerConfiguration;
import javax.cache.configuration.CompleteConfiguration;
import javax.cache.configuration.Factory;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.expiry.ExpiryPolicy;
import javax.cache.integration.CacheLoader;
import javax.cache.integration.CacheWriter;
import org.shareobject.Codec;
import org.shareobject.Eviction;

/**
 * A JCache configuration with the settings of a cache in shared memory. A manager copies it; later
 * changes have no effect on a cache. It is not thread-safe.
 *
 * <p>Capacity, largest entry and eviction are those of the file: they count when the file is
 * created. A process that opens a file which others have open takes what the file has.
 *
 * @param <K> the type of the keys
 * @param <V> the type of the values
 */
public class ShareConfiguration<K, V> extends MutableConfiguration<K, V> {
  private static final long serialVersionUID = 1L;

  /** The room for entries unless something else is set: 64 MiB. */
  public static final long DEFAULT_CAPACITY = 64L << 20;

  /** What a read does with an entry that it cannot decode. */
  public enum Unreadable {
    /** The entry counts as absent; a write replaces it. */
    MISS,
    /** The call throws {@link javax.cache.CacheException}. */
    THROW
  }

  private long capacity = DEFAULT_CAPACITY;
  private long maxEntry;
  private Eviction eviction = Eviction.S3_FIFO;
  private transient Codec<K> keyCodec;
  private transient Codec<V> valueCodec;
  private String serialization = "";
  private Unreadable unreadable = Unreadable.MISS;

  /** Creates a configuration with the defaults. */
  public ShareConfiguration() {}

  /**
   * Creates a copy of a configuration.
   *
   * @param other any configuration; settings of ours are copied if it is one of ours
   */
  public ShareConfiguration(CompleteConfiguration<K, V> other) {
    super(other);
    if (other instanceof ShareConfiguration<K, V> share) {
      capacity = share.capacity;
      maxEntry = share.maxEntry;
      eviction = share.eviction;
      keyCodec = share.keyCodec;
      valueCodec = share.valueCodec;
      serialization = share.serialization;
      unreadable = share.unreadable;
    }
  }

  /**
   * Returns the room for entries.
   *
   * @return bytes
   */
  public long getCapacity() {
    return capacity;
  }

  /**
   * Sets the room for entries; reserved when the file is created. The default is 64 MiB.
   *
   * @param bytes 64 KiB to 1 TiB
   * @return this
   * @throws IllegalArgumentException if it is not above 0
   */
  public ShareConfiguration<K, V> setCapacity(long bytes) {
    capacity = positive(bytes, "capacity");
    return this;
  }

  /**
   * Returns the size of the largest entry.
   *
   * @return bytes; 0 for the map's default, about a quarter of the capacity
   */
  public long getMaxEntry() {
    return maxEntry;
  }

  /**
   * Sets the size of the largest entry: the bytes of key and value, plus 42.
   *
   * @param bytes above 42
   * @return this
   * @throws IllegalArgumentException if it is not above 0
   */
  public ShareConfiguration<K, V> setMaxEntry(long bytes) {
    maxEntry = positive(bytes, "largest entry");
    return this;
  }

  /**
   * Returns what a full cache does.
   *
   * @return the eviction
   */
  public Eviction getEviction() {
    return eviction;
  }

  /**
   * Sets what a full cache does. The default is {@link Eviction#S3_FIFO}. An eviction raises no
   * event.
   *
   * @param eviction what to do
   * @return this
   */
  public ShareConfiguration<K, V> setEviction(Eviction eviction) {
    this.eviction = Objects.requireNonNull(eviction, "eviction");
    return this;
  }

  /**
   * Returns the codec of the keys.
   *
   * @return the codec, or null if the type of the keys decides
   */
  public Codec<K> getKeyCodec() {
    return keyCodec;
  }

  /**
   * Returns the codec of the values.
   *
   * @return the codec, or null if the type of the values decides
   */
  public Codec<V> getValueCodec() {
    return valueCodec;
  }

  /**
   * Sets the codecs. All processes need the same ones; the names of their classes are checked. By
   * default the types of keys and values decide.
   *
   * @param keys converts keys, equal keys to equal bytes; null: the type decides
   * @param values converts values; null: the type decides
   * @return this
   */
  public ShareConfiguration<K, V> setCodecs(Codec<K> keys, Codec<V> values) {
    keyCodec = keys;
    valueCodec = values;
    return this;
  }

  /**
   * Returns which classes may be stored by Java's serialization.
   *
   * @return patterns, separated by semicolons; empty if none may
   */
  public String getSerialization() {
    return serialization;
  }

  /**
   * Allows Java's serialization for some classes. By default none is allowed. Every process that
   * can write the file chooses which of these classes the others create.
   *
   * @param patterns of {@link java.io.ObjectInputFilter.Config#createFilter}, for example {@code
   *     "com.example.model.*;java.util.ArrayList"}. All other classes are rejected, except for
   *     texts, numbers, enums' base class and arrays of what is allowed
   * @return this
   * @throws IllegalArgumentException if a pattern is malformed
   */
  public ShareConfiguration<K, V> setSerialization(String patterns) {
    SerializedForm.filter(patterns);
    serialization = patterns;
    return this;
  }

  /**
   * Returns what a read does with an entry that it cannot decode.
   *
   * @return what it does
   */
  public Unreadable getUnreadable() {
    return unreadable;
  }

  /**
   * Sets what a read does with an entry that it cannot decode, for example because another version
   * of the class wrote it. The default is {@link Unreadable#MISS}.
   *
   * @param unreadable what to do
   * @return this
   */
  public ShareConfiguration<K, V> setUnreadable(Unreadable unreadable) {
    this.unreadable = Objects.requireNonNull(unreadable, "unreadable");
    return this;
  }

  @Override
  public ShareConfiguration<K, V> setTypes(Class<K> keyType, Class<V> valueType) {
    super.setTypes(keyType, valueType);
    return this;
  }

  @Override
  public ShareConfiguration<K, V> addCacheEntryListenerConfiguration(
      CacheEntryListenerConfiguration<K, V> configuration) {
    super.addCacheEntryListenerConfiguration(configuration);
    return this;
  }

  @Override
  public ShareConfiguration<K, V> removeCacheEntryListenerConfiguration(
      CacheEntryListenerConfiguration<K, V> configuration) {
    super.removeCacheEntryListenerConfiguration(configuration);
    return this;
  }

  @Override
  public ShareConfiguration<K, V> setCacheLoaderFactory(
      Factory<? extends CacheLoader<K, V>> factory) {
    super.setCacheLoaderFactory(factory);
    return this;
  }

  @Override
  public ShareConfiguration<K, V> setCacheWriterFactory(
      Factory<? extends CacheWriter<? super K, ? super V>> factory) {
    super.setCacheWriterFactory(factory);
    return this;
  }

  @Override
  public ShareConfiguration<K, V> setExpiryPolicyFactory(Factory<? extends ExpiryPolicy> factory) {
    super.setExpiryPolicyFactory(factory);
    return this;
  }

  @Override
  public ShareConfiguration<K, V> setReadThrough(boolean isReadThrough) {
    super.setReadThrough(isReadThrough);
    return this;
  }

  @Override
  public ShareConfiguration<K, V> setWriteThrough(boolean isWriteThrough) {
    super.setWriteThrough(isWriteThrough);
    return this;
  }

  @Override
  public ShareConfiguration<K, V> setStoreByValue(boolean isStoreByValue) {
    super.setStoreByValue(isStoreByValue);
    return this;
  }

  @Override
  public ShareConfiguration<K, V> setStatisticsEnabled(boolean enabled) {
    super.setStatisticsEnabled(enabled);
    return this;
  }

  @Override
  public ShareConfiguration<K, V> setManagementEnabled(boolean enabled) {
    super.setManagementEnabled(enabled);
    return this;
  }

  @Override
  public boolean equals(Object object) {
    return object instanceof ShareConfiguration<?, ?> other
        && super.equals(other)
        && capacity == other.capacity
        && maxEntry == other.maxEntry
        && eviction == other.eviction
        && Objects.equals(keyCodec, other.keyCodec)
        && Objects.equals(valueCodec, other.valueCodec)
        && serialization.equals(other.serialization)
        && unreadable == other.unreadable;
  }

  @Override
  public int hashCode() {
    return Objects.hash(super.hashCode(), capacity, maxEntry, eviction, serialization, unreadable);
  }

  private static long positive(long bytes, String name) {
    if (bytes <= 0) {
      throw new IllegalArgumentException("the " + name + " must be above 0 bytes, not " + bytes);
    }
    return bytes;
  }
}
