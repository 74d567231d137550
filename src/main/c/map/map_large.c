#include "map/map_large.h"

#include <stdlib.h>

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

static uint64_t list_off(const struct sho__hit *hit) {
  return sho__record_key_off(&hit->record) +
         sho__record_key_bytes(&hit->record);
}

uint64_t sho__large_part(const struct sho_map *map, const struct sho__hit *hit,
                         uint64_t index) {
  return place_of(
      map, sho__load4_racy(hit->at + list_off(hit) + index * sizeof(uint32_t)));
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

int sho__large_copy(const struct sho_map *map, const struct sho__hit *hit,
                    uint8_t *to) {
  uint64_t payload = sho__part_payload(map);
  uint64_t count = sho__parts_of(map, hit->record.value_bytes);
  uint64_t off;
  uint64_t rest = sho__record_own_value(map, &hit->record, &off);
  for (uint64_t i = 0; i < count; i++) {
    uint64_t place = sho__large_part(map, hit, i);
    if (place == UINT64_MAX) {
      return 0;
    }
    sho__copy_racy(to + i * payload,
                   sho__record_at(map, place) + SHO__RECORD_BYTES, payload);
  }
  sho__copy_racy(to + count * payload, hit->at + off, rest);
  return 1;
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

/* Copies those parts of an entry that lie in a chunk, while there is room, and
 * has a copy of its record name them. */
static void copy_parts(const struct sho_map *map, const struct sho__hit *hit,
                       uint32_t chunk, struct sho__room *part, uint8_t *head) {
  uint64_t count = sho__parts_of(map, hit->record.value_bytes);
  uint64_t bytes = sho__part_bytes(map);
  for (uint64_t i = 0; i < count && part->off + bytes <= sho__chunk_bytes(map);
       i++) {
    uint64_t place = sho__large_part(map, hit, i);
    if (place != UINT64_MAX && sho__chunk_of(map, place) == chunk) {
      uint32_t id = id_of(map, sho__room_place(part));
      sho__copy_racy(part->at, sho__record_at(map, place), bytes);
      sho__copy_racy(head + list_off(hit) + i * sizeof id, &id, sizeof id);
      sho__room_commit(part, bytes, 0);
    }
  }
}

int sho__large_move(struct sho__shard *shard, uint64_t hash, uint64_t place,
                    uint64_t bytes, struct sho__room *part,
                    struct sho__room *head) {
  struct sho_map *map = shard->map;
  struct sho__hit hit;
  int index = sho__large_owner(shard, hash, place, &hit);
  if (index < 0) {
    return 1; /* it is dead by now */
  }
  if (sho__record_size(map, &hit.record) != bytes) {
    return 0;
  }
  uint64_t to = sho__room_place(head);
  sho__copy_racy(head->at, hit.at, bytes);
  copy_parts(map, &hit, sho__chunk_of(map, place), part, head->at);
  sho__room_commit(head, bytes, hit.record.expiry_ms);
  sho__shard_retiring(shard, hit.slot_value);
  sho__store_release(hit.slot,
                     (sho__load_relaxed(hit.slot) & ~SHO__SLOT_PLACE_MASK) |
                         sho__slot_named(to));
  SHO_CRASH_POINT("map: part moved");
  struct sho__hit moved = hit;
  moved.at = sho__record_at(map, to);
  for (uint64_t i = 0; i < sho__parts_of(map, hit.record.value_bytes); i++) {
    uint64_t was = sho__large_part(map, &hit, i);
    if (was != UINT64_MAX && was != sho__large_part(map, &moved, i)) {
      retire_part(map, was);
    }
  }
  sho__entry_retire(map, &hit, 0);
  sho__shard_retiring(shard, 0);
  return 1;
}
