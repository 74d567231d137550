/*
 * Reads. They take no lock: find the slot, the entry, copy, and then ask
 * whether the chunk is of the same generation. Only a reader that was overtaken
 * READ_ATTEMPTS times in a row reads under the shard's lock.
 */
#include "base/error.h"
#include "base/sized.h"
#include "map/counters.h"
#include "map/map_large.h"

enum { READ_ATTEMPTS = 256 };

static void count(const struct sho_map *map, int hit) {
  if (map->counters != NULL) {
    unsigned stripe = sho__stripe();
    struct sho__counters_shm *line = &map->counters[stripe];
    sho__count(hit ? &line->hits : &line->misses, stripe);
  }
}

int sho_map_add_reads(struct sho_map *map, uint64_t hits, uint64_t misses) {
  if (map == NULL) {
    return sho__fail(SHO_EINVAL, "a handle is needed");
  }
  if (map->counters != NULL) {
    struct sho__counters_shm *shared = &map->counters[0]; /* by all threads */
    atomic_fetch_add_explicit(&shared->hits, hits, memory_order_relaxed);
    atomic_fetch_add_explicit(&shared->misses, misses, memory_order_relaxed);
  }
  return sho__region_check(&map->region);
}

/* S3_FIFO: remembers the visit, unless the slot has changed by now. */
static void visit(const struct sho_map *map, const struct sho__hit *hit) {
  uint64_t seen = hit->slot_value;
  if (map->geometry.eviction != SHO_EVICTION_NONE &&
      (seen & SHO__SLOT_VISITED) == 0 && !map->read_only) {
    atomic_compare_exchange_strong_explicit(
        hit->slot, &seen, seen | SHO__SLOT_VISITED, memory_order_relaxed,
        memory_order_relaxed);
  }
}

/* What a reader wants of an entry. May be run again. MISS: what it read makes
 * no sense. */
typedef enum sho__lookup take_fn(const struct sho_map *map,
                                 const struct sho__hit *hit, void *context);

/* Whether all that was read is what the slot names now. While the slot names a
 * large entry, its list names its parts. */
static int is_still(const struct sho_map *map, const struct sho__hit *hit) {
  return sho__record_is(&hit->record, SHO__RECORD_LARGE)
             ? sho__hit_whole(map, hit)
             : sho__hit_still(map, hit);
}

static enum sho__lookup try_read(const struct sho_map *map, uint64_t hash,
                                 const void *key, size_t key_bytes,
                                 take_fn *take, void *context) {
  struct sho__hit hit;
  enum sho__lookup found = sho__find(map, hash, key, key_bytes, &hit);
  if (found != SHO__HIT) {
    return found;
  }
  int live = !sho__record_expired(map, &hit.record);
  enum sho__lookup taken = live ? take(map, &hit, context) : SHO__MISS;
  if (!is_still(map, &hit)) {
    return SHO__MOVED; /* and its expiry may be another entry's */
  }
  if (taken == SHO__HIT) {
    visit(map, &hit);
  }
  return taken;
}

int sho__map_fail_overtaken(const struct sho_map *map) {
  return sho__fail(
      SHO_EBUSY,
      "%s: writers were faster than this reader, or it is damaged; "
      "opened for reading only it cannot stop them nor repair it: "
      "try again, or open it for writing",
      map->region.path);
}

/* Reads under the lock, where nothing moves. */
static int read_locked(struct sho_map *map, uint64_t hash, const void *key,
                       size_t key_bytes, take_fn *take, void *context,
                       enum sho__lookup *found) {
  struct sho__shard shard;
  if (map->read_only) {
    return sho__map_fail_overtaken(map);
  }
  int code = sho__shard_lock(map, sho__shard_of(map, hash), &shard);
  if (code == SHO_OK) {
    *found = try_read(map, hash, key, key_bytes, take, context);
    sho__shard_unlock(&shard);
  }
  return code;
}

static int read_entry(struct sho_map *map, const void *key, size_t key_bytes,
                      take_fn *take, void *context) {
  uint64_t hash = sho__map_hash(map, key, key_bytes);
  enum sho__lookup found = SHO__MOVED;
  int code = SHO_OK;
  for (int i = 0; i < READ_ATTEMPTS && found == SHO__MOVED; i++) {
    found = try_read(map, hash, key, key_bytes, take, context);
  }
  if (__builtin_expect(found == SHO__MOVED, 0)) {
    code = read_locked(map, hash, key, key_bytes, take, context, &found);
  }
  if (code == SHO_OK) {
    code = sho__map_check(map);
  }
  if (code == SHO_OK) {
    code = found == SHO__HIT ? SHO_OK : sho__fail_absent(map->region.path);
  }
  return code;
}

static int check_key(const struct sho_map *map, const void *key,
                     size_t key_bytes) {
  return map == NULL || (key == NULL && key_bytes > 0)
             ? sho__fail(SHO_EINVAL, "a handle and a key are needed")
             : SHO_OK;
}

/* ---- get ---------------------------------------------------------------- */

struct value {
  void *out;
  size_t size;
  size_t length;
  uint64_t version;
};

static enum sho__lookup take_value(const struct sho_map *map,
                                   const struct sho__hit *hit, void *context) {
  struct value *value = context;
  value->length = hit->record.value_bytes;
  value->version = hit->record.number;
  if (value->length > value->size) {
    return SHO__HIT;
  }
  if (sho__record_is(&hit->record, SHO__RECORD_LARGE)) {
    return sho__large_copy(map, hit, value->out);
  }
  sho__copy_racy(value->out,
                 hit->at + sho__record_key_off(&hit->record) +
                     sho__record_key_bytes(&hit->record),
                 value->length);
  return SHO__HIT;
}

int sho_map_get(struct sho_map *map, const void *key, size_t key_bytes,
                void *out, size_t size, size_t *length, uint64_t *version) {
  int code = check_key(map, key, key_bytes);
  if (code != SHO_OK) {
    return code;
  }
  if (length == NULL || (out == NULL && size > 0)) {
    return sho__fail(SHO_EINVAL, "places to put are needed");
  }
  struct value value = {.out = out, .size = size};
  code = read_entry(map, key, key_bytes, take_value, &value);
  count(map, code == SHO_OK);
  if (code == SHO_OK) {
    *length = value.length;
    if (version != NULL) {
      *version = value.version;
    }
  }
  return code;
}

/* ---- find --------------------------------------------------------------- */

static enum sho__lookup take_place(const struct sho_map *map,
                                   const struct sho__hit *hit, void *context) {
  struct sho_map_found *found = context;
  int large = sho__record_is(&hit->record, SHO__RECORD_LARGE);
  const uint8_t *value = hit->at + sho__record_key_off(&hit->record) +
                         sho__record_key_bytes(&hit->record);
  found->value = large ? NULL : value;
  found->value_bytes = hit->record.value_bytes;
  found->version = hit->record.number;
  found->generation_at = (const uint64_t *)(const void *)&map
                             ->gens[sho__chunk_of(map, hit->place)];
  found->generation = hit->gen;
  return SHO__HIT;
}

int sho_map_find(struct sho_map *map, const void *key, size_t key_bytes,
                 struct sho_map_found *found) {
  struct sho_map_found own;
  int code = check_key(map, key, key_bytes);
  if (code != SHO_OK) {
    return code;
  }
  if (found == NULL) {
    return sho__fail(SHO_EINVAL, "a place to put is needed");
  }
  code = read_entry(map, key, key_bytes, take_place, &own);
  count(map, code == SHO_OK);
  return code == SHO_OK ? sho__results_give(found, &own, sizeof own) : code;
}

int sho_map_view(struct sho_map *map, struct sho_map_view *view) {
  if (map == NULL || view == NULL) {
    return sho__fail(SHO_EINVAL, "a handle and a place to put are needed");
  }
  const struct sho__geometry *g = &map->geometry;
  struct sho_map_view own = {.base = map->region.base,
                             .bytes = map->region.bytes,
                             .end = (const uint64_t *)(const void *)map->end,
                             .creation_id = map->creation_id,
                             .tables_off = g->tables_off,
                             .shard_bits = g->shard_bits,
                             .gens_off = g->gens_off,
                             .pool_off = g->pool_off,
                             .chunks = g->chunks,
                             .chunk_bits = g->chunk_bits,
                             .hash_seed = map->hash_seed,
                             .eviction = g->eviction,
                             .read_only = (uint64_t)map->read_only,
                             .max_entry = g->max_entry,
                             .clock_base_ms = map->clock_base_ms};
  return sho__results_give(view, &own, sizeof own);
}

/* ---- version and time to live ------------------------------------------- */

static enum sho__lookup take_header(const struct sho_map *map,
                                    const struct sho__hit *hit, void *context) {
  (void)map;
  *(struct sho__record *)context = hit->record;
  return SHO__HIT;
}

static int read_header(struct sho_map *map, const void *key, size_t key_bytes,
                       struct sho__record *record) {
  int code = check_key(map, key, key_bytes);
  return code == SHO_OK ? read_entry(map, key, key_bytes, take_header, record)
                        : code;
}

int sho__map_read_version(struct sho_map *map, const void *key,
                          size_t key_bytes, uint64_t *version,
                          uint64_t *expiry_ms) {
  struct sho__record record;
  int code = read_header(map, key, key_bytes, &record);
  if (code == SHO_OK) {
    *version = record.number;
    *expiry_ms = record.expiry_ms;
  }
  return code;
}

int sho_map_time_to_live(struct sho_map *map, const void *key, size_t key_bytes,
                         int64_t *ttl_ms) {
  struct sho__record record;
  if (ttl_ms == NULL) {
    return sho__fail(SHO_EINVAL, "a place is needed");
  }
  int code = read_header(map, key, key_bytes, &record);
  if (code == SHO_OK) {
    uint64_t now_ms = sho__map_now_ms(map);
    *ttl_ms = record.expiry_ms == 0       ? 0
              : record.expiry_ms > now_ms ? (int64_t)(record.expiry_ms - now_ms)
                                          : 1; /* it expired while we looked */
  }
  return code;
}
