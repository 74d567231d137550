/*
 * Cleaning ahead of need, a few records at a time: so that hardly anybody has
 * to clean a whole chunk before he can write. The chunk is left between two
 * steps; whoever finds it first goes on with it, or takes it.
 */
#include "map/map_clean.h"
#include "map/map_pick.h"

enum {
  STEP_BYTES = 256,     /* written before something is cleaned */
  CHUNKS_LOOKED_AT = 64 /* in a step */
};

/* How many bytes are to be cleaned for those that are written, so that chunks
 * are freed as fast as they are used: a chunk gains what does not live on. */
static uint64_t pace_of(const struct sho_map *map, uint64_t effort,
                        uint64_t live) {
  uint64_t bytes = sho__chunk_bytes(map);
  uint64_t least = bytes / 32;
  uint64_t gain = live + least < bytes ? bytes - live : least;
  return effort * 20 / gain + 16 / SHO__DEAD_SHARE * 2;
}

/* Looks on which chunks are next. 0: that goes on in the next step. */
static int refill(struct sho_map *map) {
  struct sho__cleaner *cleaner = &map->cleaner;
  enum sho__mode mode;
  if (!cleaner->looking) {
    sho__look_begin(map, SHO__NEED_REPLACE, &cleaner->view);
  }
  cleaner->looking = !sho__look_on(map, &cleaner->view, CHUNKS_LOOKED_AT);
  if (cleaner->looking) {
    return 0;
  }
  struct sho__list *list = sho__pick(map, &cleaner->view, &mode);
  uint64_t most = 1 + map->geometry.chunks / 128;
  cleaner->mode = (int)mode;
  for (uint32_t i = 0;
       list != NULL && i < list->count && i < SHO__MOST_VICTIMS && i < most;
       i++) {
    for (uint32_t j = i; j > 0; j--) {
      cleaner->chunks[j] = cleaner->chunks[j - 1];
      cleaner->gens[j] = cleaner->gens[j - 1];
    }
    cleaner->chunks[0] = list->chunks[i];
    cleaner->gens[0] = sho__load_relaxed(&map->gens[list->chunks[i]]);
    cleaner->count = i + 1;
  }
  return 1;
}

/* The chunk that is cleaned, ours now. 0: there is none now. */
static int resume(struct sho_map *map, uint32_t *chunk) {
  struct sho__cleaner *cleaner = &map->cleaner;
  if (cleaner->count == 0) {
    return 0;
  }
  *chunk = cleaner->chunks[cleaner->count - 1];
  if (!sho__chunk_try(map, *chunk)) {
    return 0;
  }
  if (!sho__may_clean(map, *chunk) || sho__load_relaxed(&map->gens[*chunk]) !=
                                          cleaner->gens[cleaner->count - 1]) {
    sho__chunk_leave(map, *chunk);
    return 0;
  }
  return 1;
}

static void begin_victim(struct sho_map *map, uint32_t chunk) {
  struct sho__cleaner *cleaner = &map->cleaner;
  uint64_t live = sho__chunk_live(map, chunk);
  /* What is evicted costs as much as what is moved. Of how much lives on, the
   * chunk before tells. */
  uint64_t stays = cleaner->mode == SHO__MODE_MOVE ? live : cleaner->moved;
  cleaner->pace = pace_of(map, live, stays);
  cleaner->done = 1;
  cleaner->moved = 0;
}

static void step(struct sho_map *map, uint64_t owed) {
  struct sho__cleaner *cleaner = &map->cleaner;
  uint32_t chunk;
  if (cleaner->count == 0) {
    if (!cleaner->looking && sho__chunks_free(map) > map->low) {
      atomic_store_explicit(&cleaner->wanted, 0, memory_order_relaxed);
      return;
    }
    if (!refill(map)) {
      return;
    }
  }
  if (!resume(map, &chunk)) {
    atomic_store_explicit(&cleaner->wanted, cleaner->count > 0,
                          memory_order_relaxed);
    cleaner->count -= cleaner->count > 0;
    cleaner->off = 0;
    return;
  }
  if (cleaner->off == 0) {
    begin_victim(map, chunk);
  }
  struct sho__cleaning c =
      sho__cleaning_of(map, chunk, (enum sho__mode)cleaner->mode, map->low);
  cleaner->done &=
      sho__clean_records(&c, &cleaner->off, owed * cleaner->pace / 16 + 1);
  sho__room_leave(&c.room);
  cleaner->moved += c.moved;
  if (c.dropped > 0) {
    /* Parts all over the map: which chunk is next is another question now. */
    sho__clean_end(map, chunk, 0);
    cleaner->count = 0;
    cleaner->off = 0;
  } else if (cleaner->off < sho__chunk_used(map, chunk)) {
    sho__chunk_leave(map, chunk);
  } else {
    sho__clean_end(map, chunk, cleaner->done);
    cleaner->count--;
    cleaner->off = 0;
  }
}

void sho__clean_ahead(struct sho_map *map, uint64_t bytes) {
  struct sho__cleaner *cleaner = &map->cleaner;
  uint64_t owed = bytes + atomic_fetch_add_explicit(&cleaner->owed, bytes,
                                                    memory_order_relaxed);
  if (owed < STEP_BYTES ||
      atomic_exchange_explicit(&cleaner->busy, 1, memory_order_acquire) != 0) {
    return;
  }
  atomic_store_explicit(&cleaner->owed, 0, memory_order_relaxed);
  step(map, owed);
  atomic_store_explicit(&cleaner->busy, 0, memory_order_release);
}
