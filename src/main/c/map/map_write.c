/*
 * Writes. The entry is written where room was taken for it, outside any lock;
 * then its shard is locked for as long as it takes to look the key up, decide,
 * give the entry its version, and store one slot.
 *
 * A kill before that store leaves the old state, one after it the new. Counts
 * may be wrong then; the shard's next owner counts anew.
 */
#include <time.h>

#include "base/crash.h"
#include "base/error.h"
#include "map/map_clean.h"
#include "map/map_draft.h"
#include "map/map_grow.h"

enum { NAP_NS = 200000, LONG_NAP_NS = 1500000, SHORT_NAPS = 50 };

/* ---- under the lock ----------------------------------------------------- */

static inline void look(struct sho__shard *shard, uint64_t tag,
                        const struct sho__write *write,
                        struct sho__state *state) {
  state->there =
      sho__shard_find(shard, tag, write->key, write->key_bytes, &state->hit);
  state->live =
      state->there && !sho__record_expired(shard->map, &state->hit.record);
}

static inline const uint8_t *value_of(const struct sho__state *state) {
  return state->hit.at + sho__record_key_off(&state->hit.record) +
         sho__record_key_bytes(&state->hit.record);
}

/* Not above any entry's expiry. */
static void note_expiry(struct sho__shard *shard, uint64_t expiry_ms) {
  _Atomic uint64_t *earliest = &shard->shm->earliest_expiry_ms;
  uint64_t was = sho__load_relaxed(earliest);
  if (expiry_ms != 0 && (was == 0 || expiry_ms < was)) {
    sho__store_relaxed(earliest, expiry_ms);
  }
}

/* The draft is whole and no one else's: has the table name it. */
static int publish(struct sho__shard *shard, struct sho__draft *draft,
                   const struct sho__write *write,
                   const struct sho__state *state) {
  struct sho_map *map = shard->map;
  uint64_t tag = draft->tag;
  uint64_t place = sho__room_place(&draft->room);
  uint64_t slot = tag << SHO__SLOT_PLACE_BITS | sho__slot_named(place);
  note_expiry(shard, draft->record.expiry_ms);
  sho__room_commit(&draft->room, draft->bytes, draft->record.expiry_ms);
  if (!state->there) {
    if (sho__table_insert(&shard->table, tag, slot) != 0) {
      uint32_t chunk = sho__chunk_of(map, place);
      sho__chunk_bury(map, chunk, sho__load_relaxed(&map->gens[chunk]),
                      draft->bytes);
      sho__shard_rebuild(shard, 0); /* its count was wrong */
      return SHO__AGAIN;
    }
    SHO_CRASH_POINT("map: slot filled");
    sho__shard_set_entries(shard, shard->entries + 1);
    return SHO_OK;
  }
  if (map->geometry.eviction != SHO_EVICTION_NONE) {
    slot |= write->keep_value ? state->hit.slot_value & SHO__SLOT_VISITED
                              : SHO__SLOT_VISITED;
  }
  sho__shard_retiring(shard, state->hit.slot_value);
  sho__store_release(state->hit.slot, slot);
  SHO_CRASH_POINT("map: slot replaced");
  sho__entry_retire(map, &state->hit, !write->keep_value);
  sho__shard_retiring(shard, 0);
  return SHO_OK;
}

/* Gives the draft its version, and its checksum the version's part. */
static void finish(struct sho__shard *shard, struct sho__draft *draft,
                   const struct sho__write *write) {
  struct sho__record *record = &draft->record;
  if (!write->keep_value) {
    record->number = ++shard->version;
    sho__store_relaxed(&shard->shm->version, shard->version);
    SHO_CRASH_POINT("map: version counted");
  }
  if (write->value.at == &write->sum) {
    uint8_t *to = draft->room.at + sho__record_key_off(record) +
                  sho__record_key_bytes(record);
    sho__copy_racy(to, &write->sum, sizeof write->sum);
    record->checksum =
        sho__value_checksum(record, draft->hash, to, sizeof write->sum);
  }
  record->checksum ^= sho__number_checksum(record->number);
  sho__record_store(draft->room.at, record);
}

static int is_copy_of(const struct sho__draft *draft,
                      const struct sho__state *state) {
  return state->live && state->hit.place == draft->copied.place &&
         state->hit.gen == draft->copied.gen;
}

/* The same, told to those who listen. */
__attribute__((noinline)) static int
publish_logged(struct sho__shard *shard, struct sho__draft *draft,
               const struct sho__write *write, const struct sho__state *state) {
  struct sho__change changes[2];
  sho__draft_log(shard, draft, write, state, changes);
  int code = publish(shard, draft, write, state);
  sho__change_end(&changes[0], code == SHO_OK);
  sho__change_end(&changes[1], code == SHO_OK);
  return code;
}

static int write_locked(struct sho__shard *shard, struct sho__draft *draft,
                        struct sho__write *write) {
  struct sho__state state;
  look(shard, draft->tag, write, &state);
  if (write->decide != NULL) {
    int code = write->decide(shard->map, &state, write);
    if (code != SHO_OK) {
      return code;
    }
  }
  if (write->keep_value && !is_copy_of(draft, &state)) {
    return SHO__AGAIN;
  }
  if (write->keep_value && sho__record_is(&draft->record, SHO__RECORD_LARGE)) {
    /* A part may have moved. */
    sho__large_copy_list(shard->map, &state.hit, draft->room.at,
                         &draft->record);
  }
  if (!state.there && shard->entries >= sho__table_slots(&shard->table)) {
    return SHO__AGAIN;
  }
  finish(shard, draft, write);
  int code = __builtin_expect(sho__shard_is_listened(shard), 0)
                 ? publish_logged(shard, draft, write, &state)
                 : publish(shard, draft, write, &state);
  if (code == SHO_OK && !write->keep_value) {
    sho__increment_owned(&shard->shm->sets);
  }
  return code;
}

/* ---- begin and end ------------------------------------------------------ */

__attribute__((noinline, cold)) static int
fail_too_big(const struct sho_map *map, const struct sho__write *write,
             uint64_t most, uint64_t most_key) {
  return sho__fail(SHO_ETOOBIG,
                   "%s takes keys and values of together at most %llu bytes "
                   "(keys %llu), and these have %zu and %zu; make the map "
                   "anew for larger entries",
                   map->region.path, (unsigned long long)most,
                   (unsigned long long)most_key, write->key_bytes,
                   write->value_bytes);
}

static inline int check_entry(const struct sho_map *map,
                              const struct sho__write *write) {
  if ((write->key == NULL && write->key_bytes > 0) ||
      (write->value.at == NULL && write->value.copy == NULL &&
       write->value_bytes > 0 && !write->keep_value)) {
    return sho__fail(SHO_EINVAL, "a handle, a key and a value are needed");
  }
  uint64_t most = map->geometry.max_entry - SHO__ENTRY_BYTES;
  uint64_t most_key = sho__chunk_bytes(map) / 4;
  return write->key_bytes > SHO__MAX_KEY_BYTES || write->key_bytes > most_key ||
                 write->key_bytes > most ||
                 write->value_bytes > most - write->key_bytes
             ? fail_too_big(map, write, most, most_key)
             : SHO_OK;
}

static inline int check_ttl(int64_t ttl_ms) {
  if (ttl_ms < 0) {
    return sho__fail(SHO_EINVAL, "a time to live cannot be %lld ms",
                     (long long)ttl_ms);
  }
  return SHO_OK;
}

static inline int begin(struct sho_map *map, const struct sho__write *write,
                        int64_t ttl_ms) {
  int code = sho__map_writable(map);
  code = code == SHO_OK ? check_entry(map, write) : code;
  return code == SHO_OK ? check_ttl(ttl_ms) : code;
}

/* Before an entry is written: a table that has few free slots grows. If there
 * is no room for that, those that are free are used up. One that has too many
 * shrinks. */
static inline int fit_table(struct sho_map *map, uint32_t number,
                            const struct sho__table *table, int there,
                            struct sho__search *search) {
  uint64_t entries = sho__load_relaxed(&map->shards[number].entries);
  int is_full = entries >= sho__table_slots(table);
  if (there && !is_full) {
    return SHO_OK;
  }
  if (!sho__table_is_crowded(map, table, entries)) {
    if (__builtin_expect(sho__table_is_sparse(map, table, entries), 0)) {
      sho__table_shrink(map, number, search);
    }
    return SHO_OK;
  }
  int code = sho__table_grow(map, number, table->buckets, search);
  return code == SHO_EFULL && !is_full ? SHO_OK : code;
}

static int attempt(struct sho_map *map, struct sho__write *write, uint64_t hash,
                   uint64_t *version) {
  struct sho__draft
      draft; /* not all of it zeroed, which costs more than it does */
  struct sho__shard shard;
  uint32_t number = sho__shard_of(map, hash);
  uint64_t tag = sho__tag_of(map, hash);
  struct sho__table table = sho__find_prepare(map, hash, number, tag);
  draft.hash = hash;
  draft.tag = tag;
  draft.room.at = NULL;
  draft.parts.map = NULL;
  draft.record.expiry_ms = write->expiry_ms;
  draft.is_large = sho__large_is(map, write->key_bytes, write->value_bytes);
  if (write->value.at != NULL && !draft.is_large) {
    /* While the table is fetched. */
    write->checksum = sho__value_checksum(&draft.record, hash, write->value.at,
                                          write->value_bytes);
  }
  draft.guess = sho__find_guess(map, &table, tag);
  int code =
      fit_table(map, number, &table, draft.guess != UINT64_MAX, write->search);
  if (code != SHO_OK) {
    return code;
  }
  code = write->keep_value ? sho__draft_copy(map, write, &draft)
                           : sho__draft_write(map, write, &draft);
  if (code != SHO_OK) {
    return code;
  }
  code = sho__shard_lock(map, number, &shard);
  if (code == SHO_OK) {
    code = write_locked(&shard, &draft, write);
    sho__shard_unlock(&shard);
  }
  if (code == SHO_OK) {
    *version = draft.record.number;
    sho__room_leave(&draft.room);
    if (draft.parts.map != NULL) {
      sho__large_leave(&draft.parts, 1);
    }
    sho__map_changed(map, hash);
  } else {
    sho__draft_discard(&draft);
  }
  return code;
}

/* ---- operations --------------------------------------------------------- */

/* There is no room, so what decides may as well be asked before that. */
static int refuse(struct sho_map *map, struct sho__write *write,
                  uint64_t hash) {
  struct sho__shard shard;
  struct sho__state state;
  if (write->decide == NULL) {
    return SHO_EFULL;
  }
  int code = sho__shard_lock(map, sho__shard_of(map, hash), &shard);
  if (code == SHO_OK) {
    look(&shard, sho__tag_of(map, hash), write, &state);
    code = write->decide(map, &state, write);
    sho__shard_unlock(&shard);
  }
  return code == SHO_OK || code == SHO__AGAIN ? SHO_EFULL : code;
}

static int is_there(struct sho_map *map, const struct sho__write *write,
                    uint64_t hash) {
  struct sho__hit hit;
  return sho__find(map, hash, write->key, write->key_bytes, &hit) == SHO__HIT;
}

/* No room was found. SHO__AGAIN: there may be some by now. */
static int after_full(struct sho_map *map, struct sho__write *write,
                      uint64_t hash, int *naps) {
  if (!write->replaces && is_there(map, write, hash)) {
    write->replaces = 1; /* the guess was wrong, or it came meanwhile */
    return SHO__AGAIN;
  }
  if (sho__clean_expired(map, sho__shard_of(map, hash)) ||
      sho__tables_shrink(map, sho__shard_of(map, hash), write->search)) {
    return SHO__AGAIN;
  }
  if (write->search->holder == 0 ||
      (write->search->crowded &&
       (*naps >= SHORT_NAPS || sho__search_ends(write->search)))) {
    return refuse(map, write, hash);
  }
  /* In a small map a few writers that wait for a processor hold much of it. */
  struct timespec nap = {.tv_nsec = *naps < SHORT_NAPS ? NAP_NS : LONG_NAP_NS};
  nanosleep(&nap, NULL);
  ++*naps;
  return SHO__AGAIN;
}

static int attempt_often(struct sho_map *map, struct sho__write *write,
                         uint64_t hash, uint64_t *version) {
  struct sho__search search = {.credit = write->value_bytes};
  int naps = 0;
  int code;
  write->search = &search;
  do {
    search.own = 0;
    search.before = search.holder;
    search.holder = 0;
    search.crowded = 0;
    code = attempt(map, write, hash, version);
    code = code == SHO_EFULL ? after_full(map, write, hash, &naps) : code;
  } while (code == SHO__AGAIN && !sho__search_ends(&search));
  return code == SHO__AGAIN ? sho__search_fail(map, &search) : code;
}

static int store(struct sho_map *map, struct sho__write *write, int64_t ttl_ms,
                 uint64_t *version) {
  int code = begin(map, write, ttl_ms);
  if (code != SHO_OK) {
    return code;
  }
  uint64_t hash = sho__map_hash(map, write->key, write->key_bytes);
  uint64_t stored = 0;
  if (ttl_ms != 0) {
    write->expiry_ms = sho__map_expiry_ms(map, ttl_ms);
  }
  code = attempt_often(map, write, hash, &stored);
  int state = sho__map_check(map);
  code = state != SHO_OK ? state : code;
  if (code == SHO_OK && version != NULL) {
    *version = stored;
  }
  return code;
}

int sho_map_set(struct sho_map *map, const void *key, size_t key_bytes,
                const void *value, size_t value_bytes, int64_t ttl_ms,
                uint64_t *version) {
  struct sho__source source = {.at = value};
  return sho__map_set_from(map, key, key_bytes, NULL, &source, value_bytes,
                           ttl_ms, version);
}

static int check_expected(const struct sho_map *map,
                          const struct sho__state *state, uint64_t expected) {
  uint64_t is = state->live ? state->hit.record.number : 0;
  if (is != expected) {
    return sho__fail(SHO_ECHANGED, "%s: the key has version %llu, not %llu",
                     map->region.path, (unsigned long long)is,
                     (unsigned long long)expected);
  }
  return SHO_OK;
}

static int decide_expected(const struct sho_map *map,
                           const struct sho__state *state,
                           struct sho__write *write) {
  return check_expected(map, state, write->expected);
}

int sho_map_compare_and_set(struct sho_map *map, const void *key,
                            size_t key_bytes, uint64_t expected,
                            const void *value, size_t value_bytes,
                            int64_t ttl_ms, uint64_t *version) {
  struct sho__source source = {.at = value};
  return sho__map_set_from(map, key, key_bytes, &expected, &source, value_bytes,
                           ttl_ms, version);
}

int sho__map_set_from(struct sho_map *map, const void *key, size_t key_bytes,
                      const uint64_t *expected, const struct sho__source *value,
                      size_t value_bytes, int64_t ttl_ms, uint64_t *version) {
  struct sho__write write = {.key = key,
                             .key_bytes = key_bytes,
                             .value = *value,
                             .value_bytes = value_bytes,
                             .decide =
                                 expected == NULL ? NULL : decide_expected,
                             .expected = expected == NULL ? 0 : *expected};
  return store(map, &write, ttl_ms, version);
}

/* What is there, and delta. The expiry stays: a record with another one has
 * another size, so the draft is written anew for it. */
static int decide_sum(const struct sho_map *map, const struct sho__state *state,
                      struct sho__write *write) {
  uint64_t was = 0;
  uint64_t expiry_ms = 0;
  if (state->live) {
    if (state->hit.record.value_bytes != sizeof write->sum) {
      return sho__fail(SHO_ETYPE,
                       "%s: the key's value has %u bytes and is no number of 8",
                       map->region.path, state->hit.record.value_bytes);
    }
    sho__copy_racy(&was, value_of(state), sizeof was);
    expiry_ms = state->hit.record.expiry_ms;
  }
  write->sum = was + (uint64_t)write->delta;
  if (expiry_ms != write->expiry_ms) {
    write->expiry_ms = expiry_ms;
    return SHO__AGAIN;
  }
  return SHO_OK;
}

int sho_map_add_and_get(struct sho_map *map, const void *key, size_t key_bytes,
                        int64_t delta, int64_t *result) {
  if (result == NULL) {
    return sho__fail(SHO_EINVAL, "a place to put is needed");
  }
  struct sho__write write = {.key = key,
                             .key_bytes = key_bytes,
                             .value = {.at = &write.sum},
                             .value_bytes = sizeof write.sum,
                             .decide = decide_sum,
                             .delta = delta};
  int code = store(map, &write, 0, NULL);
  if (code == SHO_OK) {
    *result = (int64_t)write.sum;
  }
  return code;
}

int sho_map_expire(struct sho_map *map, const void *key, size_t key_bytes,
                   int64_t ttl_ms) {
  struct sho__write write = {
      .key = key, .key_bytes = key_bytes, .keep_value = 1};
  return store(map, &write, ttl_ms, NULL);
}

static int remove_key(struct sho_map *map, const void *key, size_t key_bytes,
                      const uint64_t *expected, enum sho_change_kind kind) {
  struct sho__write write = {.key = key, .key_bytes = key_bytes};
  struct sho__shard shard;
  struct sho__state state;
  int code = begin(map, &write, 0);
  if (code != SHO_OK) {
    return code;
  }
  uint64_t hash = sho__map_hash(map, key, key_bytes);
  uint64_t tag = sho__tag_of(map, hash);
  uint32_t number = sho__shard_of(map, hash);
  sho__find_prepare(map, hash, number, tag);
  code = sho__shard_lock(map, number, &shard);
  if (code != SHO_OK) {
    return code;
  }
  look(&shard, tag, &write, &state);
  if (expected != NULL) {
    code = check_expected(map, &state, *expected);
  }
  if (code == SHO_OK && !state.live) {
    code = sho__fail_absent(map->region.path);
  }
  if (code == SHO_OK) {
    sho__shard_drop(&shard, hash, &state.hit, kind);
    sho__increment_owned(kind == SHO_CHANGE_REMOVED ? &shard.shm->removals
                                                    : &shard.shm->expirations);
  }
  sho__shard_unlock(&shard);
  if (code == SHO_OK) {
    sho__map_changed(map, hash);
  }
  int now = sho__map_check(map);
  return now != SHO_OK ? now : code;
}

int sho_map_remove(struct sho_map *map, const void *key, size_t key_bytes) {
  return remove_key(map, key, key_bytes, NULL, SHO_CHANGE_REMOVED);
}

int sho_map_compare_and_remove(struct sho_map *map, const void *key,
                               size_t key_bytes, uint64_t expected) {
  return remove_key(map, key, key_bytes, &expected, SHO_CHANGE_REMOVED);
}

int sho_map_compare_and_expire(struct sho_map *map, const void *key,
                               size_t key_bytes, uint64_t expected) {
  return remove_key(map, key, key_bytes, &expected, SHO_CHANGE_EXPIRED);
}
