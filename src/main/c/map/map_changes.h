/*
 * Changes: what writers tell those who listen. See layout.h, "What listeners
 * need".
 *
 * Nobody listens, most often: then a write loads one word of its shard, in the
 * line of the lock that it holds, and that is all. Else it logs each change
 * under the lock of the shard, in this order:
 *
 *  1. take the unit at head, by compare-and-set of its word: it now names us,
 *     how many units we take, and that nothing is made yet
 *  2. advance head; if we do not, the next writer does
 *  3. write version, kind and key there
 *  4. make the change: store the slot
 *  5. have the word say that it is made, by compare-and-set; or that it is void
 *  6. unlock, and look whether a listener sleeps
 *
 * A kill before 1 changes nothing. One between 1 and 5 leaves a word that is
 * reserved by a dead peer: whether the change was made is not known, so each
 * listener is told that it may have missed one. So no kill loses a change
 * silently, and who recovers the shard need not know of it. No writer waits for
 * another: one that is stopped between 1 and 5 holds up the listeners only,
 * until it goes on or the ring is full.
 *
 * Order: the changes of a key are logged under one lock, so their positions are
 * in their order.
 *
 * No one waits for a listener. It keeps its position for itself, and notices
 * that it fell behind by comparing that with head, before and after it copied:
 * who writes to a unit of the next lap has seen a head that is beyond it. Then
 * it goes to head, passes the lock of each shard once, so that no change is
 * being made any more that was logged before that, and is told that it missed
 * something.
 *
 * A writer that is stopped between 1 and 3 for a whole lap writes to a unit
 * that is another's by then: the checksum, which knows the position, shows it,
 * and listeners are told that they missed that change. Its word of step 5 comes
 * too late, and is not stored.
 */
#ifndef SHO_MAP_CHANGES_H
#define SHO_MAP_CHANGES_H

#include "map/map_shard.h"

/* ---- the ring ----------------------------------------------------------- */

enum { SHO__CHANGE_KEY_OFF = 24, SHO__CHANGE_MORE_OFF = 8 };

static inline struct sho__changes_shm *
sho__changes_of(const struct sho_map *map) {
  return &map->header->changes;
}

static inline uint64_t sho__ring_chunk_units(const struct sho_map *map) {
  return sho__chunk_bytes(map) / SHO__CHANGE_UNIT;
}

/* Units of the ring; 0: there is none, or its number is damaged. */
static inline uint64_t sho__ring_units(const struct sho_map *map) {
  uint32_t count = atomic_load_explicit(&sho__changes_of(map)->chunk_count,
                                        memory_order_acquire);
  return count <= SHO__CHANGES_CHUNKS && (count & (count - 1)) == 0
             ? count * sho__ring_chunk_units(map)
             : 0;
}

/* The most that a change takes. */
static inline uint64_t sho__change_units(uint64_t key_bytes) {
  uint64_t first = SHO__CHANGE_UNIT - SHO__CHANGE_KEY_OFF;
  uint64_t each = SHO__CHANGE_UNIT - SHO__CHANGE_MORE_OFF;
  return key_bytes <= first ? 1 : 1 + (key_bytes - first + each - 1) / each;
}

static inline uint64_t sho__change_most_units(const struct sho_map *map) {
  return sho__change_units(sho__chunk_bytes(map) / 4);
}

/* The unit at a position. NULL: no chunk of the ring is there, which takes
 * damage. */
uint8_t *sho__ring_unit(const struct sho_map *map, uint64_t units,
                        uint64_t position);

static inline _Atomic uint64_t *sho__unit_word(uint8_t *unit) {
  return (_Atomic uint64_t *)(void *)unit;
}

static inline uint64_t sho__change_word(uint64_t lap, uint64_t state,
                                        uint64_t units, uint32_t owner) {
  return lap << SHO__CHANGE_LAP_SHIFT | state << SHO__CHANGE_STATE_SHIFT |
         units << SHO__CHANGE_UNITS_SHIFT | owner;
}

static inline uint32_t sho__change_owner(uint64_t word) {
  return (uint32_t)word & (UINT32_MAX >> 1);
}

static inline uint64_t sho__change_state(uint64_t word) {
  return word >> SHO__CHANGE_STATE_SHIFT & 3;
}

/* How many units a word says that it takes, of so many that there may be. 0:
 * that is damaged. */
static inline uint64_t sho__change_taken(uint64_t word, uint64_t most) {
  uint64_t units = word >> SHO__CHANGE_UNITS_SHIFT & SHO__CHANGE_UNITS_MASK;
  return units <= most ? units : 0;
}

/* Whether a unit is taken in that lap. */
static inline int sho__change_is_taken(uint64_t word, uint64_t lap) {
  return word >> SHO__CHANGE_LAP_SHIFT == (lap & UINT16_MAX) &&
         sho__change_owner(word) != 0;
}

static inline uint32_t sho__change_checksum(uint64_t hash, uint64_t position,
                                            uint64_t version,
                                            uint32_t kind_and_key) {
  return (uint32_t)sho__hash_mix(
      hash ^ position, SHO__HASH_S1 ^ version ^ (uint64_t)kind_and_key << 32);
}

/* ---- logging: map_changes.c --------------------------------------------- */

/* A change that is logged and not made yet. */
struct sho__change {
  _Atomic uint64_t *word; /* NULL: nobody listens */
  uint64_t reserved;
};

void sho__change_log(struct sho__shard *shard, uint32_t kind, uint64_t version,
                     uint64_t hash, const void *key, uint64_t key_bytes,
                     struct sho__change *change);

static inline int sho__shard_is_listened(const struct sho__shard *shard) {
  return atomic_load_explicit(&shard->shm->listened, memory_order_relaxed) != 0;
}

/* Logs a change that is about to be made, if anybody listens. */
static inline void sho__change_begin(struct sho__shard *shard, uint32_t kind,
                                     uint64_t version, uint64_t hash,
                                     const void *key, uint64_t key_bytes,
                                     struct sho__change *change) {
  change->word = NULL;
  if (__builtin_expect(sho__shard_is_listened(shard), 0)) {
    sho__change_log(shard, kind, version, hash, key, key_bytes, change);
  }
}

/* It is made, or not. */
void sho__change_end(const struct sho__change *change, int made);

/* Something changed, and cannot be logged: all listeners are told that they
 * missed something. */
void sho__changes_miss(struct sho_map *map);

/* ---- the ring comes and goes: map_ring.c -------------------------------- */

/* A place among the listeners, and the position from which on all changes are
 * heard. SHO_EFULL, SHO_EPEERS. To be called without any lock. */
int sho__listener_enter(struct sho_map *map, uint32_t *place,
                        uint64_t *position);

void sho__listener_leave(struct sho_map *map, uint32_t place);

/* Has no thread of this handle listen any more. */
void sho__listeners_leave(struct sho_map *map);

/* Gives the ring's chunks back if no living peer listens. 1: it did. Does not
 * wait for others. To be called without any lock. */
int sho__changes_collect(struct sho_map *map);

/* Waits until every change that was logged before this call is made. */
int sho__changes_settle(struct sho_map *map);

/* After a reboot. */
void sho__changes_reset(struct sho_map *map);

#endif
