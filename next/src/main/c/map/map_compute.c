/*
 * Compute once: a table of the computations in progress, separate from the
 * shards, because a computation may take minutes and may use the map.
 *
 * What holds at any time:
 *   - A slot belongs to the peer that owner names, if that lives, else to
 *     nobody. Only its owner sets it free; only who holds the bucket's lock
 *     takes a free one, or a dead owner's.
 *   - Of one key at most one slot has a living owner: who takes one for a key
 *     has seen, under the lock that all takers of that key need, that no other
 *     has. So two keys do not wait for each other, unless all 64 bits of their
 *     hashes agree.
 *   - key and wants are the owner's: both are written before owner is.
 * Every step is one store, and the owner's is the last to take a slot and the
 * first to give it back. So a kill leaves a free slot, or a dead owner's.
 *
 * A waiter writes the key that it waits for into every slot that its thread
 * owns. So a cycle can be followed from key to key, through all processes and
 * threads: if the way from the wanted key leads to one that the waiting thread
 * computes, and every owner on it lives, nobody on it will go on.
 */
#include "base/crash.h"
#include "base/error.h"
#include "map/map.h"

enum {
  COMPUTATIONS = SHO__COMPUTE_BUCKETS * SHO__COMPUTE_SLOTS,
  DOUBT_NS = 5000000 /* sleep before the owner's life is doubted */
};

/* ---- the table ---------------------------------------------------------- */

static uint64_t name_of(const struct sho_map *map, const void *key,
                        size_t key_bytes) {
  uint64_t hash = sho__map_hash(map, key, key_bytes);
  return hash == 0 ? 1 : hash;
}

static struct sho__compute_shm *bucket_of(const struct sho_map *map,
                                          uint64_t name) {
  return &map->computes[name % SHO__COMPUTE_BUCKETS];
}

static struct sho__computation_shm *slot_of(const struct sho_map *map,
                                            uint32_t ticket) {
  return &map->computes[ticket / SHO__COMPUTE_SLOTS]
              .slots[ticket % SHO__COMPUTE_SLOTS];
}

static uint32_t used_slots(struct sho__compute_shm *bucket) {
  uint32_t used = atomic_load(&bucket->used);
  return used < SHO__COMPUTE_SLOTS ? used : SHO__COMPUTE_SLOTS;
}

/* The number of the slot with that key, or -1. Without the lock it is a guess.
 */
static int find(struct sho__compute_shm *bucket, uint64_t name) {
  uint32_t used = used_slots(bucket);
  for (uint32_t i = 0; i < used; i++) {
    if (atomic_load_explicit(&bucket->slots[i].owner, memory_order_acquire) !=
            0 &&
        atomic_load_explicit(&bucket->slots[i].key, memory_order_relaxed) ==
            name) {
      return (int)i;
    }
  }
  return -1;
}

static int find_free(struct sho__compute_shm *bucket) {
  for (int i = 0; i < SHO__COMPUTE_SLOTS; i++) {
    if (atomic_load_explicit(&bucket->slots[i].owner, memory_order_relaxed) ==
        0) {
      return i;
    }
  }
  return -1;
}

static int find_dead(struct sho_map *map, struct sho__compute_shm *bucket) {
  for (int i = 0; i < SHO__COMPUTE_SLOTS; i++) {
    if (!sho__peer_alive(&map->peers, atomic_load(&bucket->slots[i].owner))) {
      return i;
    }
  }
  return -1;
}

/* Lets `used` follow what is in use, so that a search is short. */
static void trim(struct sho__compute_shm *bucket) {
  uint32_t used = used_slots(bucket);
  while (used > 0 && atomic_load(&bucket->slots[used - 1].owner) == 0) {
    used--;
  }
  atomic_store(&bucket->used, used);
}

/* Takes a slot that is free, or a dead owner's. */
static void take(const struct sho_map *map, struct sho__compute_shm *bucket,
                 int i, uint64_t name) {
  struct sho__computation_shm *slot = &bucket->slots[i];
  if (used_slots(bucket) <= (uint32_t)i) {
    atomic_store(&bucket->used, (uint32_t)i + 1);
  }
  atomic_store(&slot->owner, 0);
  SHO_CRASH_POINT("map: compute slot emptied");
  atomic_fetch_add(&slot->turn, 1);
  atomic_store(&slot->wants, 0);
  atomic_store(&slot->key, name);
  SHO_CRASH_POINT("map: compute slot written");
  atomic_store(&slot->owner, map->peers.word);
}

/* Says that somebody waits for the slot. 0: its owner has changed by then, and
 * may not have seen it. */
static int tell_waiter(struct sho__computation_shm *slot, uint32_t owner,
                       uint32_t how) {
  atomic_fetch_or(&slot->waiters, how);
  return atomic_load(&slot->owner) == owner;
}

/* Where somebody waits. */
struct wait {
  struct sho__computation_shm *slot; /* NULL: the bucket is full */
  uint32_t owner;
};

/* Under the bucket's lock. SHO_OK and *ticket; or SHO_ETIMEDOUT and *wait. */
static int try_locked(struct sho_map *map, struct sho__compute_shm *bucket,
                      uint64_t name, uint32_t how, struct wait *wait,
                      uint32_t *ticket) {
  int i;
  trim(bucket);
  while ((i = find(bucket, name)) >= 0) {
    struct sho__computation_shm *slot = &bucket->slots[i];
    uint32_t owner = atomic_load(&slot->owner);
    if (owner != 0 && !sho__peer_alive(&map->peers, owner)) {
      break;
    }
    if (owner != 0 && tell_waiter(slot, owner, how)) {
      *wait = (struct wait){.slot = slot, .owner = owner};
      return SHO_ETIMEDOUT;
    }
  }
  i = i >= 0 ? i : find_free(bucket);
  i = i >= 0 ? i : find_dead(map, bucket);
  if (i < 0) {
    *wait = (struct wait){.slot = NULL};
    return SHO_ETIMEDOUT;
  }
  take(map, bucket, i, name);
  *ticket =
      (uint32_t)(bucket - map->computes) * SHO__COMPUTE_SLOTS + (uint32_t)i;
  return SHO_OK;
}

static int try_name(struct sho_map *map, uint64_t name, uint32_t how,
                    struct wait *wait, uint32_t *ticket) {
  struct sho__compute_shm *bucket = bucket_of(map, name);
  int dead; /* leaves nothing to repair */
  int code = sho__lock(&map->peers, &bucket->lock, &dead);
  if (code != SHO_OK) {
    return code;
  }
  SHO_CRASH_POINT("map: compute bucket locked");
  code = try_locked(map, bucket, name, how, wait, ticket);
  sho__unlock(&bucket->lock);
  SHO_CRASH_POINT("map: compute bucket unlocked");
  int state = sho__map_check(map);
  return state == SHO_OK ? code : state;
}

/* ---- cycles ------------------------------------------------------------- */

static int computes(const struct sho_map *map, uint64_t name,
                    const uint32_t *held, size_t held_count) {
  for (size_t i = 0; i < held_count; i++) {
    if (atomic_load(&slot_of(map, held[i])->key) == name) {
      return 1;
    }
  }
  return 0;
}

static void tell_wait(const struct sho_map *map, uint64_t name,
                      const uint32_t *held, size_t held_count) {
  for (size_t i = 0; i < held_count; i++) {
    struct sho__computation_shm *slot = slot_of(map, held[i]);
    if (atomic_load(&slot->wants) != name) {
      atomic_fetch_add(&slot->turn, 1);
      atomic_store(&slot->wants, name);
    }
  }
}

/* Follows who waits for whom, from the wanted key on. If that leads to one
 * that the caller computes: a digest of all that was read; else 0. */
static uint64_t cycle_from(struct sho_map *map, uint64_t name,
                           const uint32_t *held, size_t held_count) {
  uint64_t digest = 0;
  for (int steps = 0; steps < COMPUTATIONS; steps++) {
    struct sho__compute_shm *bucket = bucket_of(map, name);
    int i = find(bucket, name);
    if (i < 0) {
      return 0;
    }
    struct sho__computation_shm *slot = &bucket->slots[i];
    uint32_t turn = atomic_load(&slot->turn);
    uint32_t owner = atomic_load(&slot->owner);
    uint64_t wants = atomic_load(&slot->wants);
    if (wants == 0 || !sho__peer_alive(&map->peers, owner)) {
      return 0;
    }
    digest = sho__hash_mix(digest ^ name ^ SHO__HASH_S0,
                           ((uint64_t)owner << 32 | turn) ^ SHO__HASH_S1);
    if (computes(map, wants, held, held_count)) {
      return digest | 1;
    }
    name = wants;
  }
  return 0;
}

/* What is read one after the other need never have been true at once; what is
 * still of the same turn when it is read again was. */
static int closes_cycle(struct sho_map *map, uint64_t name,
                        const uint32_t *held, size_t held_count) {
  if (computes(map, name, held, held_count)) {
    return 1;
  }
  uint64_t digest = cycle_from(map, name, held, held_count);
  return digest != 0 && cycle_from(map, name, held, held_count) == digest;
}

/* Whether a thread that computes may wait for the key. */
static int check_wait(struct sho_map *map, uint64_t name, const uint32_t *held,
                      size_t held_count) {
  struct sho__compute_shm *bucket = bucket_of(map, name);
  if (closes_cycle(map, name, held, held_count)) {
    int i = find(bucket, name);
    uint32_t owner = i < 0 ? 0 : atomic_load(&bucket->slots[i].owner);
    return sho__fail(SHO_EDEADLK,
                     "%s: process %u computes a value that needs the one this "
                     "thread computes, and this one needs that; compute them "
                     "without each other",
                     map->region.path, sho__peer_pid(&map->peers, owner));
  }
  if (find(bucket, name) < 0 && find_free(bucket) < 0 &&
      find_dead(map, bucket) < 0) {
    return sho__fail(SHO_EDEADLK,
                     "%s: so many computations are under way that one inside "
                     "another may wait without an end; compute fewer at a time",
                     map->region.path);
  }
  return SHO_OK;
}

/* ---- calls -------------------------------------------------------------- */

static int check_call(const struct sho_map *map, const void *key,
                      size_t key_bytes, const uint32_t *held,
                      size_t held_count) {
  int code = sho__map_writable(map);
  if (code != SHO_OK) {
    return code;
  }
  if ((key == NULL && key_bytes > 0) || (held == NULL && held_count > 0)) {
    return sho__fail(SHO_EINVAL, "a key and tickets are needed");
  }
  for (size_t i = 0; i < held_count; i++) {
    if (held[i] >= COMPUTATIONS) {
      return sho__fail(SHO_EINVAL, "there is no ticket %u", held[i]);
    }
  }
  return SHO_OK;
}

int sho_map_compute_try(struct sho_map *map, const void *key, size_t key_bytes,
                        uint32_t *ticket) {
  struct wait wait;
  int code = check_call(map, key, key_bytes, NULL, 0);
  if (code != SHO_OK || ticket == NULL) {
    return code != SHO_OK ? code : sho__fail(SHO_EINVAL, "a place is needed");
  }
  code = try_name(map, name_of(map, key, key_bytes), SHO__ON_EVENTS, &wait,
                  ticket);
  return code != SHO_ETIMEDOUT
             ? code
             : sho__fail(code, "%s: another thread computes the key",
                         map->region.path);
}

int sho_map_compute_busy(struct sho_map *map, const void *key, size_t key_bytes,
                         int doubt, int *busy) {
  int code = check_call(map, key, key_bytes, NULL, 0);
  if (code != SHO_OK || busy == NULL) {
    return code != SHO_OK ? code : sho__fail(SHO_EINVAL, "a place is needed");
  }
  uint64_t name = name_of(map, key, key_bytes);
  struct sho__compute_shm *bucket = bucket_of(map, name);
  int i = find(bucket, name);
  uint32_t owner = i < 0 ? 0 : atomic_load(&bucket->slots[i].owner);
  int answer =
      i < 0 ? find_free(bucket) < 0 && (!doubt || find_dead(map, bucket) < 0)
            : owner != 0 &&
                  tell_waiter(&bucket->slots[i], owner, SHO__ON_EVENTS) &&
                  (!doubt || sho__peer_alive(&map->peers, owner));
  code = sho__map_check(map);
  if (code == SHO_OK) {
    *busy = answer;
  }
  return code;
}

int sho_map_compute_wait(struct sho_map *map, const void *key, size_t key_bytes,
                         const uint32_t *held, size_t held_count) {
  int code = check_call(map, key, key_bytes, held, held_count);
  if (code != SHO_OK) {
    return code;
  }
  uint64_t name = name_of(map, key, key_bytes);
  tell_wait(map, name, held, held_count);
  SHO_CRASH_POINT("map: compute wait told");
  code = check_wait(map, name, held, held_count);
  return code == SHO_OK ? sho__map_check(map) : code;
}

int sho_map_compute_go_on(struct sho_map *map, const uint32_t *held,
                          size_t held_count) {
  int code = check_call(map, NULL, 0, held, held_count);
  if (code != SHO_OK) {
    return code;
  }
  tell_wait(map, 0, held, held_count);
  return sho__map_check(map);
}

int sho_map_compute_lock(struct sho_map *map, const void *key, size_t key_bytes,
                         const uint32_t *held, size_t held_count,
                         uint32_t *ticket) {
  struct wait wait;
  int code = check_call(map, key, key_bytes, held, held_count);
  if (code != SHO_OK || ticket == NULL) {
    return code != SHO_OK ? code : sho__fail(SHO_EINVAL, "a place is needed");
  }
  uint64_t name = name_of(map, key, key_bytes);
  tell_wait(map, name, held, held_count);
  SHO_CRASH_POINT("map: compute wait told");
  while ((code = try_name(map, name, SHO__ON_WORD, &wait, ticket)) ==
         SHO_ETIMEDOUT) {
    if (held_count > 0 &&
        (code = check_wait(map, name, held, held_count)) != SHO_OK) {
      break;
    }
    /* A full bucket tells nobody when it has room: a nap. */
    _Atomic uint32_t never = 0;
    sho__wait(wait.slot != NULL ? &wait.slot->owner : &never, wait.owner,
              DOUBT_NS);
  }
  tell_wait(map, 0, held, held_count);
  SHO_CRASH_POINT("map: compute locked");
  return code;
}

int sho_map_compute_unlock(struct sho_map *map, uint32_t ticket) {
  int code = check_call(map, NULL, 0, &ticket, 1);
  if (code != SHO_OK) {
    return code;
  }
  struct sho__computation_shm *slot = slot_of(map, ticket);
  uint32_t ours = map->peers.word;
  int held = atomic_compare_exchange_strong(&slot->owner, &ours, 0);
  SHO_CRASH_POINT("map: compute unlocked");
  uint32_t waiters = held ? atomic_exchange(&slot->waiters, 0) : 0;
  if (waiters & SHO__ON_WORD) {
    sho__wake_all(&slot->owner);
  }
  if (waiters & SHO__ON_EVENTS) {
    sho__map_raise_events(map);
  }
  code = sho__map_check(map);
  return code != SHO_OK || held
             ? code
             : sho__fail(SHO_EINVAL, "ticket %u is not locked", ticket);
}
