/*
 * The map's parts among themselves; each uses only those above it in this list.
 * layout.h says what is shared; docs/architecture.md argues why a kill between
 * any two steps is harmless and why a reader never returns torn bytes.
 *
 *   map_geometry.c geometry, header
 *   map_find.h     from a key to its slot and entry
 *   map_index.c    what else is done to slots
 *   map_segment.h  a segment whose lock is held, and its invariants
 *   map_entry.c    entries, looked at and checked
 *   map_recover.c  after a dead owner, a reboot, damage
 *   map_open.c     creation, opening, closing
 *   map_lock.h     a segment's lock
 *   map_append.h   an entry behind the tail, and room for it
 *   map_room.c     room where there is little
 *   map_verify.c   verify
 *   map_read.c     get, find
 *   map_await.c    await
 *   map_write.c    set, compare, remove, add, expire
 *   map_scan.c     all entries: scan, clear, size, remove expired, statistics
 *   map_compute.c  compute once
 */
#ifndef SHO_MAP_H
#define SHO_MAP_H

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
  uint64_t creation_id;
  _Atomic uint64_t *end; /* the file's last word: creation_id */
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

/* What to add to the host's boot clock, ms, so that map time goes on: from the
 * wall clock, or from latest_ms if that is more. ahead_ms: of this process's
 * boot clock. */
uint64_t sho__clock_base_ms(uint64_t latest_ms, int64_t ahead_ms);

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
static inline uint8_t *sho__map_log_at(const struct sho_map *map,
                                       uint32_t segment, uint64_t position) {
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

/* Field by field, as in sho__segment_init. */
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
                                   const struct sho__segment_shm *shm,
                                   uint64_t position) {
  sho__fence_after_copy();
  uint64_t head = atomic_load_explicit(&shm->head, memory_order_relaxed);
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
  uint64_t tag = sho__load_relaxed(slot) & SHO__SLOT_TAG_MASK;
  sho__store_release(slot, tag | sho__slot_position(position));
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

/* ---- reads: map_read.c -------------------------------------------------- */

/* The header of a key's entry. SHO_EABSENT. */
int sho__map_read_header(struct sho_map *map, const void *key, size_t key_bytes,
                         struct sho__entry_shm *entry);

/* SHO_EBUSY, for a read-only reader that cannot take the lock. */
int sho__map_fail_overtaken(const struct sho_map *map);

/* Wakes those who said that they sleep until a segment changes. */
void sho__segment_wake(struct sho_map *map, struct sho__segment_shm *segment);

/* Wakes those who sleep on the map's events. */
void sho__map_raise_events(struct sho_map *map);

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
