#include "map/map_chunk.h"

#include "map/map_changes.h"
#include "map/map_clean.h"

enum { /* of a search */
       MOST_SEARCH_NS = 300000000,
       SEARCH_SLICE_NS = 1000000, /* a piece of work counts as two at most, so
                                   * that a busy machine ends no search */
       NS_PER_BYTE = 1000         /* of what is written */
};

/* ---- whose it is -------------------------------------------------------- */

int sho__chunk_try(struct sho_map *map, uint32_t chunk) {
  _Atomic uint32_t *owner = &map->chunks[chunk].owner;
  uint32_t seen = atomic_load_explicit(owner, memory_order_relaxed);
  if (seen != 0 && sho__peer_alive(&map->peers, seen)) {
    return 0;
  }
  if (!sho__lock_try(owner, seen, map->peers.word)) {
    return 0;
  }
  if (seen != 0) {
    sho__chunk_doubt(map, chunk);
  }
  return 1;
}

int sho__chunk_is_open(const struct sho_map *map, uint32_t chunk) {
  uint32_t class = atomic_load(&map->chunks[chunk].class);
  for (uint32_t i = 0; class < SHO__CLASSES && i < SHO__MAP_STRIPES; i++) {
    if (atomic_load(&map->header->open[class][i]) == chunk + 1) {
      return 1;
    }
  }
  return 0;
}

void sho__chunk_close(struct sho_map *map, uint32_t chunk) {
  uint32_t class = atomic_load(&map->chunks[chunk].class);
  for (uint32_t i = 0; class < SHO__CLASSES && i < SHO__MAP_STRIPES; i++) {
    uint32_t entry = chunk + 1;
    atomic_compare_exchange_strong(&map->header->open[class][i], &entry, 0);
  }
}

/* ---- free chunks -------------------------------------------------------- */

uint64_t sho__chunks_free(const struct sho_map *map) {
  uint64_t count = 0;
  for (uint64_t i = 0; i < map->geometry.chunks; i += 64) {
    uint64_t left = map->geometry.chunks - i;
    uint64_t mask = left < 64 ? (UINT64_C(1) << left) - 1 : UINT64_MAX;
    uint64_t bits = sho__load_relaxed(&map->free[i / 64]) & mask;
    count += (uint64_t)__builtin_popcountll(bits);
  }
  return count;
}

void sho__chunk_free(struct sho_map *map, uint32_t chunk) {
  struct sho__chunk_shm *shm = &map->chunks[chunk];
  /* The class first, so that nobody who takes it over from us, dead, writes to
   * it before its generation is another. */
  atomic_store_explicit(&shm->class, SHO__CLASS_FREE, memory_order_release);
  SHO_CRASH_POINT("map: chunk emptied");
  atomic_store_explicit(&shm->used, 0, memory_order_release);
  SHO_CRASH_POINT("map: chunk freed");
  atomic_fetch_or(&map->free[chunk / 64], UINT64_C(1) << chunk % 64);
  atomic_store_explicit(&map->header->freed, chunk, memory_order_relaxed);
  sho__chunk_leave(map, chunk);
}

void sho__chunk_free_dead(struct sho_map *map, uint32_t chunk) {
  struct sho__chunk_shm *shm = &map->chunks[chunk];
  if (sho__chunk_live(map, chunk) > 0 || sho__chunk_is_open(map, chunk) ||
      atomic_load_explicit(&shm->owner, memory_order_relaxed) != 0 ||
      !sho__chunk_try(map, chunk)) {
    return;
  }
  if (sho__chunk_class(map, chunk) != SHO__CLASS_FREE &&
      !sho__chunk_is_open(map, chunk) && sho__chunk_live(map, chunk) == 0) {
    sho__chunk_free(map, chunk);
  } else {
    sho__chunk_leave(map, chunk);
  }
}

/* Takes a chunk whose bit says that it is free. */
static int claim(struct sho_map *map, enum sho__class class, uint32_t chunk) {
  struct sho__chunk_shm *shm = &map->chunks[chunk];
  if (!sho__chunk_try(map, chunk)) {
    return 0;
  }
  atomic_fetch_and(&map->free[chunk / 64], ~(UINT64_C(1) << chunk % 64));
  if (sho__chunk_class(map, chunk) != SHO__CLASS_FREE) {
    sho__chunk_leave(map, chunk);
    return 0;
  }
  SHO_CRASH_POINT("map: chunk claimed");
  uint64_t gen = sho__load_relaxed(&map->gens[chunk]);
  sho__store_release(&map->gens[chunk], gen + 1);
  sho__fence_before_overwrite();
  atomic_store_explicit(&shm->used, 0, memory_order_relaxed);
  sho__chunk_set_dead(map, chunk, 0);
  atomic_store_explicit(&shm->records, 0, memory_order_relaxed);
  sho__store_relaxed(&shm->latest_expiry_ms, 0);
  sho__store_relaxed(&shm->order, atomic_fetch_add(&map->header->order, 1));
  atomic_store_explicit(&shm->class, class, memory_order_release);
  SHO_CRASH_POINT("map: chunk taken");
  return 1;
}

static uint64_t kept_for(const struct sho_map *map, enum sho__need need) {
  return need == SHO__NEED_NEW           ? map->kept
         : need == SHO__NEED_REPLACE     ? map->kept / 2
         : need == SHO__NEED_CLEAN_LARGE ? 1
                                         : 0;
}

/* Whether a free chunk may be taken for that. */
static int may_open(struct sho_map *map, enum sho__need need) {
  uint64_t free = sho__chunks_free(map);
  if (free <= map->low) {
    atomic_store_explicit(&map->cleaner.wanted, 1, memory_order_relaxed);
  }
  if (free <= kept_for(map, need)) {
    return 0;
  }
  uint64_t used = (map->geometry.chunks - free) << map->geometry.chunk_bits;
  if (need != SHO__NEED_NEW || used <= map->most_live ||
      map->geometry.eviction != SHO_EVICTION_NONE) {
    return 1;
  }
  struct sho__view view;
  sho__look(map, need, &view);
  return !sho__view_is_full(map, &view);
}

int sho__chunk_open(struct sho_map *map, enum sho__class class,
                    enum sho__need need, uint32_t *chunk) {
  if (!may_open(map, need)) {
    return 0;
  }
  uint32_t hint = atomic_load(&map->header->freed);
  if (hint < map->geometry.chunks &&
      (sho__load_relaxed(&map->free[hint / 64]) >> hint % 64 & 1) != 0 &&
      claim(map, class, hint)) {
    *chunk = hint;
    return 1;
  }
  for (uint32_t word = 0; word * 64 < map->geometry.chunks; word++) {
    uint64_t bits = sho__load_relaxed(&map->free[word]);
    for (; bits != 0; bits &= bits - 1) {
      uint32_t found = word * 64 + (uint32_t)__builtin_ctzll(bits);
      if (found < map->geometry.chunks && claim(map, class, found)) {
        *chunk = found;
        return 1;
      }
    }
  }
  return 0;
}

/* ---- room --------------------------------------------------------------- */

/* Has a new chunk take the place of the one that is full, and ours, or held by
 * another. */
static int open_another(struct sho_map *map, enum sho__class class,
                        uint32_t stripe, enum sho__need need,
                        struct sho__room *room) {
  uint32_t chunk;
  int opened = sho__chunk_open(map, class, need, &chunk);
  if (opened) {
    atomic_store(&map->header->open[class][stripe], chunk + 1);
    SHO_CRASH_POINT("map: chunk opened");
    sho__room_of(map, chunk, 0, room);
  }
  return opened;
}

static int take(struct sho_map *map, enum sho__class class, uint64_t bytes,
                enum sho__need need, struct sho__room *room) {
  uint32_t first = sho__first_stripe(map);
  uint32_t vacant = first;
  for (uint32_t i = 0; i < map->stripes; i++) {
    uint32_t stripe = (first + i) & (map->stripes - 1);
    int got = sho__room_try(map, class, stripe, bytes, room);
    if (got > 0) {
      return 1;
    }
    if (got < 0) {
      uint32_t full = room->chunk;
      int opened = open_another(map, class, stripe, need, room);
      sho__chunk_leave(map, full);
      return opened;
    }
    if (atomic_load_explicit(&map->header->open[class][vacant],
                             memory_order_relaxed) != 0) {
      vacant = stripe;
    }
  }
  /* Whoever holds a chunk may have room left in it, so it stays open. */
  return open_another(map, class, vacant, need, room);
}

/* Where no chunk is to be had: any that has room, and nobody holds. */
static int take_any(struct sho_map *map, enum sho__class class, uint64_t bytes,
                    struct sho__room *room) {
  for (uint32_t i = 0; i < map->geometry.chunks; i++) {
    enum sho__class is = sho__chunk_class(map, i);
    int fits = class < SHO__CLASS_SMALL
                   ? is == class
                   : is >= SHO__CLASS_SMALL && is != SHO__CLASS_CHANGES;
    if (!fits || sho__chunk_used(map, i) + bytes > sho__chunk_bytes(map) ||
        !sho__chunk_try(map, i)) {
      continue;
    }
    if (sho__chunk_class(map, i) == is &&
        sho__room_in(map, i, is, bytes, room)) {
      return 1;
    }
    sho__chunk_leave(map, i);
  }
  *room = (struct sho__room){0};
  return 0;
}

int sho__search_ends(struct sho__search *search) {
  if (search->patience.looked_ns == 0) {
    search->patience.looked_ns = sho__awake_ns();
  }
  int64_t most_ns = MOST_SEARCH_NS;
  if ((search->holder | search->before) != 0 &&
      sho__lock_timeout_ns() > most_ns) {
    most_ns = sho__lock_timeout_ns();
  }
  return sho__patience_look(&search->patience, SEARCH_SLICE_NS) > most_ns;
}

int sho__search_fail(struct sho_map *map, const struct sho__search *search) {
  uint32_t holder = search->holder != 0 ? search->holder : search->before;
  if (holder == 0) {
    return sho__fail(SHO_EBUSY,
                     "%s: others take what room there is, or it is damaged; "
                     "try again",
                     map->region.path);
  }
  return sho__fail(SHO_EBUSY,
                   "%s: process %u holds what room there may be; try again, or "
                   "resume or kill that process",
                   map->region.path, sho__peer_pid(&map->peers, holder));
}

void sho__search_gets_on(struct sho__search *search, uint64_t bytes) {
  bytes = bytes < search->credit ? bytes : search->credit;
  search->credit -= bytes;
  search->patience.waited_ns -= (int64_t)bytes * NS_PER_BYTE;
}

int sho__room_search(struct sho_map *map, enum sho__class class, uint64_t bytes,
                     enum sho__need need, struct sho__search *search,
                     struct sho__room *room) {
  SHO_ASSERT(bytes <= sho__chunk_bytes(map));
  if (search != NULL &&
      atomic_load_explicit(&map->cleaner.wanted, memory_order_relaxed) != 0) {
    sho__clean_ahead(map, bytes);
    /* What a cleaner has opened has room left, which is not to be used up
     * before another chunk is free: or the next one could not be cleaned. */
    if (sho__chunks_free(map) < kept_for(map, SHO__NEED_REPLACE)) {
      int code = sho__clean(map, need, search);
      if (code != SHO_OK && search->holder != 0) {
        return code;
      }
    }
  }
  while (!take(map, class, bytes, need, room)) {
    int code = search == NULL ? SHO_EFULL : sho__clean(map, need, search);
    if (code != SHO_OK && take_any(map, class, bytes, room)) {
      return SHO_OK;
    }
    if (code != SHO_OK && (search == NULL || !sho__changes_collect(map))) {
      return code;
    }
  }
  return SHO_OK;
}
