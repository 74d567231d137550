/* Room where there is none: cleaning and eviction. */
#ifndef SHO_MAP_CLEAN_H
#define SHO_MAP_CLEAN_H

#include "map/map_shard.h"

/*
 * Cleans one chunk: moves or evicts what lives in it, and frees it. A bounded
 * piece of work. SHO_EFULL: there is nothing to gain. To be called without any
 * shard's lock. Passes over what others hold.
 */
int sho__clean(struct sho_map *map);

/* An evicting map: the queue that a key's next entry belongs to. Learns from a
 * key that comes back. */
enum sho__class sho__queue_for_new(struct sho_map *map, uint64_t hash);

#endif
