#include "map/map_grow.h"

enum { MOST_SHRUNK = 8 /* at a time */ };

/* An eighth more; so a table of a full map is eight tenths full at least. A
 * half more while the map has much room. */
static uint64_t larger(const struct sho_map *map, uint64_t buckets) {
  uint64_t part = sho__crowded(map) > SHO__CROWDED_LEAST ? 8 : 2;
  return buckets + (buckets < part ? 1 : buckets / part);
}

/* Readers look in the old table until they see that the word has changed. */
void sho__table_publish(struct sho__shard *shard,
                        const struct sho__table *table) {
  _Atomic uint64_t *word = &shard->map->tables[shard->number];
  uint64_t generation =
      (sho__load_relaxed(word) >> SHO__TABLE_GENERATION_SHIFT) + 1;
  sho__store_release(word, generation << SHO__TABLE_GENERATION_SHIFT |
                               table->place >> SHO__TABLE_PLACE_SHIFT
                                                   << SHO__TABLE_BUCKETS_BITS |
                               table->buckets);
  SHO_CRASH_POINT("map: table published");
}

static void retire(struct sho_map *map, const struct sho__table *table) {
  uint32_t chunk = sho__chunk_of(map, table->place);
  uint64_t generation = sho__load_relaxed(&map->gens[chunk]);
  if (sho__record_mark_dead(map, table->place - SHO__TABLE_OFF)) {
    sho__chunk_bury(map, chunk, generation, sho__table_bytes(table->buckets));
  }
}

static void replace(struct sho__shard *shard, const struct sho__table *table) {
  if (shard->table.buckets > 0) {
    sho__shard_retiring(shard, sho__slot_named(shard->table.place));
  }
  sho__table_publish(shard, table);
  if (shard->table.buckets > 0) {
    retire(shard->map, &shard->table);
    sho__shard_retiring(shard, 0);
  }
  shard->table = *table;
}

void sho__table_copy(struct sho__shard *shard, struct sho__room *room,
                     uint64_t buckets) {
  struct sho_map *map = shard->map;
  uint64_t place = sho__room_place(room) + SHO__TABLE_OFF;
  struct sho__table table = {
      .first = (struct sho__bucket_shm *)(void *)(map->pool + place),
      .buckets = buckets,
      .place = place};
  struct sho__record record = {
      .number = shard->number,
      .kind_and_key = SHO__RECORD_TABLE,
      .value_bytes = (uint32_t)(sho__table_bytes(buckets) - SHO__RECORD_BYTES)};
  SHO_ASSERT(room->off % 64 == 0);
  sho__record_store(room->at, &record);
  for (uint64_t i = 0; i < buckets; i++) { /* late readers may look there */
    for (int n = 0; n < SHO__BUCKET_SLOTS; n++) {
      sho__store_relaxed(&table.first[i].slots[n], 0);
    }
    sho__store_relaxed(&table.first[i].overflow, 0);
  }
  for (uint64_t i = 0; i < sho__table_slots(&shard->table); i++) {
    uint64_t slot = sho__load_relaxed(sho__table_slot(&shard->table, i));
    if (slot != 0) {
      uint64_t tag = (slot & SHO__SLOT_TAG_MASK) >> SHO__SLOT_PLACE_BITS;
      sho__table_insert(&table, tag, slot); /* there are as many at least */
    }
  }
  sho__room_commit(room, sho__table_bytes(buckets), 0);
  replace(shard, &table);
}

static uint64_t used_slots(const struct sho__table *table) {
  uint64_t used = 0;
  for (uint64_t i = 0; i < sho__table_slots(table); i++) {
    used += sho__load_relaxed(sho__table_slot(table, i)) != 0;
  }
  return used;
}

uint64_t sho__table_fitting(const struct sho__shard *shard) {
  const struct sho__table *table = &shard->table;
  uint64_t entries = used_slots(table);
  return sho__table_is_sparse(shard->map, table, entries)
             ? sho__buckets_for(shard->map, entries)
             : table->buckets;
}

void sho__table_drop(struct sho__shard *shard) {
  static const struct sho__table none;
  SHO_ASSERT(shard->entries == 0);
  replace(shard, &none);
}

/* Gives a shard a table of `to` buckets, unless it has another than of `from`
 * by then, or more entries. *done: it has one. */
static int resize(struct sho_map *map, uint32_t number, uint64_t from,
                  uint64_t to, struct sho__search *search, int *done) {
  struct sho__room room;
  struct sho__shard shard;
  int code = sho__room_take(map, SHO__CLASS_TABLE, sho__table_bytes(to),
                            SHO__NEED_REPLACE, search, &room);
  if (code != SHO_OK) {
    return code;
  }
  code = sho__shard_lock(map, number, &shard);
  if (code == SHO_OK) {
    if (shard.table.buckets == from &&
        (to > from || used_slots(&shard.table) <= to * SHO__BUCKET_SLOTS)) {
      sho__table_copy(&shard, &room, to);
      *done = 1;
    }
    sho__shard_unlock(&shard);
  }
  sho__room_leave(&room);
  return code;
}

int sho__table_grow(struct sho_map *map, uint32_t number, uint64_t buckets,
                    struct sho__search *search) {
  uint64_t wanted = larger(map, buckets);
  uint64_t most = sho__table_most(map);
  wanted = wanted < most ? wanted : most;
  if (wanted <= buckets) {
    return sho__fail(SHO_EFULL,
                     "%s is full: a shard has %llu slots, the most it takes; "
                     "remove entries, or make the map anew with more capacity",
                     map->region.path,
                     (unsigned long long)(buckets * SHO__BUCKET_SLOTS));
  }
  int done = 0; /* if not, another has resized it */
  return resize(map, number, buckets, wanted, search, &done);
}

int sho__table_shrink(struct sho_map *map, uint32_t number,
                      struct sho__search *search) {
  struct sho__table table;
  uint64_t entries = sho__load_relaxed(&map->shards[number].entries);
  sho__table_decode(map, sho__load_relaxed(&map->tables[number]), &table);
  if (!sho__table_is_sparse(map, &table, entries)) {
    return 0;
  }
  uint64_t wanted = sho__buckets_for(map, entries);
  int done = 0;
  return wanted < table.buckets &&
         resize(map, number, table.buckets, wanted, search, &done) == SHO_OK &&
         done;
}

int sho__tables_shrink(struct sho_map *map, uint32_t first,
                       struct sho__search *search) {
  uint32_t shards = UINT32_C(1) << map->geometry.shard_bits;
  int shrunk = 0;
  for (uint32_t i = 0; i < shards && shrunk < MOST_SHRUNK; i++) {
    shrunk += sho__table_shrink(map, (first + i) & (shards - 1), search);
  }
  return shrunk;
}
