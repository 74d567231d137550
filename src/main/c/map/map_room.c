/*
 * Room for entries where there is little. Everything here runs under the
 * segment's lock.
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
#include "base/assert.h"
#include "base/crash.h"
#include "base/error.h"
#include "map/map_append.h"

/* Second chances given for one write. */
enum { MOST_MOVES = 256 };

void sho__segment_drop(struct sho__segment *segment, uint64_t hash,
                       _Atomic uint64_t *slot,
                       const struct sho__entry_shm *entry) {
  uint64_t bytes = sho__entry_size(entry);
  SHO_ASSERT(sho__position_valid(segment->map, entry->position));
  segment->moved = 1;
  sho__index_remove(segment->map, segment->number, hash, slot);
  sho__segment_mark(segment, entry->position, 1);
  SHO__SEGMENT_PUT(segment, live_bytes, segment->live_bytes - bytes);
  SHO__SEGMENT_PUT(segment, entries, segment->entries - 1);
  SHO_CRASH_POINT("map: entry dropped");
}

static void move_to_tail(struct sho__segment *segment,
                         struct sho__entry_shm *entry, _Atomic uint64_t *slot) {
  uint64_t tail = segment->tail;
  uint64_t from = entry->position;
  SHO_ASSERT(from >= segment->head && from < tail);
  SHO_ASSERT(sho__entry_size(entry) <= sho__segment_free_bytes(segment));
  uint64_t bytes = sho__entry_size(entry);
  uint8_t *at = sho__segment_byte(segment, tail);
  sho__fence_before_overwrite();
  entry->position = tail;
  entry->checksum ^=
      sho__position_checksum(from) ^ sho__position_checksum(tail);
  sho__entry_store(at, entry);
  memcpy(at + SHO__ENTRY_BYTES,
         sho__segment_byte(segment, from) + SHO__ENTRY_BYTES,
         bytes - SHO__ENTRY_BYTES);
  SHO_CRASH_POINT("map: entry copied");
  sho__segment_advance_tail(segment, bytes);
  SHO_CRASH_POINT("map: tail advanced over copy");
  segment->moved = 1;
  sho__index_replace(slot, tail);
  SHO_CRASH_POINT("map: slot moved");
}

/* Decides about the live entry at the head. */
static void keep_or_drop(struct sho__segment *segment,
                         struct sho__entry_shm *entry, uint64_t hash,
                         _Atomic uint64_t *slot, int *chances) {
  struct sho__segment_shm *shm = segment->shm;
  if (sho__entry_expired(segment->map, entry)) {
    sho__segment_drop(segment, hash, slot, entry);
    sho__increment_owned(&shm->expirations);
  } else if (segment->map->geometry.eviction == SHO_EVICTION_CLOCK &&
             slot != segment->keep &&
             ((sho__load_relaxed(slot) & SHO__SLOT_VISITED) == 0 ||
              *chances == 0)) {
    sho__segment_drop(segment, hash, slot, entry);
    sho__increment_owned(&shm->evictions);
  } else if (sho__segment_free_bytes(segment) < sho__entry_size(entry)) {
    /* Numbers that were damaged left no room to move it to. */
    sho__segment_drop(segment, hash, slot, entry);
    sho__increment_owned(&shm->damaged);
  } else {
    move_to_tail(segment, entry, slot);
    *chances -= *chances > 0;
  }
}

/* Decides about an entry at the head that is not marked dead: a writer that
 * was killed may have left it so. */
static void leave_head(struct sho__segment *segment,
                       struct sho__entry_shm *entry, int *chances) {
  uint64_t hash = sho__segment_key_hash(segment, entry);
  if (sho__map_segment_of(segment->map, hash) == segment->number) {
    _Atomic uint64_t *slot =
        sho__index_slot_of(segment->map, hash, entry->position);
    if (slot != NULL) {
      keep_or_drop(segment, entry, hash, slot, chances);
    }
  }
}

/* Frees the entry at the head. 0: none lies there, which takes damage. */
static int advance_head(struct sho__segment *segment, int *chances) {
  uint64_t head = segment->head;
  struct sho__entry_shm entry;
  int found = sho__segment_entry(segment, head, &entry);
  if (found == 0) {
    return 0;
  }
  uint64_t next =
      sho__position_add(segment->map, head, sho__entry_size(&entry));
  __builtin_prefetch(sho__segment_byte(segment, next));
  if (found > 0) {
    leave_head(segment, &entry, chances);
  }
  sho__segment_set_head(segment, next);
  return 1;
}

static int full(const struct sho__segment *segment, uint64_t bytes,
                uint64_t limit) {
  if (sho__index_is_full(segment)) {
    return sho__fail(
        SHO_EFULL,
        "%s is full: a segment has %llu entries, the most its index takes; "
        "remove entries, or make the map anew with more capacity or with "
        "eviction CLOCK",
        segment->map->region.path, (unsigned long long)segment->entries);
  }
  return sho__fail(
      SHO_EFULL,
      "%s is full: an entry of %llu bytes does not fit into its segment, which "
      "has %llu bytes of entries and takes at most %llu; remove entries, or "
      "make the map anew with more capacity or with eviction CLOCK",
      segment->map->region.path, (unsigned long long)bytes,
      (unsigned long long)segment->live_bytes, (unsigned long long)limit);
}

static int expiry_is_due(const struct sho__segment *segment) {
  uint64_t earliest = segment->earliest_expiry_ms;
  return earliest != 0 && earliest <= sho__map_now_ms(segment->map);
}

static int is_cramped(const struct sho__segment *segment, uint64_t wanted,
                      uint64_t replaced) {
  return sho__segment_free_bytes(segment) < wanted ||
         (replaced == 0 && sho__index_is_full(segment));
}

static int is_empty(const struct sho__segment *segment) {
  return segment->head >= segment->tail;
}

/* Whether so many logs full of entries were moved since the tail was there. */
static int has_moved(const struct sho__segment *segment, uint64_t logs,
                     uint64_t begin) {
  return sho__position_distance(segment->map, begin, segment->tail) >
         logs * segment->map->geometry.log_bytes;
}

static int damaged(const struct sho__segment *segment) {
  return sho__fail(SHO_ECORRUPT,
                   "%s: segment %u was damaged; what was whole is kept, try "
                   "again",
                   segment->map->region.path, segment->number);
}

int sho__segment_admit(struct sho__segment *segment, uint64_t bytes,
                       uint64_t replaced, uint64_t largest) {
  return expiry_is_due(segment) && sho__segment_remove_expired(segment) > 0 &&
                 sho__segment_admits(segment, bytes, replaced, largest)
             ? SHO_OK
             : full(segment, bytes,
                    sho__segment_live_limit(segment->map, largest));
}

int sho__segment_make_room(struct sho__segment *segment, uint64_t wanted,
                           uint64_t replaced) {
  int chances =
      segment->map->geometry.eviction == SHO_EVICTION_CLOCK ? MOST_MOVES : 0;
  int rebuilt = 0;
  uint64_t begin = segment->tail;
  while (is_cramped(segment, wanted, replaced)) {
    if (chances > 0 && has_moved(segment, 1, begin)) {
      chances = 0; /* readers visit faster than we move */
    } else if (has_moved(segment, 2, begin) || is_empty(segment) ||
               !advance_head(segment, &chances)) {
      /* Only damaged numbers made room look possible. */
      if (rebuilt) {
        return damaged(segment);
      }
      sho__segment_rebuild(segment, 1);
      rebuilt = 1;
      begin = segment->tail;
    }
  }
  return SHO_OK;
}

/* ---- expired entries ---------------------------------------------------- */

uint64_t sho__segment_remove_expired(struct sho__segment *segment) {
  struct sho__segment_shm *shm = segment->shm;
  struct sho__bucket_shm *index = sho__index_of(segment->map, segment->number);
  uint64_t removed = 0;
  uint64_t earliest = 0;
  for (uint64_t b = 0; b < segment->map->geometry.buckets; b++) {
    for (int i = 0; i < SHO__BUCKET_SLOTS; i++) {
      struct sho__entry_shm entry;
      _Atomic uint64_t *slot = &index[b].slots[i];
      if (!sho__segment_slot_entry(segment, sho__load_relaxed(slot), &entry)) {
        continue;
      }
      uint64_t expiry_ms = sho__entry_expiry_ms(&entry);
      if (sho__entry_expired(segment->map, &entry)) {
        sho__segment_drop(segment, sho__segment_key_hash(segment, &entry), slot,
                          &entry);
        sho__increment_owned(&shm->expirations);
        removed++;
      } else if (expiry_ms != 0 && (earliest == 0 || expiry_ms < earliest)) {
        earliest = expiry_ms;
      }
    }
  }
  SHO__SEGMENT_PUT(segment, earliest_expiry_ms, earliest);
  return removed;
}
