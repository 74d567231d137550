#include "map/map_changes.h"

#include "map/map_chunk.h"

enum { MOST_ATTEMPTS = 10000 }; /* each that fails is another's success */

uint8_t *sho__ring_unit(const struct sho_map *map, uint64_t units,
                        uint64_t position) {
  uint64_t unit = position & (units - 1);
  uint64_t each = sho__ring_chunk_units(map);
  uint32_t chunk =
      atomic_load_explicit(&sho__changes_of(map)->chunks[unit / each],
                           memory_order_relaxed) -
      1; /* 0: none */
  if (chunk >= map->geometry.chunks ||
      sho__chunk_class(map, chunk) != SHO__CLASS_CHANGES) {
    return NULL;
  }
  return sho__record_at(
      map, sho__place_in(map, chunk, unit % each * SHO__CHANGE_UNIT));
}

/* ---- a place in the ring ------------------------------------------------ */

/* What is taken for a change. */
struct claim {
  uint8_t *unit;
  uint64_t position;
  uint64_t units;
  uint64_t word;
};

/* Takes so many units at head, or the rest of a chunk that has fewer. 1: taken;
 * 0: another was faster; -1: damaged. */
static int claim_at_head(struct sho_map *map, uint64_t units, uint64_t wanted,
                         struct claim *claim) {
  _Atomic uint64_t *head = &sho__changes_of(map)->head;
  uint64_t each = sho__ring_chunk_units(map);
  uint64_t position = sho__load_acquire(head);
  uint64_t left = each - (position & (each - 1));
  uint64_t lap = position / units;
  uint8_t *unit = sho__ring_unit(map, units, position);
  if (unit == NULL) {
    return -1;
  }
  _Atomic uint64_t *at = sho__unit_word(unit);
  uint64_t seen = sho__load_acquire(at);
  /* If head is as it was, what was seen is not of a later lap. */
  if (sho__load_acquire(head) != position) {
    return 0;
  }
  uint64_t taken = wanted < left ? wanted : left;
  int mine = !sho__change_is_taken(seen, lap);
  if (mine) {
    uint64_t state = wanted <= left ? SHO__CHANGE_RESERVED : SHO__CHANGE_VOID;
    uint64_t word = sho__change_word(lap, state, taken, map->peers.word);
    if (!atomic_compare_exchange_strong(at, &seen, word)) {
      return 0;
    }
    SHO_CRASH_POINT("map: change reserved");
    *claim = (struct claim){unit, position, taken, word};
  } else {
    taken = sho__change_taken(seen, left);
    if (taken == 0) {
      return -1;
    }
  }
  uint64_t was = position;
  atomic_compare_exchange_strong(head, &was, position + taken);
  if (mine && (position & (each - 1)) == 0) {
    atomic_store_explicit(&map->ring_due, 1, memory_order_relaxed);
  }
  return mine && wanted <= left;
}

/* 0: damaged. */
static int claim_units(struct sho_map *map, uint64_t wanted,
                       struct claim *claim) {
  uint64_t units = sho__ring_units(map);
  int got = units == 0 ? -1 : 0;
  for (int i = 0; i < MOST_ATTEMPTS && got == 0; i++) {
    got = claim_at_head(map, units, wanted, claim);
  }
  return got > 0;
}

/* ---- a change ----------------------------------------------------------- */

static void write_key(const struct claim *claim, const uint8_t *key,
                      uint64_t key_bytes) {
  uint64_t off = SHO__CHANGE_KEY_OFF;
  uint8_t *unit = claim->unit;
  for (uint64_t left = key_bytes; left > 0;) {
    uint64_t most = SHO__CHANGE_UNIT - off;
    uint64_t bytes = left < most ? left : most;
    sho__copy_racy(unit + off, key, bytes);
    key += bytes;
    left -= bytes;
    unit += SHO__CHANGE_UNIT;
    off = SHO__CHANGE_MORE_OFF;
  }
}

void sho__change_log(struct sho__shard *shard, uint32_t kind, uint64_t version,
                     uint64_t hash, const void *key, uint64_t key_bytes,
                     struct sho__change *change) {
  struct sho_map *map = shard->map;
  struct claim claim;
  uint64_t wanted = sho__change_units(key_bytes);
  if (wanted > sho__change_most_units(map) ||
      !claim_units(map, wanted, &claim)) {
    sho__changes_miss(map);
    return;
  }
  for (uint64_t i = 1; i < claim.units; i++) {
    sho__store_relaxed(sho__unit_word(claim.unit + i * SHO__CHANGE_UNIT), 0);
  }
  /* Whoever sees a byte of this lap sees a head that is beyond it. */
  sho__fence_before_overwrite();
  uint32_t kind_and_key = kind << SHO__CHANGE_KEY_BITS | (uint32_t)key_bytes;
  uint32_t checksum =
      sho__change_checksum(hash, claim.position, version, kind_and_key);
  sho__copy_racy(claim.unit + 8, &version, sizeof version);
  sho__copy_racy(claim.unit + 16, &kind_and_key, sizeof kind_and_key);
  sho__copy_racy(claim.unit + 20, &checksum, sizeof checksum);
  write_key(&claim, key, key_bytes);
  SHO_CRASH_POINT("map: change logged");
  change->word = sho__unit_word(claim.unit);
  change->reserved = claim.word;
}

void sho__change_end(const struct sho__change *change, int made) {
  if (change->word == NULL) {
    return;
  }
  uint64_t state = made ? SHO__CHANGE_MADE : SHO__CHANGE_VOID;
  uint64_t was = change->reserved;
  /* Nothing, if it is of a later lap by now. Release: who sees it sees the
   * key. */
  atomic_compare_exchange_strong_explicit(
      change->word, &was, was | state << SHO__CHANGE_STATE_SHIFT,
      memory_order_release, memory_order_relaxed);
  SHO_CRASH_POINT("map: change made");
}

void sho__changes_miss(struct sho_map *map) {
  /* A lap of the largest ring, which is whole laps of any. */
  atomic_fetch_add(&sho__changes_of(map)->head,
                   SHO__CHANGES_CHUNKS * sho__ring_chunk_units(map));
}

void sho__changes_told(struct sho_map *map) {
  struct sho__wait_shm *wait = &sho__changes_of(map)->wait;
  if (atomic_load_explicit(&wait->sleepers, memory_order_relaxed) != 0) {
    sho__wait_wake(map, wait, SHO__ON_WORD);
  }
  if (atomic_load_explicit(&map->ring_due, memory_order_relaxed) != 0) {
    /* A chunk of the ring is full: a good time to look who listens. */
    atomic_store_explicit(&map->ring_due, 0, memory_order_relaxed);
    sho__changes_collect(map);
  }
}
