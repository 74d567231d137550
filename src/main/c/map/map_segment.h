/*
 * A segment whose lock is held: its numbers, its entries, and what repairs it.
 *
 * What holds between operations, and what test_map_verify looks at:
 *  1. head <= tail, and not more than a log apart.
 * 2. From head to tail the entries follow each other; each contains its own
 * position.
 *  3. A slot names an entry between head and tail whose key has the slot's tag
 *     and this segment; no two slots name entries of one key.
 *  4. A bucket's overflow is at least the number of entries that lie behind it
 *     because it was full.
 *  5. An entry that is marked dead is named by no slot.
 *  6. live_bytes and entries are those of the entries that slots name; largest
 *     is not below any of them; earliest_expiry_ms is not above any expiry.
 *  7. largest bytes are free, so that the entry at the head can be moved.
 * A kill may leave 4 too high, 6 and 7 wrong: the next owner repairs them.
 * Everything else holds after each single store. Damage may break any of them:
 * so each number that is read from the file is checked before it is used, and
 * used from where it was copied to.
 */
#ifndef SHO_MAP_SEGMENT_H
#define SHO_MAP_SEGMENT_H

#include "base/assert.h"
#include "base/crash.h"
#include "map/map.h"

/*
 * head to lap_largest are the segment's numbers. They are read once, when the
 * lock is taken, and checked; from then on they are used from here and written
 * to both places. So a process that stores into the segment meanwhile, against
 * all rules, cannot mislead its owner.
 */
struct sho__segment {
  struct sho_map *map;
  struct sho__segment_shm *shm;
  uint64_t head;
  uint64_t tail;
  uint64_t live_bytes;
  uint64_t entries;
  uint64_t largest;
  uint64_t earliest_expiry_ms;
  uint64_t lap_largest;
  uint8_t *bytes; /* where the log's first byte is mapped */
  uint32_t number;
  int changed;                  /* what await waits for */
  int moved;                    /* a slot was emptied, or names another entry */
  const _Atomic uint64_t *keep; /* the slot of the key that is written */
};

/* Field by field: a struct that was stored in small parts and is copied in
 * large ones costs a stall for each of those. */
static inline void sho__segment_init(struct sho__segment *segment,
                                     struct sho_map *map, uint32_t number) {
  SHO_ASSERT(number < map->geometry.segments);
  segment->map = map;
  segment->shm = &map->segments[number];
  segment->bytes = sho__map_log_at(map, number, 0);
  segment->number = number;
  segment->head = sho__load_relaxed(&segment->shm->head);
  segment->tail = sho__load_relaxed(&segment->shm->tail);
  segment->live_bytes = sho__load_relaxed(&segment->shm->live_bytes);
  segment->entries = sho__load_relaxed(&segment->shm->entries);
  segment->largest = sho__load_relaxed(&segment->shm->largest);
  segment->earliest_expiry_ms =
      sho__load_relaxed(&segment->shm->earliest_expiry_ms);
  segment->lap_largest = sho__load_relaxed(&segment->shm->lap_largest);
  segment->changed = 0;
  segment->moved = 0;
  segment->keep = NULL;
}

#define SHO__SEGMENT_PUT(segment, field, value)                                \
  sho__store_relaxed(&(segment)->shm->field, (segment)->field = (value))

/* Release: no slot names an entry that the head has passed. */
static inline void sho__segment_set_head(struct sho__segment *segment,
                                         uint64_t head) {
  SHO_ASSERT(sho__position_valid(segment->map, head));
  SHO_ASSERT(segment->head <= head && head <= segment->tail);
  segment->head = head;
  sho__store_release(&segment->shm->head, head);
  SHO_CRASH_POINT("map: head advanced");
}

/* Release: what lies before the tail is written. */
static inline void sho__segment_set_tail(struct sho__segment *segment,
                                         uint64_t tail) {
  SHO_ASSERT(sho__position_valid(segment->map, tail));
  SHO_ASSERT(segment->tail < tail);
  segment->tail = tail;
  sho__store_release(&segment->shm->tail, tail);
}

/* As sho__map_log_at, for the log whose segment is locked. The largest entry
 * fits behind it into the mapping, whatever the position. */
static inline uint8_t *sho__segment_byte(const struct sho__segment *segment,
                                         uint64_t position) {
  uint64_t off = position & segment->map->position_mask;
  uint64_t log_bytes = segment->map->geometry.log_bytes;
  return segment->bytes + (off < log_bytes ? off : off - log_bytes);
}

/* Marks the entry at a position, which no slot names, as dead; or not dead. */
static inline void sho__segment_mark(struct sho__segment *segment,
                                     uint64_t position, int dead) {
  uint64_t mark = dead ? SHO__ENTRY_DEAD : 0;
  void *at = sho__segment_byte(segment, position);
  /* Release: who sees the mark sees that no slot names the entry. */
  atomic_store_explicit((_Atomic uint64_t *)at, position | mark,
                        memory_order_release);
}

/* Whether one valid position is at or behind another, and by no more than a
 * log's bytes: in the same lap it is, and a lap further on if the offset of
 * `to` is not above that of `from`. If `to` is before `from`, the difference
 * wraps. */
static inline int sho__segment_spans(const struct sho_map *map, uint64_t from,
                                     uint64_t to) {
  return to - from <= map->position_mask + 1;
}

static inline int
sho__segment_has_sane_bounds(const struct sho__segment *segment) {
  uint64_t head = segment->head;
  uint64_t tail = segment->tail;
  return sho__position_valid(segment->map, head) &&
         sho__position_valid(segment->map, tail) &&
         sho__segment_spans(segment->map, head, tail);
}

static inline int sho__segment_is_sane(const struct sho__segment *segment) {
  const struct sho__geometry *geometry = &segment->map->geometry;
  return sho__segment_has_sane_bounds(segment) &&
         segment->live_bytes <= geometry->log_bytes &&
         segment->entries <= geometry->buckets * SHO__BUCKET_SLOTS &&
         segment->largest <= geometry->max_entry + 7;
}

/* ---- entries: map_entry.c ----------------------------------------------- */

/* Copies the header at a position, the mark taken off. 0 if what lies there is
 * no entry of that position that ends at or before the tail; 1 for an entry, -1
 * for one marked dead. */
int sho__segment_entry(const struct sho__segment *segment, uint64_t position,
                       struct sho__entry_shm *entry);

/* The same for the entry that a slot of this segment names; 0 if it names
 * none between head and tail. */
int sho__segment_slot_entry(const struct sho__segment *segment,
                            uint64_t slot_value, struct sho__entry_shm *entry);

/* The hash of the key behind a header that sho__segment_entry found good. */
uint64_t sho__segment_key_hash(const struct sho__segment *segment,
                               const struct sho__entry_shm *entry);

/* Whether the entry's checksum is right. hash: of its key. */
int sho__entry_is_whole(const struct sho__segment *segment,
                        const struct sho__entry_shm *entry, uint64_t hash);

/* sho__segment_entry and sho__entry_is_whole, dead or not. */
int sho__segment_whole_entry(const struct sho__segment *segment,
                             uint64_t position, struct sho__entry_shm *entry);

/* Whether a slot of this segment may name an entry with that hash. */
static inline int sho__slot_fits(const struct sho__segment *segment,
                                 uint64_t slot_value, uint64_t hash) {
  return sho__map_segment_of(segment->map, hash) == segment->number &&
         sho__map_tag_of(hash) == (slot_value & SHO__SLOT_TAG_MASK);
}

/* ---- room: map_room.c --------------------------------------------------- */

/* Takes an entry off the index and off the counts, and marks it dead. */
void sho__segment_drop(struct sho__segment *segment, uint64_t hash,
                       _Atomic uint64_t *slot,
                       const struct sho__entry_shm *entry);

/* For an entry that the live bytes leave no place for: drops what is expired,
 * and answers SHO_OK if that made it a place, or SHO_EFULL. */
int sho__segment_admit(struct sho__segment *segment, uint64_t bytes,
                       uint64_t replaced, uint64_t largest);

/* sho__segment_room when there is an entry at the head that is not marked dead.
 * wanted: so many bytes are to be free. SHO_ECORRUPT. */
int sho__segment_make_room(struct sho__segment *segment, uint64_t wanted,
                           uint64_t replaced);

/* Drops all that is expired; their number. */
uint64_t sho__segment_remove_expired(struct sho__segment *segment);

/* ---- recovery: map_recover.c -------------------------------------------- */

/* For a segment whose last owner died (dead) or whose numbers make no sense. */
void sho__segment_recover(struct sho__segment *segment, int dead);

/* Counts anew what follows from index and log; drops slots that name nothing.
 * checked: verifies checksums too, and drops what fails. Readers may read. */
void sho__segment_rebuild(struct sho__segment *segment, int checked);

/* After a reboot, before anybody else is let in. */
void sho__map_rebuild_all(struct sho_map *map);

#endif
