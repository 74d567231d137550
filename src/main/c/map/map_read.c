/*
 * Reads. They take no lock: find the slot, the entry, copy, and then ask
 * whether the head has passed the entry meanwhile. Only a reader that was
 * overtaken READ_ATTEMPTS times in a row reads under the segment's lock.
 */
#include "base/error.h"
#include "base/sized.h"
#include "map/counters.h"
#include "map/map_find.h"
#include "map/map_lock.h"

enum {
  READ_ATTEMPTS = 256,
  FIND_POSITION_BITS = 52 /* of what sho_map_find answers */
};

static void count(const struct sho_map *map, int hit) {
  if (map->counters != NULL) {
    unsigned stripe = sho__stripe();
    struct sho__counters_shm *line = &map->counters[stripe];
    sho__count(hit ? &line->hits : &line->misses, stripe);
  }
}

int sho_map_add_hits(struct sho_map *map, uint64_t hits) {
  if (map == NULL) {
    return sho__fail(SHO_EINVAL, "a handle is needed");
  }
  if (map->counters != NULL) {
    /* The line that threads share. */
    atomic_fetch_add_explicit(&map->counters[0].hits, hits,
                              memory_order_relaxed);
  }
  return sho__region_check(&map->region);
}

/* CLOCK: remembers the visit, unless the slot has changed by now. */
static void visit(const struct sho_map *map, const struct sho__hit *hit) {
  uint64_t seen = hit->slot_value;
  if (map->geometry.eviction == SHO_EVICTION_CLOCK &&
      (seen & SHO__SLOT_VISITED) == 0 && !map->read_only) {
    atomic_compare_exchange_strong_explicit(
        hit->slot, &seen, seen | SHO__SLOT_VISITED, memory_order_relaxed,
        memory_order_relaxed);
  }
}

static int is_live(const struct sho_map *map, const struct sho__hit *hit) {
  return sho__entry_expiry_ms(&hit->entry) == 0 ||
         !sho__entry_expired(map, &hit->entry);
}

/* What a reader wants of an entry. Answers nothing; may be run again. */
typedef void take_fn(const struct sho__hit *hit, void *context);

static enum sho__lookup try_read(const struct sho_map *map, uint64_t hash,
                                 const void *key, size_t key_bytes,
                                 take_fn *take, void *context) {
  struct sho__hit hit;
  enum sho__lookup found = sho__index_find(map, hash, key, key_bytes, &hit);
  if (found != SHO__HIT) {
    return found;
  }
  int live = is_live(map, &hit);
  if (live) {
    take(&hit, context);
  }
  struct sho__segment_shm *shm = &map->segments[sho__map_segment_of(map, hash)];
  if (!sho__entry_still(map, shm, hit.entry.position)) {
    return SHO__MOVED; /* and its expiry may be another entry's */
  }
  if (!live) {
    return SHO__MISS;
  }
  visit(map, &hit);
  return SHO__HIT;
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
  struct sho__segment segment;
  if (map->read_only) {
    return sho__map_fail_overtaken(map);
  }
  int code = sho__segment_lock(map, sho__map_segment_of(map, hash), &segment);
  if (code == SHO_OK) {
    *found = try_read(map, hash, key, key_bytes, take, context);
    sho__segment_unlock(&segment);
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

static void take_value(const struct sho__hit *hit, void *context) {
  struct value *value = context;
  value->length = hit->entry.value_bytes;
  value->version = hit->entry.version;
  if (value->length <= value->size) {
    sho__copy_racy(value->out,
                   hit->at + SHO__ENTRY_BYTES +
                       sho__entry_key_bytes(&hit->entry),
                   value->length);
  }
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

static void take_position(const struct sho__hit *hit, void *context) {
  *(uint64_t *)context = hit->entry.position;
}

static int64_t found_at(struct sho_map *map, uint32_t segment,
                        uint64_t position) {
  if (__builtin_expect(position >> (FIND_POSITION_BITS + 3) != 0, 0)) {
    return sho__fail(SHO_ECORRUPT, "%s: an entry has a damaged position",
                     map->region.path);
  }
  count(map, 1);
  return (int64_t)((uint64_t)segment << FIND_POSITION_BITS | position >> 3);
}

int64_t sho_map_find(struct sho_map *map, const void *key, size_t key_bytes) {
  int code = check_key(map, key, key_bytes);
  if (__builtin_expect(code != SHO_OK, 0)) {
    return code;
  }
  uint64_t hash = sho__map_hash(map, key, key_bytes);
  uint32_t segment = sho__map_segment_of(map, hash);
  struct sho__hit hit;
  enum sho__lookup found = sho__index_find(map, hash, key, key_bytes, &hit);
  if (__builtin_expect(found == SHO__HIT && is_live(map, &hit) &&
                           sho__entry_still(map, &map->segments[segment],
                                            hit.entry.position),
                       1)) {
    code = sho__map_check(map);
    if (__builtin_expect(code != SHO_OK, 0)) {
      return code;
    }
    visit(map, &hit);
    return found_at(map, segment, hit.entry.position);
  }
  if (found == SHO__MISS) {
    count(map, 0);
    code = sho__map_check(map);
    return code == SHO_OK ? sho__fail_absent(map->region.path) : code;
  }
  uint64_t position;
  code = read_entry(map, key, key_bytes, take_position, &position);
  if (code != SHO_OK) {
    count(map, 0);
    return code;
  }
  return found_at(map, segment, position);
}

int sho_map_view(struct sho_map *map, struct sho_map_view *view) {
  if (map == NULL || view == NULL) {
    return sho__fail(SHO_EINVAL, "a handle and a place to put are needed");
  }
  const struct sho__geometry *g = &map->geometry;
  struct sho_map_view own = {
      .base = map->region.base,
      .bytes = map->region.bytes,
      .state = (const int32_t *)(const void *)&map->region.state,
      .end = (const uint64_t *)(const void *)map->end,
      .creation_id = map->creation_id,
      .logs_off = g->logs_off,
      .log_stride = 2 * g->log_bytes,
      .position_mask = map->position_mask,
      .heads_off = g->segments_off + offsetof(struct sho__segment_shm, head),
      .head_stride = sizeof(struct sho__segment_shm),
      .max_entry = g->max_entry,
      .segments = g->segments,
      .indexes_off = g->indexes_off,
      .buckets = g->buckets,
      .hash_seed = map->hash_seed,
      .eviction = g->eviction};
  return sho__results_give(view, &own, sizeof own);
}

/* ---- time to live ------------------------------------------------------- */

static void take_header(const struct sho__hit *hit, void *context) {
  *(struct sho__entry_shm *)context = hit->entry;
}

int sho__map_read_header(struct sho_map *map, const void *key, size_t key_bytes,
                         struct sho__entry_shm *entry) {
  int code = check_key(map, key, key_bytes);
  return code == SHO_OK ? read_entry(map, key, key_bytes, take_header, entry)
                        : code;
}

int sho_map_time_to_live(struct sho_map *map, const void *key, size_t key_bytes,
                         int64_t *ttl_ms) {
  struct sho__entry_shm entry;
  if (ttl_ms == NULL) {
    return sho__fail(SHO_EINVAL, "a place is needed");
  }
  int code = sho__map_read_header(map, key, key_bytes, &entry);
  if (code == SHO_OK) {
    uint64_t expiry_ms = sho__entry_expiry_ms(&entry);
    uint64_t now_ms = sho__map_now_ms(map);
    *ttl_ms = expiry_ms == 0       ? 0
              : expiry_ms > now_ms ? (int64_t)(expiry_ms - now_ms)
                                   : 1; /* it expired while we looked */
  }
  return code;
}
