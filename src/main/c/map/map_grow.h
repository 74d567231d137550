/* A shard's table in a new place. */
#ifndef SHO_MAP_GROW_H
#define SHO_MAP_GROW_H

#include "map/map_chunk.h"

/* Bytes of the record of such a table. */
static inline uint64_t sho__table_bytes(uint64_t buckets) {
  return SHO__TABLE_OFF + buckets * sizeof(struct sho__bucket_shm);
}

/* Buckets of a new table for so many entries, or of tables for as many. */
static inline uint64_t sho__buckets_for(const struct sho_map *map,
                                        uint64_t entries) {
  uint64_t slots = SHO__BUCKET_SLOTS * (uint64_t)sho__crowded(map) * 7 / 8;
  return entries * SHO__CROWDED_ALL / slots + 1;
}

/* Has a shard, which is locked, name that table; 0 buckets: none. */
void sho__table_publish(struct sho__shard *shard,
                        const struct sho__table *table);

/* Has the shard, which is locked, name a copy of its table, with so many
 * buckets, in that room. They have slots enough. */
void sho__table_copy(struct sho__shard *shard, struct sho__room *room,
                     uint64_t buckets);

/* How many buckets a copy of the table of a shard, which is locked, is to have:
 * fewer if it is sparse and room is scarce. */
uint64_t sho__table_fitting(const struct sho__shard *shard);

/* Takes the table away from a shard, which is locked and has no entries. */
void sho__table_drop(struct sho__shard *shard);

/* Gives a shard a table with more buckets, unless it has more than so many by
 * then. SHO_EFULL, SHO_EBUSY. To be called without any shard's lock. */
int sho__table_grow(struct sho_map *map, uint32_t number, uint64_t buckets,
                    struct sho__search *search);

/* Gives a shard a smaller table if its own is sparse and room is scarce. 1: it
 * has one. To be called without any shard's lock.
 *
 * Writes do that to the shards of new keys: tables that were sparse while there
 * was room become full, and small entries have up to a third of the map more.
 * They do not come by shards that get no new keys, of few large entries, say;
 * and copies among tables that live free no chunk. So chunks of tables that are
 * mostly empty are cleaned, too: map_pick.c. */
int sho__table_shrink(struct sho_map *map, uint32_t number,
                      struct sho__search *search);

/* The same for a few shards, from one on. How many have one. */
int sho__tables_shrink(struct sho_map *map, uint32_t first,
                       struct sho__search *search);

#endif
