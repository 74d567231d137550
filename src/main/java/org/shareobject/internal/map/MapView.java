package org.shareobject.internal.map;

import java.lang.invoke.VarHandle;
import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import org.shareobject.internal.nativelib.Results;

/**
 * A map's bytes, read where they are: {@code struct sho_map_view}.
 *
 * <p>What is read may be overwritten meanwhile. So every number is checked before it is used, all
 * of it stays inside the mapping whatever the numbers are, and nothing is believed before it was
 * seen to be still there: by {@link #get} in the slot, of what C found by {@link #isValid} in the
 * segment's head. The order is that of "Reading" in {@code docs/format.md}.
 *
 * <p>The mapping ends when no view, and nothing that {@link #slice} handed out, can be reached any
 * more; so a slice that somebody kept never faults. Whoever calls a method here keeps the view
 * reachable meanwhile.
 */
final class MapView {
  private static final Cleaner CLEANER = Cleaner.create();

  // An entry.
  private static final int VERSION = 8;
  private static final int EXPIRY_AND_KEY = 16;
  private static final int VALUE_BYTES = 24;
  private static final int HEADER_BYTES = 32;
  private static final int KEY_BYTES_MASK = (1 << 22) - 1;

  // A bucket.
  private static final int BUCKET_BYTES = 64;
  private static final int OVERFLOW = 56;
  private static final int TAG_SHIFT = 48;
  private static final long TAG_MAX = 0x7fff;
  private static final long VISITED = 1L << 63;
  private static final long UINT_MASK = 0xFFFFFFFFL;

  /** An overflowing key that is not found in so many buckets is left to C. */
  private static final int MOST_BUCKETS = 8;

  /** Segment and position / 8 in what {@code sho_map_find} answers. */
  private static final int SEGMENT_SHIFT = 52;

  private static final int POSITION_SHIFT = 3;

  /** The bits of a position that a slot names, and the lowest, which are 0 unless it is dead. */
  private static final long NAMED_MASK = (1L << (TAG_SHIFT + POSITION_SHIFT)) - 1;

  private final MapBuffers buffers;
  private final long base;
  private final long end;
  private final long creationId;
  private final long logs;
  private final long logStride;
  private final long logBytes;
  private final long positionMask;
  private final long heads;
  private final long headStride;
  private final long mostBytes;
  private final long indexes;
  private final long indexBytes;
  private final long buckets;
  private final KeyHash keyHash;
  private final int segmentShift;

  /** The bit that a slot must have if a read of it is to leave no trace. */
  private final long visited;

  /** The bits of a slot by which a key's is known. */
  private final long tagMask;

  /**
   * How long values are, most likely. A processor guesses the outcome of a comparison with it; so
   * it makes the array without waiting for the length to come from the entry.
   */
  private int usualBytes;

  /** Lays a view over the map. The handle is freed once nobody can reach what is laid over it. */
  MapView(long map) {
    long[] fields = new long[MapNative.VIEW_FIELDS];
    Results.check(MapNative.view(map, fields));
    base = fields[MapNative.VIEW_BASE];
    long bytes = fields[MapNative.VIEW_BYTES];
    logs = base + fields[MapNative.VIEW_LOGS_OFF];
    logStride = fields[MapNative.VIEW_LOG_STRIDE];
    logBytes = logStride / 2;
    positionMask = fields[MapNative.VIEW_POSITION_MASK];
    heads = base + fields[MapNative.VIEW_HEADS_OFF];
    headStride = fields[MapNative.VIEW_HEAD_STRIDE];
    mostBytes = fields[MapNative.VIEW_MAX_ENTRY] - HEADER_BYTES;
    segmentShift = Integer.SIZE - Long.numberOfTrailingZeros(fields[MapNative.VIEW_SEGMENTS]);
    indexes = base + fields[MapNative.VIEW_INDEXES_OFF];
    buckets = fields[MapNative.VIEW_BUCKETS];
    indexBytes = buckets * BUCKET_BYTES;
    keyHash = new KeyHash(fields[MapNative.VIEW_HASH_SEED]);
    visited = fields[MapNative.VIEW_EVICTION] == MapOptions.CLOCK ? VISITED : 0;
    tagMask = visited | TAG_MAX << TAG_SHIFT;
    end = fields[MapNative.VIEW_END];
    creationId = fields[MapNative.VIEW_CREATION_ID];
    buffers = new MapBuffers(map, bytes);
    AtomicInteger users = new AtomicInteger(buffers.count() + 1);
    Runnable release =
        () -> {
          if (users.decrementAndGet() == 0) {
            MapNative.free(map);
          }
        };
    CLEANER.register(this, release);
    buffers.forEach(buffer -> CLEANER.register(buffer, release));
  }

  /**
   * Returns a copy of the key's value; or null if this cannot tell: it is absent, expires, was not
   * visited yet, or is moved just now. It needs no call, and so no fence, but those that order it.
   */
  byte[] get(byte[] key) {
    long first = ShortKey.low(key);
    long last = ShortKey.last(key);
    long hash = keyHash.of(key, first, last);
    long segment = (hash >>> Integer.SIZE) >>> segmentShift;
    long tag = tagOf(hash);
    long slotAt = indexOf(segment) + bucketOf(hash) * BUCKET_BYTES;
    long slot = Memory.getLong(slotAt);
    if (!hasTag(slot, tag)) {
      slotAt = otherSlot(segment, hash, tag);
      if (slotAt == 0) {
        return null;
      }
      slot = Memory.getLong(slotAt);
      if (!hasTag(slot, tag)) {
        return null;
      }
    }
    VarHandle.acquireFence();
    long inLog = (slot << POSITION_SHIFT) & positionMask;
    long entry = logs + segment * logStride + inLog;
    if (inLog >= logBytes) {
      return null;
    }
    long valueBytes = Memory.getInt(entry + VALUE_BYTES) & UINT_MASK;
    if (valueBytes > mostBytes - key.length || !isEntry(entry, slot, key, first, last)) {
      return null;
    }
    long at = entry + HEADER_BYTES + key.length;
    int usual = usualBytes; // read once: other threads change it
    byte[] value = valueBytes == usual ? copy(at, usual) : copy(at, (int) valueBytes);
    VarHandle.acquireFence();
    long differences = (Memory.getLong(slotAt) ^ slot) | (Memory.getLong(end) ^ creationId);
    return differences == 0 ? value : null;
  }

  /**
   * Returns whether the file is neither closed nor cut nor overwritten. Zero pages reach to the end
   * wherever they are laid, and who finds one of them finds them all.
   */
  private boolean isTheFile() {
    return Memory.getLong(end) == creationId;
  }

  /** Tells how long a value was, now and then. */
  void expect(int valueBytes) {
    if (usualBytes != valueBytes) {
      usualBytes = valueBytes;
    }
  }

  private static byte[] copy(long address, int bytes) {
    byte[] value = new byte[bytes];
    Memory.copy(address, value);
    return value;
  }

  private long indexOf(long segment) {
    return indexes + segment * indexBytes;
  }

  private long bucketOf(long hash) {
    return ((hash & UINT_MASK) * buckets) >>> Integer.SIZE;
  }

  /** Returns what a slot must have, the visited bit included, if a read is to leave no trace. */
  private long tagOf(long hash) {
    return visited | Math.max((hash >>> Integer.SIZE) & TAG_MAX, 1) << TAG_SHIFT;
  }

  private boolean hasTag(long slot, long tag) {
    return ((slot ^ tag) & tagMask) == 0;
  }

  /** Returns the address of the first slot that has the tag, or 0. */
  private long otherSlot(long segment, long hash, long tag) {
    long bucket = bucketOf(hash);
    for (int n = 0; n < MOST_BUCKETS; n++) {
      long at = indexOf(segment) + bucket * BUCKET_BYTES;
      long overflow = at + OVERFLOW;
      for (; at != overflow; at += Long.BYTES) {
        if (hasTag(Memory.getLong(at), tag)) {
          return at;
        }
      }
      if (Memory.getLong(overflow) == 0) {
        return 0;
      }
      bucket = bucket + 1 == buckets ? 0 : bucket + 1;
    }
    return 0;
  }

  /**
   * Returns whether the entry is the one that the slot names, never expires, and is the key's. One
   * branch for all of it: together they are as good as never false.
   */
  private static boolean isEntry(long entry, long slot, byte[] key, long first, long last) {
    int bytes = key.length;
    long differences =
        ((Memory.getLong(entry) ^ (slot << POSITION_SHIFT)) & NAMED_MASK)
            | (Memory.getLong(entry + EXPIRY_AND_KEY) ^ bytes)
            | keyDifferences(entry + HEADER_BYTES, bytes, first, last);
    return differences == 0 && (bytes <= ShortKey.BYTES || Memory.equal(entry + HEADER_BYTES, key));
  }

  private static long keyDifferences(long at, int bytes, long first, long last) {
    if (bytes < Long.BYTES) {
      // Behind a key there are more bytes of the mapping.
      return (Memory.getLong(at) & ((1L << (Byte.SIZE * bytes)) - 1)) ^ first;
    }
    return (Memory.getLong(at) ^ first) | (Memory.getLong(at + bytes - Long.BYTES) ^ last);
  }

  /** Returns a copy of the value that was found, or null if it is gone. */
  byte[] value(long found) {
    long entry = entryOf(found);
    int keyBytes = keyBytes(entry);
    int valueBytes = Memory.getInt(entry + VALUE_BYTES);
    if (!fits(keyBytes, valueBytes)) {
      return null;
    }
    byte[] value = copy(entry + HEADER_BYTES + keyBytes, valueBytes);
    return isValid(found) ? value : null;
  }

  /** Returns a copy of the value that was found, with its version, or null if it is gone. */
  RawEntry entry(long found) {
    long version = Memory.getLong(entryOf(found) + VERSION);
    byte[] value = value(found);
    return value == null ? null : new RawEntry(value, version);
  }

  /**
   * Returns the bytes of the value that was found, to be looked at before {@link #isValid} is
   * asked, or null if it is gone.
   */
  ByteBuffer slice(long found) {
    long entry = entryOf(found);
    int keyBytes = keyBytes(entry);
    int valueBytes = Memory.getInt(entry + VALUE_BYTES);
    return fits(keyBytes, valueBytes)
        ? buffers.slice(entry - base + HEADER_BYTES + keyBytes, valueBytes)
        : null;
  }

  /** Returns whether all that was read of the entry until now is what was stored there. */
  boolean isValid(long found) {
    VarHandle.acquireFence();
    long head = Memory.getLong(heads + (found >>> SEGMENT_SHIFT) * headStride);
    return isTheFile() && Long.compareUnsigned(head, position(found)) <= 0;
  }

  private boolean fits(int keyBytes, int valueBytes) {
    return valueBytes >= 0 && valueBytes <= mostBytes - keyBytes;
  }

  private long entryOf(long found) {
    return logs + (found >>> SEGMENT_SHIFT) * logStride + (position(found) & positionMask);
  }

  private static long position(long found) {
    return (found << (Long.SIZE - SEGMENT_SHIFT)) >>> (Long.SIZE - SEGMENT_SHIFT - POSITION_SHIFT);
  }

  private static int keyBytes(long entry) {
    return (int) Memory.getLong(entry + EXPIRY_AND_KEY) & KEY_BYTES_MASK;
  }
}
