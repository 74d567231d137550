/*
 * Room in a log, and an entry behind its tail, inline: the hot path of all
 * writes. All under the segment's lock; map_room.c has the rest.
 */
#ifndef SHO_MAP_APPEND_H
#define SHO_MAP_APPEND_H

#include "base/assert.h"
#include "base/crash.h"
#include "map/map_segment.h"

enum {
  SHO__FREE_SHARE = 16, /* NONE keeps one part in so many free of live bytes */
  SHO__FREE_SLOTS_SHARE = 32, /* and any eviction of free slots */
  SHO__PREFETCH_BYTES = 1024, /* so far ahead of the tail, so much at most */
  SHO__HASH_COPY_BYTES = 4096 /* of a value that is read once, not twice */
};

/* ---- room --------------------------------------------------------------- */

static inline uint64_t
sho__segment_free_bytes(const struct sho__segment *segment) {
  uint64_t used =
      sho__position_distance(segment->map, segment->head, segment->tail);
  SHO_ASSERT(segment->head <= segment->tail);
  SHO_ASSERT(used <= segment->map->geometry.log_bytes);
  return segment->map->geometry.log_bytes - used;
}

/* Of live bytes, with NONE. */
static inline uint64_t sho__segment_live_limit(const struct sho_map *map,
                                               uint64_t largest) {
  uint64_t log_bytes = map->geometry.log_bytes;
  uint64_t kept = log_bytes / SHO__FREE_SHARE;
  return log_bytes - (2 * largest > kept ? 2 * largest : kept);
}

/* A search for a key that is not there takes 0.3 us at 31/32, 30 at the very
 * end. */
static inline int sho__index_is_full(const struct sho__segment *segment) {
  uint64_t slots = segment->map->geometry.buckets * SHO__BUCKET_SLOTS;
  return segment->entries >= slots - slots / SHO__FREE_SLOTS_SHARE;
}

/* NONE: whether the entry will fit beside what lives. */
static inline int sho__segment_admits(const struct sho__segment *segment,
                                      uint64_t bytes, uint64_t replaced,
                                      uint64_t largest) {
  uint64_t limit = sho__segment_live_limit(segment->map, largest);
  return segment->live_bytes - replaced + bytes <= limit &&
         (replaced > 0 || !sho__index_is_full(segment));
}

/* Frees the entry at the head, if it is marked dead, and answers its bytes; 0:
 * it is not, or damaged. used: the bytes from head to tail. */
static inline uint64_t sho__segment_pass_dead(struct sho__segment *segment,
                                              uint64_t used) {
  uint64_t head = segment->head;
  struct sho__entry_shm entry;
  sho__entry_load(&entry, sho__segment_byte(segment, head));
  uint64_t bytes = sho__entry_size(&entry);
  if (entry.position != (head | SHO__ENTRY_DEAD) ||
      !sho__entry_fits(segment->map, &entry) || bytes > used) {
    return 0;
  }
  uint64_t next = sho__position_add(segment->map, head, bytes);
  __builtin_prefetch(sho__segment_byte(segment, next));
  sho__segment_set_head(segment, next);
  return bytes;
}

/*
 * Makes room for an entry of that size, and counts on `replaced` bytes of live
 * entries going as it comes. SHO_EFULL changes nothing that can be seen. Moves,
 * drops and expires entries: slots found before may have changed.
 */
static inline int sho__segment_room(struct sho__segment *segment,
                                    uint64_t bytes, uint64_t replaced) {
  uint64_t largest = segment->largest;
  SHO_ASSERT(bytes % 8 == 0 && bytes <= segment->map->geometry.max_entry + 7);
  SHO_ASSERT(replaced <= segment->map->geometry.max_entry + 7);
  largest = largest < bytes ? bytes : largest;
  if (segment->map->geometry.eviction == SHO_EVICTION_NONE &&
      __builtin_expect(!sho__segment_admits(segment, bytes, replaced, largest),
                       0)) {
    int code = sho__segment_admit(segment, bytes, replaced, largest);
    if (code != SHO_OK) {
      return code;
    }
  }
  SHO__SEGMENT_PUT(segment, largest, largest);
  uint64_t wanted = bytes + largest;
  uint64_t free = sho__segment_free_bytes(segment);
  while (free < wanted) {
    uint64_t freed = sho__segment_pass_dead(
        segment, segment->map->geometry.log_bytes - free);
    if (freed == 0) {
      return sho__segment_make_room(segment, wanted, replaced);
    }
    free += freed;
  }
  return replaced > 0 || !sho__index_is_full(segment)
             ? SHO_OK
             : sho__segment_make_room(segment, wanted, replaced);
}

/* ---- writing ------------------------------------------------------------ */

/*
 * What lives was written less than a log ago. So when the tail comes into a new
 * lap, nothing that lives is larger than what was written in the lap before.
 */
static inline void sho__segment_note_size(struct sho__segment *segment,
                                          uint64_t bytes, int laps) {
  uint64_t lap_largest = segment->lap_largest;
  lap_largest = lap_largest < bytes ? bytes : lap_largest;
  SHO__SEGMENT_PUT(segment, lap_largest, laps ? 0 : lap_largest);
  if (laps || segment->largest < bytes) {
    SHO__SEGMENT_PUT(segment, largest, laps ? lap_largest : bytes);
  }
}

/*
 * As many lines as were written, a few entries ahead of the tail: it gets there
 * some writes later. In a full log the next entries at the head are among them.
 */
static inline void sho__segment_prefetch(const struct sho__segment *segment,
                                         uint64_t bytes) {
  uint8_t *at = sho__segment_byte(segment, segment->tail);
  uint64_t most = bytes < SHO__PREFETCH_BYTES ? bytes : SHO__PREFETCH_BYTES;
  for (uint64_t ahead = 0; ahead < most; ahead += 64) {
    __builtin_prefetch(at + SHO__PREFETCH_BYTES + ahead, 1);
  }
}

static inline void sho__segment_advance_tail(struct sho__segment *segment,
                                             uint64_t bytes) {
  uint64_t tail = segment->tail;
  uint64_t next = sho__position_add(segment->map, tail, bytes);
  sho__segment_note_size(segment, bytes,
                         (tail ^ next) >> segment->map->position_bits != 0);
  sho__segment_set_tail(segment, next);
  sho__segment_prefetch(segment, bytes);
}

static inline void sho__segment_note_expiry(struct sho__segment *segment,
                                            uint64_t expiry_ms) {
  uint64_t earliest = segment->earliest_expiry_ms;
  if (expiry_ms != 0 && (earliest == 0 || expiry_ms < earliest)) {
    SHO__SEGMENT_PUT(segment, earliest_expiry_ms, expiry_ms);
  }
}

/* Copies `end` bytes from the beginning and as many from the end; they may
 * overlap.
 */
static inline void sho__copy_ends(uint8_t *to, const uint8_t *from,
                                  size_t bytes, size_t end) {
  memcpy(to, from, end);
  memcpy(to + bytes - end, from + bytes - end, end);
}

/* As memcpy, and without a call for few bytes. */
static inline void sho__copy_in(uint8_t *to, const uint8_t *from,
                                size_t bytes) {
  if (bytes >= 8 && bytes <= 16) {
    sho__copy_ends(to, from, bytes, 8);
  } else if (bytes > 64 && bytes <= 128) {
    sho__copy_ends(to, from, bytes, 64);
  } else if (bytes > 32 && bytes <= 64) {
    sho__copy_ends(to, from, bytes, 32);
  } else if (bytes > 16 && bytes <= 32) {
    sho__copy_ends(to, from, bytes, 16);
  } else if (bytes > 0) { /* with none, from may be NULL */
    memcpy(to, from, bytes);
  }
}

/* Writes an entry behind the tail, where there is room, and moves the tail. In
 * *entry: version 0 means a new one; position and checksum are filled in. */
static inline void sho__segment_append(struct sho__segment *segment,
                                       struct sho__entry_shm *entry,
                                       const void *key, const void *value,
                                       uint64_t key_hash) {
  uint64_t tail = segment->tail;
  uint32_t key_bytes = sho__entry_key_bytes(entry);
  SHO_ASSERT(sho__entry_fits(segment->map, entry));
  SHO_ASSERT(sho__entry_size(entry) <= sho__segment_free_bytes(segment));
  uint8_t *at = sho__segment_byte(segment, tail);
  uint8_t *value_at = at + SHO__ENTRY_BYTES + key_bytes;
  int is_long = entry->value_bytes >= SHO__HASH_COPY_BYTES;
  entry->position = tail;
  if (entry->version == 0) {
    entry->version = tail;
  }
  entry->checksum = is_long ? 0 : sho__entry_checksum(entry, key_hash, value);
  sho__segment_note_expiry(segment, sho__entry_expiry_ms(entry));
  /* The head that freed these bytes is seen before they change. */
  sho__fence_before_overwrite();
  sho__entry_store(at, entry);
  SHO_CRASH_POINT("map: entry half written");
  sho__copy_in(at + SHO__ENTRY_BYTES, key, key_bytes);
  if (__builtin_expect(is_long, 0)) {
    uint64_t hash = sho__hash_copy(value_at, value, entry->value_bytes,
                                   sho__value_seed(entry, key_hash));
    entry->checksum = (uint32_t)hash ^ sho__position_checksum(tail);
    sho__entry_store(at, entry);
  } else {
    sho__copy_in(value_at, value, entry->value_bytes);
  }
  SHO_CRASH_POINT("map: entry written");
  uint64_t bytes = sho__entry_size(entry);
  sho__segment_advance_tail(segment, bytes);
  SHO_CRASH_POINT("map: tail advanced");
}

#endif
