/*
 * Every shared byte. docs/format.md says the same in prose.
 *
 * All numbers are little-endian; offsets are bytes from the beginning of the
 * file. A commit that changes this file also changes a layout version,
 * docs/format.md and the parity test.
 */
#ifndef SHO_LAYOUT_H
#define SHO_LAYOUT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* ---- peers: who has a file open ----------------------------------------
 *
 * One slot for each handle that is open, in whatever process.
 *
 *  0            4      8
 *  +------------+------+
 *  | generation | pid  |
 *  +------------+------+
 *
 * The holder of a slot holds an open-file-description write lock on it; the
 * kernel releases the lock when the holder dies. Only the holder writes the
 * slot.
 * generation: counts the holders that the slot has had, from 1. It is
 *   incremented before the holder takes any lock word, so that the word of a
 *   former holder differs.
 * pid: of the holder, in its own PID namespace; for messages only.
 */
struct sho__peer_shm {
  _Atomic uint32_t generation;
  _Atomic uint32_t pid;
};
_Static_assert(sizeof(struct sho__peer_shm) == 8, "layout");

/* ---- lock --------------------------------------------------------------
 *
 *  0      4       8      12
 *  +------+-------+------+
 *  | word | turns | heir |
 *  +------+-------+------+
 *
 * word:
 *
 *  31        30      21 20         0
 *  +---------+---------+------------+
 *  | waiters | slot+1  | generation |
 *  +---------+---------+------------+
 *
 * 0: free. slot: the owner's peer slot; generation: its low 21 bits. waiters:
 * somebody may sleep on the word; the owner wakes one as it unlocks. RESERVED:
 * nobody owns it; it is kept for the heir for a moment. After a crash the word
 * still names the dead owner: a waiter that finds the owner's peer slot
 * unlocked, or of another generation, replaces the word with its own and
 * recovers what the lock protects.
 *
 * turns: incremented when an owner unlocks while somebody may sleep on the
 *   word, so that sleepers see that the lock changes hands, even between
 *   threads of one peer. After a crash one increment may be missing.
 * heir: of the waiters that have waited long, the one that came first: the low
 *   half of turns when it came, and 16 bits that distinguish it from others;
 *   0: none. A hint: a wrong one costs a few milliseconds. After a crash it
 *   may name nobody, until a reservation for it was in vain.
 */
struct sho__lock_shm {
  _Atomic uint32_t word;
  _Atomic uint32_t turns;
  _Atomic uint32_t heir;
};
_Static_assert(sizeof(struct sho__lock_shm) == 12, "layout");

#define SHO__LOCK_RESERVED UINT32_C(0x80000001) /* waiters, and no slot */
#define SHO__LOCK_WAITERS UINT32_C(0x80000000)
#define SHO__LOCK_SLOT_SHIFT 21
#define SHO__LOCK_GENERATION_MASK UINT32_C(0x001fffff)
#define SHO__MAX_PEERS 1023

/* Held while the first opener makes a file ready: one byte that no file has, so
 * that it conflicts with no other lock. */
#define SHO__SETUP_LOCK_OFF (INT64_C(1) << 62)

/* ---- ShareObject file --------------------------------------------------
 *
 *  0           text area        control_off           shadow_off
 *  +-----------+----------------+---------------------+------------------+
 *  | text, NUL | ...            | control block, 1280 | shadow text area |
 *  +-----------+----------------+---------------------+------------------+
 *
 * text area: max(capacity, 1024) bytes, rounded up to 64. The first 1024 are
 *   the window that the Node addon reads and writes.
 * control_off: the size of the text area. shadow_off: control_off + 1280. The
 *   shadow is as large as the text area. Anything behind it is ignored.
 *
 * The control block is at the first multiple of 64, from 1024 on, that has the
 * magic and a capacity that agrees with the offset.
 *
 * Control block:
 *
 *  0       8                16         24            32           36         40
 *  +-------+----------------+----------+-------------+------------+----------+
 *  | magic | layout_version | capacity | creation_id | peer_slots | checksum |
 *  +-------+----------------+----------+-------------+------------+----------+
 *  64     76         80                84        88         96           256
 *  +------+----------+-----------------+---------+----------+------------+----+
 *  | lock | sleepers | shadow_bytes    | (zero)  | sequence | recoveries |zero|
 *  +------+----------+-----------------+---------+----------+------------+----+
 *  256                1280
 *  +------------------+
 *  | peer slots, 128  |
 *  +------------------+
 *
 * magic to checksum are written once, before anybody else sees the block;
 * checksum is the low half of the hash of bytes 0 to 36, seed 0.
 */
#define SHO__CELL_MAGIC "SHOCELL"
#define SHO__CELL_LAYOUT_VERSION 3
#define SHO__CELL_PEERS 128

struct sho__cell_shm {
  char magic[8];           /* "SHOCELL" and a NUL, which no text can hold */
  uint32_t layout_version; /* 3 */
  uint32_t reserved0;      /* 0 */
  uint64_t capacity;       /* bytes of text and its NUL */
  uint64_t creation_id;    /* random */
  uint32_t peer_slots;     /* 128 */
  uint32_t checksum;
  uint8_t zero0[24];

  /* Held by the writer. */
  struct sho__lock_shm lock;

  /* 1: somebody may sleep on the low half of sequence. Set by sleepers,
   * cleared by the writer that wakes them. After a crash at most one
   * unneeded wake-up. */
  _Atomic uint32_t sleepers;

  /* Bytes of the shadow that the write in progress brings, its NUL included.
   * Meaningful while sequence is odd. Written under the lock. */
  _Atomic uint32_t shadow_bytes;
  uint32_t reserved1;

  /* Even, 2v: the text area holds version v. Odd, 2v-1: the shadow's first
   * shadow_bytes bytes are version v, and are being copied over the text
   * area's. Written under the lock, release. After a crash in the odd state
   * the next owner copies again and makes it even; readers take the shadow. */
  _Atomic uint64_t sequence;

  /* How often the lock was taken over from a dead owner. Written under the
   * lock. */
  _Atomic uint64_t recoveries;
  uint8_t zero1[152];

  struct sho__peer_shm peers[SHO__CELL_PEERS];
};
_Static_assert(offsetof(struct sho__cell_shm, checksum) == 36, "layout");
_Static_assert(offsetof(struct sho__cell_shm, lock) == 64, "layout");
_Static_assert(offsetof(struct sho__cell_shm, sequence) == 88, "layout");
_Static_assert(offsetof(struct sho__cell_shm, peers) == 256, "layout");
_Static_assert(sizeof(struct sho__cell_shm) == 1280, "layout");

/* ---- map file ----------------------------------------------------------
 *
 *  0        4096    peers_off   computes_off  counters_off  waits_off
 *  +--------+-------+-----------+-------------+-------------+---------+
 *  | header | zero  | peers     | computes    | counters    | waits   |
 *  +--------+-------+-----------+-------------+-------------+---------+
 *  free_off      gens_off      tables_off  shards_off  chunks_off  ghosts_off
 *  +-------------+-------------+-----------+-----------+-----------+-----------+
 *  | free chunks | generations | tables    | shards    | chunks    | ghosts |
 *  +-------------+-------------+-----------+-----------+-----------+-----------+
 *  pool_off                       file_bytes - 8
 *  +---------+---------+-----+-----+
 *  | chunk 0 | chunk 1 | ... | end |
 *  +---------+---------+-----+-----+
 *
 * All offsets follow from chunk_bits, chunks, shards and ghosts; they are in
 * the header so that a reader in another language need not compute them.
 *
 * end: creation_id once more. Written at creation, and when the file is made
 * ready after a reboot. Wherever a file is cut, extended again or overwritten
 * while it is mapped, this word changes. So one check of it, after a read,
 * shows that the file is still the one that was opened.
 */
#define SHO__MAP_MAGIC "SHO-MAP"
#define SHO__MAP_LAYOUT_VERSION 7
#define SHO__MAP_PEERS 256
#define SHO__COMPUTE_BUCKETS 32
#define SHO__COMPUTE_SLOTS 64
#define SHO__MAP_STRIPES 8
#define SHO__MAP_WAITS 2048
#define SHO__MAP_ALIGN 65536
#define SHO__CHANGES_CHUNKS 64
#define SHO__CHANGES_LISTENERS 256

/* What lies together in a chunk. 0: the chunk is free. */
enum sho__class {
  SHO__CLASS_FREE = 0,
  SHO__CLASS_TABLE = 1, /* tables of shards */
  SHO__CLASS_PARTS = 2, /* parts of large values */
  SHO__CLASS_SMALL = 3, /* S3_FIFO: the small queue; NONE: all entries that do
                         * not expire */
  SHO__CLASS_MAIN = 4,  /* S3_FIFO: the main queues, from here to HOTTEST: each
                         * is for what was visited in the one before */
  SHO__CLASS_HOTTEST = 8,
  SHO__CLASS_TTL = 5, /* NONE: entries that expire, by their time to live, */
  SHO__CLASS_LONGEST = 11, /* up to here */
  SHO__CLASS_CHANGES = 12, /* the ring of changes */
  SHO__CLASSES = 13
};

/* Who awaits keys sleeps on one of these, by the key's hash; who listens to
 * changes, on one of its own. */
struct sho__wait_shm {
  _Atomic uint32_t changes; /* futex; incremented when somebody may sleep */

  /* Who may sleep, a bit for each sixteenth of the keys. The low half: on
   * changes; the high half: on the map's events. For listeners the lowest bit
   * alone. */
  _Atomic uint32_t sleepers;
};
_Static_assert(sizeof(struct sho__wait_shm) == 8, "layout");

#define SHO__ON_WORD UINT32_C(1)
#define SHO__ON_EVENTS UINT32_C(2)

/*
 * What listeners need: the ring in which writers log changes is taken from the
 * pool while somebody listens, as chunks of class CHANGES. The chunks are one
 * ring of units of 64 bytes. A position counts units; it is that of the unit
 * position modulo the number of units, and its lap is position divided by that
 * number.
 *
 * A change takes one or more units of one chunk, and each unit begins with a
 * word:
 *
 *  63   48 47   46 45   31 30         0
 *  +------+-------+-------+------------+
 *  | lap  | state | units | owner      |   the change's first unit
 *  +------+-------+-------+------------+
 *  0       8         16             20         24
 *  +-------+---------+--------------+----------+-----------------
 *  | word  | version | kind, key    | checksum | 40 bytes of key
 *  +-------+---------+--------------+----------+-----------------
 *  | 0     | 56 bytes of key                                         the others
 *  +-------+---------------------------------------------------------
 *
 * word: lap: its low 16 bits. state: SHO__CHANGE_*. units: how many it takes.
 *   owner: the own word of the peer that logs, not 0. By compare-and-set from
 *   what the unit had in an earlier lap, under a shard's lock, before the
 *   change is made; then again, when it is made. After a crash it is reserved,
 *   and its owner is dead: so nobody knows whether that change was made.
 * kind, key: the low 24 bits are the length of the key, the others enum
 *   sho_change_kind.
 * checksum: low half of mix(key hash ^ position, S1 ^ version ^ kind, key <<
 *   32).
 */
struct sho__changes_shm {
  struct sho__lock_shm lock; /* held by who registers or takes the ring away */

  /* 0: there is no ring; what chunks names is half taken or half given back. 1:
   * the ring is whole, and some shards log. 2: all do. Under the lock. */
  _Atomic uint32_t state;

  _Atomic uint32_t
      chunk_count; /* of the ring, a power of two; under the lock */
  uint32_t zero0;
  struct sho__wait_shm wait; /* who listens sleeps here */
  uint8_t zero1[32];

  /* The position of the next change. Whoever finds that its unit is taken
   * advances it. After a crash it may be one change behind. It is also raised
   * by a whole lap, so that all listeners notice that they missed something. */
  _Atomic uint64_t head;
  uint8_t zero2[56];

  _Atomic uint32_t chunks[SHO__CHANGES_CHUNKS]; /* number + 1, or 0 */

  /* The own word of the peer of each listener, or 0. Set under the lock, and to
   * 0 without it. After a crash it names a dead peer. */
  _Atomic uint32_t listeners[SHO__CHANGES_LISTENERS];
};
_Static_assert(offsetof(struct sho__changes_shm, wait) == 24, "layout");
_Static_assert(offsetof(struct sho__changes_shm, head) == 64, "layout");
_Static_assert(sizeof(struct sho__changes_shm) == 1408, "layout");

#define SHO__CHANGE_UNIT 64
#define SHO__CHANGE_RESERVED 0
#define SHO__CHANGE_MADE 1
#define SHO__CHANGE_VOID                                                       \
  2 /* it was not made, or is only the rest of a chunk                         \
     */
#define SHO__CHANGE_LAP_SHIFT 48
#define SHO__CHANGE_STATE_SHIFT 46
#define SHO__CHANGE_UNITS_SHIFT 31
#define SHO__CHANGE_UNITS_MASK UINT32_C(0x7fff)
#define SHO__CHANGE_KEY_BITS 24

/* 0 to checksum: written once, before the file has its name. checksum: low
 * half of the hash of bytes 0 to 164, seed 0. */
struct sho__map_shm {
  char magic[8];           /* "SHO-MAP" and a NUL */
  uint32_t layout_version; /* 7 */
  uint32_t chunk_bits;     /* a chunk has 2^chunk_bits bytes */
  uint64_t file_bytes;
  uint64_t chunks;
  uint64_t max_entry;   /* largest 32 + key + value */
  uint64_t ghosts;      /* a power of two; 0: none */
  uint32_t eviction;    /* 1 NONE, 2 S3_FIFO */
  uint32_t peer_slots;  /* 256 */
  uint64_t creation_id; /* random, highest bit set: any cut changes it */
  uint64_t hash_seed;   /* random */
  uint64_t peers_off;
  uint64_t computes_off;
  uint64_t counters_off;
  uint64_t waits_off;
  uint64_t free_off;
  uint64_t gens_off;
  uint64_t tables_off;
  uint64_t shards_off;
  uint64_t chunks_off;
  uint64_t ghosts_off;
  uint64_t pool_off;
  uint32_t shard_bits; /* there are 2^shard_bits shards */
  uint32_t checksum;

  /* Of the boot in which the file was last made ready. Under the setup lock;
   * written last, so that it is all done again after a crash. */
  _Atomic uint64_t boot_id[2];

  /* Milliseconds: map time is the host's boot clock plus this. Set at creation
   * and when the file is made ready after a reboot, under the setup lock, so
   * that map time is the wall clock then, or latest_ms if that is more. */
  _Atomic uint64_t clock_base_ms;

  /* A map time that has been reached, at most some seconds before the last
   * entry with a time to live was stored, so that map time never goes back. Any
   * writer stores it; only damage makes it less. */
  _Atomic uint64_t latest_ms;

  /* Incremented when something that a sleeper waits for may have happened: one
   * futex for all that a handle waits for. */
  _Atomic uint32_t events;

  /* A chunk that was freed lately: where to look first. A hint. */
  _Atomic uint32_t freed;

  /* The chunks that are written to now: the number of the chunk + 1, or 0, for
   * each class and stripe. Changed by the holder of the chunk's lock that is
   * put there. */
  _Atomic uint32_t open[SHO__CLASSES][SHO__MAP_STRIPES];

  /* Counts the chunks that were taken into use: a chunk's order. */
  _Atomic uint64_t order;

  /* Hints. S3_FIFO: the share of the small queue, 1/2^32 of all. How full
   * tables may get, 1/256 of their slots. S3_FIFO: how many entries were
   * evicted; how many the map has, an estimate. */
  _Atomic uint32_t small_share;
  _Atomic uint32_t crowded;
  _Atomic uint64_t evicted;
  _Atomic uint64_t estimate;
  uint8_t zero[48];

  struct sho__changes_shm changes;
};
_Static_assert(offsetof(struct sho__map_shm, checksum) == 164, "layout");
_Static_assert(offsetof(struct sho__map_shm, events) == 200, "layout");
_Static_assert(offsetof(struct sho__map_shm, open) == 208, "layout");
_Static_assert(offsetof(struct sho__map_shm, changes) == 704, "layout");
_Static_assert(sizeof(struct sho__map_shm) == 2112, "layout");

/*
 * A computation in progress, 32 bytes.
 *
 *  0     8       16      20     24        28
 *  +-----+-------+-------+------+---------+------+
 *  | key | wants | owner | turn | waiters | zero |
 *  +-----+-------+-------+------+---------+------+
 *
 * All fields except owner mean something only while owner is not 0. The slot of
 * a dead owner may be taken over by any thread that wants its key or a slot.
 */
struct sho__computation_shm {
  /* The hash of the key that is computed; 1 if that is 0. Written under the
   * bucket's lock while the slot is free. */
  _Atomic uint64_t key;

  /* The key, in the same form, that the owner's thread waits for; 0: none.
   * Written by the owner, and set to 0 under the bucket's lock before a slot is
   * taken, so that it is never a former owner's. */
  _Atomic uint64_t wants;

  /* The own word of the peer that computes (see lock); 0: the slot is free.
   * Set under the bucket's lock, release; set to 0 by the owner without it. */
  _Atomic uint32_t owner;

  /* Incremented before key or wants change. */
  _Atomic uint32_t turn;

  /* Who may sleep: SHO__ON_WORD on owner, SHO__ON_EVENTS on the map's events.
   * Cleared by the owner that wakes them. After a crash at most one wake-up is
   * unneeded, or one is lost. */
  _Atomic uint32_t waiters;
  uint32_t zero;
};
_Static_assert(offsetof(struct sho__computation_shm, owner) == 16, "layout");
_Static_assert(sizeof(struct sho__computation_shm) == 32, "layout");

/* A bucket of the compute-once table; a key's bucket is its hash modulo
 * SHO__COMPUTE_BUCKETS. No slot from `used` on has an owner. */
struct sho__compute_shm {
  struct sho__lock_shm lock; /* held to take a slot */
  _Atomic uint32_t used;     /* at most SHO__COMPUTE_SLOTS; under the lock */
  uint8_t zero[48];
  struct sho__computation_shm slots[SHO__COMPUTE_SLOTS];
};
_Static_assert(offsetof(struct sho__compute_shm, slots) == 64, "layout");
_Static_assert(sizeof(struct sho__compute_shm) == 2112, "layout");

/* A cache line of counters. Each peer slot has 8: the first is shared by the
 * threads of its process that have none of their own. Never reset: the map's
 * numbers are the sums over all lines. */
struct sho__counters_shm {
  _Atomic uint64_t hits;
  _Atomic uint64_t misses;
  uint64_t zero[6];
};
_Static_assert(sizeof(struct sho__counters_shm) == 64, "layout");

/*
 * Where a shard's table is, 64 bits for each shard in the array at tables_off:
 * a read needs nothing else of a shard, and the words of many lie in one cache
 * line.
 *
 *  63          50 49      16 15       0
 *  +-------------+----------+---------+
 *  | generation  | place/64 | buckets |
 *  +-------------+----------+---------+
 * place: of the first bucket, in bytes from pool_off. It is not 0.
 * place and buckets 0: the shard has no entry.
 * generation: incremented with every change. Written under the shard's lock,
 *   release.
 */
#define SHO__TABLE_BUCKETS_BITS 16
#define SHO__TABLE_PLACE_BITS 34
#define SHO__TABLE_PLACE_SHIFT 6
#define SHO__TABLE_GENERATION_SHIFT 50

/*
 * A shard: what the keys have in common whose hashes begin with its number.
 * 128 bytes. A write that finds all in order needs the first line only. All is
 * written under the lock. After a crash entries may be one off, and an overflow
 * count of the table too high; the next owner counts anew.
 */
struct sho__shard_shm {
  struct sho__lock_shm lock;
  _Atomic uint32_t listened; /* 1: changes are logged */

  /* The version that was last given to an entry. */
  _Atomic uint64_t version;

  _Atomic uint64_t entries; /* slots in use */
  _Atomic uint64_t sets;

  /* A record that the owner has nothing name any more: as a slot's value, 0
   * when its bytes count as dead. After a crash the next owner marks its chunk,
   * and those of its parts, as doubtful. */
  _Atomic uint64_t retiring;

  _Atomic uint64_t earliest_expiry_ms; /* not above any entry's; 0: none has */
  _Atomic uint64_t removals;
  _Atomic uint64_t evictions;
  uint64_t zero1[3];

  _Atomic uint64_t recoveries;
  _Atomic uint64_t damaged;
  _Atomic uint64_t expirations;
  uint64_t zero2;
};
_Static_assert(offsetof(struct sho__shard_shm, version) == 16, "layout");
_Static_assert(offsetof(struct sho__shard_shm, recoveries) == 96, "layout");
_Static_assert(sizeof(struct sho__shard_shm) == 128, "layout");

/*
 * A bucket of a shard's table, one cache line.
 *
 * Slot, 0 = empty:
 *  63        62  38 37          0
 *  +---------+-----+-------------+
 *  | visited | tag | place / 8+1 |
 *  +---------+-----+-------------+
 * tag: the 25 bits of the key's hash below those that choose the shard. They
 *   choose the bucket, too: tag * buckets >> 25.
 * place: of the entry, in bytes from pool_off.
 * visited: read or overwritten since the entry came to its queue (S3_FIFO
 *   only), set by readers by compare-and-set. All else is written under the
 *   shard's lock, release.
 *
 * overflow: how many entries are in a later bucket because this one was full
 *   when they came. 0 ends a search. Incremented before such an entry's slot is
 *   written and decremented after it was emptied: a crash leaves it too high at
 *   worst, and the next owner counts anew.
 */
#define SHO__SLOT_VISITED (UINT64_C(1) << 63)
#define SHO__SLOT_PLACE_BITS 38
#define SHO__SLOT_PLACE_MASK ((UINT64_C(1) << SHO__SLOT_PLACE_BITS) - 1)
#define SHO__SLOT_TAG_BITS 25
#define SHO__SLOT_TAG_MASK                                                     \
  (((UINT64_C(1) << SHO__SLOT_TAG_BITS) - 1) << SHO__SLOT_PLACE_BITS)
#define SHO__BUCKET_SLOTS 7

struct sho__bucket_shm {
  _Atomic uint64_t slots[SHO__BUCKET_SLOTS];
  _Atomic uint64_t overflow;
};
_Static_assert(sizeof(struct sho__bucket_shm) == 64, "layout");

/*
 * What a chunk is used for. A chunk's generation lies apart, in the array at
 * gens_off: it is incremented before the first byte of a chunk is written that
 * was in use before. So whoever sees the same generation before and after he
 * read from a chunk has read nothing that was overwritten meanwhile.
 *
 * The bit of a free chunk in the array at free_off is set; after a crash it may
 * be missing, and is never set for a chunk that is in use.
 */
struct sho__chunk_shm {
  /* As a lock's word, without waiters: nobody waits for a chunk. Held from
   * before the first byte of an entry is written until it is published, and
   * while the chunk is cleaned or taken into use. */
  _Atomic uint32_t owner;
  _Atomic uint32_t class; /* enum sho__class */

  _Atomic uint32_t used; /* bytes that records take; by the owner, release */

  _Atomic uint32_t records; /* how many there are, dead or not */

  /* The low half: bytes of records that no slot and no shard names any more.
   * Added after the last name is gone: a crash leaves it too low at worst. The
   * high half: the low half of the generation that they are of, so that nobody
   * adds to a later one's. */
  _Atomic uint64_t dead;

  _Atomic uint64_t order;            /* header.order as it was taken into use */
  _Atomic uint64_t latest_expiry_ms; /* of its records; ~0: never */

  /* 1: a process died that used the chunk, so dead may be too low: it is to be
   * cleaned. */
  _Atomic uint32_t doubt;
  uint32_t zero[5];
};
_Static_assert(offsetof(struct sho__chunk_shm, order) == 24, "layout");
_Static_assert(sizeof(struct sho__chunk_shm) == 64, "layout");

/*
 * A record, at a multiple of 8: 20 bytes, then what follows from its kind.
 *
 *  0        8            12            16         20
 *  +--------+------------+-------------+----------+-------------------
 *  | number | kind, key  | value bytes | checksum | [expiry] key value
 *  +--------+------------+-------------+----------+-------------------
 *
 * kind and key: the low 22 bits are the length of the key, the others
 *   SHO__RECORD_*. SHO__RECORD_DEAD is set once nothing names the record any
 *   more. After a crash the bit may be missing, never wrong. But for that bit,
 *   and the list of parts, nothing of a published record changes.
 * An entry: number is its version; 8 bytes of expiry (map time, ms) if it has
 *   SHO__RECORD_EXPIRES; the key; the value. checksum: low half of hash(value,
 *   seed = key hash ^ expiry) ^ mix(version ^ S0, S1).
 * A large entry (SHO__RECORD_LARGE): behind the key, at the next multiple of
 *   4, the list: 4 bytes for each part, chunk << 4 | number of the part in it.
 *   Under the shard's lock, release: a part moves. value bytes: of the whole
 *   value. The parts hold its first bytes, the record the rest. checksum: of
 *   the rest ^ that of the parts: 0, then for each part sum = low half of
 *   mix((sum << 32 | its checksum) ^ S0, S1).
 * A part: number is the hash of its entry's key. It lies at a multiple of
 *   1/16 chunk and fills it up. value bytes: what a part holds.
 * A table: number is its shard; its buckets lie at the next multiple of 64
 *   behind the 20 bytes. value bytes: to the end of the buckets.
 * value bytes of a part and of a table tell the record's size: 20 + value
 *   bytes, rounded up to 8.
 */
#define SHO__KEY_BITS 22
#define SHO__MAX_KEY_BYTES ((UINT32_C(1) << SHO__KEY_BITS) - 1)
#define SHO__RECORD_DEAD (UINT32_C(1) << 31)
#define SHO__RECORD_EXPIRES (UINT32_C(1) << 30)
#define SHO__RECORD_LARGE (UINT32_C(1) << 29)
#define SHO__RECORD_PART (UINT32_C(1) << 28)
#define SHO__RECORD_TABLE (UINT32_C(1) << 27)
#define SHO__RECORD_BYTES 20
#define SHO__PARTS_OF_CHUNK_BITS 4
#define SHO__MAX_EXPIRY_MS ((UINT64_C(1) << 42) - 1)

#endif
