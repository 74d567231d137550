#include "map_locate.h"

#include "error.h"
#include "map.h"

int64_t sho__map_slot(struct sho_map *map, const void *key, size_t key_bytes,
                      int64_t found) {
  uint64_t position = (uint64_t)found << 3;
  _Atomic uint64_t *slot =
      sho__index_slot_of(map, sho__map_hash(map, key, key_bytes), position);
  if (slot == NULL) {
    return sho__fail(SHO_EABSENT, "%s: no slot names the entry any more",
                     map->region.path);
  }
  return (const uint8_t *)slot - map->region.base;
}

int sho__map_add_hits(struct sho_map *map, uint64_t hits) {
  if (map->counters != NULL) {
    /* The line that threads share. */
    atomic_fetch_add_explicit(&map->counters[0].hits, hits,
                              memory_order_relaxed);
  }
  return SHO_OK;
}
