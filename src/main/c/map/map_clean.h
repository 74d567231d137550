/* Room where there is none: cleaning and eviction. */
#ifndef SHO_MAP_CLEAN_H
#define SHO_MAP_CLEAN_H

#include "map/map_pick.h"

/*
 * Cleans one chunk: moves or evicts what lives in it, and frees it. SHO_EFULL:
 * there is nothing to gain, now. SHO_EBUSY: the search ended. To be called
 * without any shard's lock. Passes over what others hold.
 */
int sho__clean(struct sho_map *map, enum sho__need need,
               struct sho__search *search);

/* map_ahead.c. The same ahead of need, in small steps: whoever writes so many
 * bytes cleans a few records while few chunks are free. So nobody has to clean
 * a whole one. */
void sho__clean_ahead(struct sho_map *map, uint64_t bytes);

/* ---- one chunk ---------------------------------------------------------- */

/* A dead record is passed over in such a part of the time. */
enum { SHO__DEAD_SHARE = 8 };

/* A chunk of ours that is cleaned. */
struct sho__cleaning {
  struct sho_map *map;
  struct sho__search *search; /* NULL: it does not end */
  uint32_t victim;
  enum sho__mode mode;
  uint64_t enough;       /* free chunks: then nothing more is evicted */
  struct sho__room room; /* where what lives goes */
  enum sho__class room_class;
  uint64_t now_ms;
  uint64_t moved;   /* bytes */
  uint64_t dropped; /* bytes of large values */
  int spins;        /* for shards' locks, so far */
};

struct sho__cleaning sho__cleaning_of(struct sho_map *map, uint32_t chunk,
                                      enum sho__mode mode, uint64_t enough);

/* Whether records lie in the chunk, and nobody is going to write to it. */
static inline int sho__may_clean(const struct sho_map *map, uint32_t chunk) {
  enum sho__class class = sho__chunk_class(map, chunk);
  return class != SHO__CLASS_FREE && class != SHO__CLASS_CHANGES &&
         !sho__chunk_is_open(map, chunk);
}

/* Cleans it from *off on, and about `most` bytes of it. 1: nothing of that is
 * named any more. */
int sho__clean_records(struct sho__cleaning *c, uint64_t *off, uint64_t most);

/* Leaves a chunk that was cleaned. done: nothing in it is named. 1: it is
 * free. */
int sho__clean_end(struct sho_map *map, uint32_t chunk, int done);

/* Drops what has expired in some shards, from one of that number on. 1: there
 * was some. To be called without any shard's lock. */
int sho__clean_expired(struct sho_map *map, uint32_t first);

#endif
