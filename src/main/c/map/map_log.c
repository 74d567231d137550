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
#include "base/crash.h"
#include "base/error.h"
#include "map/map_append.h"

/* Second chances given for one write. */
enum { MOST_MOVES = 256 };

int sho__log_entry(const struct sho__log *log, uint64_t position,
                   struct sho__entry_shm *entry) {
  sho__entry_load(entry, sho__log_byte(log, position));
  int dead = (entry->position & SHO__ENTRY_DEAD) != 0;
  entry->position &= ~SHO__ENTRY_DEAD;
  uint64_t tail = log->tail;
  int whole = entry->position == position && sho__entry_fits(log->map, entry) &&
              position < tail &&
              sho__entry_size(entry) <=
                  sho__position_distance(log->map, position, tail);
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
  sho__entry_load(entry, sho__log_byte(log, off));
  entry->position &= ~SHO__ENTRY_DEAD;
  return sho__position_valid(map, entry->position) &&
         sho__slot_position(entry->position) == named &&
         entry->position >= log->head &&
         sho__log_entry(log, entry->position, entry) != 0;
}

uint64_t sho__log_key_hash(const struct sho__log *log,
                           const struct sho__entry_shm *entry) {
  const uint8_t *at = sho__log_byte(log, entry->position);
  return sho__map_hash(log->map, at + SHO__ENTRY_BYTES,
                       sho__entry_key_bytes(entry));
}

int sho__entry_is_whole(const struct sho__log *log,
                        const struct sho__entry_shm *entry, uint64_t hash) {
  const uint8_t *at = sho__log_byte(log, entry->position);
  return entry->checksum ==
         sho__entry_checksum(
             entry, hash, at + SHO__ENTRY_BYTES + sho__entry_key_bytes(entry));
}

int sho__log_whole_entry(const struct sho__log *log, uint64_t position,
                         struct sho__entry_shm *entry) {
  return sho__log_entry(log, position, entry) != 0 &&
         sho__entry_is_whole(log, entry, sho__log_key_hash(log, entry));
}

/* ---- room --------------------------------------------------------------- */

void sho__log_drop(struct sho__log *log, uint64_t hash, _Atomic uint64_t *slot,
                   const struct sho__entry_shm *entry) {
  uint64_t bytes = sho__entry_size(entry);
  log->moved = 1;
  sho__index_remove(log->map, log->number, hash, slot);
  sho__log_mark(log, entry->position, 1);
  SHO__SEGMENT_PUT(log, live_bytes, log->live_bytes - bytes);
  SHO__SEGMENT_PUT(log, entries, log->entries - 1);
  SHO_CRASH_POINT("map: entry dropped");
}

static void move_to_tail(struct sho__log *log, struct sho__entry_shm *entry,
                         _Atomic uint64_t *slot) {
  uint64_t tail = log->tail;
  uint64_t from = entry->position;
  uint64_t bytes = sho__entry_size(entry);
  uint8_t *at = sho__log_byte(log, tail);
  sho__fence_before_overwrite();
  entry->position = tail;
  entry->checksum ^=
      sho__position_checksum(from) ^ sho__position_checksum(tail);
  sho__entry_store(at, entry);
  memcpy(at + SHO__ENTRY_BYTES, sho__log_byte(log, from) + SHO__ENTRY_BYTES,
         bytes - SHO__ENTRY_BYTES);
  SHO_CRASH_POINT("map: entry copied");
  sho__log_advance_tail(log, bytes);
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
  } else if (sho__log_free_bytes(log) < sho__entry_size(entry)) {
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
  uint64_t head = log->head;
  struct sho__entry_shm entry;
  int found = sho__log_entry(log, head, &entry);
  if (found == 0) {
    return 0;
  }
  uint64_t next = sho__position_add(log->map, head, sho__entry_size(&entry));
  __builtin_prefetch(sho__log_byte(log, next));
  if (found > 0) {
    leave_head(log, &entry, chances);
  }
  sho__log_set_head(log, next);
  return 1;
}

static int full(const struct sho__log *log, uint64_t bytes, uint64_t limit) {
  if (sho__index_is_full(log)) {
    return sho__fail(
        SHO_EFULL,
        "%s is full: a segment has %llu entries, the most its index takes; "
        "remove entries, or make the map anew with more capacity or with "
        "eviction CLOCK",
        log->map->region.path, (unsigned long long)log->entries);
  }
  return sho__fail(
      SHO_EFULL,
      "%s is full: an entry of %llu bytes does not fit into its segment, which "
      "has %llu bytes of entries and takes at most %llu; remove entries, or "
      "make the map anew with more capacity or with eviction CLOCK",
      log->map->region.path, (unsigned long long)bytes,
      (unsigned long long)log->live_bytes, (unsigned long long)limit);
}

static int expiry_is_due(const struct sho__log *log) {
  uint64_t earliest = log->earliest_expiry_ms;
  return earliest != 0 && earliest <= sho__map_now_ms(log->map);
}

static int is_cramped(const struct sho__log *log, uint64_t wanted,
                      uint64_t replaced) {
  return sho__log_free_bytes(log) < wanted ||
         (replaced == 0 && sho__index_is_full(log));
}

static int is_empty(const struct sho__log *log) {
  return log->head >= log->tail;
}

/* Whether so many logs full of entries were moved since the tail was there. */
static int has_moved(const struct sho__log *log, uint64_t logs,
                     uint64_t begin) {
  return sho__position_distance(log->map, begin, log->tail) >
         logs * log->map->geometry.log_bytes;
}

static int damaged(const struct sho__log *log) {
  return sho__fail(SHO_ECORRUPT,
                   "%s: segment %u was damaged; what was whole is kept, try "
                   "again",
                   log->map->region.path, log->number);
}

int sho__log_admit(struct sho__log *log, uint64_t bytes, uint64_t replaced,
                   uint64_t largest) {
  return expiry_is_due(log) && sho__log_remove_expired(log) > 0 &&
                 sho__log_admits(log, bytes, replaced, largest)
             ? SHO_OK
             : full(log, bytes, sho__log_live_limit(log->map, largest));
}

int sho__log_make_room(struct sho__log *log, uint64_t wanted,
                       uint64_t replaced) {
  int chances =
      log->map->geometry.eviction == SHO_EVICTION_CLOCK ? MOST_MOVES : 0;
  int rebuilt = 0;
  uint64_t begin = log->tail;
  while (is_cramped(log, wanted, replaced)) {
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
      begin = log->tail;
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
  SHO__SEGMENT_PUT(log, earliest_expiry_ms, earliest);
  return removed;
}
