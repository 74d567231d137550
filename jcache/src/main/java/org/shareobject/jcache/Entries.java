package org.shareobject.jcache;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import javax.cache.CacheException;
import javax.cache.event.EventType;
import org.shareobject.Versioned;

/**
 * The entries of a cache: objects in place of bytes, deadlines, events.
 *
 * <p>A value in the map is the deadline, 8 bytes, and what {@link EntryCodec} makes of the object.
 * The deadline's sign says that the last write set nothing else, so that it is no event elsewhere.
 * The map drops an entry by itself after its deadline; it keeps it for another minute if this
 * process has listeners for expired entries, so that they can be told its value.
 *
 * <p>A change reads the entry with its version, decides, and writes only if the version is still
 * the same; else it begins again. So it is atomic between all processes. If there are listeners,
 * the threads of this process write and tell under a lock for the key's stripe.
 */
final class Entries<K, V> {
  private static final int DEADLINE_BYTES = 8;
  private static final long TOUCHED = Long.MIN_VALUE;
  private static final long KEPT_FOR_LISTENERS_MS = 60_000;
  private static final int STRIPES = 64;

  final EntryCodec<K> keys;
  final EntryCodec<V> values;
  final Store store;
  final Expiry expiry;
  final Listeners<K, V> listeners;

  private final boolean throwsIfUnreadable;
  private final ReentrantLock[] stripes = new ReentrantLock[STRIPES];

  Entries(
      EntryCodec<K> keys,
      EntryCodec<V> values,
      Store store,
      Expiry expiry,
      Listeners<K, V> listeners,
      ShareConfiguration.Unreadable unreadable) {
    this.keys = keys;
    this.values = values;
    this.store = store;
    this.expiry = expiry;
    this.listeners = listeners;
    throwsIfUnreadable = unreadable == ShareConfiguration.Unreadable.THROW;
    Arrays.setAll(stripes, i -> new ReentrantLock());
  }

  /** What a change found. */
  final class Found {
    private final byte[] bytes;
    private final V value;

    /** The version of the key, 0 if there is nothing. */
    final long version;

    final long deadline;

    /** Whether it is there, but its time is over. */
    final boolean expired;

    private Found(Versioned<byte[]> entry, long now) {
      bytes = entry == null ? null : entry.value();
      version = entry == null ? 0 : entry.version();
      boolean entire = bytes != null && bytes.length > DEADLINE_BYTES;
      deadline = entire ? deadline(bytes) : now;
      expired = entire && deadline <= now;
      boolean wanted = entire && (!expired || listeners.want(EventType.EXPIRED));
      value = wanted ? values.decode(bytes, DEADLINE_BYTES) : null;
    }

    /** Whether there is a value. */
    boolean present() {
      return value != null && !expired;
    }

    /** Returns the value; null if there is none. */
    V value() {
      return expired ? null : value;
    }

    private boolean unreadable() {
      return version != 0 && !expired && value == null;
    }
  }

  /** What a change does. */
  enum Action {
    /** Nothing. */
    KEEP,
    /** Sets another deadline. */
    TOUCH,
    STORE,
    /** Leaves nothing there, since the new value expires at once. */
    DROP,
    REMOVE
  }

  /** A decision: {@code value} and {@code bytes} are of what is stored, else null. */
  static final class Change<V> {
    private final Action action;
    private final V value;
    private final byte[] bytes;
    private final long deadline;

    private Change(Action action, V value, byte[] bytes, long deadline) {
      this.action = action;
      this.value = value;
      this.bytes = bytes;
      this.deadline = deadline;
    }

    Action action() {
      return action;
    }

    V value() {
      return value;
    }
  }

  /** What a change found, and what it did. */
  record Done<F, V>(F found, Change<V> change) {}

  Change<V> keep() {
    return new Change<>(Action.KEEP, null, null, 0);
  }

  Change<V> remove() {
    return new Change<>(Action.REMOVE, null, null, 0);
  }

  /** Returns the change that a read makes. */
  Change<V> read(Found found, long now) {
    long deadline = found.present() ? expiry.accessed(now, found.deadline) : found.deadline;
    return deadline == found.deadline ? keep() : new Change<>(Action.TOUCH, null, null, deadline);
  }

  /** Returns the change that stores a value, encoded by {@link #encodeValue}. */
  Change<V> store(Found found, V value, byte[] bytes, long now) {
    long deadline = found.present() ? expiry.updated(now, found.deadline) : expiry.created(now);
    boolean stillborn = !found.present() && deadline <= now;
    return new Change<>(stillborn ? Action.DROP : Action.STORE, value, bytes, deadline);
  }

  byte[] encodeKey(K key) {
    return keys.encode(key, 0);
  }

  byte[] encodeValue(V value) {
    return values.encode(value, DEADLINE_BYTES);
  }

  private static long deadline(byte[] bytes) {
    return ByteBuffer.wrap(bytes).getLong(0) & ~TOUCHED;
  }

  /** Returns whether the last write of what the map has only set the deadline. */
  static boolean isTouched(byte[] bytes) {
    return bytes.length > DEADLINE_BYTES && bytes[0] < 0;
  }

  private long timeToLive(long deadline, long now) {
    if (deadline == Expiry.NEVER) {
      return 0;
    }
    long kept = listeners.want(EventType.EXPIRED) ? KEPT_FOR_LISTENERS_MS : 0;
    return Math.max(1, deadline - now) + kept;
  }

  /** Returns the value of what the map has; null if it has none, or none that is alive. */
  V alive(byte[] bytes) {
    if (bytes == null || bytes.length <= DEADLINE_BYTES) {
      return null;
    }
    long deadline = deadline(bytes);
    // The clock is asked only if there is a deadline.
    return deadline != Expiry.NEVER && deadline <= System.currentTimeMillis()
        ? null
        : values.decode(bytes, DEADLINE_BYTES);
  }

  /** Stores a value without looking at what is there: nobody listens, and the deadline is known. */
  void set(byte[] k, byte[] bytes, long deadline, long now) {
    ByteBuffer.wrap(bytes).putLong(0, deadline);
    store.set(k, bytes, timeToLive(deadline, now));
  }

  /**
   * Decides about a key by what is there, and does it. Decides again if another thread or process
   * was faster.
   *
   * @param reads whether the caller returns what is there: then an entry that cannot be decoded is
   *     an error, if the configuration says so
   */
  Done<Found, V> change(
      K key, byte[] k, boolean reads, long now, Function<Found, Change<V>> decision) {
    while (true) {
      Found found = new Found(store.getVersioned(k), now);
      if (reads && throwsIfUnreadable && found.unreadable()) {
        throw new CacheException(
            "the value of the key "
                + key
                + " cannot be read: another version of its class, or another codec, wrote it");
      }
      Change<V> change = decision.apply(found);
      if (commit(key, k, found, change, now)) {
        return new Done<>(found, change);
      }
    }
  }

  private boolean commit(K key, byte[] k, Found found, Change<V> change, long now) {
    if (listeners.none()) {
      return dropExpired(k, found) && write(k, found, change, now);
    }
    ReentrantLock stripe = stripe(k);
    stripe.lock();
    try {
      if (!dropExpired(k, found)) {
        return false;
      }
      boolean written = write(k, found, change, now);
      if (found.expired && found.value != null) {
        listeners.publish(EventType.EXPIRED, key, found.value, found.value);
      }
      if (written) {
        publish(key, found, change);
      }
      return written;
    } finally {
      stripe.unlock();
    }
  }

  private ReentrantLock stripe(byte[] k) {
    return stripes[Math.floorMod(Arrays.hashCode(k), STRIPES)];
  }

  /** Does something after what is being told of a key. */
  void afterPublished(byte[] k, Runnable action) {
    ReentrantLock stripe = stripe(k);
    stripe.lock();
    try {
      action.run();
    } finally {
      stripe.unlock();
    }
  }

  /** Removes what has expired; returns false if the key has another version than the one found. */
  private boolean dropExpired(byte[] k, Found found) {
    return !found.expired || store.expire(k, found.version);
  }

  /** Returns false if the key has another version than the one found. */
  private boolean write(byte[] k, Found found, Change<V> change, long now) {
    long version = found.expired ? 0 : found.version;
    return switch (change.action) {
      case STORE -> replace(k, version, change.bytes, change.deadline, change.deadline, now);
      case TOUCH ->
          replace(k, version, found.bytes.clone(), change.deadline | TOUCHED, change.deadline, now);
      case KEEP -> true;
      default -> version == 0 || store.remove(k, version);
    };
  }

  private boolean replace(
      byte[] k, long version, byte[] bytes, long head, long deadline, long now) {
    ByteBuffer.wrap(bytes).putLong(0, head);
    return store.replace(k, version, bytes, timeToLive(deadline, now));
  }

  private void publish(K key, Found found, Change<V> change) {
    V old = found.value;
    if (change.action == Action.STORE && found.present()) {
      listeners.publish(EventType.UPDATED, key, change.value, old);
    } else if (change.action == Action.STORE) {
      listeners.publish(EventType.CREATED, key, change.value, null);
    } else if (change.action == Action.REMOVE && found.present()) {
      listeners.publish(EventType.REMOVED, key, old, old);
    }
  }

  /** Calls back for every key that this process can read, also for those that are expired. */
  Iterator<Map.Entry<byte[], byte[]>> iterator() {
    return store.iterator();
  }
}
