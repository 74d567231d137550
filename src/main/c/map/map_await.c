/*
 * Waiting for a key to change. A thread sleeps on one of many words, which the
 * key's hash chooses. Or it looks at many keys, says of each that it waits for
 * it, and then sleeps on the map's events, once for all of them.
 *
 * A sleeper says that it sleeps, then looks at the version; a writer stores,
 * then looks whether anybody sleeps. Both are sequentially consistent, so one
 * of them sees the other. Whoever takes a sleeper's word back wakes it.
 */
#include "base/error.h"
#include "base/wait.h"
#include "map/map.h"

#define ALL_ON_CHANGES UINT32_C(0xFFFF)

enum {
  AWAIT_SLICE_NS =
      50000000, /* a wake-up lost with a killed writer costs this */
  AWAIT_READ_ONLY_NS = 2000000 /* a reader that may not ask to be woken */
};

void sho__map_raise_events(struct sho_map *map) {
  atomic_fetch_add(&map->header->events, 1);
  sho__wake_all(&map->header->events);
}

void sho__wait_wake(struct sho_map *map, struct sho__wait_shm *wait,
                    uint32_t wanted) {
  uint32_t sleepers = atomic_fetch_and(&wait->sleepers, ~wanted) & wanted;
  if (sleepers & ALL_ON_CHANGES) {
    atomic_fetch_add(&wait->changes, 1);
    sho__wake_all(&wait->changes);
  }
  if (sleepers & ~ALL_ON_CHANGES) {
    sho__map_raise_events(map);
  }
}

static int check_call(const struct sho_map *map, const void *key,
                      size_t key_bytes, const void *place) {
  return map == NULL || (key == NULL && key_bytes > 0) || place == NULL
             ? sho__fail(SHO_EINVAL, "a handle, a key and a place are needed")
             : SHO_OK;
}

/* The version and, if it will expire, in how many ns. */
static int version_now(struct sho_map *map, const void *key, size_t key_bytes,
                       uint64_t *version, int64_t *expires_ns) {
  uint64_t expiry_ms = 0;
  int code = sho__map_read_version(map, key, key_bytes, version, &expiry_ms);
  *expires_ns = INT64_MAX;
  if (code == SHO_EABSENT) {
    *version = 0;
    return SHO_OK;
  }
  if (code == SHO_OK && expiry_ms != 0) {
    int64_t left = (int64_t)(expiry_ms - sho__map_now_ms(map));
    *expires_ns = (left < 1 ? 1 : left > 1000 ? 1000 : left) * 1000000;
  }
  return code;
}

static void sleep_on(const struct sho_map *map, struct sho__wait_shm *wait,
                     uint32_t seen, int64_t most_ns) {
  int64_t slice = map->read_only ? AWAIT_READ_ONLY_NS : AWAIT_SLICE_NS;
  sho__wait(&wait->changes, seen, most_ns < slice ? most_ns : slice);
}

int sho_map_await(struct sho_map *map, const void *key, size_t key_bytes,
                  uint64_t version, int64_t timeout_ns, uint64_t *now) {
  int code = check_call(map, key, key_bytes, now);
  if (code != SHO_OK) {
    return code;
  }
  uint64_t hash = sho__map_hash(map, key, key_bytes);
  struct sho__wait_shm *wait = sho__wait_of(map, hash);
  int64_t begin = timeout_ns > 0 ? sho__awake_ns() : 0;
  for (;;) {
    uint32_t seen = atomic_load(&wait->changes);
    if (!map->read_only) {
      atomic_fetch_or(&wait->sleepers, sho__on_changes(hash));
      sho__fence_after_unlock(); /* the version is read after that */
    }
    uint64_t current;
    int64_t left;
    code = version_now(map, key, key_bytes, &current, &left);
    if (code != SHO_OK) {
      return code;
    }
    if (current != version) {
      *now = current;
      return SHO_OK;
    }
    if (timeout_ns >= 0) {
      int64_t rest =
          timeout_ns > 0 ? timeout_ns - (sho__awake_ns() - begin) : 0;
      if (rest <= 0) {
        return sho__fail(SHO_ETIMEDOUT,
                         "%s: the key still has version %llu after %lld ns",
                         map->region.path, (unsigned long long)version,
                         (long long)timeout_ns);
      }
      left = rest < left ? rest : left;
    }
    sleep_on(map, wait, seen, left);
  }
}

int sho_map_watch(struct sho_map *map, const void *key, size_t key_bytes,
                  uint64_t *version, int64_t *expires_ns) {
  int code = check_call(map, key, key_bytes, version);
  if (code != SHO_OK || expires_ns == NULL) {
    return code != SHO_OK ? code : sho__fail(SHO_EINVAL, "a place is needed");
  }
  if (!map->read_only) {
    uint64_t hash = sho__map_hash(map, key, key_bytes);
    atomic_fetch_or(&sho__wait_of(map, hash)->sleepers, sho__on_events(hash));
    sho__fence_after_unlock();
  }
  return version_now(map, key, key_bytes, version, expires_ns);
}

int sho_map_sleep(struct sho_map *map, uint32_t *events, int64_t timeout_ns) {
  if (map == NULL || events == NULL) {
    return sho__fail(SHO_EINVAL, "a handle and a place are needed");
  }
  if (map->read_only && timeout_ns > AWAIT_READ_ONLY_NS) {
    timeout_ns = AWAIT_READ_ONLY_NS;
  }
  if (timeout_ns > 0 && atomic_load(&map->header->events) == *events) {
    sho__wait(&map->header->events, *events, timeout_ns);
  }
  *events = atomic_load(&map->header->events);
  return sho__map_check(map);
}
