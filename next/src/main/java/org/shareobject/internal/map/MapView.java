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
 * of it stays inside the mapping whatever the numbers are, and nothing is believed before the chunk
 * was seen to be of the same generation still: {@link #isWhole}. The order is that of "Reading" in
 * {@code docs/format.md}.
 *
 * <p>The mapping ends when no view, and nothing that {@link #slice} handed out, can be reached any
 * more; so a slice that somebody kept never faults. Whoever calls a method here keeps the view
 * reachable meanwhile.
 */
final class MapView {
  /** What {@link #find} may find. */
  static final int ABSENT = 0;

  /** An entry within one record. */
  static final int FOUND = 1;

  /** An entry whose value lies in several parts. */
  static final int LARGE = 2;

  /** A writer was faster: look again. */
  static final int MOVED = 3;

  /** Something seldom, or damage: C has to look. */
  static final int UNCLEAR = 4;

  /** What {@link #get} returns for a key that is absent. */
  static final byte[] NO_VALUE = {};

  /** What {@link #getVersioned} returns for a key that is absent. */
  static final RawEntry NO_ENTRY = new RawEntry(NO_VALUE, 0);

  private static final Cleaner CLEANER = Cleaner.create();
  private static final long UINT_MASK = 0xFFFFFFFFL;

  // The word of a shard's table.
  private static final int BUCKETS_BITS = 16;
  private static final long BUCKETS_MASK = (1L << BUCKETS_BITS) - 1;
  private static final int TABLE_PLACE_SHIFT = 6;
  private static final long TABLE_PLACE_MASK = ((1L << 34) - 1) << TABLE_PLACE_SHIFT;

  // A bucket.
  private static final int BUCKET_SHIFT = 6;
  private static final int BUCKET_BYTES = 1 << BUCKET_SHIFT;
  private static final int BUCKET_SLOTS = 7;
  private static final int OVERFLOW = 56;
  private static final long VISITED = 1L << 63;
  private static final int TAG_BITS = 25;
  private static final int PLACE_BITS = 38;
  private static final long PLACE_MASK = (1L << PLACE_BITS) - 1;
  private static final long TAG_MASK = ((1L << TAG_BITS) - 1) << PLACE_BITS;
  private static final int PLACE_SHIFT = 3;

  /** An overflowing key that is not found in so many buckets is left to C. */
  private static final int MOST_BUCKETS = 8;

  // A record.
  private static final int LENGTHS = 8;
  private static final int EXPIRY = 20;
  private static final int HEADER_BYTES = 20;
  private static final int LEAST_RECORD_BYTES = 24;
  private static final int IS_DEAD = 1 << 31;
  private static final int IS_EXPIRING = 1 << 30;
  private static final int IS_LARGE = 1 << 29;
  private static final int PARTS_OF_CHUNK_BITS = 4;

  /** A reader that was overtaken so often leaves it to C, which takes the lock if need be. */
  private static final int ROUNDS = 16;

  /** Where an entry was found. */
  static final class Hit {
    private long tableAt;
    private long table;
    private long slotAt;
    private long slot;
    private long generationAt;
    private long generation;
    private long record;
    private long valueAt;
    private int valueBytes;
  }

  private final MapBuffers buffers;
  private final long base;
  private final long end;
  private final long creationId;
  private final long tables;

  /** 64 less the bits of a shard's number, of which there are 3 at least. */
  private final int shardShift;

  private final long generations;
  private final long pool;
  private final long poolBytes;
  private final int chunkBits;
  private final long chunkBytes;
  private final long maxEntry;
  private final long clockBase;

  /** Whether a read of an entry that was not visited is to be noted. */
  private final boolean visits;

  private final KeyHash keyHash;

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
    end = fields[MapNative.VIEW_END];
    creationId = fields[MapNative.VIEW_CREATION_ID];
    tables = base + fields[MapNative.VIEW_TABLES_OFF];
    shardShift = Long.SIZE - (int) fields[MapNative.VIEW_SHARD_BITS];
    generations = base + fields[MapNative.VIEW_GENS_OFF];
    pool = base + fields[MapNative.VIEW_POOL_OFF];
    chunkBits = (int) fields[MapNative.VIEW_CHUNK_BITS];
    poolBytes = fields[MapNative.VIEW_CHUNKS] << chunkBits;
    chunkBytes = 1L << chunkBits;
    maxEntry = fields[MapNative.VIEW_MAX_ENTRY];
    clockBase = fields[MapNative.VIEW_CLOCK_BASE_MS];
    visits =
        fields[MapNative.VIEW_EVICTION] == MapOptions.S3_FIFO
            && fields[MapNative.VIEW_READ_ONLY] == 0;
    keyHash = new KeyHash(fields[MapNative.VIEW_HASH_SEED]);
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
   * Returns a copy of the key's value; or {@link #NO_VALUE} if it is absent; or null if this cannot
   * tell.
   */
  byte[] get(byte[] key) {
    long first = ShortKey.low(key);
    long last = ShortKey.last(key);
    long hash = keyHash.of(key, first, last);
    long tableAt = tables + ((hash >>> shardShift) << PLACE_SHIFT);
    long table = Memory.getAcquire(tableAt);
    long tag = tagOf(hash);
    long bucket = placeOf(table) + bucketOf(table, tag);
    if (isOutside(bucket - BUCKET_BYTES, poolBytes - 2 * BUCKET_BYTES)) {
      return getSlowly(key); // there is no table, or it is damaged
    }
    long slotAt = pool + bucket + homeOf(tag);
    long slot = Memory.getAcquire(slotAt);
    if (((slot ^ (tag << PLACE_BITS)) & TAG_MASK) != 0) {
      slotAt = otherSlot(pool + bucket, tag);
      if (slotAt == 0) {
        return isAbsent(pool + bucket, tableAt, table) ? NO_VALUE : getSlowly(key);
      }
      slot = Memory.getAcquire(slotAt);
    }
    byte[] value = named(slotAt, slot, tableAt, table, key, first, last);
    return value == null ? getSlowly(key) : value;
  }

  /** Returns a copy of the value that a slot names; null if there is a doubt about it. */
  private byte[] named(
      long slotAt, long slot, long tableAt, long table, byte[] key, long first, long last) {
    long place = placeIn(slot);
    if (isOutside(place, poolBytes - Long.BYTES)) {
      return null; // an empty slot, or damage
    }
    long generationAt = generations + ((place >>> chunkBits) << PLACE_SHIFT);
    long generation = Memory.getAcquire(generationAt);
    long differences =
        ((Memory.getAcquire(slotAt) ^ slot) & ~VISITED) | (Memory.getAcquire(tableAt) ^ table);
    byte[] value = differences == 0 ? valueAt(place, key, first, last) : null;
    VarHandle.acquireFence();
    differences = (Memory.getLong(generationAt) ^ generation) | (Memory.getLong(end) ^ creationId);
    if (value == null || differences != 0) {
      return null;
    }
    if (visits && slot >= 0) {
      Memory.compareAndSet(slotAt, slot, slot | VISITED);
    }
    return value;
  }

  /**
   * Returns a copy of the value at a place within the pool; null if it is not the key's, expired,
   * or in several parts.
   */
  private byte[] valueAt(long place, byte[] key, long first, long last) {
    long record = pool + place;
    long lengths = Memory.getLong(record + LENGTHS);
    long keyAt = record + HEADER_BYTES;
    int kind = (int) lengths ^ key.length;
    if (kind != 0) {
      if (kind != IS_EXPIRING || MapClock.isPast(Memory.getLong(keyAt) - clockBase)) {
        return null;
      }
      keyAt += Long.BYTES;
    }
    long valueAt = keyAt + key.length;
    long valueBytes = lengths >>> Integer.SIZE;
    return valueBytes <= pool + (place | (chunkBytes - 1)) + 1 - valueAt
            && isKey(keyAt, key, first, last)
        ? value(valueAt, (int) valueBytes)
        : null;
  }

  /** {@link #get} for all that is rare: {@link #find}, and what follows from it. */
  private byte[] getSlowly(byte[] key) {
    for (int round = 0; round < ROUNDS; round++) {
      Hit hit = new Hit();
      int found = find(key, hit);
      if (found == ABSENT) {
        return NO_VALUE;
      }
      if (found == UNCLEAR) {
        return null;
      }
      byte[] value = found == MOVED ? null : value(found, hit);
      if (value != null) {
        return value;
      }
    }
    return null;
  }

  /** As {@link #get}, with the version; {@link #NO_ENTRY} if the key is absent. */
  RawEntry getVersioned(byte[] key) {
    for (int round = 0; round < ROUNDS; round++) {
      Hit hit = new Hit();
      int found = find(key, hit);
      if (found == ABSENT) {
        return NO_ENTRY;
      }
      if (found == UNCLEAR) {
        return null;
      }
      if (found != MOVED) {
        long version = Memory.getLong(hit.record);
        byte[] value = value(found, hit);
        if (value != null) {
          return new RawEntry(value, version);
        }
      }
    }
    return null;
  }

  /** Returns {@link #FOUND} or {@link #ABSENT}; anything else if this cannot tell. */
  int contains(byte[] key) {
    Hit hit = new Hit();
    int found = MOVED;
    for (int round = 0; round < ROUNDS && found == MOVED; round++) {
      found = find(key, hit);
      if (found == FOUND || found == LARGE) {
        found = isWhole(hit) ? FOUND : MOVED;
      }
    }
    if (found == FOUND) {
      visit(hit);
    }
    return found;
  }

  /**
   * Returns the bytes of the value that was {@link #FOUND}, to be looked at before {@link #isWhole}
   * is asked.
   */
  ByteBuffer slice(Hit hit) {
    return buffers.slice(hit.valueAt - base, hit.valueBytes);
  }

  /** Tells how long a value was, now and then. */
  void expect(int valueBytes) {
    if (usualBytes != valueBytes) {
      usualBytes = valueBytes;
    }
  }

  // ---- from a key to its entry

  /** Looks a key up. What is read of the entry then is to be believed if it {@link #isWhole}. */
  int find(byte[] key, Hit hit) {
    long first = ShortKey.low(key);
    long last = ShortKey.last(key);
    long hash = keyHash.of(key, first, last);
    hit.tableAt = tables + ((hash >>> shardShift) << PLACE_SHIFT);
    hit.table = Memory.getAcquire(hit.tableAt);
    int found = findSlot(tagOf(hash), hit);
    return found == FOUND ? findRecord(key, first, last, hit) : found;
  }

  private long tagOf(long hash) {
    return (hash << -shardShift) >>> (Long.SIZE - TAG_BITS);
  }

  /** Returns the place of a table's first bucket. */
  private static long placeOf(long table) {
    return (table >>> (BUCKETS_BITS - TABLE_PLACE_SHIFT)) & TABLE_PLACE_MASK;
  }

  /** Returns where in its table the search for a tag begins, in bytes. */
  private static long bucketOf(long table, long tag) {
    return ((tag * (table & BUCKETS_MASK)) >>> TAG_BITS) << BUCKET_SHIFT;
  }

  /** Returns where in its bucket the search for a tag begins, in bytes. */
  private static long homeOf(long tag) {
    return (((tag & 0xFF) * BUCKET_SLOTS) >>> Byte.SIZE) << PLACE_SHIFT;
  }

  /** Returns the place of the entry that a slot names; a negative number if it names none. */
  private static long placeIn(long slot) {
    return ((slot & PLACE_MASK) - 1) << PLACE_SHIFT;
  }

  /** Returns whether a number is none from 0 to the last. */
  private static boolean isOutside(long number, long last) {
    return (number | (last - number)) < 0;
  }

  /** Looks for the first slot that has the tag. */
  private int findSlot(long tag, Hit hit) {
    long place = placeOf(hit.table);
    long bytes = (hit.table & BUCKETS_MASK) << BUCKET_SHIFT;
    if (bytes == 0 || place == 0 || place + bytes > poolBytes) {
      return bytes + place == 0 ? absent(hit) : UNCLEAR;
    }
    long first = pool + place;
    long bucket = first + bucketOf(hit.table, tag);
    long wanted = tag << PLACE_BITS;
    for (int n = 0; n < MOST_BUCKETS; n++) {
      long slots = slotsOf(bucket, wanted);
      if (slots != 0) {
        hit.slotAt = slotAt(bucket, slots);
        hit.slot = Memory.getAcquire(hit.slotAt);
        return (hit.slot & TAG_MASK) == wanted && (hit.slot & PLACE_MASK) != 0 ? FOUND : UNCLEAR;
      }
      if (Memory.getLong(bucket + OVERFLOW) == 0) {
        return absent(hit);
      }
      bucket += BUCKET_BYTES;
      bucket = bucket == first + bytes ? first : bucket;
    }
    return UNCLEAR;
  }

  /**
   * Returns a bit for each slot of the bucket that has the tag. Without branches, which nobody
   * could guess: any slot is as likely as any other.
   */
  private static long slotsOf(long bucket, long wanted) {
    return isOf(bucket, wanted)
        | isOf(bucket + 8, wanted) << 1
        | isOf(bucket + 16, wanted) << 2
        | isOf(bucket + 24, wanted) << 3
        | isOf(bucket + 32, wanted) << 4
        | isOf(bucket + 40, wanted) << 5
        | isOf(bucket + 48, wanted) << 6;
  }

  /** Returns 1 for a slot that has the tag, else 0. */
  private static long isOf(long slotAt, long wanted) {
    return (((Memory.getLong(slotAt) ^ wanted) & TAG_MASK) - 1) >>> (Long.SIZE - 1);
  }

  /** Returns the address of the first slot that has the tag; 0 if the bucket has none. */
  private static long otherSlot(long bucket, long tag) {
    long slots = slotsOf(bucket, tag << PLACE_BITS);
    return slots == 0 ? 0 : slotAt(bucket, slots);
  }

  /** Returns the address of the first of those slots. */
  private static long slotAt(long bucket, long slots) {
    return bucket + Long.numberOfTrailingZeros(slots) * (long) Long.BYTES;
  }

  /** Returns whether no slot names the key, if its first bucket has none that does. */
  private boolean isAbsent(long bucket, long tableAt, long table) {
    if (Memory.getLong(bucket + OVERFLOW) != 0) {
      return false;
    }
    VarHandle.acquireFence();
    return Memory.getLong(tableAt) == table && isTheFile();
  }

  /** Returns whether no slot names the key, if none was seen. */
  private int absent(Hit hit) {
    VarHandle.acquireFence();
    return Memory.getLong(hit.tableAt) != hit.table ? MOVED : isTheFile() ? ABSENT : UNCLEAR;
  }

  /** Looks at the record that the slot names. */
  private int findRecord(byte[] key, long first, long last, Hit hit) {
    long place = placeIn(hit.slot);
    long room = chunkBytes - (place & (chunkBytes - 1));
    if (place >= poolBytes || room < LEAST_RECORD_BYTES) {
      return UNCLEAR;
    }
    hit.generationAt = generations + ((place >>> chunkBits) << PLACE_SHIFT);
    hit.generation = Memory.getAcquire(hit.generationAt);
    if (!isNamed(hit)) {
      return MOVED;
    }
    hit.record = pool + place;
    return readRecord(key, first, last, room, hit);
  }

  private int readRecord(byte[] key, long first, long last, long room, Hit hit) {
    long lengths = Memory.getLong(hit.record + LENGTHS);
    int kind = ((int) lengths & ~IS_DEAD) ^ key.length;
    if ((kind & ~(IS_EXPIRING | IS_LARGE)) != 0) {
      return unclear(hit); // another key, or damage
    }
    long keyAt = hit.record + HEADER_BYTES + ((kind & IS_EXPIRING) == 0 ? 0 : Long.BYTES);
    hit.valueAt = keyAt + key.length;
    long valueBytes = lengths >>> Integer.SIZE;
    long ownBytes = valueBytes;
    if ((kind & IS_LARGE) != 0) {
      ownBytes = ownBytes(valueBytes);
      hit.valueAt = (hit.valueAt + Integer.BYTES - 1) & -Integer.BYTES;
    }
    if (ownBytes > room - (hit.valueAt - hit.record) || !isKey(keyAt, key, first, last)) {
      return unclear(hit);
    }
    hit.valueBytes = (int) valueBytes;
    if ((kind & IS_EXPIRING) != 0
        && MapClock.isPast(Memory.getLong(hit.record + EXPIRY) - clockBase)) {
      return isWhole(hit) ? ABSENT : MOVED;
    }
    return (kind & IS_LARGE) == 0 ? FOUND : LARGE;
  }

  private int unclear(Hit hit) {
    return isWhole(hit) ? UNCLEAR : MOVED;
  }

  private static boolean isKey(long at, byte[] key, long first, long last) {
    return keyDifferences(at, key.length, first, last) == 0 && isRestOf(at, key);
  }

  /** Returns 0 if the first and the last 8 bytes are a key's. */
  private static long keyDifferences(long at, int bytes, long first, long last) {
    if (bytes < Long.BYTES) {
      // Behind a key there are more bytes of the mapping.
      return (Memory.getLong(at) & ((1L << (Byte.SIZE * bytes)) - 1)) ^ first;
    }
    return (Memory.getLong(at) ^ first) | (Memory.getLong(at + bytes - Long.BYTES) ^ last);
  }

  /** Returns whether the bytes are a key's, of which the first and the last 8 are. */
  private static boolean isRestOf(long at, byte[] key) {
    return key.length <= ShortKey.BYTES || Memory.equal(at, key);
  }

  /** Returns whether the slot names what it named, and its table is the shard's. */
  private static boolean isNamed(Hit hit) {
    long differences =
        ((Memory.getAcquire(hit.slotAt) ^ hit.slot) & ~VISITED)
            | (Memory.getAcquire(hit.tableAt) ^ hit.table);
    return differences == 0;
  }

  /** Returns whether all that was read of the entry until now is what was stored there. */
  boolean isWhole(Hit hit) {
    VarHandle.acquireFence();
    return ((Memory.getLong(hit.generationAt) ^ hit.generation)
            | (Memory.getLong(end) ^ creationId))
        == 0;
  }

  /**
   * Returns whether the file is neither closed nor cut nor overwritten. Zero pages reach to the end
   * wherever they are laid, and who finds one of them finds them all.
   */
  private boolean isTheFile() {
    return Memory.getLong(end) == creationId;
  }

  /** Remembers the visit of an entry that {@link #isWhole}, unless the slot has changed by now. */
  void visit(Hit hit) {
    if (visits && (hit.slot & VISITED) == 0) {
      Memory.compareAndSet(hit.slotAt, hit.slot, hit.slot | VISITED);
    }
  }

  // ---- values

  /** Returns a copy of the value that was found; null if it is another by now. */
  private byte[] value(int found, Hit hit) {
    byte[] value =
        found == FOUND
            ? value(hit.valueAt, hit.valueBytes)
            : isWhole(hit) ? largeValue(hit.valueAt, hit.valueBytes) : null;
    // While the slot names a large entry, its list names its parts. The generation last: it shows
    // if the slot came to name the same place anew.
    VarHandle.acquireFence();
    if ((found == LARGE && !isNamed(hit)) || !isWhole(hit)) {
      return null;
    }
    visit(hit);
    return value;
  }

  private byte[] value(long at, int bytes) {
    int usual = usualBytes; // read once: other threads change it
    return bytes == usual ? copy(at, usual) : copy(at, bytes);
  }

  private static byte[] copy(long address, int bytes) {
    byte[] value = new byte[bytes];
    Memory.copy(address, value, 0, bytes);
    return value;
  }

  /**
   * Returns how many bytes of its record the value of a large entry takes: the list of parts, and
   * what is left over.
   */
  private long ownBytes(long valueBytes) {
    if (valueBytes > maxEntry) {
      return Long.MAX_VALUE; // damaged
    }
    long parts = valueBytes / partBytes();
    return parts * Integer.BYTES + valueBytes - parts * partBytes();
  }

  private long partBytes() {
    return (chunkBytes >>> PARTS_OF_CHUNK_BITS) - HEADER_BYTES;
  }

  /**
   * Returns the value of an entry that is {@link #LARGE}; null if its list makes no sense, or a
   * part moved.
   */
  private byte[] largeValue(long list, int bytes) {
    byte[] value = new byte[bytes];
    int part = (int) partBytes();
    int at = 0;
    for (; bytes - at >= part; at += part, list += Integer.BYTES) {
      if (!copyPart(list, value, at, part)) {
        return null;
      }
    }
    Memory.copy(list, value, at, bytes - at);
    return value;
  }

  /**
   * As an entry is read: the list names the place of the generation that is behind the copy, too.
   */
  private boolean copyPart(long list, byte[] value, int at, int bytes) {
    int id = Memory.getInt(list);
    VarHandle.acquireFence();
    long place = (id & UINT_MASK) << (chunkBits - PARTS_OF_CHUNK_BITS);
    if (place >= poolBytes) {
      return false;
    }
    long generationAt = generations + ((place >>> chunkBits) << PLACE_SHIFT);
    long generation = Memory.getAcquire(generationAt);
    int again = Memory.getInt(list);
    VarHandle.acquireFence();
    Memory.copy(pool + place + HEADER_BYTES, value, at, bytes);
    VarHandle.acquireFence();
    return again == id && Memory.getLong(generationAt) == generation;
  }
}
