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
 *  0        4096    peers_off   computes_off  counters_off  segments_off
 *  +--------+-------+-----------+-------------+-------------+----------+
 *  | header | zero  | peers     | computes    | counters    | segments |
 *  +--------+-------+-----------+-------------+-------------+----------+
 *  indexes_off                 logs_off              file_bytes - 8
 *  +---------+---------+-------+-------+-------+-----+-----+
 *  | index 0 | index 1 | ...   | log 0 | log 1 | ... | end |
 *  +---------+---------+-------+-------+-------+-----+-----+
 *
 * All offsets follow from segments, log_bytes and buckets; they are in the
 * header so that a reader in another language need not compute them.
 * logs_off and log_bytes are multiples of 64 KiB, so that a log can be mapped
 * twice in a row with any page size: an entry that crosses a log's end goes on
 * at its beginning, and is contiguous in such a mapping.
 *
 * end: creation_id once more. Written at creation, and when the file is made
 * ready after a reboot. Wherever a file is cut, extended again or overwritten
 * while it is mapped, this word changes. So one check of it, after a read,
 * shows that the file is still the one that was opened.
 */
#define SHO__MAP_MAGIC "SHO-MAP"
#define SHO__MAP_LAYOUT_VERSION 5
#define SHO__MAP_PEERS 256
#define SHO__COMPUTE_BUCKETS 32
#define SHO__COMPUTE_SLOTS 64
#define SHO__MAP_STRIPES 8
#define SHO__MAP_MAX_SEGMENTS 2048
#define SHO__MAP_ALIGN 65536

/* 0 to checksum: written once, before the file has its name. checksum: low
 * half of the hash of bytes 0 to 124, seed 0. */
struct sho__map_shm {
  char magic[8];           /* "SHO-MAP" and a NUL */
  uint32_t layout_version; /* 5 */
  uint32_t segments;       /* a power of two, 1 to 2048 */
  uint64_t file_bytes;
  uint64_t log_bytes;   /* of each log */
  uint64_t max_entry;   /* largest 32 + key + value, at most log_bytes / 4 */
  uint64_t buckets;     /* of each index */
  uint32_t eviction;    /* 1 NONE, 2 CLOCK */
  uint32_t peer_slots;  /* 256 */
  uint64_t creation_id; /* random, highest bit set: any cut changes it */
  uint64_t hash_seed;   /* random */
  uint64_t peers_off;
  uint64_t computes_off;
  uint64_t counters_off;
  uint64_t segments_off;
  uint64_t indexes_off;
  uint64_t logs_off;
  uint32_t reserved0;
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
  uint8_t zero0[32];

  /* Incremented when something that a sleeper waits for may have happened: one
   * futex for all that a handle waits for. */
  _Atomic uint32_t events;
  uint32_t zero1;
};
_Static_assert(offsetof(struct sho__map_shm, checksum) == 124, "layout");
_Static_assert(offsetof(struct sho__map_shm, clock_base_ms) == 144, "layout");
_Static_assert(offsetof(struct sho__map_shm, events) == 192, "layout");
_Static_assert(sizeof(struct sho__map_shm) == 200, "layout");

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

#define SHO__ON_WORD UINT32_C(1)
#define SHO__ON_EVENTS UINT32_C(2)

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
 * A segment's state: 256 bytes. Numbers below the lock are written under it;
 * after a crash they may be those before or after the step in progress, and the
 * next owner counts them anew from the index. head is on a line of its own:
 * it is the only part that readers read.
 */
struct sho__segment_shm {
  /* Position of the oldest entry. Written under the lock, before a byte
   * behind it is overwritten. */
  _Atomic uint64_t head;
  uint8_t zero0[56];

  struct sho__lock_shm lock;
  _Atomic uint32_t changes;  /* incremented by every write; futex of await */
  _Atomic uint32_t sleepers; /* SHO__ON_WORD: somebody may sleep on changes,
                              * SHO__ON_EVENTS: on the map's events */
  uint32_t zero1;
  _Atomic uint64_t tail;       /* position of the next entry */
  _Atomic uint64_t live_bytes; /* of entries that the index refers to */
  _Atomic uint64_t entries;    /* slots in use */
  _Atomic uint64_t largest;    /* not below the bytes of any live entry */
  _Atomic uint64_t earliest_expiry_ms; /* not above any entry's; 0: none has */
  _Atomic uint64_t lap_largest; /* of the entries written in the tail's lap */

  _Atomic uint64_t sets;
  _Atomic uint64_t removals;
  _Atomic uint64_t evictions;
  _Atomic uint64_t expirations;
  _Atomic uint64_t recoveries;
  _Atomic uint64_t damaged;
  uint64_t zero3[9];
};
_Static_assert(offsetof(struct sho__segment_shm, lock) == 64, "layout");
_Static_assert(offsetof(struct sho__segment_shm, tail) == 88, "layout");
_Static_assert(offsetof(struct sho__segment_shm, sets) == 136, "layout");
_Static_assert(sizeof(struct sho__segment_shm) == 256, "layout");

/*
 * A bucket of the index, one cache line.
 *
 * Slot, 0 = empty:
 *  63        62   48 47               0
 *  +---------+------+------------------+
 *  | visited | tag  | position / 8     |
 *  +---------+------+------------------+
 * tag: 15 bits of the key's hash, never 0. position / 8: its low 48 bits.
 * visited: read since the entry was written (CLOCK only), set by readers by
 *   compare-and-set. All else is written under the segment's lock, release.
 *
 * overflow: how many entries are in a later bucket because this one was full
 *   when they came. 0 ends a search. Incremented before such an entry's slot is
 *   written and decremented after it was emptied: a crash leaves it too high at
 *   worst, and the next owner counts anew.
 */
#define SHO__SLOT_VISITED (UINT64_C(1) << 63)
#define SHO__SLOT_TAG_MASK (UINT64_C(0x7fff) << 48)
#define SHO__SLOT_POSITION_MASK ((UINT64_C(1) << 48) - 1)
#define SHO__BUCKET_SLOTS 7

struct sho__bucket_shm {
  _Atomic uint64_t slots[SHO__BUCKET_SLOTS];
  _Atomic uint64_t overflow;
};
_Static_assert(sizeof(struct sho__bucket_shm) == 64, "layout");

/*
 * An entry: 32 bytes, the key, the value, and 0 to 7 bytes of padding up to a
 * multiple of 8.
 *
 *  0          8         16                        24            28
 *  +----------+---------+------------+-----------+-------------+----------+
 *  | position | version | expiry_ms  | key_bytes | value_bytes | checksum |
 *  +----------+---------+--42 bits---+--22 bits--+-------------+----------+
 *
 * position: lap << position_bits | offset in the log, where position_bits is
 *   the least number with 2^position_bits >= log_bytes, and offset < log_bytes.
 *   Laps begin with 1. Positions are multiples of 8. The lowest bit,
 *   SHO__ENTRY_DEAD, is set once the index no longer refers to the entry;
 *   nothing else in an entry changes. After a crash the bit may be missing,
 *   never wrong.
 * version: the position at which this value was first written; a move keeps
 *   it. expiry_ms: map time, 0: never.
 * checksum: low half of hash(value, seed = key_hash ^ mix(version ^ S2, word
 *   at 16 ^ S7)) ^ mix(position ^ S0, S1), key_hash = the key's, keyed by
 * hash_seed, position without its lowest bit. See hash.h.
 */
#define SHO__ENTRY_DEAD UINT64_C(1)
#define SHO__KEY_BITS 22
#define SHO__MAX_KEY_BYTES ((UINT32_C(1) << SHO__KEY_BITS) - 1)
#define SHO__MAX_EXPIRY_MS ((UINT64_C(1) << 42) - 1)

struct sho__entry_shm {
  uint64_t position;
  uint64_t version;
  uint64_t expiry_and_key; /* expiry_ms << 22 | key_bytes */
  uint32_t value_bytes;
  uint32_t checksum;
};
_Static_assert(sizeof(struct sho__entry_shm) == 32, "layout");

#endif
