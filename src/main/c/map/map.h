/*
 * The map's parts among themselves; each uses only those above it in this list.
 * layout.h says what is shared; docs/architecture.md argues why a kill between
 * any two steps is harmless and why a reader never returns torn bytes.
 *
 *   map_geometry.c geometry, header
 *   map_record.h   records, looked at and checked
 *   map_find.h     from a key to its slot and entry
 *   map_table.c    a shard's table: what else is done to slots
 *   map_shard.h    a shard whose lock is held, and its invariants
 *   map_changes.c  changes, logged for those who listen
 *   map_recover.c  after a dead owner, or damage
 *   map_boot.c     after a reboot
 *   map_cover.c    the same: which bytes something names
 *   map_open.c     creation, opening, closing
 *   map_chunk.c    chunks: taken into use, written to, freed
 *   map_ghost.h    who was evicted lately
 *   map_pick.c     which chunk is to be cleaned
 *   map_admit.c    which queue a new entry belongs to
 *   map_clean.c    room where there is none: cleaning and eviction
 *   map_ahead.c    cleaning ahead of need
 *   map_grow.c     a larger table
 *   map_large.c    values that lie in several parts
 *   map_ring.c     the ring of changes, while somebody listens
 *   map_read.c     get, find
 *   map_await.c    await
 *   map_listen.c   changes, read
 *   map_draft.h    a write before it locks its shard
 *   map_write.c    set, compare, remove, add, expire
 *   map_scan.c     all entries: scan, clear, size, remove expired, statistics
 *   map_verify.c   verify
 *   map_compute.c  compute once
 */
#ifndef SHO_MAP_H
#define SHO_MAP_H

#include "base/atomics.h"
#include "base/error.h"
#include "base/hash.h"
#include "layout.h"
#include "shareobject.h"
#include "shm/lock.h"

/* The key and value of an entry and so many bytes are at most max_entry. */
enum { SHO__ENTRY_BYTES = 32 };

/* What a map's size is made of. All of it follows from the first six. */
struct sho__geometry {
  uint64_t max_entry;
  uint64_t chunks;
  uint64_t ghosts;
  unsigned chunk_bits;
  unsigned shard_bits;
  uint32_t eviction;
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
  uint64_t file_bytes;
};

/* What room is wanted for. */
enum sho__need {
  SHO__NEED_NEW,     /* leaves what is kept, and cleans if there is no more */
  SHO__NEED_REPLACE, /* of what is kept takes a half: it gives room back */
  SHO__NEED_CLEAN,   /* takes all that is kept, and never cleans */
  SHO__NEED_CLEAN_LARGE /* the same, but for the last: that is for entries, so
                         * that a chunk of entries can always be cleaned */
};

enum { SHO__MOST_PICKED = 16 };

/* The chunks with the lowest keys. */
struct sho__list {
  uint32_t count;
  uint32_t chunks[SHO__MOST_PICKED];
  uint64_t keys[SHO__MOST_PICKED];
};

/* What of a class there is to evict from. */
struct sho__queue {
  struct sho__list closed; /* the oldest ones */
  uint64_t oldest;         /* order of any chunk, closed or not; ~0: none */
};

/* What a look at all chunks finds. */
struct sho__view {
  enum sho__need need;  /* for which a chunk is wanted */
  uint64_t next;        /* chunk to look at */
  uint64_t taken;       /* bytes that live, or are of no use */
  uint64_t live;        /* bytes, in all */
  uint64_t small_live;  /* and in the small queue */
  uint64_t main_live;   /* and in all main queues */
  uint64_t tables_live; /* and of tables */
  uint64_t entries;     /* in the queues, about */
  uint64_t usable;      /* chunks that entries can lie in */
  uint64_t unsettled;   /* bytes of parts that are written now */
  uint32_t held;        /* chunks that may have room, and that somebody holds */
  uint32_t holder;      /* of one of these, as a lock's word */
  struct sho__list expired;
  struct sho__list doubtful;
  struct sho__list emptiest;
  struct sho__queue queues[SHO__CLASSES]; /* by class */
};

/* What a handle cleans ahead of need, a few records at a time. All but the
 * first three belongs to the thread that set busy. */
enum { SHO__MOST_VICTIMS = 8 };
struct sho__cleaner {
  _Atomic uint32_t wanted; /* few chunks are free */
  _Atomic uint32_t busy;
  _Atomic uint64_t owed; /* bytes that were written since the last step */
  int looking;           /* for what is next: the view is not whole yet */
  struct sho__view view;
  uint32_t count; /* of those that are next; the last one first */
  uint32_t chunks[SHO__MOST_VICTIMS];
  uint64_t gens[SHO__MOST_VICTIMS];
  int mode;
  int done;       /* nothing is named in what was cleaned of the last one */
  uint64_t off;   /* where to go on in it */
  uint64_t moved; /* bytes of it that live on */
  uint64_t pace;  /* bytes to clean for 16 that are written */
};

struct sho_map {
  struct sho__region region;
  struct sho__peers peers;
  struct sho__geometry geometry;
  uint64_t hash_seed;
  struct sho__hash_key hash_key; /* follows from it */
  uint64_t clock_base_ms;
  uint64_t creation_id;
  _Atomic uint64_t *end; /* the file's last word: creation_id */
  struct sho__map_shm *header;
  _Atomic uint64_t *tables; /* of shards: where they are */
  struct sho__shard_shm *shards;
  struct sho__chunk_shm *chunks;
  _Atomic uint64_t *gens;
  _Atomic uint64_t *free;
  _Atomic uint32_t *ghosts;
  struct sho__wait_shm *waits;
  struct sho__compute_shm *computes;
  struct sho__counters_shm *counters; /* ours; NULL if opened read-only */
  uint8_t *pool;
  uint64_t pool_bytes; /* these follow from the geometry */
  uint64_t chunk_bytes;
  uint32_t stripes;   /* how many chunks of a class are written to at a time */
  uint32_t kept;      /* how many free chunks are kept for cleaning */
  uint32_t low;       /* how many are so few that some are cleaned ahead */
  uint32_t hottest;   /* the last main queue's class */
  uint64_t most_live; /* bytes; more than that are left to what is there */
  int read_only;
  _Atomic uint32_t ring_due; /* we logged the first change of a chunk */
  struct sho__cleaner cleaner;
};

/* ---- geometry: map_geometry.c ------------------------------------------- */

/* SHO_EINVAL if there is no such option. name: for messages, as in all here. */
int sho__options_check(const struct sho_map_options *options, const char *name);

/* What a new map of these options is like. SHO_EINVAL names the bounds. */
int sho__geometry_choose(const struct sho_map_options *options,
                         const char *name, struct sho__geometry *geometry);

/* A sho__fill for sho__file_create; context: the geometry. */
int sho__geometry_fill(int fd, const char *name, void *context);

/* Reads and validates the header of a file of that size. SHO_EFORMAT,
 * SHO_EVERSION, SHO_ECORRUPT. */
int sho__geometry_read(int fd, const char *name, uint64_t file_bytes,
                       struct sho__map_shm *header,
                       struct sho__geometry *geometry);

/* SHO_EGEOMETRY if the options ask for what the file has not. */
int sho__geometry_compare(const struct sho_map_options *options,
                          const char *name, const struct sho__geometry *has);

/* What to add to the host's boot clock, ms, so that map time goes on: from the
 * wall clock, or from latest_ms if that is more. ahead_ms: of this process's
 * boot clock. */
uint64_t sho__clock_base_ms(uint64_t latest_ms, int64_t ahead_ms);

/* Milliseconds of map time. */
uint64_t sho__map_now_ms(const struct sho_map *map);

/* The map time at which so many milliseconds from now are over, 0: never. Notes
 * the time for after a reboot. */
uint64_t sho__map_expiry_ms(const struct sho_map *map, int64_t ttl_ms);

/* ---- the file: map_open.c ----------------------------------------------- */

/* For a map whose state or end is not what it should be: notes that the file
 * is another, and answers SHO_EIO or SHO_ECLOSED. */
int sho__map_fail(struct sho_map *map);

/* As sho__region_check, for a file that was cut within a page, grown again or
 * overwritten, too: no such thing faults. */
static inline int sho__map_check(struct sho_map *map) {
  int state = atomic_load_explicit(&map->region.state, memory_order_acquire);
  uint64_t end = atomic_load_explicit(map->end, memory_order_acquire);
  return __builtin_expect(state == SHO_OK && end == map->creation_id, 1)
             ? SHO_OK
             : sho__map_fail(map);
}

/* ---- keys --------------------------------------------------------------- */

static inline uint64_t sho__map_hash(const struct sho_map *map, const void *key,
                                     size_t key_bytes) {
  return sho__hash_keyed(key, key_bytes, &map->hash_key);
}

/* From the top: the bits of the shard, then those of the tag. */
static inline uint32_t sho__shard_of(const struct sho_map *map, uint64_t hash) {
  return (uint32_t)(hash >> 32 >> (32 - map->geometry.shard_bits));
}

static inline uint64_t sho__tag_of(const struct sho_map *map, uint64_t hash) {
  return hash << map->geometry.shard_bits >> (64 - SHO__SLOT_TAG_BITS);
}

static inline struct sho__wait_shm *sho__wait_of(const struct sho_map *map,
                                                 uint64_t hash) {
  return &map->waits[hash % SHO__MAP_WAITS];
}

/* The bit in sleepers of those who sleep on changes until a key of that hash
 * changes. */
static inline uint32_t sho__on_changes(uint64_t hash) {
  return UINT32_C(1) << (hash / SHO__MAP_WAITS % 16);
}

/* The same of those who sleep on the map's events. */
static inline uint32_t sho__on_events(uint64_t hash) {
  return sho__on_changes(hash) << 16;
}

/* ---- how full tables get ------------------------------------------------- */

/* While the map has room, tables are sparse: a search ends at the first slot
 * it looks at, most often. When room gets scarce they become full:
 * map_pick.c finds out. */
enum {
  SHO__CROWDED_ALL = 256,
  SHO__CROWDED_LEAST = 64,
  SHO__CROWDED_MOST = 230
};

static inline uint32_t sho__crowded(const struct sho_map *map) {
  uint32_t crowded =
      atomic_load_explicit(&map->header->crowded, memory_order_relaxed);
  return crowded < SHO__CROWDED_LEAST  ? SHO__CROWDED_LEAST
         : crowded > SHO__CROWDED_MOST ? SHO__CROWDED_MOST
                                       : crowded;
}

/* ---- places ------------------------------------------------------------- */

/* Bytes from the pool's first on. A place is a multiple of 8. */
static inline uint64_t sho__chunk_bytes(const struct sho_map *map) {
  return map->chunk_bytes;
}

static inline uint32_t sho__chunk_of(const struct sho_map *map,
                                     uint64_t place) {
  return (uint32_t)(place >> map->geometry.chunk_bits);
}

static inline uint64_t sho__in_chunk(const struct sho_map *map,
                                     uint64_t place) {
  return place & (sho__chunk_bytes(map) - 1);
}

static inline uint64_t sho__place_in(const struct sho_map *map, uint32_t chunk,
                                     uint64_t off) {
  return ((uint64_t)chunk << map->geometry.chunk_bits) + off;
}

static inline int sho__place_valid(const struct sho_map *map, uint64_t place) {
  return place < map->pool_bytes;
}

static inline uint64_t sho__slot_place(uint64_t slot) {
  return ((slot & SHO__SLOT_PLACE_MASK) - 1) << 3;
}

static inline uint64_t sho__slot_named(uint64_t place) {
  return (place >> 3) + 1;
}

/* ---- reads: map_read.c -------------------------------------------------- */

/* SHO_EBUSY, for a read-only reader that cannot take the lock. */
int sho__map_fail_overtaken(const struct sho_map *map);

/* The version of a key and its expiry, 0: none. SHO_EABSENT. */
int sho__map_read_version(struct sho_map *map, const void *key,
                          size_t key_bytes, uint64_t *version,
                          uint64_t *expiry_ms);

/* ---- await: map_await.c ------------------------------------------------- */

/* Takes those bits of sleepers back, and wakes whom they may stand for. */
void sho__wait_wake(struct sho_map *map, struct sho__wait_shm *wait,
                    uint32_t wanted);

/* Wakes those who sleep on the map's events. */
void sho__map_raise_events(struct sho_map *map);

/* ---- writes ------------------------------------------------------------- */

/* A value that is copied from where it is to where it goes: bytes that nobody
 * changes meanwhile, or what `copy` copies. That may be called several times
 * for the same bytes, and never while a lock is held that somebody waits for.
 */
struct sho__source {
  const void *at; /* NULL: copy knows */
  void (*copy)(void *context, void *to, uint64_t from, uint64_t bytes);
  void *context;
};

static inline void sho__source_copy(const struct sho__source *source,
                                    uint8_t *to, uint64_t from,
                                    uint64_t bytes) {
  if (source->at != NULL) {
    sho__copy_racy(to, (const uint8_t *)source->at + from, bytes);
  } else if (bytes > 0) {
    source->copy(source->context, to, from, bytes);
  }
}

/* As sho_map_compare_and_set, or as sho_map_set if there is nothing expected:
 * map_write.c. */
int sho__map_set_from(struct sho_map *map, const void *key, size_t key_bytes,
                      const uint64_t *expected, const struct sho__source *value,
                      size_t value_bytes, int64_t ttl_ms, uint64_t *version);

/* Refuses writes to a map that was opened for reading only. */
static inline int sho__map_writable(const struct sho_map *map) {
  if (map == NULL) {
    return sho__fail(SHO_EINVAL, "a handle is needed");
  }
  if (map->read_only) {
    return sho__fail(SHO_EREADONLY,
                     "%s was opened for reading only; open it for writing",
                     map->region.path);
  }
  return SHO_OK;
}

#endif
