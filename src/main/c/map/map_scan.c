/* All entries: scan, clear, size, remove expired, statistics. */
#include "base/crash.h"
#include "base/error.h"
#include "base/sized.h"
#include "map/map_lock.h"

enum { READ_ATTEMPTS = 256 };

static const uint64_t end_cursor = ~UINT64_C(0);

static int check_map(const struct sho_map *map, const void *place) {
  return map == NULL || place == NULL
             ? sho__fail(SHO_EINVAL, "a handle and a place to put are needed")
             : SHO_OK;
}

/* ---- scan --------------------------------------------------------------- */

/* The cursor counts the slots of all segments, one after the other. */
static _Atomic uint64_t *slot_at(const struct sho_map *map, uint64_t cursor) {
  return &map->buckets[cursor / SHO__BUCKET_SLOTS]
              .slots[cursor % SHO__BUCKET_SLOTS];
}

static uint64_t slots_of(const struct sho_map *map) {
  return map->geometry.segments * map->geometry.buckets * SHO__BUCKET_SLOTS;
}

static uint32_t segment_at(const struct sho_map *map, uint64_t cursor) {
  return (uint32_t)(cursor / (map->geometry.buckets * SHO__BUCKET_SLOTS));
}

/* Copies the header that a slot names. 0: none; -1: it moved, look again. */
static int copy_header(const struct sho_map *map, uint32_t segment,
                       _Atomic uint64_t *slot, struct sho__entry_shm *entry) {
  uint64_t value = sho__load_acquire(slot);
  uint64_t named = value & SHO__SLOT_POSITION_MASK;
  uint64_t off = named << 3 & map->position_mask;
  if (value == 0 || off >= map->geometry.log_bytes) {
    return 0;
  }
  sho__entry_load(entry, sho__map_log_at(map, segment, off));
  if (sho__slot_position(entry->position) == named &&
      (entry->position & map->position_mask) == off &&
      (uint64_t)SHO__ENTRY_BYTES + sho__entry_key_bytes(entry) +
              entry->value_bytes <=
          map->geometry.max_entry) {
    return 1;
  }
  sho__fence_after_copy();
  uint64_t now = sho__load_relaxed(slot);
  return ((now ^ value) & ~SHO__SLOT_VISITED) == 0 ? 0 : -1;
}

static int64_t ttl_of(const struct sho_map *map,
                      const struct sho__entry_shm *entry) {
  uint64_t expiry_ms = sho__entry_expiry_ms(entry);
  uint64_t now_ms = expiry_ms == 0 ? 0 : sho__map_now_ms(map);
  return expiry_ms <= now_ms ? expiry_ms != 0 : (int64_t)(expiry_ms - now_ms);
}

/* One try at a slot's record: 1 written, 0 nothing there, -1 look again, -2 it
 * does not fit. *bytes: the record's size. */
static int try_record(struct sho_map *map, uint64_t cursor, uint8_t *out,
                      size_t size, size_t *bytes) {
  uint32_t segment = segment_at(map, cursor);
  struct sho__entry_shm entry;
  int there = copy_header(map, segment, slot_at(map, cursor), &entry);
  if (there <= 0) {
    return there;
  }
  size_t content = (size_t)sho__entry_key_bytes(&entry) + entry.value_bytes;
  struct sho_map_record record = {.version = entry.version,
                                  .ttl_ms = ttl_of(map, &entry),
                                  .key_bytes = sho__entry_key_bytes(&entry),
                                  .value_bytes = entry.value_bytes};
  *bytes = (sizeof record + content + 7) & ~(size_t)7;
  int fits = *bytes <= size;
  if (fits) {
    memcpy(out, &record, sizeof record);
    sho__copy_racy(out + sizeof record,
                   sho__map_log_at(map, segment, entry.position) + sizeof entry,
                   content);
  }
  if (!sho__entry_still(map, &map->segments[segment], entry.position)) {
    return -1;
  }
  if (sho__entry_expired(map, &entry)) {
    return 0;
  }
  return fits ? 1 : -2;
}

static int copy_record(struct sho_map *map, uint64_t cursor, uint8_t *out,
                       size_t size, size_t *bytes, int *got) {
  *got = -1;
  for (int i = 0; i < READ_ATTEMPTS && *got == -1; i++) {
    *got = try_record(map, cursor, out, size, bytes);
  }
  if (*got != -1) {
    return SHO_OK;
  }
  struct sho__segment segment;
  if (map->read_only) {
    return sho__map_fail_overtaken(map);
  }
  int code = sho__segment_lock(map, segment_at(map, cursor), &segment);
  if (code == SHO_OK) {
    *got = try_record(map, cursor, out, size, bytes);
    sho__segment_unlock(&segment);
  }
  return code;
}

int sho_map_scan(struct sho_map *map, uint64_t *cursor, void *out, size_t size,
                 size_t *used) {
  int code = check_map(map, cursor);
  if (code != SHO_OK || used == NULL || (out == NULL && size > 0)) {
    return code != SHO_OK ? code : sho__fail(SHO_EINVAL, "a place is needed");
  }
  uint8_t none;
  uint8_t *to = out == NULL ? &none : out;
  uint64_t at = *cursor;
  uint64_t slots = slots_of(map);
  size_t filled = 0;
  size_t bytes = 0;
  int got = 0;
  for (; at < slots; at++) {
    if (sho__load_relaxed(slot_at(map, at)) == 0) {
      continue;
    }
    code = copy_record(map, at, to + filled, size - filled, &bytes, &got);
    if (code != SHO_OK || got == -2) {
      break;
    }
    filled += got == 1 ? bytes : 0;
  }
  if (code == SHO_OK) {
    code = sho__map_check(map);
  }
  if (code == SHO_OK && got == -2 && at < slots && filled == 0) {
    *used = bytes;
    return sho__fail(SHO_ETOOBIG, "%s: the next entry needs %zu bytes",
                     map->region.path, bytes);
  }
  if (code == SHO_OK) {
    *used = filled;
    *cursor = at < slots ? at : end_cursor;
  }
  return code;
}

/* ---- clear, expire ------------------------------------------------------ */

/* The entries stay in the log, where nothing names them any more; then the
 * head jumps over them. Overflow counts go last: a search ends at their 0. */
static uint64_t clear_segment(struct sho__segment *segment) {
  struct sho__bucket_shm *index = sho__index_of(segment->map, segment->number);
  uint64_t entries = segment->entries;
  for (uint64_t b = 0; b < segment->map->geometry.buckets; b++) {
    for (int i = 0; i < SHO__BUCKET_SLOTS; i++) {
      sho__store_relaxed(&index[b].slots[i], 0);
    }
    if (b == 0) {
      SHO_CRASH_POINT("map: index half cleared");
    }
  }
  for (uint64_t b = 0; b < segment->map->geometry.buckets; b++) {
    sho__store_relaxed(&index[b].overflow, 0);
  }
  SHO_CRASH_POINT("map: index cleared");
  SHO__SEGMENT_PUT(segment, live_bytes, 0);
  SHO__SEGMENT_PUT(segment, entries, 0);
  SHO__SEGMENT_PUT(segment, largest, 0);
  SHO__SEGMENT_PUT(segment, lap_largest, 0);
  SHO__SEGMENT_PUT(segment, earliest_expiry_ms, 0);
  sho__segment_set_head(segment, segment->tail);
  SHO_CRASH_POINT("map: log cleared");
  return entries;
}

int sho_map_clear(struct sho_map *map) {
  int code = sho__map_writable(map);
  for (uint32_t s = 0; code == SHO_OK && s < map->geometry.segments; s++) {
    struct sho__segment segment;
    code = sho__segment_lock(map, s, &segment);
    if (code == SHO_OK) {
      uint64_t removed = clear_segment(&segment);
      sho__store_relaxed(&segment.shm->removals,
                         sho__load_relaxed(&segment.shm->removals) + removed);
      segment.changed = 1;
      sho__segment_unlock(&segment);
      code = sho__map_check(map);
    }
  }
  return code;
}

int sho_map_remove_expired(struct sho_map *map, uint64_t *removed) {
  int code = sho__map_writable(map);
  uint64_t sum = 0;
  for (uint32_t s = 0; code == SHO_OK && s < map->geometry.segments; s++) {
    struct sho__segment segment;
    code = sho__segment_lock(map, s, &segment);
    if (code == SHO_OK) {
      uint64_t here = sho__segment_remove_expired(&segment);
      segment.changed = here > 0;
      sum += here;
      sho__segment_unlock(&segment);
      code = sho__map_check(map);
    }
  }
  if (code == SHO_OK && removed != NULL) {
    *removed = sum;
  }
  return code;
}

/* ---- size, statistics --------------------------------------------------- */

/* Counts those of a segment that are not expired. */
static int count_live(struct sho_map *map, uint32_t segment, uint64_t *live) {
  uint64_t slots = map->geometry.buckets * SHO__BUCKET_SLOTS;
  *live = 0;
  for (uint64_t i = segment * slots; i < (segment + 1) * slots; i++) {
    struct sho__entry_shm entry;
    int there = -1;
    for (int n = 0; n < READ_ATTEMPTS && there == -1; n++) {
      there = copy_header(map, segment, slot_at(map, i), &entry);
    }
    *live += there != 0 && (there == -1 || !sho__entry_expired(map, &entry));
  }
  return SHO_OK;
}

int sho_map_size(struct sho_map *map, uint64_t *entries) {
  int code = check_map(map, entries);
  uint64_t sum = 0;
  for (uint32_t s = 0; code == SHO_OK && s < map->geometry.segments; s++) {
    struct sho__segment_shm *shm = &map->segments[s];
    uint64_t earliest = sho__load_relaxed(&shm->earliest_expiry_ms);
    uint64_t here = sho__load_relaxed(&shm->entries);
    if (earliest != 0 && earliest <= sho__map_now_ms(map)) {
      code = count_live(map, s, &here);
    }
    sum += here;
  }
  code = code == SHO_OK ? sho__map_check(map) : code;
  if (code == SHO_OK) {
    *entries = sum;
  }
  return code;
}

static void add_segment(struct sho_map *map, uint32_t number,
                        struct sho_map_stats *stats) {
  struct sho__segment_shm *shm = &map->segments[number];
  uint64_t head = sho__load_relaxed(&shm->head);
  uint64_t tail = sho__load_relaxed(&shm->tail);
  stats->sets += sho__load_relaxed(&shm->sets);
  stats->removals += sho__load_relaxed(&shm->removals);
  stats->evictions += sho__load_relaxed(&shm->evictions);
  stats->expirations += sho__load_relaxed(&shm->expirations);
  stats->recoveries += sho__load_relaxed(&shm->recoveries);
  stats->damaged += sho__load_relaxed(&shm->damaged);
  stats->entries += sho__load_relaxed(&shm->entries);
  stats->live_bytes += sho__load_relaxed(&shm->live_bytes);
  if (tail > head) {
    uint64_t used = sho__position_distance(map, head, tail);
    uint64_t most = map->geometry.log_bytes;
    stats->used_bytes += used < most ? used : most;
  }
}

int sho_map_stats(struct sho_map *map, struct sho_map_stats *stats) {
  int code = check_map(map, stats);
  if (code != SHO_OK) {
    return code;
  }
  const struct sho__geometry *g = &map->geometry;
  struct sho_map_stats sum = {.capacity = g->segments * g->log_bytes,
                              .max_entry = g->max_entry,
                              .file_bytes = g->file_bytes,
                              .segments = g->segments,
                              .eviction = g->eviction,
                              .peer_slots = SHO__MAP_PEERS};
  for (uint32_t s = 0; s < g->segments; s++) {
    add_segment(map, s, &sum);
  }
  struct sho__counters_shm *counters =
      (struct sho__counters_shm *)(map->region.base + g->counters_off);
  for (uint32_t i = 0; i < SHO__MAP_PEERS * SHO__MAP_STRIPES; i++) {
    sum.hits += sho__load_relaxed(&counters[i].hits);
    sum.misses += sho__load_relaxed(&counters[i].misses);
  }
  sum.peers = sho__peers_alive(&map->peers);
  code = sho__map_check(map);
  return code == SHO_OK ? sho__results_give(stats, &sum, sizeof sum) : code;
}
