package org.shareobject;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.shareobject.internal.map.MapAccess;
import org.shareobject.internal.map.MapOptions;
import org.shareobject.internal.map.RawEntry;
import org.shareobject.internal.map.RawMap;
import org.shareobject.internal.nativelib.Results;
import org.shareobject.internal.text.FileNames;
import org.shareobject.internal.time.Millis;
import org.shareobject.internal.time.Nanos;

/**
 * A {@link java.util.concurrent.ConcurrentMap} that the processes of one host share through a file.
 *
 * <p>Every method is atomic between all threads of all processes that use this library on the file,
 * whatever their language; those that read and write, as {@code merge}, too. Methods on many
 * entries, as {@code clear}, {@code size} and the iterators, are not: they are weakly consistent.
 * What a method had written when it returned is there for all, and stays if the process is killed
 * the next moment. A process that is killed at any instruction blocks nobody.
 *
 * <p>Reads take no lock. Writes lock one part of the map, microseconds as a rule; for a process
 * that holds that part and is stopped they wait at most 10 s.
 *
 * <p>Keys are equal if their bytes are; values if {@code equals} says so, arrays if their elements
 * are. Keys and values must not be null. Functions given to {@code compute}, {@code
 * computeIfPresent}, {@code merge} and {@code replaceAll} may run more than once if others write
 * the key meanwhile; that of {@link #computeIfAbsent} runs once.
 *
 * <p>A value that is written replaces the time to live too: by the one given, else by the one that
 * the builder was given, else by none. Only {@link #addAndGet} keeps it.
 *
 * <p>All methods may be called by any thread at any time, {@link #close()} too. Besides what each
 * method names, all of them throw
 *
 * <ul>
 *   <li>{@link NullPointerException} for a null argument;
 *   <li>{@link ShareClosedException} if the map is closed, also meanwhile;
 *   <li>{@link ShareIoException} if another process cut the file short, or ({@code SHO_EBUSY}) a
 *       stopped process holds it: the message has its pid;
 *   <li>{@link ShareFormatException} if the file was damaged;
 *   <li>those that write {@link ShareAccessException} if the map was opened for reading only,
 *       {@link ShareFullException} if it is full ({@link Eviction#NONE} only; nothing changed), and
 *       {@link ShareValueTooLargeException} if key and value exceed the largest entry;
 *   <li>and what a codec throws, before anything is changed.
 * </ul>
 *
 * @param <K> the type of the keys
 * @param <V> the type of the values
 */
public final class ShareMap<K, V> extends AbstractShareMap<K, V> implements AutoCloseable {
  /** One native wait, so that an interrupt is seen soon. */
  private static final long WAIT_SLICE_NS = 50_000_000L;

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

  private ShareMap(RawMap raw, Codec<K> keys, Codec<V> values, long ttlMs) {
    super(raw, keys, values, ttlMs);
  }

  /**
   * Opens the map from text to text in a file, with the defaults of {@link Builder}.
   *
   * @param file the file; created, readable and writable for its owner only, if it is missing
   * @return the open map, to be closed
   * @throws ShareException as by {@link Builder#open}
   */
  public static ShareMap<String, String> open(Path file) {
    return builder(Codec.STRING, Codec.STRING).open(file);
  }

  /**
   * Begins to open a map.
   *
   * @param keys how keys become bytes
   * @param values how values become bytes
   * @param <K> the type of the keys
   * @param <V> the type of the values
   * @return a builder with the defaults
   */
  public static <K, V> Builder<K, V> builder(Codec<K> keys, Codec<V> values) {
    return new Builder<>(
        Objects.requireNonNull(keys, "keys"), Objects.requireNonNull(values, "values"));
  }

  /**
   * Stores a value, whatever was there; does not read the old one.
   *
   * @param key the key
   * @param value the value
   */
  public void set(K key, V value) {
    raw.set(keyBytes(key), valueBytes(value), ttlMs);
  }

  /**
   * Stores a value for a time, whatever was there; does not read the old one.
   *
   * @param key the key
   * @param value the value
   * @param timeToLive how long it is there, rounded up to milliseconds, above 0
   * @throws IllegalArgumentException if the time is not above 0
   */
  public void set(K key, V value, Duration timeToLive) {
    raw.set(keyBytes(key), valueBytes(value), Millis.ofTimeToLive(timeToLive));
  }

  /**
   * Stores a value for a time, and returns what was there.
   *
   * @param key the key
   * @param value the value
   * @param timeToLive how long it is there, rounded up to milliseconds, above 0
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
   * @param timeToLive how long it is there, rounded up to milliseconds, above 0
   * @return the value that is there, or null if it was absent and the given one was stored
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
   * Stores a value if the key's version is the given one.
   *
   * @param key the key
   * @param version a version that {@link #getVersioned} or {@link #await} returned; 0: if the key
   *     is absent
   * @param value the value
   * @return whether it was stored
   */
  public boolean replaceVersion(K key, long version, V value) {
    return raw.compareAndSet(keyBytes(key), version, valueBytes(value), ttlMs);
  }

  /**
   * Removes a key if its version is the given one.
   *
   * @param key the key
   * @param version a version that {@link #getVersioned} or {@link #await} returned
   * @return whether it was removed
   */
  public boolean removeVersion(K key, long version) {
    return raw.compareAndRemove(keyBytes(key), version);
  }

  /**
   * Hands the bytes of a value out without a copy. The reader may see them change while it looks:
   * then its result, or what it threw, is dropped, and it runs again. So it must not do anything
   * but look, must cope with any bytes, and must not write to other places what it saw. A buffer
   * that it keeps may be read later, which is harmless, but has then no meaning; after {@link
   * #close} it reads as zeros.
   *
   * @param key the key
   * @param reader is given a read-only buffer from position 0 to the length of the value
   * @param <R> the type of the result
   * @return what the reader returned, or null if the key is absent
   */
  public <R> R read(K key, Function<ByteBuffer, R> reader) {
    return raw.read(keyBytes(key), Objects.requireNonNull(reader, "reader"));
  }

  /**
   * Adds to a number that {@link Codec#LONG} wrote; absent counts as 0. Keeps the time to live; a
   * number that was absent has none.
   *
   * @param key the key
   * @param delta what to add; the sum wraps round
   * @return the sum
   * @throws ShareException {@code SHO_ETYPE}, if the value is not 8 bytes long
   */
  public long addAndGet(K key, long delta) {
    return raw.addAndGet(keyBytes(key), delta);
  }

  /**
   * Returns the time that an entry has left.
   *
   * @param key the key
   * @return the time, milliseconds; empty if the key is absent, or present without a limit
   */
  public Optional<Duration> timeToLive(K key) {
    long left = raw.timeToLive(keyBytes(key));
    return left == 0 ? Optional.empty() : Optional.of(Duration.ofMillis(left));
  }

  /**
   * Sets the time that an entry has left; its value and version stay.
   *
   * @param key the key
   * @param timeToLive how long it is there from now on, rounded up to milliseconds, above 0
   * @return whether the key is there
   * @throws IllegalArgumentException if the time is not above 0
   */
  public boolean expire(K key, Duration timeToLive) {
    return raw.expire(keyBytes(key), Millis.ofTimeToLive(timeToLive));
  }

  /**
   * Sleeps until a key's version is another than the given one. Returns at once if it is already.
   *
   * @param key the key
   * @param version the version to differ from; 0: absent
   * @param timeout how long to sleep at most; zero or less checks once
   * @return the version now, 0 if the key is absent
   * @throws IllegalArgumentException if the version is negative
   * @throws InterruptedException if the thread is or becomes interrupted; seen within 50 ms
   * @throws TimeoutException if the time is over
   */
  public long await(K key, long version, Duration timeout)
      throws InterruptedException, TimeoutException {
    if (version < 0) {
      throw new IllegalArgumentException("version must not be negative: " + version);
    }
    byte[] k = keyBytes(key);
    long timeoutNanos = Nanos.of(timeout);
    long start = System.nanoTime();
    for (long left = timeoutNanos; ; left = timeoutNanos - (System.nanoTime() - start)) {
      if (Thread.interrupted()) {
        throw new InterruptedException("interrupted while waiting for a key");
      }
      long now = raw.await(k, version, Math.max(0, Math.min(left, WAIT_SLICE_NS)));
      if (now != Results.ETIMEDOUT) {
        return now;
      }
      if (left <= WAIT_SLICE_NS) {
        throw new TimeoutException(
            "no version but " + version + " of the key within " + Nanos.text(timeoutNanos));
      }
    }
  }

  /**
   * Returns the number of entries that are not expired, of all parts of the map one after the
   * other.
   *
   * @return the number, 0 or above
   */
  public long sizeLong() {
    return raw.size();
  }

  /**
   * Returns the map's numbers.
   *
   * @return those of this moment
   */
  public ShareStats stats() {
    return raw.stats();
  }

  /**
   * Gives the room of all expired entries back. They are absent anyway; their room comes back by
   * itself as writers need it.
   */
  public void removeExpired() {
    raw.removeExpired();
  }

  /**
   * Checks the whole map, checksums included. Writers of the part in hand wait.
   *
   * @throws ShareFormatException if something is wrong; the message tells what
   */
  public void verify() {
    raw.verify();
  }

  /**
   * Ends all calls on this object, also those that wait, with {@link ShareClosedException}, and
   * gives the file back. The entries stay in the file. Closing again does nothing.
   */
  @Override
  public void close() {
    raw.close();
  }

  /**
   * Opens maps. A file that is missing is created with what the builder was told; a file that
   * exists has its own capacity, largest entry and eviction, and to ask for another is an error
   * that names both. Not for several threads.
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
     * Sets the room for entries. As is, 64 MiB, or what the file has.
     *
     * @param bytes 64 KiB to 1 TiB; rounded up a little
     * @return this
     * @throws IllegalArgumentException if it is not above 0; {@code open} finds other faults
     */
    public Builder<K, V> capacity(long bytes) {
      capacity = positive(bytes, "capacity");
      return this;
    }

    /**
     * Sets the largest entry: bytes of key and value, and 32. As is, a quarter of a part of the map
     * (2 MiB or more from a capacity of 16 MiB on), or what the file has.
     *
     * <p>Say it if entries are larger than 128 KiB. A new map then has parts for 64 of them, if the
     * capacity has room, so that all parts fill alike; else one may be full long before the others.
     *
     * @param bytes above 32; a larger one leaves the map fewer and larger parts, so that more
     *     writers wait for each other
     * @return this
     * @throws IllegalArgumentException if it is not above 0; {@code open} finds other faults
     */
    public Builder<K, V> maxEntry(long bytes) {
      maxEntry = positive(bytes, "largest entry");
      return this;
    }

    /**
     * Sets what a full map does. As is, {@link Eviction#NONE}, or what the file has.
     *
     * @param eviction what to do
     * @return this
     */
    public Builder<K, V> eviction(Eviction eviction) {
      this.eviction = Objects.requireNonNull(eviction, "eviction");
      return this;
    }

    /**
     * Sets the time to live of what is written without one. As is, none. Belongs to the map that is
     * opened, not to the file.
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
     * Opens for reading only: a missing file is an error, and what writes throws {@link
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
     * @throws ShareAccessException if the file is a symlink, a folder, another user's, or not to be
     *     read and written
     * @throws ShareFormatException if the file is foreign, damaged, of another version, or has
     *     another geometry than asked for
     * @throws ShareIoException if the system refuses, as for a full disk, where no file is left; if
     *     the file is missing ({@code SHO_ENOENT}, reading only); if too many handles are open
     *     ({@code SHO_EPEERS})
     */
    public ShareMap<K, V> open(Path file) {
      return map(RawMap.open(FileNames.bytes(file), options()));
    }

    /**
     * Opens a new map in memory that has no file. It ends with its last user.
     *
     * @return the open map, to be closed
     * @throws IllegalArgumentException if a number is out of range
     * @throws IllegalStateException if it was asked for reading only
     * @throws ShareIoException if the system refuses, as for want of memory
     */
    public ShareMap<K, V> openAnonymous() {
      if (readOnly) {
        throw new IllegalStateException("a new map that can only be read stays empty");
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
