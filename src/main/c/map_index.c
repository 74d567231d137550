/* From a key to its slot. See layout.h, "A bucket of the index". */
#include "map.h"

#include "crash.h"

static struct sho__bucket_shm *next_bucket(const struct sho_map *map,
                                           struct sho__bucket_shm *index,
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
static enum sho__lookup match(const struct sho_map *map,
                              struct sho__segment_shm *segment, uint32_t number,
                              const void *key, size_t key_bytes,
                              struct sho__hit *hit) {
  uint64_t off = (hit->slot_value & SHO__SLOT_POSITION_MASK) << 3;
  off &= map->position_mask;
  if (off >= map->geometry.log_bytes) {
    return SHO__MISS; /* damaged */
  }
  hit->at = map->logs + number * 2 * map->geometry.log_bytes + off;
  __builtin_prefetch(hit->at + 64);
  sho__copy_racy(&hit->entry, hit->at, sizeof hit->entry);
  uint64_t position = hit->entry.position;
  int named = sho__slot_position(position) ==
                  (hit->slot_value & SHO__SLOT_POSITION_MASK) &&
              (position & map->position_mask) == off;
  if (named && sho__entry_key_bytes(&hit->entry) == key_bytes &&
      SHO__ENTRY_BYTES + key_bytes + hit->entry.value_bytes <=
          map->geometry.max_entry &&
      sho__equal_racy(hit->at + SHO__ENTRY_BYTES, key, key_bytes)) {
    return SHO__HIT;
  }
  if (named && sho__entry_still(segment, position)) {
    return SHO__MISS; /* another key of the same tag */
  }
  sho__fence_after_copy();
  uint64_t slot_now = atomic_load_explicit(hit->slot, memory_order_relaxed);
  return ((slot_now ^ hit->slot_value) & ~SHO__SLOT_VISITED) == 0
             ? SHO__MISS /* damaged: the slot names nothing */
             : SHO__MOVED;
}

enum sho__lookup sho__index_find(const struct sho_map *map, uint64_t hash,
                                 const void *key, size_t key_bytes,
                                 struct sho__hit *hit) {
  uint32_t number = sho__map_segment_of(map, hash);
  struct sho__segment_shm *segment = &map->segments[number];
  struct sho__bucket_shm *index = sho__index_of(map, number);
  struct sho__bucket_shm *bucket = index + sho__map_bucket_of(map, hash);
  uint64_t tag = sho__map_tag_of(hash);
  for (uint64_t n = 0; n < map->geometry.buckets; n++) {
    for (int i = 0; i < SHO__BUCKET_SLOTS; i++) {
      uint64_t slot_value =
          atomic_load_explicit(&bucket->slots[i], memory_order_acquire);
      if (((slot_value ^ tag) & SHO__SLOT_TAG_MASK) != 0) {
        continue;
      }
      hit->slot = &bucket->slots[i];
      hit->slot_value = slot_value;
      enum sho__lookup found = match(map, segment, number, key, key_bytes, hit);
      if (found != SHO__MISS) {
        return found;
      }
    }
    if (atomic_load_explicit(&bucket->overflow, memory_order_acquire) == 0) {
      return SHO__MISS;
    }
    bucket = next_bucket(map, index, bucket);
  }
  return SHO__MISS;
}

_Atomic uint64_t *sho__index_slot_of(const struct sho_map *map, uint64_t hash,
                                     uint64_t position) {
  struct sho__bucket_shm *index =
      sho__index_of(map, sho__map_segment_of(map, hash));
  struct sho__bucket_shm *bucket = index + sho__map_bucket_of(map, hash);
  uint64_t wanted = sho__map_tag_of(hash) | sho__slot_position(position);
  for (uint64_t n = 0; n < map->geometry.buckets; n++) {
    for (int i = 0; i < SHO__BUCKET_SLOTS; i++) {
      if ((sho__get(&bucket->slots[i]) & ~SHO__SLOT_VISITED) == wanted) {
        return &bucket->slots[i];
      }
    }
    if (sho__get(&bucket->overflow) == 0) {
      return NULL;
    }
    bucket = next_bucket(map, index, bucket);
  }
  return NULL;
}

static _Atomic uint64_t *free_slot(struct sho__bucket_shm *bucket) {
  for (int i = 0; i < SHO__BUCKET_SLOTS; i++) {
    if (sho__get(&bucket->slots[i]) == 0) {
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
  struct sho__bucket_shm *bucket = home;
  _Atomic uint64_t *slot = free_slot(bucket);
  for (uint64_t n = 1; slot == NULL; n++) {
    if (n == map->geometry.buckets) {
      return -1;
    }
    bucket = next_bucket(map, index, bucket);
    slot = free_slot(bucket);
  }
  for (struct sho__bucket_shm *full = home; full != bucket;
       full = next_bucket(map, index, full)) {
    sho__bump(&full->overflow);
    SHO_CRASH_POINT("map: overflow raised");
  }
  /* Release: whoever sees the slot sees the entry and the overflow counts. */
  atomic_store_explicit(slot,
                        sho__map_tag_of(hash) | sho__slot_position(position),
                        memory_order_release);
  return 0;
}

void sho__index_replace(_Atomic uint64_t *slot, uint64_t position) {
  uint64_t tag = sho__get(slot) & SHO__SLOT_TAG_MASK;
  atomic_store_explicit(slot, tag | sho__slot_position(position),
                        memory_order_release);
}

void sho__index_remove(const struct sho_map *map, uint64_t hash,
                       _Atomic uint64_t *slot) {
  struct sho__bucket_shm *index =
      sho__index_of(map, sho__map_segment_of(map, hash));
  struct sho__bucket_shm *bucket = index + sho__map_bucket_of(map, hash);
  struct sho__bucket_shm *last =
      index + ((uintptr_t)slot - (uintptr_t)index) / sizeof *index;
  atomic_store_explicit(slot, 0, memory_order_release);
  SHO_CRASH_POINT("map: slot emptied");
  while (bucket != last) {
    uint64_t overflow = sho__get(&bucket->overflow);
    if (overflow > 0) {
      sho__put(&bucket->overflow, overflow - 1);
    }
    bucket = next_bucket(map, index, bucket);
  }
}
