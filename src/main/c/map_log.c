/*
 * Entries, and room for them. Everything here runs under the segment's lock.
 *
 * The log is a ring: entries from head to tail, the oldest first. Room is made
 * at the head. What lies there is dropped if the index does not name it (it
 * was overwritten or removed) or if it is expired; otherwise it is written
 * again at the tail, or, with CLOCK, dropped unless it was visited (a second
 * chance, as in the page replacement algorithm of Corbato).
 *
 * Between operations at least `largest` bytes are free, so that the entry at
 * the head can always be written again. NONE keeps the live bytes below
 * live_limit: as the free part shrinks, moves for each write grow as
 * 1 / (1 - fill).
 */
#include "map.h"

#include "crash.h"
#include "error.h"

enum {
  FREE_SHARE = 16, /* NONE keeps one part in so many free of live entries */
  FREE_SLOTS_SHARE = 32, /* and of free slots */
  MOST_MOVES = 256       /* second chances given for one write */
};

static uint64_t free_bytes(const struct sho__log *log) {
  uint64_t used = sho__position_distance(
      log->map, sho__get(&log->segment->head), sho__get(&log->segment->tail));
  return log->map->geometry.log_bytes - used;
}

static uint64_t live_limit(const struct sho_map *map, uint64_t largest) {
  uint64_t log_bytes = map->geometry.log_bytes;
  uint64_t kept = log_bytes / FREE_SHARE;
  return log_bytes - (2 * largest > kept ? 2 * largest : kept);
}

int sho__log_entry(const struct sho__log *log, uint64_t position,
                   struct sho__entry_shm *entry) {
  const struct sho_map *map = log->map;
  sho__copy_racy(entry, sho__log_at(map, log->number, position), sizeof *entry);
  int dead = (entry->position & SHO__ENTRY_DEAD) != 0;
  entry->position &= ~SHO__ENTRY_DEAD;
  uint64_t tail = sho__get(&log->segment->tail);
  int whole =
      entry->position == position &&
      (uint64_t)SHO__ENTRY_BYTES + sho__entry_key_bytes(entry) +
              entry->value_bytes <=
          map->geometry.max_entry &&
      position < tail &&
      sho__entry_size(entry) <= sho__position_distance(map, position, tail);
  return !whole ? 0 : dead ? -1 : 1;
}

int sho__log_slot_entry(const struct sho__log *log, uint64_t slot_value,
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
         entry->position >= sho__get(&log->segment->head) &&
         sho__log_entry(log, entry->position, entry) != 0;
}

uint64_t sho__log_key_hash(const struct sho__log *log,
                           const struct sho__entry_shm *entry) {
  const uint8_t *at = sho__log_at(log->map, log->number, entry->position);
  return sho__map_hash(log->map, at + SHO__ENTRY_BYTES,
                       sho__entry_key_bytes(entry));
}

int sho__entry_is_whole(const struct sho__log *log,
                        const struct sho__entry_shm *entry, uint64_t hash) {
  const uint8_t *at = sho__log_at(log->map, log->number, entry->position);
  return entry->checksum ==
         sho__entry_checksum(
             entry, hash, at + SHO__ENTRY_BYTES + sho__entry_key_bytes(entry));
}

int sho__log_whole_entry(const struct sho__log *log, uint64_t position,
                         struct sho__entry_shm *entry) {
  return sho__log_entry(log, position, entry) != 0 &&
         sho__entry_is_whole(log, entry, sho__log_key_hash(log, entry));
}

/* ---- writing ------------------------------------------------------------ */

/*
 * What lives was written less than a log ago. So when the tail comes into a new
 * lap, nothing that lives is larger than what was written in the lap before.
 */
static void note_size(struct sho__log *log, uint64_t bytes, int laps) {
  struct sho__segment_shm *segment = log->segment;
  uint64_t lap_largest = sho__get(&segment->lap_largest);
  lap_largest = lap_largest < bytes ? bytes : lap_largest;
  sho__put(&segment->lap_largest, laps ? 0 : lap_largest);
  if (laps || sho__get(&segment->largest) < bytes) {
    sho__put(&segment->largest, laps ? lap_largest : bytes);
  }
}

static void advance_tail(struct sho__log *log, uint64_t bytes) {
  uint64_t tail = sho__get(&log->segment->tail);
  uint64_t next = sho__position_add(log->map, tail, bytes);
  note_size(log, bytes, (tail ^ next) >> log->map->position_bits != 0);
  atomic_store_explicit(&log->segment->tail, next, memory_order_release);
}

/* The next entry's lines: a segment's turn comes again some writes later. */
static void prefetch_tail(const struct sho__log *log) {
  uint8_t *at =
      sho__log_at(log->map, log->number, sho__get(&log->segment->tail));
  for (int line = 1; line <= 3; line++) {
    __builtin_prefetch(at + line * 64, 1);
  }
}

static void note_expiry(struct sho__segment_shm *segment, uint64_t expiry_ms) {
  uint64_t earliest = sho__get(&segment->earliest_expiry_ms);
  if (expiry_ms != 0 && (earliest == 0 || expiry_ms < earliest)) {
    sho__put(&segment->earliest_expiry_ms, expiry_ms);
  }
}

/* As memcpy, which must not be given a NULL with no bytes. */
static void copy_in(uint8_t *to, const void *from, size_t bytes) {
  if (bytes > 0) {
    memcpy(to, from, bytes);
  }
}

void sho__log_append(struct sho__log *log, struct sho__entry_shm *entry,
                     const void *key, const void *value, uint64_t key_hash) {
  uint64_t tail = sho__get(&log->segment->tail);
  uint32_t key_bytes = sho__entry_key_bytes(entry);
  uint8_t *at = sho__log_at(log->map, log->number, tail);
  entry->position = tail;
  if (entry->version == 0) {
    entry->version = tail;
  }
  entry->checksum = sho__entry_checksum(entry, key_hash, value);
  note_expiry(log->segment, sho__entry_expiry_ms(entry));
  /* The head that freed these bytes is seen before they change. */
  sho__fence_before_overwrite();
  memcpy(at, entry, sizeof *entry);
  SHO_CRASH_POINT("map: entry half written");
  copy_in(at + SHO__ENTRY_BYTES, key, key_bytes);
  copy_in(at + SHO__ENTRY_BYTES + key_bytes, value, entry->value_bytes);
  SHO_CRASH_POINT("map: entry written");
  advance_tail(log, sho__entry_size(entry));
  prefetch_tail(log);
  SHO_CRASH_POINT("map: tail advanced");
}

/* ---- room --------------------------------------------------------------- */

void sho__log_mark(struct sho__log *log, uint64_t position, int dead) {
  uint64_t mark = dead ? SHO__ENTRY_DEAD : 0;
  void *at = sho__log_at(log->map, log->number, position);
  /* Release: who sees the mark sees that no slot names the entry. */
  atomic_store_explicit((_Atomic uint64_t *)at, position | mark,
                        memory_order_release);
}

void sho__log_drop(struct sho__log *log, uint64_t hash, _Atomic uint64_t *slot,
                   const struct sho__entry_shm *entry) {
  struct sho__segment_shm *segment = log->segment;
  uint64_t bytes = sho__entry_size(entry);
  log->moved = 1;
  sho__index_remove(log->map, hash, slot);
  sho__log_mark(log, entry->position, 1);
  sho__put(&segment->live_bytes, sho__get(&segment->live_bytes) - bytes);
  sho__put(&segment->entries, sho__get(&segment->entries) - 1);
  SHO_CRASH_POINT("map: entry dropped");
}

static void move_to_tail(struct sho__log *log, struct sho__entry_shm *entry,
                         _Atomic uint64_t *slot) {
  const struct sho_map *map = log->map;
  uint64_t tail = sho__get(&log->segment->tail);
  uint64_t from = entry->position;
  uint64_t bytes = sho__entry_size(entry);
  uint8_t *at = sho__log_at(map, log->number, tail);
  sho__fence_before_overwrite();
  entry->position = tail;
  entry->checksum ^=
      sho__position_checksum(from) ^ sho__position_checksum(tail);
  memcpy(at, entry, sizeof *entry);
  memcpy(at + SHO__ENTRY_BYTES,
         sho__log_at(map, log->number, from) + SHO__ENTRY_BYTES,
         bytes - SHO__ENTRY_BYTES);
  SHO_CRASH_POINT("map: entry copied");
  advance_tail(log, bytes);
  SHO_CRASH_POINT("map: tail advanced over copy");
  log->moved = 1;
  sho__index_replace(slot, tail);
  SHO_CRASH_POINT("map: slot moved");
}

/* Decides about the live entry at the head. */
static void keep_or_drop(struct sho__log *log, struct sho__entry_shm *entry,
                         uint64_t hash, _Atomic uint64_t *slot, int *chances) {
  struct sho__segment_shm *segment = log->segment;
  if (sho__entry_expired(log->map, entry)) {
    sho__log_drop(log, hash, slot, entry);
    sho__bump(&segment->expirations);
  } else if (log->map->geometry.eviction == SHO_EVICTION_CLOCK &&
             slot != log->keep &&
             ((sho__get(slot) & SHO__SLOT_VISITED) == 0 || *chances == 0)) {
    sho__log_drop(log, hash, slot, entry);
    sho__bump(&segment->evictions);
  } else if (free_bytes(log) < sho__entry_size(entry)) {
    /* Numbers that were damaged left no room to move it to. */
    sho__log_drop(log, hash, slot, entry);
    sho__bump(&segment->damaged);
  } else {
    move_to_tail(log, entry, slot);
    *chances -= *chances > 0;
  }
}

/* Decides about an entry at the head that is not marked dead: a writer that
 * was killed may have left it so. */
static void leave_head(struct sho__log *log, struct sho__entry_shm *entry,
                       int *chances) {
  uint64_t hash = sho__log_key_hash(log, entry);
  if (sho__map_segment_of(log->map, hash) == log->number) {
    _Atomic uint64_t *slot =
        sho__index_slot_of(log->map, hash, entry->position);
    if (slot != NULL) {
      keep_or_drop(log, entry, hash, slot, chances);
    }
  }
}

/* Frees the entry at the head. 0: none lies there, which takes damage. */
static int advance_head(struct sho__log *log, int *chances) {
  struct sho__segment_shm *segment = log->segment;
  uint64_t head = sho__get(&segment->head);
  struct sho__entry_shm entry;
  int found = sho__log_entry(log, head, &entry);
  if (found == 0) {
    return 0;
  }
  uint64_t next = sho__position_add(log->map, head, sho__entry_size(&entry));
  __builtin_prefetch(sho__log_at(log->map, log->number, next));
  if (found > 0) {
    leave_head(log, &entry, chances);
  }
  /* Release: no slot names an entry that the head has passed. */
  atomic_store_explicit(&segment->head, next, memory_order_release);
  SHO_CRASH_POINT("map: head advanced");
  return 1;
}

/* A search for a key that is not there takes 0.3 us at 31/32, 30 at the very
 * end. */
static int index_is_full(const struct sho__log *log) {
  uint64_t slots = log->map->geometry.buckets * SHO__BUCKET_SLOTS;
  return sho__get(&log->segment->entries) >= slots - slots / FREE_SLOTS_SHARE;
}

static int full(const struct sho__log *log, uint64_t bytes) {
  if (index_is_full(log)) {
    return sho__fail(
        SHO_EFULL,
        "%s is full: a segment has %llu entries, the most its index takes; "
        "remove entries, or make the map anew with more capacity or with "
        "eviction CLOCK",
        log->map->region.path,
        (unsigned long long)sho__get(&log->segment->entries));
  }
  return sho__fail(
      SHO_EFULL,
      "%s is full: an entry of %llu bytes does not fit beside %llu live bytes "
      "of at most %llu in its segment; remove entries, or make the map anew "
      "with more capacity or with eviction CLOCK",
      log->map->region.path, (unsigned long long)bytes,
      (unsigned long long)sho__get(&log->segment->live_bytes),
      (unsigned long long)log->map->geometry.log_bytes);
}

/* NONE: whether the entry will fit beside what lives. */
static int admitted(struct sho__log *log, uint64_t bytes, uint64_t replaced,
                    uint64_t largest) {
  struct sho__segment_shm *segment = log->segment;
  uint64_t limit = live_limit(log->map, largest);
  return sho__get(&segment->live_bytes) - replaced + bytes <= limit &&
         (replaced > 0 || !index_is_full(log));
}

static int expiry_is_due(const struct sho__log *log) {
  uint64_t earliest = sho__get(&log->segment->earliest_expiry_ms);
  return earliest != 0 && earliest <= sho__map_now_ms(log->map);
}

static int is_cramped(const struct sho__log *log, uint64_t wanted,
                      uint64_t replaced) {
  return free_bytes(log) < wanted || (replaced == 0 && index_is_full(log));
}

static int is_empty(const struct sho__log *log) {
  return sho__get(&log->segment->head) >= sho__get(&log->segment->tail);
}

/* Whether so many logs full of entries were moved since the tail was there. */
static int has_moved(const struct sho__log *log, uint64_t logs,
                     uint64_t begin) {
  return sho__position_distance(log->map, begin,
                                sho__get(&log->segment->tail)) >
         logs * log->map->geometry.log_bytes;
}

static int damaged(const struct sho__log *log) {
  return sho__fail(SHO_ECORRUPT,
                   "%s: segment %u was damaged; what was whole is kept, try "
                   "again",
                   log->map->region.path, log->number);
}

int sho__log_room(struct sho__log *log, uint64_t bytes, uint64_t replaced) {
  struct sho__segment_shm *segment = log->segment;
  uint64_t largest = sho__get(&segment->largest);
  largest = largest < bytes ? bytes : largest;
  if (log->map->geometry.eviction == SHO_EVICTION_NONE &&
      !admitted(log, bytes, replaced, largest) &&
      (!expiry_is_due(log) || sho__log_remove_expired(log) == 0 ||
       !admitted(log, bytes, replaced, largest))) {
    return full(log, bytes);
  }
  sho__put(&segment->largest, largest);
  int chances =
      log->map->geometry.eviction == SHO_EVICTION_CLOCK ? MOST_MOVES : 0;
  int rebuilt = 0;
  uint64_t begin = sho__get(&segment->tail);
  while (is_cramped(log, bytes + largest, replaced)) {
    if (chances > 0 && has_moved(log, 1, begin)) {
      chances = 0; /* readers visit faster than we move */
    } else if (has_moved(log, 2, begin) || is_empty(log) ||
               !advance_head(log, &chances)) {
      /* Only damaged numbers made room look possible. */
      if (rebuilt) {
        return damaged(log);
      }
      sho__segment_rebuild(log, 1);
      rebuilt = 1;
      begin = sho__get(&segment->tail);
    }
  }
  return SHO_OK;
}

/* ---- expired entries ---------------------------------------------------- */

uint64_t sho__log_remove_expired(struct sho__log *log) {
  struct sho__segment_shm *segment = log->segment;
  struct sho__bucket_shm *index = sho__index_of(log->map, log->number);
  uint64_t removed = 0;
  uint64_t earliest = 0;
  for (uint64_t b = 0; b < log->map->geometry.buckets; b++) {
    for (int i = 0; i < SHO__BUCKET_SLOTS; i++) {
      struct sho__entry_shm entry;
      _Atomic uint64_t *slot = &index[b].slots[i];
      if (!sho__log_slot_entry(log, sho__get(slot), &entry)) {
        continue;
      }
      uint64_t expiry_ms = sho__entry_expiry_ms(&entry);
      if (sho__entry_expired(log->map, &entry)) {
        sho__log_drop(log, sho__log_key_hash(log, &entry), slot, &entry);
        sho__bump(&segment->expirations);
        removed++;
      } else if (expiry_ms != 0 && (earliest == 0 || expiry_ms < earliest)) {
        earliest = expiry_ms;
      }
    }
  }
  sho__put(&segment->earliest_expiry_ms, earliest);
  return removed;
}
