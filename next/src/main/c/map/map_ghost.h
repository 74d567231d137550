/*
 * Who was evicted lately, S3_FIFO: a tag of the key's hash for each, with the
 * queue that it left and its age. See layout.h; the algorithm is that of Yang
 * and others, "FIFO queues are all you need for cache eviction" (SOSP 2023).
 *
 *  31   16 15      14                0
 *  +-----+--------+-------------------+
 *  | tag | queue  | evicted / unit    |
 *  +-----+--------+-------------------+
 *
 * A key's ghost is one of the SHO__GHOST_WAYS of its cache line. All of it is a
 * hint: words are stored and read without a lock.
 */
#ifndef SHO_MAP_GHOST_H
#define SHO_MAP_GHOST_H

#include "map/map.h"

enum {
  SHO__GHOST_WAYS = 16,
  SHO__GHOST_AGE_MASK = 0x7fff,
  SHO__GHOST_UNITS_BITS =
      11, /* units in as many evictions as there are ghosts */
  SHO__GHOST_MAIN_OUTLIVES = 10 /* a ghost of the small queue so many times */
};
#define SHO__GHOST_OF_MAIN (UINT32_C(1) << 15)

struct sho__ghost {
  int of_main;    /* which queue it left */
  uint64_t since; /* how many were evicted after it, about */
};

static inline unsigned sho__ghost_unit_bits(const struct sho_map *map) {
  unsigned bits = 63 - (unsigned)__builtin_clzll(map->geometry.ghosts);
  return bits > SHO__GHOST_UNITS_BITS ? bits - SHO__GHOST_UNITS_BITS : 0;
}

static inline _Atomic uint32_t *sho__ghost_line(const struct sho_map *map,
                                                uint64_t hash) {
  return &map->ghosts[hash & (map->geometry.ghosts - 1) &
                      ~(uint64_t)(SHO__GHOST_WAYS - 1)];
}

static inline uint32_t sho__ghost_tag(uint64_t hash) {
  return (uint32_t)(hash >> 16) & UINT32_C(0xffff0000);
}

/* In units. */
static inline uint32_t sho__ghost_age(uint32_t ghost, uint32_t now) {
  return (now - ghost) & SHO__GHOST_AGE_MASK;
}

/* Takes the place of the ghost that has the least time left. */
static inline void sho__ghost_leave(const struct sho_map *map, uint64_t hash,
                                    int of_main) {
  uint64_t evicted =
      atomic_fetch_add_explicit(&map->header->evicted, 1, memory_order_relaxed);
  uint32_t now = (uint32_t)(evicted >> sho__ghost_unit_bits(map));
  _Atomic uint32_t *line = sho__ghost_line(map, hash);
  int oldest = 0;
  uint32_t most = 0;
  for (int i = 0; i < SHO__GHOST_WAYS; i++) {
    uint32_t ghost = atomic_load_explicit(&line[i], memory_order_relaxed);
    uint32_t age = sho__ghost_age(ghost, now) + 1;
    age *= (ghost & SHO__GHOST_OF_MAIN) != 0 ? 1 : SHO__GHOST_MAIN_OUTLIVES;
    age = ghost == 0 ? UINT32_MAX : age;
    if (age > most) {
      most = age;
      oldest = i;
    }
  }
  atomic_store_explicit(&line[oldest],
                        sho__ghost_tag(hash) |
                            (of_main ? SHO__GHOST_OF_MAIN : 0) |
                            (now & SHO__GHOST_AGE_MASK),
                        memory_order_relaxed);
}

/* Takes the ghost of a key that comes back. 0: there is none. */
static inline int sho__ghost_take(const struct sho_map *map, uint64_t hash,
                                  struct sho__ghost *found) {
  uint64_t evicted = sho__load_relaxed(&map->header->evicted);
  unsigned unit_bits = sho__ghost_unit_bits(map);
  _Atomic uint32_t *line = sho__ghost_line(map, hash);
  for (int i = 0; i < SHO__GHOST_WAYS; i++) {
    uint32_t ghost = atomic_load_explicit(&line[i], memory_order_relaxed);
    if (ghost != 0 && ((ghost ^ sho__ghost_tag(hash)) & 0xffff0000) == 0) {
      uint32_t age = sho__ghost_age(ghost, (uint32_t)(evicted >> unit_bits));
      *found = (struct sho__ghost){.of_main = (ghost & SHO__GHOST_OF_MAIN) != 0,
                                   .since = (uint64_t)age << unit_bits};
      atomic_store_explicit(&line[i], 0, memory_order_relaxed);
      return 1;
    }
  }
  return 0;
}

#endif
