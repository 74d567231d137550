/*
 * After a dead owner, a reboot, damage. What a log's entries and the index say
 * is the truth; the numbers beside them are counted anew from it.
 *
 * Readers go on meanwhile. So overflow counts are computed aside and then
 * stored, never lowered below what they must be; head and tail only grow.
 */
#include <stdlib.h>

#include "base/assert.h"
#include "base/crash.h"
#include "base/error.h"
#include "map/map_find.h"
#include "map/map_segment.h"

void sho__segment_recover(struct sho__segment *segment, int dead) {
  if (dead) {
    SHO_CRASH_POINT("map: taken over");
    segment->changed = 1; /* the dead owner may have woken nobody */
  }
  sho__segment_rebuild(segment, !sho__segment_is_sane(segment));
  sho__increment_owned(&segment->shm->recoveries);
}

/* ---- rebuild ------------------------------------------------------------ */

struct count {
  uint64_t live_bytes;
  uint64_t entries;
  uint64_t largest;
  uint64_t earliest_expiry_ms;
  uint32_t *overflow; /* of each bucket; NULL: no memory for it */
};

/* The header that a slot names, wherever head and tail are. */
static int named_entry(const struct sho__segment *segment, uint64_t slot_value,
                       struct sho__entry_shm *entry) {
  const struct sho_map *map = segment->map;
  uint64_t named = slot_value & SHO__SLOT_POSITION_MASK;
  uint64_t off = named << 3 & map->position_mask;
  if (slot_value == 0 || off >= map->geometry.log_bytes) {
    return 0;
  }
  sho__entry_load(entry, sho__segment_byte(segment, off));
  entry->position &= ~SHO__ENTRY_DEAD;
  return sho__position_valid(map, entry->position) &&
         sho__slot_position(entry->position) == named &&
         sho__entry_fits(map, entry);
}

/* The same for an entry that is whole and belongs here. */
static int whole_named_entry(const struct sho__segment *segment,
                             uint64_t slot_value,
                             struct sho__entry_shm *entry) {
  if (!named_entry(segment, slot_value, entry)) {
    return 0;
  }
  uint64_t hash = sho__segment_key_hash(segment, entry);
  return sho__slot_fits(segment, slot_value, hash) &&
         sho__entry_is_whole(segment, entry, hash);
}

static uint64_t slots_of(const struct sho__segment *segment) {
  return segment->map->geometry.buckets * SHO__BUCKET_SLOTS;
}

static _Atomic uint64_t *slot_at(const struct sho__segment *segment,
                                 uint64_t number) {
  struct sho__bucket_shm *index = sho__index_of(segment->map, segment->number);
  return &index[number / SHO__BUCKET_SLOTS].slots[number % SHO__BUCKET_SLOTS];
}

/*
 * Head and tail: around the whole entries that a log can hold. The tail stays
 * where it was if it may have been there, so that no version comes twice.
 */
static void find_bounds(struct sho__segment *segment) {
  const struct sho_map *map = segment->map;
  uint64_t tail = UINT64_C(1) << map->position_bits;
  uint64_t largest = 0;
  struct sho__entry_shm entry;
  for (uint64_t i = 0; i < slots_of(segment); i++) {
    if (whole_named_entry(segment, sho__load_relaxed(slot_at(segment, i)),
                          &entry)) {
      uint64_t size = sho__entry_size(&entry);
      uint64_t end = sho__position_add(map, entry.position, size);
      tail = end > tail ? end : tail;
      largest = size > largest ? size : largest;
    }
  }
  uint64_t head = tail;
  for (uint64_t i = 0; i < slots_of(segment); i++) {
    if (whole_named_entry(segment, sho__load_relaxed(slot_at(segment, i)),
                          &entry) &&
        entry.position < head &&
        sho__segment_spans(map, entry.position, tail)) {
      head = entry.position;
    }
  }
  uint64_t was = segment->tail;
  if (sho__segment_has_sane_bounds(segment) && was > tail &&
      (head == tail || (sho__segment_spans(map, head, was) &&
                        sho__position_distance(map, head, was) + largest <=
                            map->geometry.log_bytes))) {
    head = head == tail ? was : head;
    tail = was;
  }
  SHO__SEGMENT_PUT(segment, tail, tail);
  SHO__SEGMENT_PUT(segment, head, head);
}

/* Counts the slot's entry, or empties the slot. */
static void count_slot(struct sho__segment *segment, uint64_t bucket,
                       _Atomic uint64_t *slot, int checked,
                       struct count *count) {
  struct sho__entry_shm entry;
  uint64_t value = sho__load_relaxed(slot);
  if (value == 0) {
    return;
  }
  int good = sho__segment_slot_entry(segment, value, &entry);
  uint64_t hash = good ? sho__segment_key_hash(segment, &entry) : 0;
  good = good && sho__slot_fits(segment, value, hash) &&
         (!checked || sho__entry_is_whole(segment, &entry, hash));
  if (!good) {
    sho__store_relaxed(slot, 0);
    sho__increment_owned(&segment->shm->damaged);
    return;
  }
  if (checked) {
    /* A power cut may have kept the mark and lost the slot's new value. */
    sho__segment_mark(segment, entry.position, 0);
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
    sho__index_displace(segment->map, hash, bucket, count->overflow);
  }
}

static void count_index(struct sho__segment *segment, int checked,
                        struct count *count) {
  struct sho__bucket_shm *index = sho__index_of(segment->map, segment->number);
  for (uint64_t b = 0; b < segment->map->geometry.buckets; b++) {
    for (int i = 0; i < SHO__BUCKET_SLOTS; i++) {
      count_slot(segment, b, &index[b].slots[i], checked, count);
    }
  }
}

static void store_count(struct sho__segment *segment,
                        const struct count *count) {
  struct sho__bucket_shm *index = sho__index_of(segment->map, segment->number);
  SHO_ASSERT(count->entries <= slots_of(segment));
  SHO_ASSERT(count->largest <= segment->map->geometry.max_entry + 7);
  SHO__SEGMENT_PUT(segment, live_bytes, count->live_bytes);
  SHO__SEGMENT_PUT(segment, entries, count->entries);
  SHO__SEGMENT_PUT(segment, largest, count->largest);
  SHO__SEGMENT_PUT(segment, lap_largest, count->largest);
  SHO__SEGMENT_PUT(segment, earliest_expiry_ms, count->earliest_expiry_ms);
  for (uint64_t b = 0; count->overflow && b < segment->map->geometry.buckets;
       b++) {
    sho__store_relaxed(&index[b].overflow, count->overflow[b]);
  }
}

/* A power cut can leave an old slot and a new one of the same key. Keeps the
 * later version. To be called when overflow counts are right. */
static void drop_twins(struct sho__segment *segment) {
  for (uint64_t i = 0; i < slots_of(segment); i++) {
    _Atomic uint64_t *slot = slot_at(segment, i);
    struct sho__entry_shm entry;
    uint64_t value = sho__load_relaxed(slot);
    if (!sho__segment_slot_entry(segment, value, &entry)) {
      continue;
    }
    const uint8_t *key =
        sho__segment_byte(segment, entry.position) + SHO__ENTRY_BYTES;
    uint64_t hash = sho__segment_key_hash(segment, &entry);
    struct sho__hit first;
    /* The key may be another by now than when its slot was counted. */
    if (!sho__slot_fits(segment, value, hash) ||
        sho__index_find(segment->map, hash, key, sho__entry_key_bytes(&entry),
                        &first) != SHO__HIT ||
        first.slot == slot) {
      continue;
    }
    int older = entry.version < first.entry.version;
    sho__segment_drop(segment, hash, older ? slot : first.slot,
                      older ? &entry : &first.entry);
    if (entry.position == first.entry.position) {
      sho__segment_mark(segment, entry.position,
                        0); /* the other slot names it */
    }
    sho__increment_owned(&segment->shm->damaged);
  }
}

/* The positions that slots name, in order. */
struct named {
  uint64_t *positions;
  size_t count;
};

static int compare_positions(const void *left, const void *right) {
  uint64_t a = *(const uint64_t *)left;
  uint64_t b = *(const uint64_t *)right;
  return a < b ? -1 : a > b;
}

/* 0: there is no memory for it. */
static int collect_named(const struct sho__segment *segment,
                         struct named *named) {
  size_t most = (size_t)slots_of(segment);
  *named = (struct named){.positions = malloc(most * sizeof(uint64_t))};
  if (named->positions == NULL) {
    return 0;
  }
  for (uint64_t i = 0; i < most; i++) {
    struct sho__entry_shm entry;
    if (sho__segment_slot_entry(segment, sho__load_relaxed(slot_at(segment, i)),
                                &entry)) {
      named->positions[named->count++] = entry.position;
    }
  }
  qsort(named->positions, named->count, sizeof(uint64_t), compare_positions);
  return 1;
}

/* The first named position above one, or the tail. *next: where to look from,
 * since positions are asked for in order. */
static uint64_t next_named(const struct sho__segment *segment,
                           const struct named *named, size_t *next,
                           uint64_t above) {
  while (*next < named->count && named->positions[*next] <= above) {
    ++*next;
  }
  return *next < named->count ? named->positions[*next] : segment->tail;
}

/* Writes one dead entry that fills up to so many bytes. Answers its size; 0:
 * what would be left behind it is too little for another. */
static uint64_t fill(struct sho__segment *segment, uint64_t position,
                     uint64_t bytes) {
  const struct sho_map *map = segment->map;
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
  uint8_t *at = sho__segment_byte(segment, position);
  struct sho__entry_shm entry = {.position = position,
                                 .version = position,
                                 .value_bytes = (uint32_t)value_bytes};
  entry.checksum = sho__entry_checksum(&entry, sho__map_hash(map, "", 0),
                                       at + SHO__ENTRY_BYTES);
  entry.position |= SHO__ENTRY_DEAD;
  /* The emptied slots and the bounds are seen before these bytes change. */
  sho__fence_before_overwrite();
  memcpy(at, &entry, sizeof entry);
  return size;
}

/* Lays dead entries over a hole. Answers where that ends: behind it, or before
 * it if what is left takes none. */
static uint64_t fill_hole(struct sho__segment *segment, uint64_t at,
                          uint64_t end) {
  while (at < end) {
    uint64_t hole = sho__position_distance(segment->map, at, end);
    uint64_t bytes = hole < SHO__ENTRY_BYTES ? 0 : fill(segment, at, hole);
    if (bytes == 0) {
      return end == segment->tail ? at : end;
    }
    at = sho__position_add(segment->map, at, bytes);
  }
  return at;
}

/* Lays dead entries over all that is none, so that the head finds its way from
 * each entry to the next. Without memory it is left to who meets a hole. */
static void fill_holes(struct sho__segment *segment) {
  struct named named;
  size_t next = 0;
  uint64_t at = segment->head;
  if (!collect_named(segment, &named)) {
    return;
  }
  while (at < segment->tail) {
    struct sho__entry_shm entry;
    if (sho__segment_whole_entry(segment, at, &entry)) {
      at = sho__position_add(segment->map, at, sho__entry_size(&entry));
      continue;
    }
    uint64_t end = next_named(segment, &named, &next, at);
    at = fill_hole(segment, at, end);
    if (at < end) {
      SHO__SEGMENT_PUT(segment, tail, at); /* too little is left for an entry */
    }
  }
  free(named.positions);
}

/* The log's last entry. */
static int last_entry(const struct sho__segment *segment,
                      struct sho__entry_shm *entry) {
  uint64_t tail = segment->tail;
  uint64_t at = segment->head;
  int found = 0;
  while (at < tail && sho__segment_entry(segment, at, entry) != 0) {
    at = sho__position_add(segment->map, at, sho__entry_size(entry));
    found = 1;
  }
  return found && at == tail;
}

/*
 * Who was killed in moving an entry to the tail, before its slot was stored,
 * left a copy that no slot names in the room that is kept for one move. The
 * next owner would lack that room: so it finishes the move.
 */
static void finish_move(struct sho__segment *segment) {
  struct sho__entry_shm from;
  struct sho__entry_shm to;
  uint64_t head = segment->head;
  if (sho__segment_entry(segment, head, &from) <= 0 ||
      !last_entry(segment, &to) || to.position == head ||
      to.version != from.version || to.expiry_and_key != from.expiry_and_key ||
      to.value_bytes != from.value_bytes) {
    return;
  }
  uint64_t hash = sho__segment_key_hash(segment, &from);
  if (sho__map_segment_of(segment->map, hash) != segment->number) {
    return; /* damaged */
  }
  _Atomic uint64_t *slot = sho__index_slot_of(segment->map, hash, head);
  if (slot != NULL && sho__segment_key_hash(segment, &to) == hash &&
      sho__entry_is_whole(segment, &to, hash)) {
    sho__index_replace(slot, to.position);
    SHO_CRASH_POINT("map: move finished");
  }
}

void sho__segment_rebuild(struct sho__segment *segment, int checked) {
  segment->moved = 1;
  struct count count = {
      .overflow = calloc(segment->map->geometry.buckets, sizeof(uint32_t))};
  if (checked) {
    find_bounds(segment);
  }
  count_index(segment, checked, &count);
  SHO_CRASH_POINT("map: counted");
  store_count(segment, &count);
  free(count.overflow);
  if (checked) {
    drop_twins(segment);
    fill_holes(segment);
  }
  finish_move(segment);
  SHO_CRASH_POINT("map: recovered");
}

/* Rebuilds a segment, and tells of entries that are gone without a trace. */
static void rebuild_after_boot(struct sho__segment *segment) {
  struct sho__segment_shm *shm = segment->shm;
  uint64_t had = segment->entries;
  uint64_t damaged = sho__load_relaxed(&shm->damaged);
  /* A writer that was killed may have left one too many. */
  int counted =
      atomic_exchange(&shm->lock.word, 0) == 0 && had <= slots_of(segment);
  atomic_store(&shm->sleepers, 0);
  sho__segment_rebuild(segment, 1);
  uint64_t told = sho__load_relaxed(&shm->damaged) - damaged;
  uint64_t has = segment->entries;
  if (counted && had > has && had - has > told) {
    sho__store_relaxed(&shm->damaged, damaged + had - has);
  }
}

void sho__map_rebuild_all(struct sho_map *map) {
  for (uint32_t s = 0; s < map->geometry.segments; s++) {
    struct sho__segment segment;
    sho__segment_init(&segment, map, s);
    rebuild_after_boot(&segment);
    sho__setup_progress(map->region.fd, s + 1, map->geometry.segments);
  }
  for (uint32_t i = 0; i < SHO__COMPUTE_BUCKETS; i++) {
    struct sho__compute_shm *bucket = &map->computes[i];
    for (uint32_t slot = 0; slot < SHO__COMPUTE_SLOTS; slot++) {
      atomic_store(&bucket->slots[slot].owner, 0);
    }
    atomic_store(&bucket->lock.word, 0);
  }
}
