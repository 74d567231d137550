/*
 * The ring of changes comes with the first listener and goes with the last.
 *
 * Both happen under the lock of the changes, one shard after the other: a shard
 * that is listened to logs, and only while its lock is held. So once each shard
 * was told to log no more, nobody writes to the ring, and its chunks can be
 * freed.
 *
 * A kill at any step: state says how far it came. 2: nothing is missing. 1: who
 * comes next tells all shards once more. 0: whatever chunks still name is given
 * back by who comes next; a chunk gets its class after it was named, and loses
 * its name after it was freed. A listener that dies leaves its word: whoever
 * logs the first change of a chunk, opens the map or finds no room looks
 * whether one of them still names a living peer.
 */
#include <time.h>

#include "base/error.h"
#include "map/map_changes.h"
#include "map/map_clean.h"

enum {
  CHUNKS_PER_RING_CHUNK = 16,
  SHARD_SPINS = 1000,
  MOST_NAPS = 100, /* for whoever verifies a chunk */
  NAP_NS = 100000
};

/* ---- chunks ------------------------------------------------------------- */

/* Frees a chunk of the ring, and then has nothing name it. */
static void give_chunk_back(struct sho_map *map, _Atomic uint32_t *named) {
  static const struct timespec nap = {.tv_nsec = NAP_NS};
  uint32_t chunk = atomic_load(named) - 1;
  if (chunk < map->geometry.chunks &&
      sho__chunk_class(map, chunk) == SHO__CLASS_CHANGES) {
    int ours = sho__chunk_try(map, chunk);
    for (int i = 0; !ours && i < MOST_NAPS; i++) {
      nanosleep(&nap, NULL);
      ours = sho__chunk_try(map, chunk);
    }
    if (!ours) {
      return; /* it is left to the next one */
    }
    if (sho__chunk_class(map, chunk) == SHO__CLASS_CHANGES) {
      sho__chunk_free(map, chunk);
    } else {
      sho__chunk_leave(map, chunk);
    }
    SHO_CRASH_POINT("map: ring chunk freed");
  }
  atomic_store(named, 0);
}

/* The last one first: while the first has no name, none has. */
static void give_chunks_back(struct sho_map *map, uint32_t from) {
  struct sho__changes_shm *changes = sho__changes_of(map);
  for (uint32_t i = SHO__CHANGES_CHUNKS; i > from; i--) {
    if (atomic_load(&changes->chunks[i - 1]) != 0) {
      give_chunk_back(map, &changes->chunks[i - 1]);
    }
  }
}

static int take_chunk(struct sho_map *map, struct sho__search *search,
                      _Atomic uint32_t *named) {
  uint32_t chunk;
  while (!sho__chunk_open(map, SHO__CLASS_FREE, SHO__NEED_NEW, &chunk)) {
    int code = sho__clean(map, SHO__NEED_NEW, search);
    if (code != SHO_OK) {
      return code;
    }
  }
  struct sho__chunk_shm *shm = &map->chunks[chunk];
  uint32_t bytes = (uint32_t)sho__chunk_bytes(map);
  for (uint32_t off = 0; off < bytes; off += SHO__CHANGE_UNIT) {
    sho__store_relaxed(
        sho__unit_word(sho__record_at(map, sho__place_in(map, chunk, off))), 0);
  }
  sho__store_relaxed(&shm->latest_expiry_ms, UINT64_MAX);
  atomic_store_explicit(&shm->used, bytes, memory_order_release);
  atomic_store(named, chunk + 1);
  SHO_CRASH_POINT("map: ring chunk named");
  atomic_store_explicit(&shm->class, SHO__CLASS_CHANGES, memory_order_release);
  SHO_CRASH_POINT("map: ring chunk taken");
  sho__chunk_leave(map, chunk);
  return SHO_OK;
}

static uint32_t wanted_chunks(const struct sho_map *map) {
  uint32_t wanted = 1;
  while (wanted < SHO__CHANGES_CHUNKS &&
         map->geometry.chunks / CHUNKS_PER_RING_CHUNK >= wanted * 2) {
    wanted *= 2;
  }
  return wanted;
}

/* As much as there is room for. No shard logs. */
static int take_ring(struct sho_map *map) {
  struct sho__changes_shm *changes = sho__changes_of(map);
  struct sho__search search = {0};
  uint32_t wanted = wanted_chunks(map);
  uint32_t taken = 0;
  int code = SHO_OK;
  give_chunks_back(map, 0);
  while (taken < wanted && code == SHO_OK) {
    if (atomic_load(&changes->chunks[taken]) != 0) {
      code = SHO_EBUSY; /* somebody still holds one of before */
    } else {
      code = take_chunk(map, &search, &changes->chunks[taken]);
      taken += code == SHO_OK;
    }
  }
  while (wanted > taken) {
    wanted /= 2;
  }
  give_chunks_back(map, wanted);
  if (wanted == 0) {
    return sho__fail(code,
                     "%s: there is no room for a ring of changes; remove "
                     "entries, or make the map anew with more capacity",
                     map->region.path);
  }
  atomic_store(&changes->chunk_count, wanted);
  atomic_store(&changes->head, wanted * sho__ring_chunk_units(map));
  SHO_CRASH_POINT("map: ring taken");
  atomic_store(&changes->state, 1);
  return SHO_OK;
}

/* ---- shards ------------------------------------------------------------- */

/* Whether a shard's lock is to be had, or can be waited for. */
static int is_to_be_had(struct sho_map *map, uint32_t number) {
  _Atomic uint32_t *word = &map->shards[number].lock.word;
  uint32_t seen = atomic_load(word);
  for (int i = 0; i < SHARD_SPINS && seen != 0; i++) {
    sho__pause();
    seen = atomic_load(word);
  }
  return seen == 0 || !sho__peer_alive(&map->peers, seen);
}

enum tell { TELL_NOTHING, TELL_LISTENED, TELL_NOT_LISTENED };

/* Has the lock of each shard, one after the other. To wait only for changes
 * that are being made, a lock that is free need not be had: whoever has seen
 * the head that such a change advanced sees that its lock was taken, or is free
 * again. */
static int pass_shards(struct sho_map *map, enum tell tell, int waits) {
  uint32_t shards = UINT32_C(1) << map->geometry.shard_bits;
  int code = SHO_OK;
  for (uint32_t s = 0; s < shards && code == SHO_OK; s++) {
    struct sho__shard shard;
    if (tell == TELL_NOTHING && atomic_load(&map->shards[s].lock.word) == 0) {
      continue;
    }
    if (!waits && !is_to_be_had(map, s)) {
      return SHO_EBUSY;
    }
    code = sho__shard_lock(map, s, &shard);
    if (code == SHO_OK) {
      if (tell != TELL_NOTHING) {
        atomic_store_explicit(&shard.shm->listened, tell == TELL_LISTENED,
                              memory_order_relaxed);
      }
      sho__shard_unlock(&shard);
    }
  }
  return code;
}

int sho__changes_settle(struct sho_map *map) {
  return pass_shards(map, TELL_NOTHING, 1);
}

/* Under the lock of the changes. Whatever is not done is left to the next. */
static int give_ring_back(struct sho_map *map, int waits) {
  struct sho__changes_shm *changes = sho__changes_of(map);
  if (atomic_load(&changes->state) != 0) {
    atomic_store(&changes->state, 1);
    SHO_CRASH_POINT("map: ring not whole");
    int code = pass_shards(map, TELL_NOT_LISTENED, waits);
    if (code != SHO_OK) {
      return code;
    }
    atomic_store(&changes->state, 0);
    SHO_CRASH_POINT("map: ring out of use");
  }
  give_chunks_back(map, 0);
  return SHO_OK;
}

/* ---- listeners ---------------------------------------------------------- */

/* Whether a living peer listens. What the dead have left becomes free. */
static int is_anybody_there(struct sho_map *map) {
  struct sho__changes_shm *changes = sho__changes_of(map);
  int there = 0;
  for (uint32_t i = 0; i < SHO__CHANGES_LISTENERS; i++) {
    uint32_t word = atomic_load(&changes->listeners[i]);
    if (word != 0 && !there) {
      there = sho__peer_alive(&map->peers, word);
      if (!there) {
        atomic_compare_exchange_strong(&changes->listeners[i], &word, 0);
      }
    }
  }
  return there;
}

static int take_place(struct sho_map *map, uint32_t *place) {
  struct sho__changes_shm *changes = sho__changes_of(map);
  for (uint32_t i = 0; i < SHO__CHANGES_LISTENERS; i++) {
    uint32_t word = atomic_load(&changes->listeners[i]);
    if ((word == 0 || !sho__peer_alive(&map->peers, word)) &&
        atomic_compare_exchange_strong(&changes->listeners[i], &word,
                                       map->peers.word)) {
      *place = i;
      return SHO_OK;
    }
  }
  return sho__fail(SHO_EPEERS,
                   "%s has %d listeners, which is the most it can have; close "
                   "one of them",
                   map->region.path, SHO__CHANGES_LISTENERS);
}

/* The ring is whole, and all shards log. */
static int begin_listening(struct sho_map *map, uint64_t *position) {
  struct sho__changes_shm *changes = sho__changes_of(map);
  int code = SHO_OK;
  if (atomic_load(&changes->state) != 0 && sho__ring_units(map) == 0) {
    code = give_ring_back(map, 1); /* damaged */
  }
  if (code == SHO_OK && atomic_load(&changes->state) == 0) {
    code = take_ring(map);
  }
  if (code != SHO_OK) {
    return code;
  }
  /* Before the shards: what was logged before that is made when they are
   * passed. */
  *position = sho__load_acquire(&changes->head);
  code = pass_shards(map, TELL_LISTENED, 1);
  if (code == SHO_OK) {
    SHO_CRASH_POINT("map: all shards log");
    atomic_store(&changes->state, 2);
  }
  return code;
}

int sho__listener_enter(struct sho_map *map, uint32_t *place,
                        uint64_t *position) {
  struct sho__changes_shm *changes = sho__changes_of(map);
  int dead; /* state says it */
  int code = sho__lock(&map->peers, &changes->lock, &dead);
  if (code != SHO_OK) {
    return code;
  }
  code = take_place(map, place);
  if (code == SHO_OK) {
    SHO_CRASH_POINT("map: listener registered");
    code = begin_listening(map, position);
    if (code != SHO_OK) {
      atomic_store(&changes->listeners[*place], 0);
      if (!is_anybody_there(map)) {
        give_ring_back(map, 0);
      }
    }
  }
  sho__unlock(&changes->lock);
  return code;
}

void sho__listener_leave(struct sho_map *map, uint32_t place) {
  uint32_t word = map->peers.word;
  atomic_compare_exchange_strong(&sho__changes_of(map)->listeners[place], &word,
                                 0);
  SHO_CRASH_POINT("map: listener gone");
  sho__changes_collect(map);
}

void sho__listeners_leave(struct sho_map *map) {
  struct sho__changes_shm *changes = sho__changes_of(map);
  if (atomic_load(&changes->state) == 0) {
    return;
  }
  for (uint32_t i = 0; i < SHO__CHANGES_LISTENERS; i++) {
    uint32_t word = map->peers.word;
    atomic_compare_exchange_strong(&changes->listeners[i], &word, 0);
  }
  sho__changes_collect(map);
}

int sho__changes_collect(struct sho_map *map) {
  struct sho__changes_shm *changes = sho__changes_of(map);
  int given = 0;
  int dead;
  if (atomic_load(&changes->state) == 0 &&
      atomic_load(&changes->chunks[0]) == 0) {
    return 0;
  }
  uint32_t owner = atomic_load(&changes->lock.word);
  if ((owner != 0 && sho__peer_alive(&map->peers, owner)) ||
      sho__lock(&map->peers, &changes->lock, &dead) != SHO_OK) {
    return 0; /* somebody is at it */
  }
  if (!is_anybody_there(map)) {
    given = give_ring_back(map, 0) == SHO_OK &&
            atomic_load(&changes->chunks[0]) == 0;
  }
  sho__unlock(&changes->lock);
  return given;
}

void sho__changes_reset(struct sho_map *map) {
  struct sho__changes_shm *changes = sho__changes_of(map);
  atomic_store(&changes->state, 0);
  atomic_store(&changes->lock.word, 0);
  atomic_store(&changes->wait.sleepers, 0);
  atomic_store(&changes->chunk_count, 0);
  for (uint32_t i = 0; i < SHO__CHANGES_CHUNKS; i++) {
    atomic_store(&changes->chunks[i], 0);
  }
  for (uint32_t i = 0; i < SHO__CHANGES_LISTENERS; i++) {
    atomic_store(&changes->listeners[i], 0);
  }
}
