/*
 * The map's parts among themselves. layout.h says what is shared;
 * docs/architecture.md argues why a kill between any two steps is harmless and
 * why a reader never returns torn bytes.
 *
 *   map_geometry.c geometry, header
 *   map_open.c     creation, opening, closing
 *   map_find.h     from a key to its slot and entry
 *   map_index.c    what else is done to slots
 *   map_lock.h     a segment's lock
 *   map_append.h   an entry behind the tail, and room for it
 *   map_log.c      entries, and room where there is little
 *   map_recover.c  after a dead owner, a reboot, damage
 *   map_verify.c   verify
 *   map_read.c     get, find, await
 *   map_write.c    set, compare, remove, add, expire
 *   map_scan.c     all entries: scan, clear, size, remove expired, statistics
 *   map_compute.c  compute once
 */
#ifndef SHO_MAP_H
#define SHO_MAP_H

#include "base/crash.h"
#include "base/error.h"
#include "base/hash.h"
#include "layout.h"
#include "shareobject.h"
#include "shm/lock.h"

enum { SHO__ENTRY_BYTES = sizeof(struct sho__entry_shm) };

/* What a map's size is made of. All of it follows from the first five. */
struct sho__geometry {
  uint64_t log_bytes;
  uint64_t max_entry;
  uint64_t buckets;
  uint32_t segments;
  uint32_t eviction;
  uint64_t peers_off;
  uint64_t computes_off;
  uint64_t counters_off;
  uint64_t segments_off;
  uint64_t indexes_off;
  uint64_t logs_off;
  uint64_t file_bytes;
};

struct sho_map {
  struct sho__region region;
  struct sho__peers peers;
  struct sho__geometry geometry;
  unsigned position_bits;
  uint64_t position_mask;
  uint64_t hash_seed;
  struct sho__hash_key hash_key; /* follows from it */
  uint64_t clock_base_ms;
  struct sho__map_shm *header;
  struct sho__segment_shm *segments;
  struct sho__bucket_shm *buckets;
  struct sho__compute_shm *computes;
  struct sho__counters_shm *counters; /* ours; NULL if opened read-only */
  uint8_t *logs;
  int read_only;
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

unsigned sho__position_bits(uint64_t log_bytes);

/* What to add to the boot clock, ms, to get the wall clock. */
uint64_t sho__clock_base_ms(void);

/* ---- keys --------------------------------------------------------------- */

static inline uint64_t sho__map_hash(const struct sho_map *map, const void *key,
                                     size_t key_bytes) {
  return sho__hash_keyed(key, key_bytes, &map->hash_key);
}

/* The high half of the hash chooses the segment, the low half the bucket. */
static inline uint32_t sho__map_segment_of(const struct sho_map *map,
                                           uint64_t hash) {
  return (uint32_t)(((hash >> 32) * map->geometry.segments) >> 32);
}

static inline uint64_t sho__map_bucket_of(const struct sho_map *map,
                                          uint64_t hash) {
  return ((hash & UINT32_MAX) * map->geometry.buckets) >> 32;
}

/* From the low bits of the high half, which choose no segment. */
static inline uint64_t sho__map_tag_of(uint64_t hash) {
  uint64_t tag = hash >> 32 & 0x7fff;
  return (tag == 0 ? 1 : tag) << 48;
}

/* ---- shared numbers, under a lock ---------------------------------------- */

static inline void sho__bump(_Atomic uint64_t *counter) {
  uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
  atomic_store_explicit(counter, value + 1, memory_order_relaxed);
}

static inline void sho__put(_Atomic uint64_t *word, uint64_t value) {
  atomic_store_explicit(word, value, memory_order_relaxed);
}

static inline uint64_t sho__get(_Atomic uint64_t *word) {
  return atomic_load_explicit(word, memory_order_relaxed);
}

/* ---- positions ---------------------------------------------------------- */

static inline uint64_t sho__position_add(const struct sho_map *map,
                                         uint64_t position, uint64_t bytes) {
  uint64_t off = (position & map->position_mask) + bytes;
  if (off < map->geometry.log_bytes) {
    return position + bytes;
  }
  uint64_t lap = (position >> map->position_bits) + 1;
  return lap << map->position_bits | (off - map->geometry.log_bytes);
}

/* Bytes from one position to a later one. */
static inline uint64_t sho__position_distance(const struct sho_map *map,
                                              uint64_t from, uint64_t to) {
  uint64_t laps = (to >> map->position_bits) - (from >> map->position_bits);
  return laps * map->geometry.log_bytes + (to & map->position_mask) -
         (from & map->position_mask);
}

static inline int sho__position_valid(const struct sho_map *map,
                                      uint64_t position) {
  return (position & 7) == 0 && position >> map->position_bits != 0 &&
         (position & map->position_mask) < map->geometry.log_bytes;
}

static inline uint64_t sho__slot_position(uint64_t position) {
  return position >> 3 & SHO__SLOT_POSITION_MASK;
}

/* ---- entries ------------------------------------------------------------ */

static inline uint32_t sho__entry_key_bytes(const struct sho__entry_shm *e) {
  return (uint32_t)(e->expiry_and_key & SHO__MAX_KEY_BYTES);
}

static inline uint64_t sho__entry_expiry_ms(const struct sho__entry_shm *e) {
  return e->expiry_and_key >> SHO__KEY_BITS;
}

/* Header, key, value and padding. No overflow: both are 32 bits at most. */
static inline uint64_t sho__entry_bytes(uint64_t key_bytes,
                                        uint64_t value_bytes) {
  return (SHO__ENTRY_BYTES + key_bytes + value_bytes + 7) & ~UINT64_C(7);
}

static inline uint64_t sho__entry_size(const struct sho__entry_shm *e) {
  return sho__entry_bytes(sho__entry_key_bytes(e), e->value_bytes);
}

/* Whether there can be an entry of these lengths. No overflow, as above. */
static inline int sho__entry_fits(const struct sho_map *map,
                                  const struct sho__entry_shm *e) {
  return (uint64_t)SHO__ENTRY_BYTES + sho__entry_key_bytes(e) +
             e->value_bytes <=
         map->geometry.max_entry;
}

/* The log's bytes at a position; max_entry of them are in one piece. */
static inline uint8_t *sho__log_at(const struct sho_map *map, uint32_t segment,
                                   uint64_t position) {
  return map->logs + segment * 2 * map->geometry.log_bytes +
         (position & map->position_mask);
}

/* The position's part of a checksum, apart, so that a move need not read the
 * value again. */
static inline uint32_t sho__position_checksum(uint64_t position) {
  return (uint32_t)sho__hash_mix(position ^ SHO__HASH_S0, SHO__HASH_S1);
}

/* The seed of the hash of a value. */
static inline uint64_t sho__value_seed(const struct sho__entry_shm *e,
                                       uint64_t key_hash) {
  return key_hash ^ sho__hash_mix(e->version ^ SHO__HASH_S2,
                                  e->expiry_and_key ^ SHO__HASH_S7);
}

static inline uint32_t sho__entry_checksum(const struct sho__entry_shm *e,
                                           uint64_t key_hash,
                                           const void *value) {
  return (uint32_t)sho__hash(value, e->value_bytes,
                             sho__value_seed(e, key_hash)) ^
         sho__position_checksum(e->position);
}

/* Copies a header. Word by word, so that each is in a register at once. */
static inline void sho__entry_load(struct sho__entry_shm *e,
                                   const uint8_t *at) {
  e->position = sho__load8_racy(at);
  e->version = sho__load8_racy(at + 8);
  e->expiry_and_key = sho__load8_racy(at + 16);
  uint64_t last = sho__load8_racy(at + 24);
  e->value_bytes = (uint32_t)last;
  e->checksum = (uint32_t)(last >> 32);
}

/* Field by field, as in sho__log_init. */
static inline void sho__entry_store(uint8_t *at,
                                    const struct sho__entry_shm *e) {
  struct sho__entry_shm *to = (struct sho__entry_shm *)(void *)at;
  to->position = e->position;
  to->version = e->version;
  to->expiry_and_key = e->expiry_and_key;
  to->value_bytes = e->value_bytes;
  to->checksum = e->checksum;
}

/* Milliseconds of map time. */
uint64_t sho__map_now_ms(const struct sho_map *map);

static inline int sho__entry_expired(const struct sho_map *map,
                                     const struct sho__entry_shm *e) {
  uint64_t expiry_ms = sho__entry_expiry_ms(e);
  return expiry_ms != 0 && expiry_ms <= sho__map_now_ms(map);
}

/* ---- index: map_index.c ------------------------------------------------- */

/*
 * Whether the log has not passed the position, so that what was copied from
 * there before is whole. Nor is it whole if that lies a log or more above the
 * head: slots do not name a position's high bits, so bytes that overwrote an
 * entry may look like its header. Fences by itself.
 */
static inline int sho__entry_still(const struct sho_map *map,
                                   const struct sho__segment_shm *segment,
                                   uint64_t position) {
  sho__fence_after_copy();
  uint64_t head = atomic_load_explicit(&segment->head, memory_order_relaxed);
  return position - head <= map->position_mask; /* wraps if it was passed */
}

/* The rest is for the lock's owner. */

/* The slot that names a position, or NULL. */
_Atomic uint64_t *sho__index_slot_of(const struct sho_map *map, uint64_t hash,
                                     uint64_t position);

/* Names a position in the first free slot. 0, or -1: no slot is free. */
int sho__index_insert(const struct sho_map *map, uint64_t hash,
                      uint64_t position);

/* Has a slot that is in use name another position, not visited. */
static inline void sho__index_replace(_Atomic uint64_t *slot,
                                      uint64_t position) {
  uint64_t tag = sho__get(slot) & SHO__SLOT_TAG_MASK;
  atomic_store_explicit(slot, tag | sho__slot_position(position),
                        memory_order_release);
}

/* Empties a slot of that segment, whose key has that hash. */
void sho__index_remove(const struct sho_map *map, uint32_t segment,
                       uint64_t hash, _Atomic uint64_t *slot);

/* Counts in the buckets over which an entry in `bucket` went. */
void sho__index_displace(const struct sho_map *map, uint64_t hash,
                         uint64_t bucket, uint32_t *overflow);

static inline struct sho__bucket_shm *sho__index_of(const struct sho_map *map,
                                                    uint32_t segment) {
  return map->buckets + segment * map->geometry.buckets;
}

/* ---- log: map_log.c, all under the lock --------------------------------- */

/*
 * head to lap_largest are the segment's numbers. They are read once, when the
 * lock is taken, and checked; from then on they are used from here and written
 * to both places. So whoever stores into the segment meanwhile, against all
 * rules, cannot lead its owner astray.
 */
struct sho__log {
  struct sho_map *map;
  struct sho__segment_shm *segment;
  uint64_t head;
  uint64_t tail;
  uint64_t live_bytes;
  uint64_t entries;
  uint64_t largest;
  uint64_t earliest_expiry_ms;
  uint64_t lap_largest;
  uint8_t *bytes; /* where the log's first byte is mapped */
  uint32_t number;
  int changed;                  /* what await waits for */
  int moved;                    /* a slot was emptied, or names another entry */
  const _Atomic uint64_t *keep; /* the slot of the key that is written */
};

/* Field by field: a struct that was stored in small parts and is copied in
 * large ones costs a stall for each of those. */
static inline void sho__log_init(struct sho__log *log, struct sho_map *map,
                                 uint32_t segment) {
  log->map = map;
  log->segment = &map->segments[segment];
  log->bytes = sho__log_at(map, segment, 0);
  log->number = segment;
  log->head = sho__get(&log->segment->head);
  log->tail = sho__get(&log->segment->tail);
  log->live_bytes = sho__get(&log->segment->live_bytes);
  log->entries = sho__get(&log->segment->entries);
  log->largest = sho__get(&log->segment->largest);
  log->earliest_expiry_ms = sho__get(&log->segment->earliest_expiry_ms);
  log->lap_largest = sho__get(&log->segment->lap_largest);
  log->changed = 0;
  log->moved = 0;
  log->keep = NULL;
}

#define SHO__SEGMENT_PUT(log, field, value)                                    \
  sho__put(&(log)->segment->field, (log)->field = (value))

/* Release: no slot names an entry that the head has passed. */
static inline void sho__log_set_head(struct sho__log *log, uint64_t head) {
  log->head = head;
  atomic_store_explicit(&log->segment->head, head, memory_order_release);
  SHO_CRASH_POINT("map: head advanced");
}

/* Release: what lies before the tail is written. */
static inline void sho__log_set_tail(struct sho__log *log, uint64_t tail) {
  log->tail = tail;
  atomic_store_explicit(&log->segment->tail, tail, memory_order_release);
}

/* As sho__log_at, for the log whose segment is locked. The largest entry fits
 * behind it into the mapping, whatever the position. */
static inline uint8_t *sho__log_byte(const struct sho__log *log,
                                     uint64_t position) {
  uint64_t off = position & log->map->position_mask;
  uint64_t log_bytes = log->map->geometry.log_bytes;
  return log->bytes + (off < log_bytes ? off : off - log_bytes);
}

/* For an entry that the live bytes leave no place for: drops what is expired,
 * and answers SHO_OK if that made it a place, or SHO_EFULL. */
int sho__log_admit(struct sho__log *log, uint64_t bytes, uint64_t replaced,
                   uint64_t largest);

/* sho__log_room when there is an entry at the head that is not marked dead.
 * wanted: so many bytes are to be free. SHO_ECORRUPT. */
int sho__log_make_room(struct sho__log *log, uint64_t wanted,
                       uint64_t replaced);

/* Takes an entry off the index and off the counts, and marks it dead. */
void sho__log_drop(struct sho__log *log, uint64_t hash, _Atomic uint64_t *slot,
                   const struct sho__entry_shm *entry);

/* Copies the header at a position, the mark taken off. 0 if what lies there is
 * no entry of that position that ends at or before the tail; 1 for an entry, -1
 * for one marked dead. */
int sho__log_entry(const struct sho__log *log, uint64_t position,
                   struct sho__entry_shm *entry);

/* The same for the entry that a slot of this segment names; 0 if it names
 * none between head and tail. */
int sho__log_slot_entry(const struct sho__log *log, uint64_t slot_value,
                        struct sho__entry_shm *entry);

/* The hash of the key behind a header that sho__log_entry found good. */
uint64_t sho__log_key_hash(const struct sho__log *log,
                           const struct sho__entry_shm *entry);

/* Whether the entry's checksum is right. hash: of its key. */
int sho__entry_is_whole(const struct sho__log *log,
                        const struct sho__entry_shm *entry, uint64_t hash);

/* sho__log_entry and sho__entry_is_whole, dead or not. */
int sho__log_whole_entry(const struct sho__log *log, uint64_t position,
                         struct sho__entry_shm *entry);

/* Whether a slot of this segment may name an entry with that hash. */
static inline int sho__slot_fits(const struct sho__log *log,
                                 uint64_t slot_value, uint64_t hash) {
  return sho__map_segment_of(log->map, hash) == log->number &&
         sho__map_tag_of(hash) == (slot_value & SHO__SLOT_TAG_MASK);
}

/* Drops all that is expired; their number. */
uint64_t sho__log_remove_expired(struct sho__log *log);

/* ---- recovery: map_recover.c -------------------------------------------- */

/* For a segment whose last owner died (dead) or whose numbers make no sense. */
void sho__segment_recover(struct sho__log *log, int dead);

/* Counts anew what follows from index and log; drops slots that name nothing.
 * checked: verifies checksums too, and drops what fails. Readers may read. */
void sho__segment_rebuild(struct sho__log *log, int checked);

/* After a reboot, before anybody else is let in. */
void sho__map_rebuild_all(struct sho_map *map);

/* ---- reads: map_read.c -------------------------------------------------- */

/* SHO_EBUSY, for a read-only reader that cannot take the lock. */
int sho__map_fail_overtaken(const struct sho_map *map);

/* Counts finds that a binding made by itself, through the view; none if the map
 * was opened for reading only. */
void sho__map_add_hits(const struct sho_map *map, uint64_t hits);

/* ---- writes ------------------------------------------------------------- */

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
