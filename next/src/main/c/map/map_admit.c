/* An evicting map: where a new entry belongs, and what is learned from it. */
#include "map/map_ghost.h"
#include "map/map_pick.h"

/* Of what simulations of real caches' traces gave the best mean. Shares are of
 * 2^32, as small_share is. */
#define SHARE_OF(percent) (UINT64_C(0x100000000) * (percent) / 100)
static const uint64_t least_share = SHARE_OF(3) / 4;
static const uint64_t most_share = SHARE_OF(40);
static const uint64_t grown_by = SHARE_OF(500);  /* divided by the entries */
static const uint64_t shrunk_by = SHARE_OF(130); /* the same */

/* The ghosts of the main queues count for so many times as many evictions as
 * there are entries. */
enum { MAIN_RETURNS = 10 };

/* A key came back that would have been found in a larger queue: that queue
 * becomes larger. */
static void adapt(struct sho_map *map, uint64_t share, uint64_t entries,
                  int of_main) {
  if (of_main) {
    uint64_t step = shrunk_by / entries;
    share = share > least_share + step ? share - step : least_share;
  } else {
    share += grown_by / entries;
    share = share < most_share ? share : most_share;
  }
  atomic_store_explicit(&map->header->small_share, (uint32_t)share,
                        memory_order_relaxed);
}

enum sho__class sho__queue_for_new(struct sho_map *map, uint64_t hash) {
  struct sho__ghost ghost;
  if (!sho__ghost_take(map, hash, &ghost)) {
    return SHO__CLASS_SMALL;
  }
  uint64_t entries = sho__load_relaxed(&map->header->estimate) & UINT32_MAX;
  entries += entries == 0;
  uint64_t share =
      atomic_load_explicit(&map->header->small_share, memory_order_relaxed);
  /* The more what is new is worth, the longer it is remembered. */
  uint64_t admits = ghost.of_main
                        ? entries * MAIN_RETURNS
                        : entries / 2 + (entries * share >> 32) * 5 / 2;
  if (ghost.since <= (ghost.of_main ? admits : entries * 3 / 10)) {
    adapt(map, share, entries, ghost.of_main);
  }
  return ghost.since > admits ? SHO__CLASS_SMALL
         : ghost.of_main && ghost.since <= entries * 2 / 5
             ? SHO__CLASS_MAIN + (map->hottest > SHO__CLASS_MAIN)
             : SHO__CLASS_MAIN;
}
