/*
 * Chunks: taken into use, written to, freed.
 *
 * A chunk belongs to whoever's word is its owner. Nobody waits for one: who
 * finds a chunk taken goes on to another. So a process that is stopped while
 * it writes holds up nobody, and keeps what it writes to. The chunk of a dead
 * process is as good as free: what it wrote and did not publish is named by no
 * slot.
 */
#ifndef SHO_MAP_CHUNK_H
#define SHO_MAP_CHUNK_H

#include "base/wait.h"
#include "map/counters.h"
#include "map/map_shard.h"

/* Room for a record in a chunk that is ours until it is left. */
struct sho__room {
  struct sho_map *map;
  uint32_t chunk;
  uint32_t off;
  uint8_t *at; /* NULL: none */
};

/*
 * A call looks for room, in several attempts. While others hold what may be
 * room it waits as long as for a lock. Else not for long: others may take what
 * it cleans, and a damaged map may look as if it had room. Zeroed: it has not
 * begun.
 */
struct sho__search {
  struct sho__patience patience;
  uint64_t credit; /* bytes to write yet: those that are written give time */
  uint32_t own;    /* chunks that the call itself holds */
  uint32_t holder; /* a lock's word: of somebody who held, in this attempt, what
                    * may be room. 0: nobody; so SHO_EFULL is true */
  uint32_t before; /* the same in the attempt before */
  int crowded;     /* so much lives that it is nearly true in any case */
};

/* Whether it has been long enough. To be called between two pieces of work. */
int sho__search_ends(struct sho__search *search);

/* SHO_EBUSY, for a search that ended. */
int sho__search_fail(struct sho_map *map, const struct sho__search *search);

/* So many bytes were written. */
void sho__search_gets_on(struct sho__search *search, uint64_t bytes);

static inline uint64_t sho__room_place(const struct sho__room *room) {
  return sho__place_in(room->map, room->chunk, room->off);
}

/* Whether the chunk is ours now. */
int sho__chunk_try(struct sho_map *map, uint32_t chunk);
static inline void sho__chunk_leave(struct sho_map *map, uint32_t chunk) {
  atomic_store_explicit(&map->chunks[chunk].owner, 0, memory_order_release);
}

/* Whether it is one of those that are written to. */
int sho__chunk_is_open(const struct sho_map *map, uint32_t chunk);

/* Has nothing more be written to it. To be called by who owns it, or if its
 * owner is dead. */
void sho__chunk_close(struct sho_map *map, uint32_t chunk);

/* Frees a chunk that is ours, in which nothing is named any more. */
void sho__chunk_free(struct sho_map *map, uint32_t chunk);

/* Nothing in it may be named any more, by its counts: frees it, if so and if
 * nobody uses it. */
void sho__chunk_free_dead(struct sho_map *map, uint32_t chunk);

/* What is dead in it may not all be counted. */
static inline void sho__chunk_doubt(struct sho_map *map, uint32_t chunk) {
  atomic_store_explicit(&map->chunks[chunk].doubt, 1, memory_order_relaxed);
}

/* So many bytes of its present generation are dead. To be called by who owns
 * the chunk. */
static inline void sho__chunk_set_dead(struct sho_map *map, uint32_t chunk,
                                       uint64_t bytes) {
  uint64_t generation = sho__load_relaxed(&map->gens[chunk]);
  sho__store_relaxed(&map->chunks[chunk].dead, generation << 32 | bytes);
  atomic_store_explicit(&map->chunks[chunk].doubt, 0, memory_order_relaxed);
}

/* How many chunks are free. */
uint64_t sho__chunks_free(const struct sho_map *map);

/* Takes a free chunk into use, unless too few are free for that need. 1: it is
 * ours. */
int sho__chunk_open(struct sho_map *map, enum sho__class class,
                    enum sho__need need, uint32_t *chunk);

/* Room in a chunk of ours, from a byte of it on. */
static inline void sho__room_of(struct sho_map *map, uint32_t chunk,
                                uint32_t used, struct sho__room *room) {
  *room = (struct sho__room){
      .map = map,
      .chunk = chunk,
      .off = used,
      .at = sho__record_at(map, sho__place_in(map, chunk, used))};
  /* Whoever sees a byte that is written from now on sees the generation, too:
   * it may be another process that incremented it. */
  sho__fence_before_overwrite();
}

/* Bytes of it that are used; all, if the number makes no sense. */
static inline uint64_t sho__chunk_used(const struct sho_map *map,
                                       uint32_t chunk) {
  uint32_t used =
      atomic_load_explicit(&map->chunks[chunk].used, memory_order_acquire);
  return used <= sho__chunk_bytes(map) && used % 8 == 0 ? used
                                                        : sho__chunk_bytes(map);
}

/* One that there is: a number that makes no sense is taken for SMALL. */
static inline enum sho__class sho__chunk_class(const struct sho_map *map,
                                               uint32_t chunk) {
  uint32_t class =
      atomic_load_explicit(&map->chunks[chunk].class, memory_order_acquire);
  return class < SHO__CLASSES ? (enum sho__class) class : SHO__CLASS_SMALL;
}

/* Bytes of it that something names. Not less. */
static inline uint64_t sho__chunk_live(const struct sho_map *map,
                                       uint32_t chunk) {
  uint32_t dead = (uint32_t)sho__load_acquire(&map->chunks[chunk].dead);
  uint64_t used = sho__chunk_used(map, chunk);
  return used > dead ? used - dead : 0;
}

/* Nothing names so many bytes of that generation of it any more. */
static inline void sho__chunk_bury(struct sho_map *map, uint32_t chunk,
                                   uint64_t generation, uint64_t bytes) {
  struct sho__chunk_shm *shm = &map->chunks[chunk];
  uint64_t dead = sho__load_relaxed(&shm->dead);
  do {
    if (dead >> 32 != (uint32_t)generation) {
      return; /* a cleaner was faster: the chunk is used for something else */
    }
  } while (!atomic_compare_exchange_weak(&shm->dead, &dead, dead + bytes));
  if (__builtin_expect(
          (uint32_t)(dead + bytes) >=
              atomic_load_explicit(&shm->used, memory_order_relaxed),
          0)) {
    sho__chunk_free_dead(map, chunk);
  }
}

/* The record is written, and will be published: it counts. */
static inline void sho__room_commit(struct sho__room *room, uint64_t bytes,
                                    uint64_t expiry_ms) {
  struct sho__chunk_shm *shm = &room->map->chunks[room->chunk];
  uint64_t latest = sho__load_relaxed(&shm->latest_expiry_ms);
  uint64_t expiry = expiry_ms == 0 ? UINT64_MAX : expiry_ms;
  SHO_ASSERT(bytes % 8 == 0 &&
             room->off + bytes <= sho__chunk_bytes(room->map));
  if (expiry > latest) {
    sho__store_relaxed(&shm->latest_expiry_ms, expiry);
  }
  uint32_t records = atomic_load_explicit(&shm->records, memory_order_relaxed);
  atomic_store_explicit(&shm->records, records + 1, memory_order_relaxed);
  SHO_CRASH_POINT("map: record counted");
  /* Release: what lies before it is written. */
  atomic_store_explicit(&shm->used, (uint32_t)(room->off + bytes),
                        memory_order_release);
  SHO_CRASH_POINT("map: record committed");
  room->off += (uint32_t)bytes;
  room->at += bytes;
}

/* Ends it. What was not committed is as if it had not been written. */
static inline void sho__room_leave(struct sho__room *room) {
  if (room->at != NULL) {
    sho__chunk_leave(room->map, room->chunk);
    room->at = NULL;
  }
}

/* ---- room --- */

static inline uint32_t sho__first_stripe(const struct sho_map *map) {
  return (sho__stripe() + map->peers.self) & (map->stripes - 1);
}

/* Whether a record of that class may begin there. */
static inline int sho__is_begin(const struct sho_map *map,
                                enum sho__class class, uint64_t off) {
  uint64_t unit = class >= SHO__CLASS_SMALL   ? 8
                  : class == SHO__CLASS_TABLE ? 64
                                              : sho__part_bytes(map);
  return (off & (unit - 1)) == 0;
}

/* Room behind what is used of a chunk of ours. 0: too little, or what is used
 * is damaged: nothing is put behind it. */
static inline int sho__room_in(struct sho_map *map, uint32_t chunk,
                               enum sho__class class, uint64_t bytes,
                               struct sho__room *room) {
  uint64_t used = sho__chunk_used(map, chunk);
  sho__room_of(map, chunk, (uint32_t)used, room);
  return used + bytes <= sho__chunk_bytes(map) &&
         sho__is_begin(map, class, used);
}

/* Of a chunk that is written to. 1: room; 0: it is another's; -1: it is ours
 * and has too little room. */
static inline int sho__room_try(struct sho_map *map, enum sho__class class,
                                uint32_t stripe, uint64_t bytes,
                                struct sho__room *room) {
  _Atomic uint32_t *open = &map->header->open[class][stripe];
  uint32_t entry = atomic_load_explicit(open, memory_order_relaxed);
  uint32_t chunk = entry - 1; /* 0: none */
  if (chunk >= map->geometry.chunks) {
    return 0;
  }
  struct sho__chunk_shm *shm = &map->chunks[chunk];
  if (atomic_load_explicit(&shm->owner, memory_order_relaxed) != 0 ||
      !sho__lock_try(&shm->owner, 0, map->peers.word)) {
    return 0;
  }
  if (atomic_load_explicit(open, memory_order_relaxed) != entry ||
      atomic_load_explicit(&shm->class, memory_order_relaxed) != class) {
    sho__chunk_leave(map, chunk);
    return 0;
  }
  return sho__room_in(map, chunk, class, bytes, room) ? 1 : -1;
}

/* sho__room_take where that chunk has none, or chunks are to be cleaned. */
int sho__room_search(struct sho_map *map, enum sho__class class, uint64_t bytes,
                     enum sho__need need, struct sho__search *search,
                     struct sho__room *room);

/*
 * Room for so many bytes in a chunk of that class. SHO_EFULL; SHO_EBUSY: the
 * search ended.
 * To be called without any shard's lock: it may clean and evict, unless search
 * is NULL.
 */
static inline int sho__room_take(struct sho_map *map, enum sho__class class,
                                 uint64_t bytes, enum sho__need need,
                                 struct sho__search *search,
                                 struct sho__room *room) {
  int wanted = search != NULL &&
               atomic_load_explicit(&map->cleaner.wanted, memory_order_relaxed);
  int got =
      wanted ? 0
             : sho__room_try(map, class, sho__first_stripe(map), bytes, room);
  if (__builtin_expect(got > 0, 1)) {
    return SHO_OK;
  }
  if (got < 0) {
    sho__chunk_leave(map, room->chunk);
  }
  return sho__room_search(map, class, bytes, need, search, room);
}

#endif
