/* Checks all that a map's segments say against each other. */
#include <stdlib.h>

#include "base/error.h"
#include "map/map_find.h"
#include "map/map_lock.h"

struct count {
  uint64_t live_bytes;
  uint64_t entries;
  uint32_t *overflow; /* of each bucket */
};

static int wrong(const struct sho__segment *segment, const char *what,
                 unsigned long long position) {
  return sho__fail(SHO_ECORRUPT,
                   "%s: segment %u: %s (position %llu); dump what can be read "
                   "and make the map anew",
                   segment->map->region.path, segment->number, what, position);
}

static int verify_slot(struct sho__segment *segment, uint64_t bucket,
                       _Atomic uint64_t *slot, struct count *count) {
  struct sho__entry_shm entry;
  uint64_t value = sho__load_relaxed(slot);
  uint64_t named = (value & SHO__SLOT_POSITION_MASK) << 3;
  if (value == 0) {
    return SHO_OK;
  }
  if (!sho__segment_slot_entry(segment, value, &entry)) {
    return wrong(segment, "a slot names no entry", named);
  }
  uint64_t hash = sho__segment_key_hash(segment, &entry);
  const uint8_t *key =
      sho__segment_byte(segment, entry.position) + SHO__ENTRY_BYTES;
  if (!sho__entry_is_whole(segment, &entry, hash)) {
    return wrong(segment, "an entry's checksum is wrong", entry.position);
  }
  if (!sho__slot_fits(segment, value, hash)) {
    return wrong(segment, "an entry is in the wrong place", entry.position);
  }
  struct sho__hit hit;
  if (sho__index_find(segment->map, hash, key, sho__entry_key_bytes(&entry),
                      &hit) != SHO__HIT ||
      hit.slot != slot) {
    return wrong(segment, "an entry is not found by its key", entry.position);
  }
  count->live_bytes += sho__entry_size(&entry);
  count->entries++;
  sho__index_displace(segment->map, hash, bucket, count->overflow);
  return SHO_OK;
}

static int verify_log(struct sho__segment *segment) {
  uint64_t tail = segment->tail;
  uint64_t at = segment->head;
  while (at < tail) {
    struct sho__entry_shm entry;
    if (!sho__segment_whole_entry(segment, at, &entry)) {
      return wrong(segment, "no whole entry lies where one should", at);
    }
    at = sho__position_add(segment->map, at, sho__entry_size(&entry));
  }
  return SHO_OK;
}

static int verify_segment(struct sho__segment *segment, struct count *count) {
  struct sho__bucket_shm *index = sho__index_of(segment->map, segment->number);
  int code = verify_log(segment);
  for (uint64_t b = 0; b < segment->map->geometry.buckets; b++) {
    for (int i = 0; i < SHO__BUCKET_SLOTS && code == SHO_OK; i++) {
      code = verify_slot(segment, b, &index[b].slots[i], count);
    }
  }
  for (uint64_t b = 0; b < segment->map->geometry.buckets && code == SHO_OK;
       b++) {
    if (sho__load_relaxed(&index[b].overflow) != count->overflow[b]) {
      code = wrong(segment, "an overflow count is wrong", b);
    }
  }
  if (code == SHO_OK && (count->live_bytes != segment->live_bytes ||
                         count->entries != segment->entries)) {
    code = wrong(segment, "the counts of entries are wrong", count->entries);
  }
  return code;
}

int sho_map_verify(struct sho_map *map) {
  int code = sho__map_writable(map);
  for (uint32_t s = 0; code == SHO_OK && s < map->geometry.segments; s++) {
    struct sho__segment segment;
    struct count count = {.overflow =
                              calloc(map->geometry.buckets, sizeof(uint32_t))};
    if (count.overflow == NULL) {
      return sho__fail(SHO_ENOMEM, "out of memory for verifying");
    }
    code = sho__segment_lock(map, s, &segment);
    if (code == SHO_OK) {
      code = verify_segment(&segment, &count);
      sho__segment_unlock(&segment);
    }
    free(count.overflow);
    int state = sho__map_check(map);
    code = state != SHO_OK ? state : code;
  }
  return code;
}
