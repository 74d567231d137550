package org.shareobject.internal.map;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.Function;
import org.shareobject.ShareException;
import org.shareobject.ShareStats;
import org.shareobject.internal.jfr.Recorder;
import org.shareobject.internal.nativelib.NativeLibrary;
import org.shareobject.internal.nativelib.Results;
import org.shareobject.internal.socket.Descriptor;
import org.shareobject.internal.text.FileNames;

/**
 * A map from bytes to bytes: the handle, the view, and exceptions in place of codes.
 *
 * <p>{@link MapView} reads by itself; what it cannot tell, C looks for.
 *
 * <p>The handle is freed when this object and what it handed out cannot be reached any more; hence
 * the fence behind each use.
 */
public final class RawMap {
  private static final int ROUNDS = 16;
  private static final int FIRST_GUESS = 512;

  /** Stands for the name of a map that has none. */
  private static final String NO_FILE = "(no file)";

  /** What {@link #endWait} takes. */
  public static final String COMPUTATION = "computation";

  private final long map;
  private final MapView view;
  private final ReadCounts reads = new ReadCounts();
  private final MapWaits waits;
  private final String file;
  private final MapEvents events;
  private final RawChanges changes;

  private RawMap(long map, String file) {
    this.map = map;
    this.file = file;
    view = new MapView(map);
    waits = new MapWaits(map, this);
    events = new MapEvents(this, file);
    changes = new RawChanges(map, this);
  }

  /** Opens the map in a file. */
  public static RawMap open(byte[] path, MapOptions options) {
    NativeLibrary.load();
    return of(
        MapNative.open(
            path,
            options.capacity(),
            options.maxEntry(),
            options.evictionCode(),
            options.readOnly()),
        FileNames.text(path));
  }

  /** Opens a new map without a file. */
  public static RawMap openAnonymous(MapOptions options) {
    NativeLibrary.load();
    return of(
        MapNative.openAnonymous(options.capacity(), options.maxEntry(), options.evictionCode()),
        NO_FILE);
  }

  /** Opens the map behind a descriptor, which stays the caller's. */
  public static RawMap open(Descriptor descriptor) {
    NativeLibrary.load();
    return of(MapNative.openDescriptor(descriptor.number()), NO_FILE);
  }

  private static RawMap of(long result, String file) {
    long map = MapEvents.check(result, file);
    try {
      RawMap opened = new RawMap(map, file);
      opened.events.watch();
      return opened;
    } catch (RuntimeException | Error e) {
      MapNative.close(map);
      throw e;
    }
  }

  /** Returns the value, or null. */
  public byte[] get(byte[] key) {
    try {
      byte[] value = view.get(key);
      return value == null ? valueOf(copy(key)) : counted(value) ? value : null;
    } catch (InternalError truncated) {
      return valueOf(copy(key, truncated));
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Returns the value with its version, or null. */
  public RawEntry getVersioned(byte[] key) {
    try {
      RawEntry entry = view.getVersioned(key);
      return entry == null ? copy(key) : counted(entry.value()) ? entry : null;
    } catch (InternalError truncated) {
      return copy(key, truncated);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Returns whether the key is there. */
  public boolean contains(byte[] key) {
    try {
      int found = view.contains(key);
      return (found == MapView.FOUND || found == MapView.ABSENT)
          ? counted(found == MapView.FOUND)
          : done(MapNative.find(map, key), Results.EABSENT);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /**
   * Returns what the reader makes of the value, null if there is none. What it made, or threw,
   * while the bytes moved is dropped, and it runs again.
   */
  public <R> R read(byte[] key, Function<ByteBuffer, R> reader) {
    try {
      MapView.Hit hit = new MapView.Hit();
      for (int round = 0; round < ROUNDS; round++) {
        int found = view.find(key, hit);
        if (found == MapView.ABSENT) {
          counted(false);
          return null;
        }
        if (found == MapView.MOVED) {
          continue;
        }
        if (found != MapView.FOUND) {
          break;
        }
        R result;
        try {
          result = reader.apply(view.slice(hit));
        } catch (InternalError truncated) {
          copy(key, truncated);
          throw truncated;
        } catch (Throwable e) {
          if (view.isWhole(hit)) {
            throw e;
          }
          continue;
        }
        if (view.isWhole(hit)) {
          view.visit(hit);
          counted(true);
          return result;
        }
      }
      byte[] value = get(key);
      return value == null ? null : reader.apply(ByteBuffer.wrap(value).asReadOnlyBuffer());
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Stores a value. */
  public void set(byte[] key, byte[] value, long ttlMs) {
    try {
      int length = key.length;
      check(
          length <= ShortKey.BYTES
              ? MapNative.setShort(
                  map, ShortKey.low(key), ShortKey.high(key), length, value, value.length, ttlMs)
              : MapNative.set(map, key, value, ttlMs));
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Stores a value if the version, 0 for absent, is still the expected one. */
  public boolean compareAndSet(byte[] key, long expected, byte[] value, long ttlMs) {
    try {
      return done(MapNative.compareAndSet(map, key, expected, value, ttlMs), Results.ECHANGED);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Removes a key; returns whether it was there. */
  public boolean remove(byte[] key) {
    try {
      return done(MapNative.remove(map, key), Results.EABSENT);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Removes a key if its version is still the expected one. */
  public boolean compareAndRemove(byte[] key, long expected) {
    return compareAndRemove(key, expected, false);
  }

  /** The same, as an expiration. */
  public boolean compareAndExpire(byte[] key, long expected) {
    return compareAndRemove(key, expected, true);
  }

  private boolean compareAndRemove(byte[] key, long expected, boolean expires) {
    try {
      return done(MapNative.compareAndRemove(map, key, expected, expires), Results.ECHANGED);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Adds to a little-endian number of 8 bytes; returns the sum. */
  public long addAndGet(byte[] key, long delta) {
    long[] sum = new long[1];
    try {
      check(MapNative.addAndGet(map, key, delta, sum));
      return sum[0];
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Returns the time that is left, ms; 0: no limit, or absent. */
  public long timeToLive(byte[] key) {
    try {
      long left = MapNative.timeToLive(map, key);
      return left == Results.EABSENT ? 0 : check(left);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Sets the time that is left; returns whether the key is there. */
  public boolean expire(byte[] key, long ttlMs) {
    try {
      return done(MapNative.expire(map, key, ttlMs), Results.EABSENT);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /**
   * Waits until the key's version is another, at most so long. Returns the version then, 0: absent;
   * or {@link Results#ETIMEDOUT}.
   */
  public long await(byte[] key, long version, long timeoutNanos) throws InterruptedException {
    Object wait = beginWait();
    try {
      return waits.await(key, version, timeoutNanos);
    } finally {
      endWait(wait, "change");
      Reference.reachabilityFence(this);
    }
  }

  /** Has a listener hear all changes that are made after this call, by whatever process. */
  public void addListener(RawListener listener) {
    try {
      changes.add(listener);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Has a listener hear nothing more. */
  public void removeListener(RawListener listener) {
    changes.remove(listener);
  }

  /** Begins to go through the map. */
  public RawScan scan() {
    return new RawScan(this);
  }

  /** As {@link MapNative#scan}; returns false if the next record does not fit. */
  boolean scan(long[] cursorAndUsed, byte[] records) {
    try {
      return done(MapNative.scan(map, cursorAndUsed, records), Results.ETOOBIG);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Removes all entries. */
  public void clear() {
    try {
      check(MapNative.clear(map));
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Returns the number of entries. */
  public long size() {
    try {
      return check(MapNative.size(map));
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Gives the room of expired entries back. */
  public void removeExpired() {
    try {
      check(MapNative.removeExpired(map));
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Returns the numbers of now. */
  public ShareStats stats() {
    long[] f = new long[MapNative.STATS_FIELDS];
    try {
      reads.tell(map);
      check(MapNative.stats(map, f));
    } finally {
      Reference.reachabilityFence(this);
    }
    return new ShareStats(
        f[MapNative.STATS_HITS],
        f[MapNative.STATS_MISSES],
        f[MapNative.STATS_SETS],
        f[MapNative.STATS_REMOVALS],
        f[MapNative.STATS_EVICTIONS],
        f[MapNative.STATS_EXPIRATIONS],
        f[MapNative.STATS_RECOVERIES],
        f[MapNative.STATS_DAMAGED],
        f[MapNative.STATS_ENTRIES],
        f[MapNative.STATS_LIVE_BYTES],
        f[MapNative.STATS_USED_BYTES],
        f[MapNative.STATS_CAPACITY],
        f[MapNative.STATS_MAX_ENTRY],
        f[MapNative.STATS_FILE_BYTES],
        (int) f[MapNative.STATS_SHARDS],
        MapOptions.evictionOf(f[MapNative.STATS_EVICTION]),
        (int) f[MapNative.STATS_PEERS],
        (int) f[MapNative.STATS_PEER_SLOTS]);
  }

  /** Checks everything. */
  public void verify() {
    try {
      check(MapNative.verify(map));
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /**
   * Waits until no thread of another process computes the key; {@code held} are the tickets that
   * this thread has. Returns a ticket more. Of the threads of this object only one may ask for a
   * key.
   */
  public int computeLock(byte[] key, int[] held) throws InterruptedException {
    try {
      long ticket = WaitNative.computeTry(map, key);
      if (ticket != Results.ETIMEDOUT) {
        return (int) check(ticket);
      }
      Object wait = beginWait();
      try {
        return waits.computeLock(key, held);
      } finally {
        endWait(wait, COMPUTATION);
      }
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Says that the thread which has those tickets waits for a key, until {@link #computeGoOn}. */
  public void computeWait(byte[] key, int[] held) {
    try {
      check(WaitNative.computeWait(map, key, held));
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Says that it waits no more; in a map that was closed meanwhile nobody does. */
  public void computeGoOn(int[] held) {
    try {
      done(WaitNative.computeGoOn(map, held), Results.ECLOSED);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Begins a wait of which JFR is told; returns what {@link #endWait} takes. */
  public Object beginWait() {
    events.watch();
    return Recorder.beginWait();
  }

  /** Ends it. */
  public void endWait(Object begun, String waitedFor) {
    Recorder.endWait(begun, file, waitedFor);
  }

  /** Gives the ticket back; a map that was closed meanwhile has done so. */
  public void computeUnlock(int ticket) {
    try {
      done(WaitNative.computeUnlock(map, ticket), Results.ECLOSED);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /**
   * Returns a descriptor by which another process can open the map. It has no part in the locks by
   * which this process shows that it lives.
   */
  public Descriptor share() {
    try {
      return new Descriptor(Results.check(MapNative.descriptor(map)));
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Ends all calls; the memory stays until nobody can reach it. */
  public void close() {
    try {
      events.close();
      reads.tell(map);
      MapNative.close(map);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Counts a read that C did not see; returns whether the value is one. */
  private boolean counted(byte[] value) {
    if (value == MapView.NO_VALUE) {
      return counted(false);
    }
    int full = reads.addHit();
    if (full > 0) {
      events.watch();
      MapNative.addReads(map, full, 0);
      view.expect(value.length);
    }
    return true;
  }

  private boolean counted(boolean hit) {
    int full = hit ? reads.addHit() : reads.addMiss();
    if (full > 0) {
      events.watch();
      MapNative.addReads(map, hit ? full : 0, hit ? 0 : full);
    }
    return hit;
  }

  private static byte[] valueOf(RawEntry entry) {
    return entry == null ? null : entry.value();
  }

  /**
   * Reads once more, in C, after a fault in Java's own access: with libjsig preloaded the JVM's
   * handler comes first and makes an error of it. In C it becomes the exception that it should be.
   */
  private RawEntry copy(byte[] key, InternalError fault) {
    try {
      return copy(key);
    } catch (ShareException e) {
      e.addSuppressed(fault);
      throw e;
    }
  }

  private RawEntry copy(byte[] key) {
    long[] lengthAndVersion = new long[2];
    byte[] value = new byte[FIRST_GUESS];
    while (true) {
      int code = MapNative.get(map, key, value, lengthAndVersion);
      if (code < 0) {
        checkAbsent(code);
        return null;
      }
      int length = (int) lengthAndVersion[0];
      if (length <= value.length) {
        return new RawEntry(Arrays.copyOf(value, length), lengthAndVersion[1]);
      }
      value = new byte[length];
    }
  }

  /** Returns a result that is no error code, throws otherwise. */
  private long check(long result) {
    return MapEvents.check(result, file);
  }

  /** Throws for all codes but that of an absent key. */
  private void checkAbsent(long code) {
    if (code != Results.EABSENT) {
      check(code);
    }
  }

  /** Returns whether it is a success; false for the one code that is none but no exception. */
  private boolean done(long result, int refusal) {
    if (result == refusal) {
      return false;
    }
    check(result);
    return true;
  }
}
