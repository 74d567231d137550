package org.shareobject.internal.map;

import java.nio.ByteBuffer;
import org.shareobject.internal.nativelib.Results;

/**
 * The natives of {@link org.shareobject.ShareMap}. Each is one call of the C function of that name
 * in {@code shareobject.h}, whose contract holds. A negative result is an error code for {@link
 * Results}.
 *
 * <p>An array region costs more than the rest of a JNI call. So a {@link ShortKey} can cross as two
 * longs, and most reads need no call at all: {@link MapView}.
 */
final class MapNative {
  // Where #view puts each field of struct sho_map_view. The C side takes these constants from the
  // header that javac makes of this class.
  static final int VIEW_BASE = 0;
  static final int VIEW_BYTES = 1;
  static final int VIEW_END = 2;
  static final int VIEW_CREATION_ID = 3;
  static final int VIEW_TABLES_OFF = 4;
  static final int VIEW_SHARD_BITS = 5;
  static final int VIEW_GENS_OFF = 6;
  static final int VIEW_POOL_OFF = 7;
  static final int VIEW_CHUNKS = 8;
  static final int VIEW_CHUNK_BITS = 9;
  static final int VIEW_HASH_SEED = 10;
  static final int VIEW_EVICTION = 11;
  static final int VIEW_READ_ONLY = 12;
  static final int VIEW_MAX_ENTRY = 13;
  static final int VIEW_CLOCK_BASE_MS = 14;
  static final int VIEW_FIELDS = 15;

  // Where #stats puts each field of struct sho_map_stats.
  static final int STATS_HITS = 0;
  static final int STATS_MISSES = 1;
  static final int STATS_SETS = 2;
  static final int STATS_REMOVALS = 3;
  static final int STATS_EVICTIONS = 4;
  static final int STATS_EXPIRATIONS = 5;
  static final int STATS_RECOVERIES = 6;
  static final int STATS_DAMAGED = 7;
  static final int STATS_ENTRIES = 8;
  static final int STATS_LIVE_BYTES = 9;
  static final int STATS_USED_BYTES = 10;
  static final int STATS_CAPACITY = 11;
  static final int STATS_MAX_ENTRY = 12;
  static final int STATS_FILE_BYTES = 13;
  static final int STATS_SHARDS = 14;
  static final int STATS_EVICTION = 15;
  static final int STATS_PEERS = 16;
  static final int STATS_PEER_SLOTS = 17;
  static final int STATS_FIELDS = 18;

  private MapNative() {}

  /** Returns a handle, or a negative code. Numbers that are 0 are left to the file. */
  static native long open(
      byte[] path, long capacity, long maxEntry, int eviction, boolean readOnly);

  /** Returns a handle, or a negative code. Numbers that are 0 are left to the library. */
  static native long openAnonymous(long capacity, long maxEntry, int eviction);

  /** Returns a handle of the map behind a descriptor, which stays the caller's. */
  static native long openDescriptor(int descriptor);

  /** Returns a new descriptor of the map's file, which is the caller's. */
  static native int descriptor(long map);

  /** Ends all calls on the handle; it stays valid. */
  static native void close(long map);

  /** Frees the handle, and unmaps its memory. Nothing may use either then or later. */
  static native void free(long map);

  /**
   * Fills {@code out} with the fields of {@code struct sho_map_view}: the {@code VIEW_} constants
   * say where.
   */
  static native int view(long map, long[] out);

  /** Returns a buffer over a part of the mapped memory; null if there is none. */
  static native ByteBuffer buffer(long map, long offset, long bytes);

  /** Returns whether the key is there, as a code; counts as a read. */
  static native int find(long map, byte[] key);

  /** Returns the milliseconds of the host's boot clock, to which a map's clock base is added. */
  static native long clock();

  /** Counts reads that the library did not see. */
  static native void addReads(long map, long hits, long misses);

  /** Writes length and version to {@code out}, and fills {@code value} only if it fits. */
  static native int get(long map, byte[] key, byte[] value, long[] out);

  /** Returns the new version. */
  static native long setShort(
      long map, long key0, long key1, int keyBytes, byte[] value, int valueBytes, long ttlMs);

  /** Returns the new version. */
  static native long set(long map, byte[] key, byte[] value, long ttlMs);

  /** Returns the new version. */
  static native long compareAndSet(long map, byte[] key, long expected, byte[] value, long ttlMs);

  static native int remove(long map, byte[] key);

  static native int compareAndRemove(long map, byte[] key, long expected, boolean expires);

  /** Writes the sum to {@code out}. */
  static native int addAndGet(long map, byte[] key, long delta, long[] out);

  /** Returns the time that is left, ms; 0: no limit. */
  static native long timeToLive(long map, byte[] key);

  static native int expire(long map, byte[] key, long ttlMs);

  /**
   * Takes the cursor from {@code cursorAndUsed}, writes the next one and the number of used bytes
   * there; the latter also with {@link Results#ETOOBIG}.
   */
  static native int scan(long map, long[] cursorAndUsed, byte[] records);

  static native int clear(long map);

  /** Returns the number of entries. */
  static native long size(long map);

  /** Returns the number of entries removed. */
  static native long removeExpired(long map);

  /**
   * Fills {@code out} with the fields of {@code struct sho_map_stats}: the {@code STATS_} constants
   * say where.
   */
  static native int stats(long map, long[] out);

  static native int verify(long map);
}
