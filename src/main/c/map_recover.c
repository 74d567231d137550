/*
 * After a dead owner, a reboot, damage. What a log's entries and the index say
 * is the truth; the numbers beside them are counted anew from it.
 *
 * Readers go on meanwhile. So overflow counts are computed aside and then
 * stored, never lowered below what they must be; head and tail only grow.
 */
#include <stdlib.h>

#include "crash.h"
#include "error.h"
#include "map_find.h"
#include "wait.h"

/* ---- lock --------------------------------------------------------------- */

static int is_sane(const struct sho__log *log) {
  const struct sho__geometry *geometry = &log->map->geometry;
  uint64_t head = sho__get(&log->segment->head);
  uint64_t tail = sho__get(&log->segment->tail);
  return sho__position_valid(log->map, head) &&
         sho__position_valid(log->map, tail) && head <= tail &&
         tail - head <= 2 * (log->map->position_mask + 1) &&
         sho__position_distance(log->map, head, tail) <= geometry->log_bytes &&
         sho__get(&log->segment->live_bytes) <= geometry->log_bytes &&
         sho__get(&log->segment->entries) <=
             geometry->buckets * SHO__BUCKET_SLOTS &&
         sho__get(&log->segment->largest) <= geometry->max_entry + 7;
}

int sho__segment_lock(struct sho_map *map, uint32_t number,
                      struct sho__log *log) {
  struct sho__segment_shm *segment = &map->segments[number];
  int dead;
  int code = sho__lock(&map->peers, &segment->lock, &dead);
  if (code != SHO_OK) {
    return code;
  }
  *log = (struct sho__log){.map = map, .segment = segment, .number = number};
  if (__builtin_expect(dead, 0)) {
    SHO_CRASH_POINT("map: taken over");
    sho__segment_rebuild(log, !is_sane(log));
    sho__bump(&segment->recoveries);
    log->changed = 1; /* the dead owner may have woken nobody */
  } else if (__builtin_expect(!is_sane(log), 0)) {
    sho__segment_rebuild(log, 1);
    sho__bump(&segment->recoveries);
  }
  SHO_CRASH_POINT("map: locked");
  return SHO_OK;
}

void sho__segment_unlock(struct sho__log *log) {
  struct sho__segment_shm *segment = log->segment;
  if (log->changed) {
    uint32_t changes =
        atomic_load_explicit(&segment->changes, memory_order_relaxed);
    atomic_store_explicit(&segment->changes, changes + 1, memory_order_relaxed);
    SHO_CRASH_POINT("map: changes raised");
  }
  sho__unlock(&segment->lock);
  SHO_CRASH_POINT("map: unlocked");
  if (log->changed) {
    /* A sleeper sets sleepers, then looks at changes; we the other way. */
    sho__fence_after_unlock();
    if (atomic_load_explicit(&segment->sleepers, memory_order_relaxed) != 0 &&
        atomic_exchange(&segment->sleepers, 0) != 0) {
      sho__wake_all(&segment->changes);
    }
  }
}

/* ---- rebuild ------------------------------------------------------------ */

struct count {
  uint64_t live_bytes;
  uint64_t entries;
  uint64_t largest;
  uint64_t earliest_expiry_ms;
  uint32_t *overflow; /* of each bucket; NULL: no memory for it */
};

static int is_whole(const struct sho__log *log,
                    const struct sho__entry_shm *entry, uint64_t hash) {
  const uint8_t *at = sho__log_at(log->map, log->number, entry->position);
  return entry->checksum ==
         sho__entry_checksum(
             entry, hash, at + SHO__ENTRY_BYTES + sho__entry_key_bytes(entry));
}

/* Whether the slot's entry is one that belongs into this segment. */
static int belongs(const struct sho__log *log, uint64_t slot_value,
                   uint64_t hash) {
  return sho__map_segment_of(log->map, hash) == log->number &&
         sho__map_tag_of(hash) == (slot_value & SHO__SLOT_TAG_MASK);
}

/* The header that a slot names, wherever head and tail are. */
static int named_entry(const struct sho__log *log, uint64_t slot_value,
                       struct sho__entry_shm *entry) {
  const struct sho_map *map = log->map;
  uint64_t named = slot_value & SHO__SLOT_POSITION_MASK;
  uint64_t off = named << 3 & map->position_mask;
  if (slot_value == 0 || off >= map->geometry.log_bytes) {
    return 0;
  }
  sho__copy_racy(entry, sho__log_at(map, log->number, off), sizeof *entry);
  entry->position &= ~SHO__ENTRY_DEAD;
  return sho__position_valid(map, entry->position) &&
         sho__slot_position(entry->position) == named &&
         (uint64_t)SHO__ENTRY_BYTES + sho__entry_key_bytes(entry) +
                 entry->value_bytes <=
             map->geometry.max_entry;
}

/* Of the whole entries: the end of the last, and the begin of the first that
 * is less than a log away from it. */
static void find_bounds(struct sho__log *log) {
  const struct sho_map *map = log->map;
  struct sho__bucket_shm *index = sho__index_of(map, log->number);
  uint64_t slots = map->geometry.buckets * SHO__BUCKET_SLOTS;
  uint64_t first_lap = UINT64_C(1) << map->position_bits;
  uint64_t tail = sho__get(&log->segment->tail);
  tail = is_sane(log) ? tail : first_lap;
  uint64_t head = sho__get(&log->segment->head);
  int head_known = is_sane(log);
  for (int pass = 0; pass < 2; pass++) {
    uint64_t first = tail;
    for (uint64_t i = 0; i < slots; i++) {
      uint64_t value =
          sho__get(&index[i / SHO__BUCKET_SLOTS].slots[i % SHO__BUCKET_SLOTS]);
      struct sho__entry_shm entry;
      if (!named_entry(log, value, &entry)) {
        continue;
      }
      uint64_t hash = sho__log_key_hash(log, &entry);
      if (!belongs(log, value, hash) || !is_whole(log, &entry, hash)) {
        continue;
      }
      uint64_t end =
          sho__position_add(map, entry.position, sho__entry_size(&entry));
      if (pass == 0 && end > tail) {
        tail = end;
      }
      if (pass == 1 && entry.position < first &&
          tail - entry.position <= 2 * (map->position_mask + 1) &&
          sho__position_distance(map, entry.position, tail) <=
              map->geometry.log_bytes) {
        first = entry.position;
      }
    }
    if (pass == 1 &&
        (!head_known || tail - head > 2 * (map->position_mask + 1) ||
         sho__position_distance(map, head, tail) > map->geometry.log_bytes)) {
      head = first;
    }
  }
  sho__put(&log->segment->tail, tail);
  sho__put(&log->segment->head, head);
}

static void count_displaced(const struct sho__log *log, uint64_t hash,
                            uint64_t bucket, struct count *count) {
  uint64_t buckets = log->map->geometry.buckets;
  for (uint64_t b = sho__map_bucket_of(log->map, hash); b != bucket;
       b = b + 1 == buckets ? 0 : b + 1) {
    count->overflow[b]++;
  }
}

/* Counts the slot's entry, or empties the slot. */
static void count_slot(struct sho__log *log, uint64_t bucket,
                       _Atomic uint64_t *slot, int checked,
                       struct count *count) {
  struct sho__entry_shm entry;
  uint64_t value = sho__get(slot);
  if (value == 0) {
    return;
  }
  int good = sho__log_slot_entry(log, value, &entry);
  uint64_t hash = good ? sho__log_key_hash(log, &entry) : 0;
  good = good && belongs(log, value, hash) &&
         (!checked || is_whole(log, &entry, hash));
  if (!good) {
    sho__put(slot, 0);
    sho__bump(&log->segment->damaged);
    return;
  }
  if (checked) {
    /* A power cut may have kept the mark and lost the slot's new value. */
    sho__log_mark(log, entry.position, 0);
  }
  uint64_t size = sho__entry_size(&entry);
  uint64_t expiry_ms = sho__entry_expiry_ms(&entry);
  count->live_bytes += size;
  count->entries++;
  if (size > count->largest) {
    count->largest = size;
  }
  if (expiry_ms != 0 && (count->earliest_expiry_ms == 0 ||
                         expiry_ms < count->earliest_expiry_ms)) {
    count->earliest_expiry_ms = expiry_ms;
  }
  if (count->overflow != NULL) {
    count_displaced(log, hash, bucket, count);
  }
}

static void count_index(struct sho__log *log, int checked,
                        struct count *count) {
  struct sho__bucket_shm *index = sho__index_of(log->map, log->number);
  for (uint64_t b = 0; b < log->map->geometry.buckets; b++) {
    for (int i = 0; i < SHO__BUCKET_SLOTS; i++) {
      count_slot(log, b, &index[b].slots[i], checked, count);
    }
  }
}

static void store_count(struct sho__log *log, const struct count *count) {
  struct sho__segment_shm *segment = log->segment;
  struct sho__bucket_shm *index = sho__index_of(log->map, log->number);
  sho__put(&segment->live_bytes, count->live_bytes);
  sho__put(&segment->entries, count->entries);
  sho__put(&segment->largest, count->largest);
  sho__put(&segment->earliest_expiry_ms, count->earliest_expiry_ms);
  for (uint64_t b = 0; count->overflow && b < log->map->geometry.buckets; b++) {
    sho__put(&index[b].overflow, count->overflow[b]);
  }
}

/* A power cut can leave an old slot and a new one of the same key. Keeps the
 * later version. To be called when overflow counts are right. */
static void drop_twins(struct sho__log *log) {
  struct sho__bucket_shm *index = sho__index_of(log->map, log->number);
  uint64_t slots = log->map->geometry.buckets * SHO__BUCKET_SLOTS;
  for (uint64_t i = 0; i < slots; i++) {
    _Atomic uint64_t *slot =
        &index[i / SHO__BUCKET_SLOTS].slots[i % SHO__BUCKET_SLOTS];
    struct sho__entry_shm entry;
    if (!sho__log_slot_entry(log, sho__get(slot), &entry)) {
      continue;
    }
    const uint8_t *key =
        sho__log_at(log->map, log->number, entry.position) + SHO__ENTRY_BYTES;
    uint64_t hash = sho__log_key_hash(log, &entry);
    struct sho__hit first;
    if (sho__index_find(log->map, hash, key, sho__entry_key_bytes(&entry),
                        &first) != SHO__HIT ||
        first.slot == slot) {
      continue;
    }
    int older = entry.version < first.entry.version;
    sho__log_drop(log, hash, older ? slot : first.slot,
                  older ? &entry : &first.entry);
    sho__bump(&log->segment->damaged);
  }
}

/* Reads the entry at a position if it is whole, dead or not. */
static int whole_entry(const struct sho__log *log, uint64_t position,
                       struct sho__entry_shm *entry) {
  return sho__log_entry(log, position, entry) != 0 &&
         is_whole(log, entry, sho__log_key_hash(log, entry));
}

/* The first named position above one, or the tail. */
static uint64_t next_named(const struct sho__log *log, uint64_t above) {
  struct sho__bucket_shm *index = sho__index_of(log->map, log->number);
  uint64_t slots = log->map->geometry.buckets * SHO__BUCKET_SLOTS;
  uint64_t next = sho__get(&log->segment->tail);
  for (uint64_t i = 0; i < slots; i++) {
    struct sho__entry_shm entry;
    uint64_t value =
        sho__get(&index[i / SHO__BUCKET_SLOTS].slots[i % SHO__BUCKET_SLOTS]);
    if (sho__log_slot_entry(log, value, &entry) && entry.position > above &&
        entry.position < next) {
      next = entry.position;
    }
  }
  return next;
}

/* Writes one dead entry that fills up to so many bytes. Answers its size; 0:
 * what would be left behind it is too little for another. */
static uint64_t fill(struct sho__log *log, uint64_t position, uint64_t bytes) {
  const struct sho_map *map = log->map;
  uint64_t value_bytes = map->geometry.max_entry - SHO__ENTRY_BYTES;
  uint64_t size = sho__entry_bytes(0, value_bytes);
  if (bytes > size && bytes - size < SHO__ENTRY_BYTES) {
    value_bytes -= value_bytes < SHO__ENTRY_BYTES ? 0 : SHO__ENTRY_BYTES;
    size = sho__entry_bytes(0, value_bytes);
  } else if (bytes < size) {
    value_bytes = bytes - SHO__ENTRY_BYTES;
    size = bytes;
  }
  if (bytes < size || (bytes > size && bytes - size < SHO__ENTRY_BYTES)) {
    return 0;
  }
  uint8_t *at = sho__log_at(map, log->number, position);
  struct sho__entry_shm entry = {.position = position,
                                 .version = position,
                                 .value_bytes = (uint32_t)value_bytes};
  entry.checksum = sho__entry_checksum(&entry, sho__map_hash(map, "", 0),
                                       at + SHO__ENTRY_BYTES);
  entry.position |= SHO__ENTRY_DEAD;
  memcpy(at, &entry, sizeof entry);
  return size;
}

/* Lays dead entries over all that is none, so that the head finds its way from
 * each entry to the next. */
static void fill_holes(struct sho__log *log) {
  const struct sho_map *map = log->map;
  uint64_t tail = sho__get(&log->segment->tail);
  uint64_t at = sho__get(&log->segment->head);
  while (at < tail) {
    struct sho__entry_shm entry;
    if (whole_entry(log, at, &entry)) {
      at = sho__position_add(map, at, sho__entry_size(&entry));
      continue;
    }
    uint64_t end = next_named(log, at);
    while (at < end) {
      uint64_t hole = sho__position_distance(map, at, end);
      uint64_t bytes = hole < SHO__ENTRY_BYTES ? 0 : fill(log, at, hole);
      at = bytes == 0 ? end : sho__position_add(map, at, bytes);
    }
  }
}

/* The log's last entry. */
static int last_entry(const struct sho__log *log,
                      struct sho__entry_shm *entry) {
  uint64_t tail = sho__get(&log->segment->tail);
  uint64_t at = sho__get(&log->segment->head);
  int found = 0;
  while (at < tail && sho__log_entry(log, at, entry) != 0) {
    at = sho__position_add(log->map, at, sho__entry_size(entry));
    found = 1;
  }
  return found && at == tail;
}

/*
 * Who was killed in moving an entry to the tail, before its slot was stored,
 * left a copy that no slot names in the room that is kept for one move. The
 * next owner would lack that room: so it finishes the move.
 */
static void finish_move(struct sho__log *log) {
  struct sho__entry_shm from;
  struct sho__entry_shm to;
  uint64_t head = sho__get(&log->segment->head);
  if (sho__log_entry(log, head, &from) <= 0 || !last_entry(log, &to) ||
      to.position == head || to.version != from.version ||
      to.expiry_and_key != from.expiry_and_key ||
      to.value_bytes != from.value_bytes) {
    return;
  }
  uint64_t hash = sho__log_key_hash(log, &from);
  _Atomic uint64_t *slot = sho__index_slot_of(log->map, hash, head);
  if (slot != NULL && sho__log_key_hash(log, &to) == hash &&
      is_whole(log, &to, hash)) {
    sho__index_replace(slot, to.position);
    SHO_CRASH_POINT("map: move finished");
  }
}

void sho__segment_rebuild(struct sho__log *log, int checked) {
  struct count count = {
      .overflow = calloc(log->map->geometry.buckets, sizeof(uint32_t))};
  if (checked) {
    find_bounds(log);
  }
  count_index(log, checked, &count);
  SHO_CRASH_POINT("map: counted");
  store_count(log, &count);
  free(count.overflow);
  if (checked) {
    drop_twins(log);
    fill_holes(log);
  }
  finish_move(log);
  SHO_CRASH_POINT("map: recovered");
}

void sho__map_rebuild_all(struct sho_map *map) {
  for (uint32_t s = 0; s < map->geometry.segments; s++) {
    struct sho__segment_shm *segment = &map->segments[s];
    struct sho__log log = {.map = map, .segment = segment, .number = s};
    atomic_store(&segment->lock, 0);
    atomic_store(&segment->sleepers, 0);
    sho__segment_rebuild(&log, 1);
  }
  for (uint32_t i = 0; i < SHO__MAP_COMPUTES; i++) {
    atomic_store(&map->computes[i].lock, 0);
    atomic_store(&map->computes[i].blocked_on, 0);
  }
}

/* ---- verify ------------------------------------------------------------- */

static int wrong(const struct sho__log *log, const char *what,
                 unsigned long long position) {
  return sho__fail(SHO_ECORRUPT,
                   "%s: segment %u: %s (position %llu); dump what can be read "
                   "and make the map anew",
                   log->map->region.path, log->number, what, position);
}

static int verify_slot(struct sho__log *log, uint64_t bucket,
                       _Atomic uint64_t *slot, struct count *count) {
  struct sho__entry_shm entry;
  uint64_t value = sho__get(slot);
  uint64_t named = (value & SHO__SLOT_POSITION_MASK) << 3;
  if (value == 0) {
    return SHO_OK;
  }
  if (!sho__log_slot_entry(log, value, &entry)) {
    return wrong(log, "a slot names no entry", named);
  }
  uint64_t hash = sho__log_key_hash(log, &entry);
  const uint8_t *key =
      sho__log_at(log->map, log->number, entry.position) + SHO__ENTRY_BYTES;
  if (!is_whole(log, &entry, hash)) {
    return wrong(log, "an entry's checksum is wrong", entry.position);
  }
  if (!belongs(log, value, hash)) {
    return wrong(log, "an entry is in the wrong place", entry.position);
  }
  struct sho__hit hit;
  if (sho__index_find(log->map, hash, key, sho__entry_key_bytes(&entry),
                      &hit) != SHO__HIT ||
      hit.slot != slot) {
    return wrong(log, "an entry is not found by its key", entry.position);
  }
  count->live_bytes += sho__entry_size(&entry);
  count->entries++;
  count_displaced(log, hash, bucket, count);
  return SHO_OK;
}

static int verify_log(struct sho__log *log) {
  uint64_t tail = sho__get(&log->segment->tail);
  uint64_t at = sho__get(&log->segment->head);
  while (at < tail) {
    struct sho__entry_shm entry;
    if (!whole_entry(log, at, &entry)) {
      return wrong(log, "no whole entry lies where one should", at);
    }
    at = sho__position_add(log->map, at, sho__entry_size(&entry));
  }
  return SHO_OK;
}

static int verify_segment(struct sho__log *log, struct count *count) {
  struct sho__bucket_shm *index = sho__index_of(log->map, log->number);
  int code = verify_log(log);
  for (uint64_t b = 0; b < log->map->geometry.buckets; b++) {
    for (int i = 0; i < SHO__BUCKET_SLOTS && code == SHO_OK; i++) {
      code = verify_slot(log, b, &index[b].slots[i], count);
    }
  }
  for (uint64_t b = 0; b < log->map->geometry.buckets && code == SHO_OK; b++) {
    if (sho__get(&index[b].overflow) != count->overflow[b]) {
      code = wrong(log, "an overflow count is wrong", b);
    }
  }
  if (code == SHO_OK &&
      (count->live_bytes != sho__get(&log->segment->live_bytes) ||
       count->entries != sho__get(&log->segment->entries))) {
    code = wrong(log, "the counts of entries are wrong", count->entries);
  }
  return code;
}

int sho_map_verify(struct sho_map *map) {
  int code = sho__map_writable(map);
  for (uint32_t s = 0; code == SHO_OK && s < map->geometry.segments; s++) {
    struct sho__log log;
    struct count count = {.overflow =
                              calloc(map->geometry.buckets, sizeof(uint32_t))};
    if (count.overflow == NULL) {
      return sho__fail(SHO_ENOMEM, "out of memory for verifying");
    }
    code = sho__segment_lock(map, s, &log);
    if (code == SHO_OK) {
      code = verify_segment(&log, &count);
      sho__segment_unlock(&log);
    }
    free(count.overflow);
    int state = sho__region_check(&map->region);
    code = state != SHO_OK ? state : code;
  }
  return code;
}
