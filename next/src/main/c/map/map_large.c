#include "map/map_large.h"

#include <stdlib.h>

#include "map/map_clean.h"

enum { MOST_COPIES = 16 }; /* of a part that moves */

/* ---- where parts are ---------------------------------------------------- */

/* ~0: there is no such place. */
static uint64_t place_of(const struct sho_map *map, uint32_t id) {
  uint32_t chunk = id >> SHO__PARTS_OF_CHUNK_BITS;
  uint64_t part = id & ((UINT32_C(1) << SHO__PARTS_OF_CHUNK_BITS) - 1);
  return chunk < map->geometry.chunks
             ? sho__place_in(map, chunk, part << sho__part_bits(map))
             : UINT64_MAX;
}

static uint32_t id_of(const struct sho_map *map, uint64_t place) {
  return (uint32_t)(place >> sho__part_bits(map));
}

/* Who sees the number of a part sees the part. */
static _Atomic uint32_t *id_at(const struct sho__hit *hit, uint64_t index) {
  uint64_t off = sho__record_list_off(&hit->record) + index * sizeof(uint32_t);
  return (_Atomic uint32_t *)(void *)(uintptr_t)(hit->at + off);
}

uint64_t sho__large_part(const struct sho_map *map, const struct sho__hit *hit,
                         uint64_t index) {
  return place_of(
      map, atomic_load_explicit(id_at(hit, index), memory_order_acquire));
}

/* ---- writing ------------------------------------------------------------ */

static int allocate(struct sho_map *map, uint64_t value_bytes,
                    struct sho__parts *parts) {
  uint64_t most = sho__parts_of(map, value_bytes);
  parts->ids = malloc(most * sizeof *parts->ids);
  parts->held = malloc(most * sizeof *parts->held);
  if (parts->ids != NULL && parts->held != NULL) {
    return SHO_OK;
  }
  free(parts->ids);
  free(parts->held);
  *parts = (struct sho__parts){0};
  return sho__fail(SHO_ENOMEM, "%s: out of memory for an entry of %llu bytes",
                   map->region.path, (unsigned long long)value_bytes);
}

/* A part alone does not tell whose turn it is, nor of which version it is. */
static uint32_t add_checksum(uint32_t sum, uint32_t part) {
  return (uint32_t)sho__hash_mix(((uint64_t)sum << 32 | part) ^ SHO__HASH_S0,
                                 SHO__HASH_S1);
}

static void write_part(struct sho__parts *parts, uint64_t hash,
                       const struct sho__source *value,
                       struct sho__room *room) {
  struct sho_map *map = parts->map;
  uint64_t payload = sho__part_payload(map);
  uint8_t *to = room->at + SHO__RECORD_BYTES;
  sho__source_copy(value, to, parts->count * payload, payload);
  struct sho__record record = {.number = hash,
                               .kind_and_key = SHO__RECORD_PART,
                               .value_bytes = (uint32_t)payload,
                               .checksum =
                                   (uint32_t)sho__hash(to, payload, hash)};
  sho__record_store(room->at, &record);
  parts->checksum = add_checksum(parts->checksum, record.checksum);
  parts->ids[parts->count++] = id_of(map, sho__room_place(room));
  sho__room_commit(room, sho__part_bytes(map), 0);
  SHO_CRASH_POINT("map: part written");
}

int sho__large_write(struct sho_map *map, uint64_t hash,
                     const struct sho__source *value, uint64_t value_bytes,
                     enum sho__need need, struct sho__search *search,
                     struct sho__parts *parts) {
  uint64_t count = sho__parts_of(map, value_bytes);
  *parts = (struct sho__parts){.map = map};
  int code = allocate(map, value_bytes, parts);
  struct sho__room room = {0};
  while (code == SHO_OK && parts->count < count) {
    if (room.at == NULL ||
        room.off + sho__part_bytes(map) > sho__chunk_bytes(map)) {
      code = sho__room_take(map, SHO__CLASS_PARTS, sho__part_bytes(map), need,
                            search, &room);
      if (code != SHO_OK) {
        break;
      }
      parts->held[parts->held_count++] = room.chunk;
      search->own++;
    } else if (atomic_load_explicit(&map->cleaner.wanted,
                                    memory_order_relaxed) != 0) {
      sho__clean_ahead(map, sho__part_bytes(map));
    }
    write_part(parts, hash, value, &room);
    sho__search_gets_on(search, sho__part_bytes(map));
  }
  if (code != SHO_OK) {
    sho__large_leave(parts, 0);
  }
  return code;
}

void sho__large_leave(struct sho__parts *parts, int published) {
  struct sho_map *map = parts->map;
  for (uint64_t i = 0; !published && i < parts->count; i++) {
    uint32_t chunk = sho__chunk_of(map, place_of(map, parts->ids[i]));
    sho__chunk_bury(map, chunk, sho__load_relaxed(&map->gens[chunk]),
                    sho__part_bytes(map));
  }
  for (uint64_t i = 0; i < parts->held_count; i++) {
    sho__chunk_leave(map, parts->held[i]);
  }
  free(parts->ids);
  free(parts->held);
  *parts = (struct sho__parts){0};
}

/* ---- reading ------------------------------------------------------------ */

/* One part, as an entry is read: the list names the place of that generation,
 * and the generation is the same behind the copy. */
static enum sho__lookup copy_part(const struct sho_map *map,
                                  const struct sho__hit *hit, uint64_t index,
                                  uint8_t *to) {
  uint64_t place = sho__large_part(map, hit, index);
  if (place == UINT64_MAX) {
    return SHO__MISS;
  }
  _Atomic uint64_t *gen_at = &map->gens[sho__chunk_of(map, place)];
  uint64_t gen = sho__load_acquire(gen_at);
  if (sho__large_part(map, hit, index) != place) {
    return SHO__MOVED;
  }
  sho__copy_racy(to, sho__record_at(map, place) + SHO__RECORD_BYTES,
                 sho__part_payload(map));
  sho__fence_after_copy();
  return sho__load_relaxed(gen_at) == gen ? SHO__HIT : SHO__MOVED;
}

enum sho__lookup sho__large_copy(const struct sho_map *map,
                                 const struct sho__hit *hit, uint8_t *to) {
  uint64_t payload = sho__part_payload(map);
  uint64_t count = sho__parts_of(map, hit->record.value_bytes);
  uint64_t off;
  uint64_t rest = sho__record_own_value(map, &hit->record, &off);
  for (uint64_t i = 0; i < count; i++) {
    enum sho__lookup found = SHO__MOVED;
    for (int n = 0; n < MOST_COPIES && found == SHO__MOVED; n++) {
      found = copy_part(map, hit, i, to + i * payload);
    }
    if (found != SHO__HIT) {
      return found;
    }
  }
  sho__copy_racy(to + count * payload, hit->at + off, rest);
  return SHO__HIT;
}

/* ---- under the lock ----------------------------------------------------- */

/* The header of a part that an entry names. 0: there is none. */
static int part_of(const struct sho_map *map, const struct sho__hit *hit,
                   uint64_t index, uint64_t *place,
                   struct sho__record *record) {
  *place = sho__large_part(map, hit, index);
  if (*place == UINT64_MAX) {
    return 0;
  }
  sho__record_load(record, sho__record_at(map, *place));
  return (record->kind_and_key | SHO__RECORD_DEAD) ==
             (SHO__RECORD_PART | SHO__RECORD_DEAD) &&
         record->value_bytes == sho__part_payload(map);
}

/* Until it is marked nobody frees its chunk without the lock. */
static void retire_part(struct sho_map *map, uint64_t place) {
  uint32_t chunk = sho__chunk_of(map, place);
  uint64_t generation = sho__load_relaxed(&map->gens[chunk]);
  int marked = sho__record_mark_dead(map, place);
  SHO_CRASH_POINT("map: part marked");
  if (marked) {
    sho__chunk_bury(map, chunk, generation, sho__part_bytes(map));
  }
}

void sho__large_retire(struct sho_map *map, const struct sho__hit *hit) {
  uint64_t count = sho__parts_of(map, hit->record.value_bytes);
  for (uint64_t i = 0; i < count; i++) {
    uint64_t place;
    struct sho__record record;
    if (part_of(map, hit, i, &place, &record) &&
        !sho__record_is(&record, SHO__RECORD_DEAD)) {
      retire_part(map, place);
    }
  }
}

int sho__large_is_whole(const struct sho_map *map, const struct sho__hit *hit,
                        uint64_t hash, uint32_t *checksum) {
  uint64_t count = sho__parts_of(map, hit->record.value_bytes);
  *checksum = 0;
  for (uint64_t i = 0; i < count; i++) {
    uint64_t place;
    struct sho__record record;
    if (!part_of(map, hit, i, &place, &record) || record.number != hash ||
        record.checksum !=
            (uint32_t)sho__hash(sho__record_at(map, place) + SHO__RECORD_BYTES,
                                sho__part_payload(map), hash)) {
      return 0;
    }
    *checksum = add_checksum(*checksum, record.checksum);
  }
  return 1;
}

/* Which of an entry's parts lies at a place; -1: none. */
static int index_of(const struct sho_map *map, const struct sho__hit *hit,
                    uint64_t place) {
  uint64_t count = sho__record_is(&hit->record, SHO__RECORD_LARGE)
                       ? sho__parts_of(map, hit->record.value_bytes)
                       : 0;
  for (uint64_t i = 0; i < count; i++) {
    if (sho__large_part(map, hit, i) == place) {
      return (int)i;
    }
  }
  return -1;
}

int sho__large_owner(const struct sho__shard *shard, uint64_t hash,
                     uint64_t place, struct sho__hit *hit) {
  const struct sho__table *table = &shard->table;
  uint64_t tag = sho__tag_of(shard->map, hash);
  struct sho__bucket_shm *bucket = sho__bucket_home(table, tag);
  for (uint64_t n = 0; n < table->buckets; n++) {
    for (int i = 0; i < SHO__BUCKET_SLOTS; i++) {
      uint64_t slot = sho__load_relaxed(&bucket->slots[i]);
      if (sho__slot_fits(shard, slot, hash) &&
          sho__shard_entry(shard, &bucket->slots[i], hit)) {
        int index = index_of(shard->map, hit, place);
        if (index >= 0) {
          return index;
        }
      }
    }
    if (sho__load_relaxed(&bucket->overflow) == 0) {
      return -1;
    }
    bucket = sho__bucket_next(table, bucket);
  }
  return -1;
}

void sho__large_move(struct sho__shard *shard, const struct sho__hit *hit,
                     int index, struct sho__room *room) {
  struct sho_map *map = shard->map;
  _Atomic uint32_t *id = id_at(hit, (uint64_t)index);
  uint64_t from = sho__large_part(map, hit, (uint64_t)index);
  uint64_t to = sho__room_place(room);
  sho__copy_racy(room->at, sho__record_at(map, from), sho__part_bytes(map));
  sho__room_commit(room, sho__part_bytes(map), 0);
  sho__shard_retiring(shard, sho__slot_named(from));
  atomic_store_explicit(id, id_of(map, to), memory_order_release);
  SHO_CRASH_POINT("map: part moved");
  retire_part(map, from);
  sho__shard_retiring(shard, 0);
}

void sho__large_copy_list(const struct sho_map *map, const struct sho__hit *hit,
                          uint8_t *record, const struct sho__record *header) {
  uint64_t count = sho__parts_of(map, header->value_bytes);
  sho__copy_racy(record + sho__record_list_off(header), id_at(hit, 0),
                 count * sizeof(uint32_t));
}
