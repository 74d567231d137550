package org.shareobject;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import org.shareobject.internal.map.MapAccess;
import org.shareobject.internal.map.MapOptions;
import org.shareobject.internal.map.RawEntry;
import org.shareobject.internal.map.RawListener;
import org.shareobject.internal.map.RawMap;
import org.shareobject.internal.nativelib.Results;
import org.shareobject.internal.text.FileNames;
import org.shareobject.internal.time.Millis;
import org.shareobject.internal.time.Nanos;

/**
 * A {@link java.util.concurrent.ConcurrentMap} that the processes of one host share through a file.
 *
 * <p>Every method on one key is atomic between all threads of all processes that use this library
 * on the file, whatever their language. That includes methods that read and write, such as {@code
 * merge}. Methods on many entries, such as {@code clear}, {@code size} and the iterators, are
 * weakly consistent. Once a method has returned, what it has written is visible to all, and stays
 * even if the process is killed the next moment. A process that is killed at any instruction blocks
 * nobody.
 *
 * <p>Reads take no lock. A write copies the entry without a lock, and then locks one of many shards
 * for less than a microsecond, usually. If a process that holds the lock is stopped, a write to
 * that shard waits at most 10 s, by default. A write that needs room first cleans a bounded part of
 * the map, or evicts from it; nobody waits for that but the writer itself.
 *
 * <p>Keys have at most a quarter of a chunk: 16 KiB in a map of 64 MiB, 1 KiB in the smallest. Key
 * and value together have at most {@link Builder#maxEntry}, less 32 bytes.
 *
 * <p>Keys are equal if their bytes are; values if {@code equals} says so, arrays if their elements
 * are. Keys and values must not be null. Functions passed to {@code compute}, {@code
 * computeIfPresent}, {@code merge} and {@code replaceAll} may run more than once if others write
 * the key at the same time. The function of {@link #computeIfAbsent} runs once.
 *
 * <p>A write also replaces the time to live: by the one passed to the method, else by the
 * builder's, else by none. Only {@link #addAndGet} keeps it. An expired entry is absent. Reads
 * compare the expiry with a clock that may be late in two cases: for 10 ms after the process or the
 * host was stopped, and while the process gets no processor for a second.
 *
 * <p>All methods may be called by any thread at any time, including {@link #close()}. In addition
 * to what each method names, all of them throw
 *
 * <ul>
 *   <li>{@link NullPointerException} for a null argument;
 *   <li>{@link ShareClosedException} if the map is closed before or during the call;
 *   <li>{@link ShareIoException} if another process has truncated the file, or ({@code SHO_EBUSY})
 *       a stopped process holds a lock: the message has its pid;
 *   <li>{@link ShareFormatException} if the file was damaged;
 *   <li>from methods that write, {@link ShareAccessException} if the map was opened for reading
 *       only, {@link ShareFullException} if it is full (with {@link Eviction#S3_FIFO} only if the
 *       entry is a large part of the map and others hold the rest; nothing changed), and {@link
 *       ShareValueTooLargeException} if the key, or key and value, are too large;
 *   <li>and whatever a codec throws, before anything is changed.
 * </ul>
 *
 * @param <K> the type of the keys
 * @param <V> the type of the values
 */
public final class ShareMap<K, V> extends AbstractShareMap<K, V> implements AutoCloseable {
  static {
    MapAccess.set(
        new MapAccess() {
          @Override
          public RawMap raw(ShareMap<?, ?> map) {
            return map.raw;
          }

          @Override
          public <K, V> ShareMap<K, V> map(RawMap raw, Codec<K> keys, Codec<V> values) {
            return builder(keys, values).map(raw);
          }
        });
  }

  /** In the order of {@code enum sho_change_kind}, from 1 on. */
  private static final MapChange.Kind[] KINDS = MapChange.Kind.values();

  /** A listener that hears changes until this is closed. */
  public interface Registration extends AutoCloseable {
    /**
     * Ends it: the listener is not called for another change, but a call that is running goes on.
     * Does not wait. Closing again does nothing.
     */
    @Override
    void close();
  }

  private ShareMap(RawMap raw, Codec<K> keys, Codec<V> values, long ttlMs) {
    super(raw, keys, values, ttlMs);
  }

  /**
   * Opens a map of texts in a file, with the defaults of {@link Builder}.
   *
   * @param file the file; created, readable and writable for its owner only, if it is missing
   * @return the open map, to be closed
   * @throws ShareException as by {@link Builder#open}
   */
  public static ShareMap<String, String> open(Path file) {
    return builder(Codec.STRING, Codec.STRING).open(file);
  }

  /**
   * Returns a builder that opens a map.
   *
   * @param keys converts keys to bytes
   * @param values converts values to bytes
   * @param <K> the type of the keys
   * @param <V> the type of the values
   * @return a builder with the defaults
   */
  public static <K, V> Builder<K, V> builder(Codec<K> keys, Codec<V> values) {
    return new Builder<>(
        Objects.requireNonNull(keys, "keys"), Objects.requireNonNull(values, "values"));
  }

  /**
   * Stores a value, and replaces any old one without reading it.
   *
   * @param key the key
   * @param value the value
   */
  public void set(K key, V value) {
    raw.set(keyBytes(key), valueBytes(value), ttlMs);
  }

  /**
   * Stores a value for a time, and replaces any old one without reading it.
   *
   * @param key the key
   * @param value the value
   * @param timeToLive how long the entry lives, above 0; rounded up to milliseconds
   * @throws IllegalArgumentException if the time is not above 0
   */
  public void set(K key, V value, Duration timeToLive) {
    raw.set(keyBytes(key), valueBytes(value), Millis.ofTimeToLive(timeToLive));
  }

  /**
   * Stores a value for a time, and returns the old one.
   *
   * @param key the key
   * @param value the value
   * @param timeToLive how long the entry lives, above 0; rounded up to milliseconds
   * @return the old value, or null
   * @throws IllegalArgumentException if the time is not above 0
   */
  public V put(K key, V value, Duration timeToLive) {
    return putBytes(keyBytes(key), valueBytes(value), Millis.ofTimeToLive(timeToLive));
  }

  /**
   * Stores a value for a time if the key is absent.
   *
   * @param key the key
   * @param value the value
   * @param timeToLive how long the entry lives, above 0; rounded up to milliseconds
   * @return the present value, or null if the key was absent and the value was stored
   * @throws IllegalArgumentException if the time is not above 0
   */
  public V putIfAbsent(K key, V value, Duration timeToLive) {
    return putBytesIfAbsent(keyBytes(key), valueBytes(value), Millis.ofTimeToLive(timeToLive));
  }

  /**
   * Returns a value with its version.
   *
   * @param key the key
   * @return both, or null if the key is absent
   */
  public Versioned<V> getVersioned(Object key) {
    RawEntry entry = raw.getVersioned(keyBytes(key));
    return entry == null ? null : new Versioned<>(value(entry.value()), entry.version());
  }

  /**
   * Stores a value if the key still has a version.
   *
   * @param key the key
   * @param version a version that {@link #getVersioned} or {@link #await} returned; 0 to store the
   *     value only if the key is absent
   * @param value the value
   * @return whether it was stored
   */
  public boolean replaceVersion(K key, long version, V value) {
    return raw.compareAndSet(keyBytes(key), version, valueBytes(value), ttlMs);
  }

  /**
   * Stores a value for a time if the key still has a version.
   *
   * @param key the key
   * @param version a version that {@link #getVersioned} or {@link #await} returned; 0 to store the
   *     value only if the key is absent
   * @param value the value
   * @param timeToLive how long the entry lives, above 0; rounded up to milliseconds
   * @return whether it was stored
   * @throws IllegalArgumentException if the time is not above 0
   */
  public boolean replaceVersion(K key, long version, V value, Duration timeToLive) {
    return raw.compareAndSet(
        keyBytes(key), version, valueBytes(value), Millis.ofTimeToLive(timeToLive));
  }

  /**
   * Removes a key if it still has a version.
   *
   * @param key the key
   * @param version a version that {@link #getVersioned} or {@link #await} returned
   * @return whether it was removed
   */
  public boolean removeVersion(K key, long version) {
    return raw.compareAndRemove(keyBytes(key), version);
  }

  /**
   * Removes a key if it still has a version, as {@link #removeVersion} does, but it is counted and
   * told as expired: for callers who decide by themselves when an entry has expired.
   *
   * @param key the key
   * @param version a version that {@link #getVersioned} or {@link #await} returned
   * @return whether it was removed
   */
  public boolean expireVersion(K key, long version) {
    return raw.compareAndExpire(keyBytes(key), version);
  }

  /**
   * Passes the bytes of a value to a reader without copying them. Only a value that is larger than
   * a sixteenth of a chunk (4 KiB in a map of 64 MiB), and so lies in several parts, is copied
   * once. The bytes may change while the reader looks at them; then its result or exception is
   * dropped, and it runs again. So the reader must have no side effects and must cope with any
   * bytes. Reading the buffer after the reader has returned is harmless but meaningless; after
   * {@link #close} it contains zeros.
   *
   * @param key the key
   * @param reader receives a read-only buffer from position 0 to the length of the value
   * @param <R> the type of the result
   * @return what the reader returned, or null if the key is absent
   */
  public <R> R read(K key, Function<ByteBuffer, R> reader) {
    return raw.read(keyBytes(key), Objects.requireNonNull(reader, "reader"));
  }

  /**
   * Adds to a number that {@link Codec#LONG} wrote. An absent number counts as 0, and gets no time
   * to live; a present number keeps its own.
   *
   * @param key the key
   * @param delta what to add; the sum wraps around
   * @return the sum
   * @throws ShareException {@code SHO_ETYPE}, if the value is not 8 bytes long
   */
  public long addAndGet(K key, long delta) {
    return raw.addAndGet(keyBytes(key), delta);
  }

  /**
   * Returns how long an entry still lives.
   *
   * @param key the key
   * @return the time, in whole milliseconds; empty if the key is absent, or has no time to live
   */
  public Optional<Duration> timeToLive(K key) {
    long left = raw.timeToLive(keyBytes(key));
    return left == 0 ? Optional.empty() : Optional.of(Duration.ofMillis(left));
  }

  /**
   * Sets how long an entry still lives; its value and version stay.
   *
   * @param key the key
   * @param timeToLive how long it lives from now on, above 0; rounded up to milliseconds
   * @return whether the key is present
   * @throws IllegalArgumentException if the time is not above 0
   */
  public boolean expire(K key, Duration timeToLive) {
    return raw.expire(keyBytes(key), Millis.ofTimeToLive(timeToLive));
  }

  /**
   * Waits until a key has another version. Returns at once if it already has. The threads of one
   * JVM that wait are parked, and virtual ones give their carriers back; one thread for all of them
   * sleeps in the kernel.
   *
   * @param key the key
   * @param version the version that the caller knows; 0 if the key was absent
   * @param timeout the longest time to sleep; zero or less checks once
   * @return the version now, 0 if the key is absent
   * @throws IllegalArgumentException if the version is negative
   * @throws InterruptedException if the thread is interrupted before or during the call; noticed
   *     within 20 ms
   * @throws TimeoutException if the version did not change in time
   */
  public long await(K key, long version, Duration timeout)
      throws InterruptedException, TimeoutException {
    if (version < 0) {
      throw new IllegalArgumentException("version must not be negative: " + version);
    }
    byte[] k = keyBytes(key);
    long timeoutNanos = Nanos.of(timeout);
    long now = raw.await(k, version, timeoutNanos);
    if (now == Results.ETIMEDOUT) {
      throw new TimeoutException(
          "no version but " + version + " of the key within " + Nanos.text(timeoutNanos));
    }
    return now;
  }

  /**
   * Has a listener hear each change that any process makes from now on: of each key in the order in
   * which they were made, and none left out, except those that one change of the kind {@link
   * MapChange.Kind#MISSED} stands for. {@link #expire} changes neither value nor version, and is
   * not told.
   *
   * <p>All listeners of a map are called by one daemon thread of this JVM, which sleeps in the
   * kernel while nothing changes; a change is told within some milliseconds. A listener may use the
   * map. While one takes long, the others wait, and changes are kept for them: in a map of 64 MiB
   * the last 65,000 or so. What a listener throws goes to the thread's handler of uncaught
   * exceptions, and the next change is told all the same. If a process is stopped in the middle of
   * a change, what was changed after that is told when it goes on, or is dead.
   *
   * <p>While any process listens, a sixteenth of the map's room, at most 64 chunks, is used to keep
   * changes, and a write costs a little more; while none does, neither. A listener that has been
   * killed is noticed.
   *
   * @param listener is told the changes; those made just before this call may be among them if
   *     others listen already
   * @return ends it when it is closed, or the map is
   * @throws ShareFullException if there is no room to keep changes
   * @throws ShareIoException if 256 listeners in all processes listen already ({@code SHO_EPEERS}),
   *     or as by all methods
   * @throws ShareAccessException if the map was opened for reading only
   */
  public Registration onChange(Consumer<? super MapChange<K>> listener) {
    Objects.requireNonNull(listener, "listener");
    RawListener told =
        (kind, own, key, version) -> listener.accept(change(kind, own, key, version));
    raw.addListener(told);
    return () -> raw.removeListener(told);
  }

  private MapChange<K> change(int kind, boolean own, byte[] key, long version) {
    MapChange.Kind what = KINDS[kind - 1];
    return what == MapChange.Kind.MISSED
        ? new MapChange<>(what, null, 0, version == 0 ? Long.MAX_VALUE : version, false)
        : new MapChange<>(what, key(key), version, 0, own);
  }

  /**
   * Returns the number of entries that are not expired. It counts the shards one after the other.
   *
   * @return the number, 0 or above
   */
  public long sizeLong() {
    return raw.size();
  }

  /**
   * Returns the map's statistics.
   *
   * @return the statistics now
   */
  public ShareStats stats() {
    return raw.stats();
  }

  /**
   * Frees the room of all expired entries. They are absent in any case, and writers free their room
   * when they need it.
   */
  public void removeExpired() {
    raw.removeExpired();
  }

  /**
   * Checks the whole map, including all checksums. Writers wait while their shard is checked.
   *
   * @throws ShareFormatException if something is wrong; the message says what
   */
  public void verify() {
    raw.verify();
  }

  /**
   * Ends all calls on this object, even those that wait, with {@link ShareClosedException}, and
   * releases the file. The entries stay in the file. Closing again does nothing.
   */
  @Override
  public void close() {
    raw.close();
    computeOnce.close();
  }

  /**
   * Opens maps. A missing file is created with the builder's settings. A file that exists keeps its
   * capacity, largest entry and eviction; requesting others is an error that names both. A builder
   * is not thread-safe.
   *
   * @param <K> the type of the keys
   * @param <V> the type of the values
   */
  public static final class Builder<K, V> {
    private final Codec<K> keys;
    private final Codec<V> values;
    private long capacity;
    private long maxEntry;
    private Eviction eviction;
    private long ttlMs;
    private boolean readOnly;

    private Builder(Codec<K> keys, Codec<V> values) {
      this.keys = keys;
      this.values = values;
    }

    /**
     * Sets the room for entries. The default is 64 MiB, or what the file has.
     *
     * @param bytes 64 KiB to 1 TiB; rounded up to whole chunks
     * @return this
     * @throws IllegalArgumentException if it is not above 0; {@code open} checks the rest
     */
    public Builder<K, V> capacity(long bytes) {
      capacity = positive(bytes, "capacity");
      return this;
    }

    /**
     * Sets the size of the largest entry: the bytes of key and value, plus 32. The default is the
     * most that is possible, about a quarter of the capacity and at most 1 GiB less 4 KiB, or what
     * the file has.
     *
     * <p>Entries of all sizes share the room: large ones need no setting. Set it to refuse what is
     * larger.
     *
     * @param bytes above 32
     * @return this
     * @throws IllegalArgumentException if it is not above 0; {@code open} checks the rest
     */
    public Builder<K, V> maxEntry(long bytes) {
      maxEntry = positive(bytes, "largest entry");
      return this;
    }

    /**
     * Sets what a full map does. The default is {@link Eviction#NONE}, or what the file has.
     *
     * @param eviction what to do
     * @return this
     */
    public Builder<K, V> eviction(Eviction eviction) {
      this.eviction = Objects.requireNonNull(eviction, "eviction");
      return this;
    }

    /**
     * Sets the time to live of entries that are written without one. The default is none. It
     * belongs to the opened map, not to the file.
     *
     * @param timeToLive rounded up to milliseconds, above 0
     * @return this
     * @throws IllegalArgumentException if the time is not above 0
     */
    public Builder<K, V> timeToLive(Duration timeToLive) {
      ttlMs = Millis.ofTimeToLive(timeToLive);
      return this;
    }

    /**
     * Opens for reading only: a missing file is an error, and methods that write throw {@link
     * ShareAccessException}.
     *
     * @return this
     */
    public Builder<K, V> readOnly() {
      readOnly = true;
      return this;
    }

    /**
     * Opens the map in a file. Its pages are reserved when it is created, so no later call runs out
     * of space.
     *
     * @param file the file; created, readable and writable for its owner only, if it is missing
     * @return the open map, to be closed
     * @throws IllegalArgumentException if a number is out of range
     * @throws ShareAccessException if the file is a symlink, a folder, another user's, or not
     *     readable and writable
     * @throws ShareFormatException if the file is not a map, is damaged, has another version, or
     *     has another geometry than the builder requests
     * @throws ShareIoException if the system reports an error, for example because the disk is full
     *     (no file is left then); if the file is missing ({@code SHO_ENOENT}, with {@link
     *     #readOnly} only); if too many handles are open ({@code SHO_EPEERS})
     */
    public ShareMap<K, V> open(Path file) {
      return map(RawMap.open(FileNames.bytes(file), options()));
    }

    /**
     * Opens a new map in memory without a file. It exists until the last process has closed it.
     *
     * @return the open map, to be closed
     * @throws IllegalArgumentException if a number is out of range
     * @throws IllegalStateException if the builder requests reading only
     * @throws ShareIoException if the system refuses, for example because there is not enough
     *     memory
     */
    public ShareMap<K, V> openAnonymous() {
      if (readOnly) {
        throw new IllegalStateException("a new map that is read-only would stay empty");
      }
      return map(RawMap.openAnonymous(options()));
    }

    private MapOptions options() {
      return new MapOptions(capacity, maxEntry, eviction, readOnly);
    }

    private ShareMap<K, V> map(RawMap raw) {
      return new ShareMap<>(raw, keys, values, ttlMs);
    }

    private static long positive(long bytes, String name) {
      if (bytes <= 0) {
        throw new IllegalArgumentException("the " + name + " must be above 0 bytes, not " + bytes);
      }
      return bytes;
    }
  }
}
