/*
 * Who was evicted lately, S3_FIFO: a tag of the key's hash for each, with the
 * queue that it left and its age. See layout.h; the algorithm is that of Yang
 * and others, "FIFO queues are all you need for cache eviction" (SOSP 2023).
 *
 *  31   16 15      14                0
 *  +-----+--------+-------------------+
 *  | tag | queue  | evicted / 64      |
 *  +-----+--------+-------------------+
 *
 * All of it is a hint: words are stored and read without a lock.
 */
#ifndef SHO_MAP_GHOST_H
#define SHO_MAP_GHOST_H

#include "map/map.h"

enum { SHO__GHOST_AGE_SHIFT = 6, SHO__GHOST_AGE_MASK = 0x7fff };
#define SHO__GHOST_OF_MAIN (UINT32_C(1) << 15)

static inline _Atomic uint32_t *sho__ghost_at(const struct sho_map *map,
                                              uint64_t hash) {
  return &map->ghosts[hash & (map->geometry.ghosts - 1)];
}

static inline uint32_t sho__ghost_tag(uint64_t hash) {
  return (uint32_t)(hash >> 16) & UINT32_C(0xffff0000);
}

static inline void sho__ghost_leave(const struct sho_map *map, uint64_t hash,
                                    int of_main) {
  uint64_t evicted =
      atomic_fetch_add_explicit(&map->header->evicted, 1, memory_order_relaxed);
  uint32_t age =
      (uint32_t)(evicted >> SHO__GHOST_AGE_SHIFT) & SHO__GHOST_AGE_MASK;
  atomic_store_explicit(sho__ghost_at(map, hash),
                        sho__ghost_tag(hash) |
                            (of_main ? SHO__GHOST_OF_MAIN : 0) | age,
                        memory_order_relaxed);
}

/* 1: left the small queue lately; 2: the main queue; 0: neither. */
static inline int sho__ghost_find(const struct sho_map *map, uint64_t hash) {
  uint32_t ghost =
      atomic_load_explicit(sho__ghost_at(map, hash), memory_order_relaxed);
  if (ghost == 0 || ((ghost ^ sho__ghost_tag(hash)) & 0xffff0000) != 0) {
    return 0;
  }
  uint64_t evicted = sho__load_relaxed(&map->header->evicted);
  uint32_t age = (uint32_t)(evicted >> SHO__GHOST_AGE_SHIFT) - ghost;
  uint64_t since = (uint64_t)(age & SHO__GHOST_AGE_MASK)
                   << SHO__GHOST_AGE_SHIFT;
  if (since > sho__load_relaxed(&map->header->estimate)) {
    return 0;
  }
  return (ghost & SHO__GHOST_OF_MAIN) != 0 ? 2 : 1;
}

#endif
