/* Checks everything, one locked shard after the other. */
#include <stdlib.h>

#include "base/error.h"
#include "map/map_chunk.h"
#include "map/map_grow.h"
#include "map/map_large.h"

static int damaged(const struct sho__shard *shard, uint64_t slot,
                   const char *what) {
  return sho__fail(SHO_ECORRUPT, "%s: shard %u, slot %llu: %s",
                   shard->map->region.path, shard->number,
                   (unsigned long long)slot, what);
}

/* Whether an entry names one part twice. */
static int has_part_twice(const struct sho_map *map,
                          const struct sho__hit *hit) {
  uint64_t count = sho__record_is(&hit->record, SHO__RECORD_LARGE)
                       ? sho__parts_of(map, hit->record.value_bytes)
                       : 0;
  for (uint64_t i = 0; i < count; i++) {
    uint64_t place = sho__large_part(map, hit, i);
    for (uint64_t n = 0; n < i; n++) {
      if (sho__large_part(map, hit, n) == place) {
        return 1;
      }
    }
  }
  return 0;
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
  if (has_part_twice(map, &hit)) {
    return damaged(shard, number, "the entry has one part twice");
  }
  if (sho__find(map, hash, hit.at + sho__record_key_off(&hit.record),
                sho__record_key_bytes(&hit.record), &first) != SHO__HIT) {
    return damaged(shard, number, "the entry's key is not found");
  }
  return first.slot == slot
             ? SHO_OK
             : damaged(shard, number, "the entry's key is there twice");
}

/* Whether a search finds all: no bucket's overflow is too low. */
static int verify_overflow(const struct sho__shard *shard) {
  uint64_t buckets = shard->table.buckets;
  uint32_t *overflow = calloc(buckets + 1, sizeof *overflow);
  if (overflow == NULL) {
    return sho__fail(SHO_ENOMEM, "%s: out of memory to check it",
                     shard->map->region.path);
  }
  sho__table_count(&shard->table, overflow);
  int code = SHO_OK;
  for (uint64_t b = 0; b < buckets && code == SHO_OK; b++) {
    if (sho__load_relaxed(&shard->table.first[b].overflow) < overflow[b]) {
      code = damaged(shard, b * SHO__BUCKET_SLOTS,
                     "its bucket's overflow is too low");
    }
  }
  free(overflow);
  return code;
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
             ? verify_overflow(shard)
             : sho__fail(SHO_ECORRUPT,
                         "%s: shard %u has %llu entries and counts %llu",
                         shard->map->region.path, shard->number,
                         (unsigned long long)entries,
                         (unsigned long long)shard->entries);
}

static int chunk_damaged(const struct sho_map *map, uint32_t chunk,
                         uint64_t number, const char *what) {
  return sho__fail(SHO_ECORRUPT, "%s: chunk %u: %s (%llu)", map->region.path,
                   chunk, what, (unsigned long long)number);
}

/* Whether a record of a chunk that is ours is named. -1: its shard's lock is
 * not to be had. */
static int is_named(struct sho_map *map, uint64_t place,
                    const struct sho__record *record) {
  struct sho__shard shard;
  struct sho__hit hit = {.record = *record, .at = sho__record_at(map, place)};
  int is_table = sho__record_is(record, SHO__RECORD_TABLE);
  int is_part = !is_table && sho__record_is(record, SHO__RECORD_PART);
  uint64_t hash = is_part ? record->number : sho__hit_hash(map, &hit);
  uint64_t number = is_table ? record->number : sho__shard_of(map, hash);
  if (number >> map->geometry.shard_bits != 0) {
    return 0;
  }
  if (sho__shard_lock(map, (uint32_t)number, &shard) != SHO_OK) {
    return -1;
  }
  int named = is_table ? shard.table.buckets > 0 &&
                             shard.table.place == place + SHO__TABLE_OFF
              : is_part
                  ? sho__large_owner(&shard, hash, place, &hit) >= 0
                  : sho__table_slot_of(&shard.table, sho__tag_of(map, hash),
                                       place) != NULL;
  sho__shard_unlock(&shard);
  return named;
}

/* Whether a chunk's records follow each other, and no more is dead than is not
 * named. The chunk is ours: so nothing in it is named that was not before. */
static int verify_chunk(struct sho_map *map, uint32_t chunk) {
  uint64_t used = sho__chunk_used(map, chunk);
  uint64_t live = sho__chunk_live(map, chunk);
  uint64_t named = 0;
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
    uint64_t bytes = sho__record_size(map, &record);
    int is = sho__record_is(&record, SHO__RECORD_DEAD)
                 ? 0
                 : is_named(map, place, &record);
    if (is < 0) {
      return SHO_EBUSY;
    }
    named += is ? bytes : 0;
    off += bytes;
  }
  if (off != used) {
    return chunk_damaged(map, chunk, off, "no record lies at this byte");
  }
  return named <= live
             ? SHO_OK
             : chunk_damaged(map, chunk, named - live,
                             "so many bytes count as dead and are named");
}

static int verify_chunks(struct sho_map *map) {
  int code = SHO_OK;
  for (uint32_t i = 0; code == SHO_OK && i < map->geometry.chunks; i++) {
    if (sho__chunk_class(map, i) == SHO__CLASS_CHANGES ||
        !sho__chunk_try(map, i)) {
      continue; /* somebody writes to it */
    }
    if (sho__chunk_class(map, i) != SHO__CLASS_FREE) {
      uint64_t bits = sho__load_relaxed(&map->free[i / 64]);
      code = (bits >> i % 64 & 1) != 0
                 ? chunk_damaged(map, i, 0, "it is in use and counts as free")
                 : verify_chunk(map, i);
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
