/* From a key to its slot. See layout.h, "A bucket of the index". */
#include "base/assert.h"
#include "map/map_find.h"

#include "base/crash.h"

_Atomic uint64_t *sho__index_slot_of(const struct sho_map *map, uint64_t hash,
                                     uint64_t position) {
  struct sho__bucket_shm *index =
      sho__index_of(map, sho__map_segment_of(map, hash));
  struct sho__bucket_shm *bucket = index + sho__map_bucket_of(map, hash);
  uint64_t wanted = sho__map_tag_of(hash) | sho__slot_position(position);
  for (uint64_t n = 0; n < map->geometry.buckets; n++) {
    for (int i = 0; i < SHO__BUCKET_SLOTS; i++) {
      if ((sho__load_relaxed(&bucket->slots[i]) & ~SHO__SLOT_VISITED) ==
          wanted) {
        return &bucket->slots[i];
      }
    }
    if (sho__load_relaxed(&bucket->overflow) == 0) {
      return NULL;
    }
    bucket = sho__index_next(map, index, bucket);
  }
  return NULL;
}

static _Atomic uint64_t *free_slot(struct sho__bucket_shm *bucket) {
  for (int i = 0; i < SHO__BUCKET_SLOTS; i++) {
    if (sho__load_relaxed(&bucket->slots[i]) == 0) {
      return &bucket->slots[i];
    }
  }
  return NULL;
}

int sho__index_insert(const struct sho_map *map, uint64_t hash,
                      uint64_t position) {
  struct sho__bucket_shm *index =
      sho__index_of(map, sho__map_segment_of(map, hash));
  struct sho__bucket_shm *home = index + sho__map_bucket_of(map, hash);
  SHO_ASSERT(sho__position_valid(map, position));
  struct sho__bucket_shm *bucket = home;
  _Atomic uint64_t *slot = free_slot(bucket);
  for (uint64_t n = 1; slot == NULL; n++) {
    if (n == map->geometry.buckets) {
      return -1;
    }
    bucket = sho__index_next(map, index, bucket);
    slot = free_slot(bucket);
  }
  for (struct sho__bucket_shm *full = home; full != bucket;
       full = sho__index_next(map, index, full)) {
    uint64_t overflow = sho__load_relaxed(&full->overflow);
    if (overflow != UINT64_MAX) { /* only damage makes it so */
      sho__store_relaxed(&full->overflow, overflow + 1);
    }
    SHO_CRASH_POINT("map: overflow raised");
  }
  /* Release: whoever sees the slot sees the entry and the overflow counts. */
  atomic_store_explicit(slot,
                        sho__map_tag_of(hash) | sho__slot_position(position),
                        memory_order_release);
  return 0;
}

void sho__index_remove(const struct sho_map *map, uint32_t segment,
                       uint64_t hash, _Atomic uint64_t *slot) {
  struct sho__bucket_shm *index = sho__index_of(map, segment);
  struct sho__bucket_shm *bucket = index + sho__map_bucket_of(map, hash);
  struct sho__bucket_shm *last =
      index + ((uintptr_t)slot - (uintptr_t)index) / sizeof *index;
  SHO_ASSERT(segment < map->geometry.segments);
  SHO_ASSERT(last >= index && last < index + map->geometry.buckets);
  sho__store_release(slot, 0);
  SHO_CRASH_POINT("map: slot emptied");
  while (bucket != last) {
    uint64_t overflow = sho__load_relaxed(&bucket->overflow);
    if (overflow > 0) {
      sho__store_relaxed(&bucket->overflow, overflow - 1);
    }
    bucket = sho__index_next(map, index, bucket);
  }
}

void sho__index_displace(const struct sho_map *map, uint64_t hash,
                         uint64_t bucket, uint32_t *overflow) {
  uint64_t buckets = map->geometry.buckets;
  for (uint64_t b = sho__map_bucket_of(map, hash); b != bucket;
       b = b + 1 == buckets ? 0 : b + 1) {
    overflow[b]++;
  }
}
