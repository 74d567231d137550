/* What a map counts, held to what its tables name. */
#ifndef SHO_TEST_MAP_COUNTS_H
#define SHO_TEST_MAP_COUNTS_H

#include "map/map_grow.h"
#include "map/map_large.h"
#include "maps.h"

/* Adds what a shard names to the bytes of each chunk. */
SHO_TEST void count_named(struct sho__shard *shard, uint64_t *named) {
  struct sho_map *map = shard->map;
  struct sho__hit hit;
  CHECK(sho__shard_is_sane(shard));
  if (shard->table.buckets > 0) {
    named[sho__chunk_of(map, shard->table.place)] +=
        sho__table_bytes(shard->table.buckets);
  }
  for (uint64_t i = 0; i < sho__table_slots(&shard->table); i++) {
    if (!sho__shard_entry(shard, sho__table_slot(&shard->table, i), &hit)) {
      continue;
    }
    named[sho__chunk_of(map, hit.place)] += sho__record_size(map, &hit.record);
    uint64_t parts = sho__record_is(&hit.record, SHO__RECORD_LARGE)
                         ? sho__parts_of(map, hit.record.value_bytes)
                         : 0;
    for (uint64_t p = 0; p < parts; p++) {
      uint64_t place = sho__large_part(map, &hit, p);
      REQUIRE(place != UINT64_MAX);
      named[sho__chunk_of(map, place)] += sho__part_bytes(map);
    }
  }
}

/* While nobody writes: a chunk counts no more bytes as dead than are, so none
 * is freed in which something lives. */
SHO_TEST int counts_hold(struct sho_map *map) {
  uint64_t *named = calloc(map->geometry.chunks, sizeof *named);
  int good = 1;
  REQUIRE(named != NULL);
  for (uint32_t i = 0; i < stats_of(map).shards; i++) {
    struct sho__shard shard;
    sho__shard_init(&shard, map, i);
    count_named(&shard, named);
  }
  for (uint32_t i = 0; i < map->geometry.chunks; i++) {
    if (named[i] > 0 && (sho__chunk_live(map, i) < named[i] ||
                         sho__chunk_class(map, i) == SHO__CLASS_FREE)) {
      good = fail(__FILE__, __LINE__,
                  "chunk %u, class %d, counts %llu bytes, and %llu are named",
                  i, (int)sho__chunk_class(map, i),
                  (unsigned long long)sho__chunk_live(map, i),
                  (unsigned long long)named[i]);
    }
  }
  free(named);
  return good;
}

#endif
