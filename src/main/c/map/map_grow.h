/* A shard's table in a new place. */
#ifndef SHO_MAP_GROW_H
#define SHO_MAP_GROW_H

#include "map/map_chunk.h"

/* Bytes of the record of such a table. */
static inline uint64_t sho__table_bytes(uint64_t buckets) {
  return SHO__TABLE_OFF + buckets * sizeof(struct sho__bucket_shm);
}

/* Has the shard, which is locked, name a copy of its table, with so many
 * buckets, in that room. */
void sho__table_copy(struct sho__shard *shard, struct sho__room *room,
                     uint64_t buckets);

/* Gives a shard a table with more buckets, unless it has more than so many by
 * then. SHO_EFULL. To be called without any shard's lock. */
int sho__table_grow(struct sho_map *map, uint32_t number, uint64_t buckets);

#endif
