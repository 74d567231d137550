/*
 * From a key to its slot and entry, inline: the hot path of all reads and
 * writes. See layout.h, "A bucket of the index".
 */
#ifndef SHO_MAP_FIND_H
#define SHO_MAP_FIND_H

#include "base/assert.h"
#include "map/map.h"

struct sho__hit {
  _Atomic uint64_t *slot;
  uint64_t slot_value;
  const uint8_t *at;           /* the entry in the log */
  struct sho__entry_shm entry; /* a copy of its header */
};

enum sho__lookup { SHO__MISS = 0, SHO__HIT = 1, SHO__MOVED = 2 };

static inline struct sho__bucket_shm *
sho__index_next(const struct sho_map *map, struct sho__bucket_shm *index,
                struct sho__bucket_shm *bucket) {
  bucket++;
  return bucket == index + map->geometry.buckets ? index : bucket;
}

/*
 * Whether the slot's entry is the key's. The header that is copied may be of
 * whatever came to lie there after the slot was read: then its position is
 * another. A key that differs may have been overwritten while it was compared:
 * then the head has passed it.
 */
static inline enum sho__lookup
sho__index_match(const struct sho_map *map, struct sho__segment_shm *shm,
                 uint32_t number, const void *key, size_t key_bytes,
                 struct sho__hit *hit) {
  uint64_t off = (hit->slot_value & SHO__SLOT_POSITION_MASK) << 3;
  off &= map->position_mask;
  if (off >= map->geometry.log_bytes) {
    return SHO__MISS; /* damaged */
  }
  hit->at = map->logs + number * 2 * map->geometry.log_bytes + off;
  __builtin_prefetch(hit->at + 64);
  sho__entry_load(&hit->entry, hit->at);
  uint64_t position = hit->entry.position;
  int named = sho__slot_position(position) ==
                  (hit->slot_value & SHO__SLOT_POSITION_MASK) &&
              (position & map->position_mask) == off;
  if (named && sho__entry_key_bytes(&hit->entry) == key_bytes &&
      sho__entry_fits(map, &hit->entry) &&
      sho__equal_racy(hit->at + SHO__ENTRY_BYTES, key, key_bytes)) {
    return SHO__HIT;
  }
  if (named && sho__entry_still(map, shm, position)) {
    return SHO__MISS; /* another key of the same tag */
  }
  sho__fence_after_copy();
  uint64_t slot_now = sho__load_relaxed(hit->slot);
  return ((slot_now ^ hit->slot_value) & ~SHO__SLOT_VISITED) == 0
             ? SHO__MISS /* damaged: the slot names nothing */
             : SHO__MOVED;
}

/* For who will look the key up, but has something else to do first. */
static inline void sho__index_prefetch(const struct sho_map *map,
                                       uint64_t hash) {
  __builtin_prefetch(sho__index_of(map, sho__map_segment_of(map, hash)) +
                     sho__map_bucket_of(map, hash));
}

/*
 * Looks a key up, with or without the lock. HIT: the header in *hit was the
 * key's when it was copied; what is read of the entry after that is to be
 * believed only if sho__entry_still then says so. MOVED (never under the
 * lock): a writer was faster, look again.
 */
static inline enum sho__lookup sho__index_find(const struct sho_map *map,
                                               uint64_t hash, const void *key,
                                               size_t key_bytes,
                                               struct sho__hit *hit) {
  uint32_t number = sho__map_segment_of(map, hash);
  struct sho__segment_shm *shm = &map->segments[number];
  struct sho__bucket_shm *index = sho__index_of(map, number);
  struct sho__bucket_shm *bucket = index + sho__map_bucket_of(map, hash);
  uint64_t tag = sho__map_tag_of(hash);
  for (uint64_t n = 0; n < map->geometry.buckets; n++) {
    SHO_ASSERT(bucket >= index && bucket < index + map->geometry.buckets);
    for (int i = 0; i < SHO__BUCKET_SLOTS; i++) {
      uint64_t slot_value = sho__load_acquire(&bucket->slots[i]);
      if (((slot_value ^ tag) & SHO__SLOT_TAG_MASK) != 0) {
        continue;
      }
      hit->slot = &bucket->slots[i];
      hit->slot_value = slot_value;
      enum sho__lookup found =
          sho__index_match(map, shm, number, key, key_bytes, hit);
      if (found != SHO__MISS) {
        return found;
      }
    }
    if (sho__load_acquire(&bucket->overflow) == 0) {
      return SHO__MISS;
    }
    bucket = sho__index_next(map, index, bucket);
  }
  return SHO__MISS;
}

#endif
