/*
 * Compute once: a table of locks apart from the segments', since a computation
 * may take minutes and may use the map.
 *
 * Who waits writes into every lock that its thread holds which lock it waits
 * for. So a cycle can be followed from lock to lock, through whatever
 * processes and threads: if the way from the wanted lock leads to one that the
 * waiting thread holds, and every owner on it lives, nobody on it will go on.
 */
#include "base/crash.h"
#include "base/error.h"
#include "map/map.h"

/* Keys whose hashes agree in these bits wait for each other. */
static uint32_t ticket_of(uint64_t hash) {
  return (uint32_t)(hash % SHO__MAP_COMPUTES);
}

int sho_map_compute_ticket(struct sho_map *map, const void *key,
                           size_t key_bytes, uint32_t *ticket) {
  if (map == NULL || ticket == NULL || (key == NULL && key_bytes > 0)) {
    return sho__fail(SHO_EINVAL, "a handle, a key and a place are needed");
  }
  *ticket = ticket_of(sho__map_hash(map, key, key_bytes));
  return SHO_OK;
}

static int holds(const uint32_t *held, size_t held_count, uint32_t ticket) {
  for (size_t i = 0; i < held_count; i++) {
    if (held[i] == ticket) {
      return 1;
    }
  }
  return 0;
}

/* What blocked_on says: the lock that is waited for, and who waits. */
static uint32_t wait_mark(uint32_t owner, uint32_t ticket) {
  owner &= ~SHO__LOCK_WAITERS;
  return (owner ^ owner >> 10) << SHO__COMPUTE_OWNER_SHIFT | (ticket + 1);
}

static void tell_wait(struct sho_map *map, const uint32_t *held,
                      size_t held_count, uint32_t mark) {
  for (size_t i = 0; i < held_count; i++) {
    atomic_store(&map->computes[held[i]].blocked_on, mark);
  }
}

/* Follows who waits for whom, from the wanted lock on. If that leads to one
 * that the caller holds: a digest of all that was read; else 0. */
static uint64_t cycle_from(struct sho_map *map, uint32_t ticket,
                           const uint32_t *held, size_t held_count) {
  uint64_t digest = 0;
  for (int steps = 0; steps < SHO__MAP_COMPUTES; steps++) {
    struct sho__compute_shm *lock = &map->computes[ticket];
    uint32_t owner = atomic_load(&lock->lock.word) & ~SHO__LOCK_WAITERS;
    uint32_t mark = atomic_load(&lock->blocked_on);
    ticket = (mark & SHO__COMPUTE_TICKET_MASK) - 1;
    if (owner == 0 || mark == 0 || ticket >= SHO__MAP_COMPUTES ||
        mark != wait_mark(owner, ticket) ||
        !sho__peer_alive(&map->peers, owner)) {
      return 0;
    }
    digest = sho__hash_mix(digest ^ SHO__HASH_S0,
                           ((uint64_t)owner << 32 | mark) ^ SHO__HASH_S1);
    if (holds(held, held_count, ticket)) {
      return digest | 1;
    }
  }
  return 0;
}

/* What is read one after the other need never have been true at once; what is
 * still the same when it is read again was. */
static int closes_cycle(struct sho_map *map, uint32_t ticket,
                        const uint32_t *held, size_t held_count) {
  uint64_t digest = cycle_from(map, ticket, held, held_count);
  return digest != 0 && cycle_from(map, ticket, held, held_count) == digest;
}

static int check_tickets(struct sho_map *map, uint32_t ticket,
                         const uint32_t *held, size_t held_count) {
  int code = sho__map_writable(map);
  if (code != SHO_OK) {
    return code;
  }
  for (size_t i = 0; i < held_count; i++) {
    if (held[i] >= SHO__MAP_COMPUTES) {
      return sho__fail(SHO_EINVAL, "there is no compute lock %u", held[i]);
    }
  }
  if (ticket >= SHO__MAP_COMPUTES || holds(held, held_count, ticket)) {
    return sho__fail(SHO_EINVAL,
                     "compute lock %u is none, or the thread has it already",
                     ticket);
  }
  return SHO_OK;
}

int sho_map_compute_lock(struct sho_map *map, uint32_t ticket,
                         const uint32_t *held, size_t held_count) {
  int code = check_tickets(map, ticket, held, held_count);
  if (code != SHO_OK) {
    return code;
  }
  struct sho__compute_shm *lock = &map->computes[ticket];
  tell_wait(map, held, held_count, wait_mark(map->peers.word, ticket));
  SHO_CRASH_POINT("map: compute wait told");
  for (;;) {
    int dead;
    uint32_t holder;
    code = sho__lock_turn(&map->peers, &lock->lock, &dead, &holder);
    if (code <= SHO_OK) {
      break;
    }
    if (held_count > 0 && closes_cycle(map, ticket, held, held_count)) {
      code = sho__fail(SHO_EDEADLK,
                       "%s: process %u computes a value that needs the one "
                       "this thread computes, and this one needs that; "
                       "compute them without each other",
                       map->region.path, sho__peer_pid(&map->peers, holder));
      break;
    }
  }
  tell_wait(map, held, held_count, 0);
  if (code == SHO_OK) {
    atomic_store(&lock->blocked_on, 0); /* a dead owner may have left one */
    SHO_CRASH_POINT("map: compute locked");
    code = sho__map_check(map);
  }
  return code;
}

int sho_map_compute_unlock(struct sho_map *map, uint32_t ticket) {
  int code = check_tickets(map, ticket, NULL, 0);
  if (code != SHO_OK) {
    return code;
  }
  sho__unlock(&map->computes[ticket].lock);
  SHO_CRASH_POINT("map: compute unlocked");
  return sho__map_check(map);
}
