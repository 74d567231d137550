/* A segment's lock, inline: the beginning and the end of all writes. */
#ifndef SHO_MAP_LOCK_H
#define SHO_MAP_LOCK_H

#include "base/assert.h"
#include "base/crash.h"
#include "map/map_segment.h"

/* Locks a segment and repairs it if its last owner died or its state makes no
 * sense. */
static inline int sho__segment_lock(struct sho_map *map, uint32_t number,
                                    struct sho__segment *segment) {
  struct sho__segment_shm *shm = &map->segments[number];
  int dead;
  int code = sho__map_check(map); /* nothing is written into another file */
  if (code == SHO_OK) {
    code = sho__lock(&map->peers, &shm->lock, &dead);
  }
  if (code != SHO_OK) {
    return code;
  }
  sho__segment_init(segment, map, number);
  if (__builtin_expect(dead || !sho__segment_is_sane(segment), 0)) {
    sho__segment_recover(segment, dead);
  }
  SHO_ASSERT(sho__segment_is_sane(segment));
  SHO_CRASH_POINT("map: locked");
  return SHO_OK;
}

/* Unlocks; if something changed, wakes those who await. */
static inline void sho__segment_unlock(struct sho__segment *segment) {
  struct sho__segment_shm *shm = segment->shm;
  if (segment->changed) {
    uint32_t changes =
        atomic_load_explicit(&shm->changes, memory_order_relaxed);
    atomic_store_explicit(&shm->changes, changes + 1, memory_order_relaxed);
    SHO_CRASH_POINT("map: changes raised");
  }
  sho__unlock(&shm->lock);
  SHO_CRASH_POINT("map: unlocked");
  if (segment->changed) {
    /* A sleeper sets sleepers, then looks at changes; we the other way. */
    sho__fence_after_unlock();
    if (__builtin_expect(
            atomic_load_explicit(&shm->sleepers, memory_order_relaxed) != 0,
            0)) {
      sho__segment_wake(segment->map, shm);
    }
  }
}

#endif
