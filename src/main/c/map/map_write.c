/*
 * Writes, each under its segment's lock: look the key up, decide, make room,
 * write the entry behind the tail, publish it by one store into the slot.
 *
 * A kill before that store leaves the old state, one after it the new. The
 * counts may be wrong then; the next owner recounts.
 */
#include "base/crash.h"
#include "base/error.h"
#include "map/map_append.h"
#include "map/map_find.h"
#include "map/map_lock.h"

enum { NOTED_EACH_MS = 1000 };

/* Under the lock. An expired entry that is still there counts as absent, and
 * hit names it all the same. */
struct state {
  struct sho__hit hit;
  int there; /* a slot names an entry of the key */
  int live;  /* and it is not expired */
};

/* What to write. */
struct write {
  const void *key;
  size_t key_bytes;
  const void *value;
  size_t value_bytes;
  int64_t ttl_ms;     /* 0: never expires */
  uint64_t expiry_ms; /* follows from it */
  int keep_value;     /* the value and version that are there */
  /* Under the lock: refuses, or fills in what could not be known before. */
  int (*decide)(const struct sho_map *map, const struct state *state,
                struct write *write);
  uint64_t expected; /* for decide */
  uint64_t sum;      /* by decide */
};

/* Seldom: the line is shared. */
static void note_time(const struct sho_map *map, uint64_t now_ms) {
  uint64_t latest_ms = sho__load_relaxed(&map->header->latest_ms);
  if (latest_ms > SHO__MAX_EXPIRY_MS || now_ms > latest_ms + NOTED_EACH_MS) {
    /* A writer that was stopped meanwhile stores no old time over a new one. */
    atomic_compare_exchange_strong(&map->header->latest_ms, &latest_ms, now_ms);
  }
}

static uint64_t expiry_of(const struct sho_map *map, int64_t ttl_ms) {
  if (ttl_ms <= 0) {
    return 0;
  }
  uint64_t now_ms = sho__map_now_ms(map);
  uint64_t most = SHO__MAX_EXPIRY_MS - now_ms;
  note_time(map, now_ms);
  return now_ms + ((uint64_t)ttl_ms < most ? (uint64_t)ttl_ms : most);
}

static inline int find(const struct sho__segment *segment, uint64_t hash,
                       const struct write *write, struct sho__hit *hit) {
  return sho__index_find(segment->map, hash, write->key, write->key_bytes,
                         hit) == SHO__HIT;
}

/* Entries lie between head and tail, unless one of those was damaged: then
 * what is written next would go over live entries. */
static inline int is_outside(const struct sho__segment *segment,
                             const struct sho__hit *hit) {
  return hit->entry.position < segment->head ||
         hit->entry.position >= segment->tail;
}

static inline void look(struct sho__segment *segment, uint64_t hash,
                        const struct write *write, struct state *state) {
  state->there = find(segment, hash, write, &state->hit);
  if (state->there && __builtin_expect(is_outside(segment, &state->hit), 0)) {
    sho__segment_rebuild(segment, 1);
    sho__increment_owned(&segment->shm->recoveries);
    state->there = find(segment, hash, write, &state->hit);
  }
  state->live =
      state->there && !sho__entry_expired(segment->map, &state->hit.entry);
}

static inline int publish(struct sho__segment *segment, uint64_t hash,
                          const struct state *state, uint64_t position,
                          uint64_t bytes) {
  uint64_t live = segment->live_bytes + bytes;
  if (state->there) {
    sho__index_replace(state->hit.slot, position);
    SHO_CRASH_POINT("map: slot replaced");
    live -= sho__entry_size(&state->hit.entry);
    sho__segment_mark(segment, state->hit.entry.position, 1);
    SHO_CRASH_POINT("map: old entry marked");
  } else if (sho__index_insert(segment->map, hash, position) == 0) {
    SHO_CRASH_POINT("map: slot filled");
    SHO__SEGMENT_PUT(segment, entries, segment->entries + 1);
  } else {
    sho__segment_rebuild(segment, 1);
    return sho__fail(SHO_ECORRUPT,
                     "%s: the index of segment %u was damaged; what was whole "
                     "is kept, try again",
                     segment->map->region.path, segment->number);
  }
  SHO__SEGMENT_PUT(segment, live_bytes, live);
  SHO_CRASH_POINT("map: counted in");
  return SHO_OK;
}

static inline const uint8_t *value_of(const struct state *state) {
  return state->hit.at + SHO__ENTRY_BYTES +
         sho__entry_key_bytes(&state->hit.entry);
}

/* Makes room and writes. Looks up anew if room may have changed *state. */
static inline int put_entry(struct sho__segment *segment, uint64_t hash,
                            const struct write *write, struct state *state,
                            uint64_t *version) {
  uint64_t bytes = sho__entry_bytes(write->key_bytes, write->value_bytes);
  uint64_t replaced = state->there ? sho__entry_size(&state->hit.entry) : 0;
  segment->keep = state->there ? state->hit.slot : NULL;
  int code = sho__segment_room(segment, bytes, replaced);
  if (code != SHO_OK) {
    return code;
  }
  if (segment->moved) {
    look(segment, hash, write, state);
  }
  struct sho__entry_shm entry = {
      .expiry_and_key = write->expiry_ms << SHO__KEY_BITS | write->key_bytes,
      .value_bytes = (uint32_t)write->value_bytes};
  const void *value = write->value;
  if (write->keep_value) {
    if (!state->live) {
      return sho__fail_absent(
          segment->map->region.path); /* it expired meanwhile */
    }
    entry.version = state->hit.entry.version;
    value = value_of(state);
  }
  sho__segment_append(segment, &entry, write->key, value, hash);
  code = publish(segment, hash, state, entry.position, bytes);
  segment->changed = 1;
  *version = entry.version;
  return code;
}

/* ---- begin and end ------------------------------------------------------ */

static int check_entry(const struct sho_map *map, const struct write *write) {
  if ((write->key == NULL && write->key_bytes > 0) ||
      (write->value == NULL && write->value_bytes > 0)) {
    return sho__fail(SHO_EINVAL, "a handle, a key and a value are needed");
  }
  uint64_t most = map->geometry.max_entry - SHO__ENTRY_BYTES;
  if (write->key_bytes > SHO__MAX_KEY_BYTES || write->key_bytes > most ||
      write->value_bytes > most - write->key_bytes) {
    return sho__fail(SHO_ETOOBIG,
                     "%s takes keys and values of together at most %llu bytes "
                     "(keys %u), and these have %zu and %zu; make the map anew "
                     "for larger entries",
                     map->region.path, (unsigned long long)most,
                     SHO__MAX_KEY_BYTES, write->key_bytes, write->value_bytes);
  }
  return SHO_OK;
}

static int check_ttl(int64_t ttl_ms) {
  if (ttl_ms < 0) {
    return sho__fail(SHO_EINVAL, "a time to live cannot be %lld ms",
                     (long long)ttl_ms);
  }
  return SHO_OK;
}

/* Locks the key's segment and looks the key up. */
static inline int begin(struct sho_map *map, struct write *write,
                        struct sho__segment *segment, uint64_t *hash,
                        struct state *state) {
  int code = sho__map_writable(map);
  code = code == SHO_OK ? check_entry(map, write) : code;
  code = code == SHO_OK ? check_ttl(write->ttl_ms) : code;
  if (code != SHO_OK) {
    return code;
  }
  *hash = sho__map_hash(map, write->key, write->key_bytes);
  sho__index_prefetch(map, *hash);
  write->expiry_ms = expiry_of(map, write->ttl_ms);
  code = sho__segment_lock(map, sho__map_segment_of(map, *hash), segment);
  if (code == SHO_OK) {
    look(segment, *hash, write, state);
  }
  return code;
}

static inline int end(struct sho__segment *segment, int code) {
  struct sho_map *map = segment->map;
  sho__segment_unlock(segment);
  int state = sho__map_check(map);
  return state != SHO_OK ? state : code;
}

/* ---- operations --------------------------------------------------------- */

static int store(struct sho_map *map, struct write *write, uint64_t *version) {
  struct sho__segment segment;
  struct state state;
  uint64_t hash;
  uint64_t stored = 0;
  int code = begin(map, write, &segment, &hash, &state);
  if (code != SHO_OK) {
    return code;
  }
  if (write->decide != NULL) {
    code = write->decide(map, &state, write);
  }
  if (code == SHO_OK) {
    code = put_entry(&segment, hash, write, &state, &stored);
  }
  if (code == SHO_OK && !write->keep_value) {
    sho__increment_owned(&segment.shm->sets);
  }
  code = end(&segment, code);
  if (code == SHO_OK && version != NULL) {
    *version = stored;
  }
  return code;
}

int sho_map_set(struct sho_map *map, const void *key, size_t key_bytes,
                const void *value, size_t value_bytes, int64_t ttl_ms,
                uint64_t *version) {
  struct write write = {.key = key,
                        .key_bytes = key_bytes,
                        .value = value,
                        .value_bytes = value_bytes,
                        .ttl_ms = ttl_ms};
  return store(map, &write, version);
}

static int check_expected(const struct sho_map *map, const struct state *state,
                          uint64_t expected) {
  uint64_t is = state->live ? state->hit.entry.version : 0;
  if (is != expected) {
    return sho__fail(SHO_ECHANGED, "%s: the key has version %llu, not %llu",
                     map->region.path, (unsigned long long)is,
                     (unsigned long long)expected);
  }
  return SHO_OK;
}

static int decide_expected(const struct sho_map *map, const struct state *state,
                           struct write *write) {
  return check_expected(map, state, write->expected);
}

int sho_map_compare_and_set(struct sho_map *map, const void *key,
                            size_t key_bytes, uint64_t expected,
                            const void *value, size_t value_bytes,
                            int64_t ttl_ms, uint64_t *version) {
  struct write write = {.key = key,
                        .key_bytes = key_bytes,
                        .value = value,
                        .value_bytes = value_bytes,
                        .ttl_ms = ttl_ms,
                        .decide = decide_expected,
                        .expected = expected};
  return store(map, &write, version);
}

/* What is there, and what is in write->sum already. The expiry stays. */
static int decide_sum(const struct sho_map *map, const struct state *state,
                      struct write *write) {
  if (!state->live) {
    return SHO_OK;
  }
  if (state->hit.entry.value_bytes != sizeof write->sum) {
    return sho__fail(SHO_ETYPE,
                     "%s: the key's value has %u bytes and is no number of 8",
                     map->region.path, state->hit.entry.value_bytes);
  }
  uint64_t was;
  memcpy(&was, value_of(state), sizeof was);
  write->sum += was;
  write->expiry_ms = sho__entry_expiry_ms(&state->hit.entry);
  return SHO_OK;
}

int sho_map_add_and_get(struct sho_map *map, const void *key, size_t key_bytes,
                        int64_t delta, int64_t *result) {
  if (result == NULL) {
    return sho__fail(SHO_EINVAL, "a place to put is needed");
  }
  struct write write = {.key = key,
                        .key_bytes = key_bytes,
                        .value = &write.sum,
                        .value_bytes = sizeof write.sum,
                        .decide = decide_sum,
                        .sum = (uint64_t)delta};
  int code = store(map, &write, NULL);
  if (code == SHO_OK) {
    *result = (int64_t)write.sum;
  }
  return code;
}

static int decide_expiry(const struct sho_map *map, const struct state *state,
                         struct write *write) {
  if (!state->live) {
    return sho__fail_absent(map->region.path);
  }
  write->value_bytes = state->hit.entry.value_bytes;
  return SHO_OK;
}

int sho_map_expire(struct sho_map *map, const void *key, size_t key_bytes,
                   int64_t ttl_ms) {
  struct write write = {.key = key,
                        .key_bytes = key_bytes,
                        .ttl_ms = ttl_ms,
                        .keep_value = 1,
                        .decide = decide_expiry};
  return store(map, &write, NULL);
}

static int remove_key(struct sho_map *map, const void *key, size_t key_bytes,
                      const uint64_t *expected) {
  struct write write = {.key = key, .key_bytes = key_bytes};
  struct sho__segment segment;
  struct state state;
  uint64_t hash;
  int code = begin(map, &write, &segment, &hash, &state);
  if (code != SHO_OK) {
    return code;
  }
  if (expected != NULL) {
    code = check_expected(map, &state, *expected);
  }
  if (code == SHO_OK && !state.live) {
    code = sho__fail_absent(map->region.path);
  }
  if (code == SHO_OK) {
    sho__segment_drop(&segment, hash, state.hit.slot, &state.hit.entry);
    sho__increment_owned(&segment.shm->removals);
    segment.changed = 1;
  }
  return end(&segment, code);
}

int sho_map_remove(struct sho_map *map, const void *key, size_t key_bytes) {
  return remove_key(map, key, key_bytes, NULL);
}

int sho_map_compare_and_remove(struct sho_map *map, const void *key,
                               size_t key_bytes, uint64_t expected) {
  return remove_key(map, key, key_bytes, &expected);
}
