/* Checks everything, one locked shard after the other. */
#include <stdlib.h>

#include "base/error.h"
#include "map/map_chunk.h"

static int damaged(const struct sho__shard *shard, uint64_t slot,
                   const char *what) {
  return sho__fail(SHO_ECORRUPT, "%s: shard %u, slot %llu: %s",
                   shard->map->region.path, shard->number,
                   (unsigned long long)slot, what);
}

static int verify_slot(const struct sho__shard *shard, uint64_t number) {
  struct sho_map *map = shard->map;
  _Atomic uint64_t *slot = sho__table_slot(&shard->table, number);
  struct sho__hit hit;
  struct sho__hit first;
  if (sho__load_relaxed(slot) == 0) {
    return SHO_OK;
  }
  if (!sho__shard_entry(shard, slot, &hit)) {
    return damaged(shard, number, "it names no entry");
  }
  uint32_t chunk = sho__chunk_of(map, hit.place);
  uint64_t hash = sho__hit_hash(map, &hit);
  if (!sho__slot_fits(shard, hit.slot_value, hash)) {
    return damaged(shard, number, "the entry's key belongs elsewhere");
  }
  if (sho__in_chunk(map, hit.place) + sho__record_size(map, &hit.record) >
          sho__chunk_used(map, chunk) ||
      sho__chunk_class(map, chunk) == SHO__CLASS_FREE) {
    return damaged(shard, number, "the entry lies where nothing is used");
  }
  if (sho__record_is(&hit.record, SHO__RECORD_DEAD)) {
    return damaged(shard, number, "the entry is marked dead");
  }
  if (hit.record.number == 0 || hit.record.number > shard->version) {
    return damaged(shard, number, "the entry has a version of the future");
  }
  if (!sho__entry_is_whole(map, &hit, hash)) {
    return damaged(shard, number, "the entry's checksum is wrong");
  }
  if (sho__find(map, hash, hit.at + sho__record_key_off(&hit.record),
                sho__record_key_bytes(&hit.record), &first) != SHO__HIT) {
    return damaged(shard, number, "the entry's key is not found");
  }
  return first.slot == slot
             ? SHO_OK
             : damaged(shard, number, "the entry's key is there twice");
}

static int verify_shard(const struct sho__shard *shard) {
  uint64_t entries = 0;
  uint64_t earliest = sho__load_relaxed(&shard->shm->earliest_expiry_ms);
  for (uint64_t i = 0; i < sho__table_slots(&shard->table); i++) {
    struct sho__hit hit;
    int code = verify_slot(shard, i);
    if (code != SHO_OK) {
      return code;
    }
    _Atomic uint64_t *slot = sho__table_slot(&shard->table, i);
    if (sho__load_relaxed(slot) != 0) {
      entries++;
      sho__shard_entry(shard, slot, &hit);
      if (hit.record.expiry_ms != 0 &&
          (earliest == 0 || hit.record.expiry_ms < earliest)) {
        return damaged(shard, i,
                       "the entry expires before the first that does");
      }
    }
  }
  return entries == shard->entries
             ? SHO_OK
             : sho__fail(SHO_ECORRUPT,
                         "%s: shard %u has %llu entries and counts %llu",
                         shard->map->region.path, shard->number,
                         (unsigned long long)entries,
                         (unsigned long long)shard->entries);
}

/* Whether a chunk's records follow each other, and no more is dead than is not
 * named. The chunk is ours. */
static int verify_chunk(struct sho_map *map, uint32_t chunk) {
  uint64_t used = sho__chunk_used(map, chunk);
  uint64_t off = 0;
  while (off < used) {
    struct sho__record record;
    uint64_t place = sho__place_in(map, chunk, off);
    if (off + 24 > sho__chunk_bytes(map)) {
      break;
    }
    sho__record_load(&record, sho__record_at(map, place));
    if (!sho__record_fits(map, place, &record)) {
      break;
    }
    off += sho__record_size(map, &record);
  }
  return off == used
             ? SHO_OK
             : sho__fail(SHO_ECORRUPT,
                         "%s: chunk %u: no record lies at byte %llu of %llu",
                         map->region.path, chunk, (unsigned long long)off,
                         (unsigned long long)used);
}

static int verify_chunks(struct sho_map *map) {
  int code = SHO_OK;
  for (uint32_t i = 0; code == SHO_OK && i < map->geometry.chunks; i++) {
    if (!sho__chunk_try(map, i)) {
      continue; /* somebody writes to it */
    }
    if (sho__chunk_class(map, i) != SHO__CLASS_FREE) {
      code = verify_chunk(map, i);
    }
    sho__chunk_leave(map, i);
  }
  return code;
}

int sho_map_verify(struct sho_map *map) {
  int code = sho__map_writable(map);
  uint32_t shards =
      code == SHO_OK ? UINT32_C(1) << map->geometry.shard_bits : 0;
  for (uint32_t s = 0; code == SHO_OK && s < shards; s++) {
    struct sho__shard shard;
    code = sho__shard_lock(map, s, &shard);
    if (code == SHO_OK) {
      code = verify_shard(&shard);
      sho__shard_unlock(&shard);
    }
  }
  code = code == SHO_OK ? verify_chunks(map) : code;
  int state = map == NULL ? code : sho__map_check(map);
  return state != SHO_OK ? state : code;
}
