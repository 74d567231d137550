/*
 * Compute once: a table of locks apart from the segments', since a computation
 * may take minutes and may use the map.
 *
 * Who waits writes into every lock that its thread holds which lock it waits
 * for. So a cycle can be followed from lock to lock, through whatever
 * processes and threads: if the way from the wanted lock leads to one that the
 * waiting thread holds, and every owner on it lives, nobody on it will go on.
 */
#include "crash.h"
#include "error.h"
#include "map.h"

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

static void tell_wait(struct sho_map *map, const uint32_t *held,
                      size_t held_count, uint32_t blocked_on) {
  for (size_t i = 0; i < held_count; i++) {
    atomic_store(&map->computes[held[i]].blocked_on, blocked_on);
  }
}

static int closes_cycle(struct sho_map *map, uint32_t ticket,
                        const uint32_t *held, size_t held_count) {
  for (int steps = 0; steps < SHO__MAP_COMPUTES; steps++) {
    struct sho__compute_shm *lock = &map->computes[ticket];
    uint32_t owner = atomic_load(&lock->lock);
    uint32_t next = atomic_load(&lock->blocked_on);
    if (owner == 0 || next == 0 || next > SHO__MAP_COMPUTES ||
        !sho__peer_alive(&map->peers, owner)) {
      return 0;
    }
    ticket = next - 1;
    if (holds(held, held_count, ticket)) {
      return 1;
    }
  }
  return 0;
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
  tell_wait(map, held, held_count, ticket + 1);
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
    code = sho__region_check(&map->region);
  }
  return code;
}

int sho_map_compute_unlock(struct sho_map *map, uint32_t ticket) {
  if (map == NULL || ticket >= SHO__MAP_COMPUTES) {
    return sho__fail(SHO_EINVAL, "a handle and a ticket are needed");
  }
  sho__unlock(&map->computes[ticket].lock);
  SHO_CRASH_POINT("map: compute unlocked");
  return sho__region_check(&map->region);
}
