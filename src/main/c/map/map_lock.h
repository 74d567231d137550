/* A segment's lock, inline: the begin and the end of all writes. */
#ifndef SHO_MAP_LOCK_H
#define SHO_MAP_LOCK_H

#include "base/crash.h"
#include "map/map.h"

/* Whether one valid position is at or behind another, and by no more than a
 * log's bytes: in the same lap it is, and a lap further on if the offset of
 * `to` is not above that of `from`. If `to` is before `from`, the difference
 * wraps. */
static inline int sho__log_spans(const struct sho_map *map, uint64_t from,
                                 uint64_t to) {
  return to - from <= map->position_mask + 1;
}

static inline int sho__log_has_sane_bounds(const struct sho__log *log) {
  uint64_t head = log->head;
  uint64_t tail = log->tail;
  return sho__position_valid(log->map, head) &&
         sho__position_valid(log->map, tail) &&
         sho__log_spans(log->map, head, tail);
}

static inline int sho__segment_is_sane(const struct sho__log *log) {
  const struct sho__geometry *geometry = &log->map->geometry;
  return sho__log_has_sane_bounds(log) &&
         log->live_bytes <= geometry->log_bytes &&
         log->entries <= geometry->buckets * SHO__BUCKET_SLOTS &&
         log->largest <= geometry->max_entry + 7;
}

/* Locks a segment and repairs it if its last owner died or its state makes no
 * sense. */
static inline int sho__segment_lock(struct sho_map *map, uint32_t number,
                                    struct sho__log *log) {
  struct sho__segment_shm *segment = &map->segments[number];
  int dead;
  int code = sho__lock(&map->peers, &segment->lock, &dead);
  if (code != SHO_OK) {
    return code;
  }
  sho__log_init(log, map, number);
  if (__builtin_expect(dead || !sho__segment_is_sane(log), 0)) {
    sho__segment_recover(log, dead);
  }
  SHO_CRASH_POINT("map: locked");
  return SHO_OK;
}

/* Unlocks; if something changed, wakes those who await. */
static inline void sho__segment_unlock(struct sho__log *log) {
  struct sho__segment_shm *segment = log->segment;
  if (log->changed) {
    uint32_t changes =
        atomic_load_explicit(&segment->changes, memory_order_relaxed);
    atomic_store_explicit(&segment->changes, changes + 1, memory_order_relaxed);
    SHO_CRASH_POINT("map: changes raised");
  }
  sho__unlock(&segment->lock);
  SHO_CRASH_POINT("map: unlocked");
  if (log->changed) {
    /* A sleeper sets sleepers, then looks at changes; we the other way. */
    sho__fence_after_unlock();
    if (__builtin_expect(atomic_load_explicit(&segment->sleepers,
                                              memory_order_relaxed) != 0 &&
                             atomic_exchange(&segment->sleepers, 0) != 0,
                         0)) {
      sho__wake_all(&segment->changes);
    }
  }
}

#endif
