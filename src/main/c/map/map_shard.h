/*
 * A shard whose lock is held: its table, its entries, and what repairs it.
 *
 * What holds between operations, and what test_map_verify looks at:
 *  1. The table lies in one chunk, as a record of kind TABLE of this shard.
 *  2. A slot names an entry, no more than what is used of its chunk, whose
 *     key's hash has the shard's number and the slot's tag; no two slots name
 *     entries of one key.
 *  3. A bucket's overflow is at least the number of entries that lie behind it
 *     because it was full.
 *  4. A record that is marked dead is named by no slot and no shard.
 *  5. entries is the number of slots in use; version is not below that of any
 *     entry; earliest_expiry_ms is not above any expiry.
 *  6. A chunk's dead bytes are at most those of records that nothing names.
 * A kill may leave 3 too high, entries one off, and 6 too low. Everything else
 * holds after each single store. Damage may break any of them: so each number
 * that is read from the file is checked before it is used, and used from where
 * it was copied to.
 */
#ifndef SHO_MAP_SHARD_H
#define SHO_MAP_SHARD_H

#include "base/crash.h"
#include "map/map_find.h"

/* Numbers are read once, when the lock is taken, and checked; from then on they
 * are used from here and written to both places. */
struct sho__shard {
  struct sho_map *map;
  struct sho__shard_shm *shm;
  struct sho__table table;
  uint64_t version;
  uint64_t entries;
  uint32_t number;
};

static inline void sho__shard_init(struct sho__shard *shard,
                                   struct sho_map *map, uint32_t number) {
  SHO_ASSERT(number >> map->geometry.shard_bits == 0);
  shard->map = map;
  shard->shm = &map->shards[number];
  shard->number = number;
  shard->version = sho__load_relaxed(&shard->shm->version);
  shard->entries = sho__load_relaxed(&shard->shm->entries);
}

static inline void sho__shard_set_entries(struct sho__shard *shard,
                                          uint64_t entries) {
  shard->entries = entries;
  sho__store_relaxed(&shard->shm->entries, entries);
}

/* ---- the table: map_table.c --------------------------------------------- */

/* The slot that names a place, or NULL. */
_Atomic uint64_t *sho__table_slot_of(const struct sho__table *table,
                                     uint64_t tag, uint64_t place);

/* How many slots of that tag name something. */
uint64_t sho__table_count_tag(const struct sho__table *table, uint64_t tag);

/* Has the first free slot name a place. 0, or -1: no slot is free. */
int sho__table_insert(const struct sho__table *table, uint64_t tag,
                      uint64_t slot_value);

/* Empties a slot of that tag. */
void sho__table_remove(const struct sho__table *table, uint64_t tag,
                       _Atomic uint64_t *slot);

/* Adds to each bucket's number how many entries should be counted there. */
void sho__table_count(const struct sho__table *table, uint32_t *overflow);

/* Counts overflow anew. 0: there is no memory for it, all stays. */
int sho__table_recount(const struct sho__table *table);

/* Which bucket a slot of the table is in. */
static inline uint64_t sho__table_bucket(const struct sho__table *table,
                                         const _Atomic uint64_t *slot) {
  return (uint64_t)((const uint8_t *)slot - (const uint8_t *)table->first) /
         sizeof(struct sho__bucket_shm);
}

static inline uint64_t sho__table_slots(const struct sho__table *table) {
  return table->buckets * SHO__BUCKET_SLOTS;
}

static inline _Atomic uint64_t *sho__table_slot(const struct sho__table *table,
                                                uint64_t number) {
  return &table->first[number / SHO__BUCKET_SLOTS]
              .slots[number % SHO__BUCKET_SLOTS];
}

/* How many buckets fit into a chunk. */
static inline uint64_t sho__table_most(const struct sho_map *map) {
  return (sho__chunk_bytes(map) - SHO__TABLE_OFF) /
         sizeof(struct sho__bucket_shm);
}

/* Whether one more entry should find a larger table. */
static inline int sho__table_is_crowded(const struct sho_map *map,
                                        const struct sho__table *table,
                                        uint64_t entries) {
  uint32_t crowded = table->buckets < sho__table_most(map) / 2
                         ? sho__crowded(map)
                         : SHO__CROWDED_MOST;
  return (entries + 1) * SHO__CROWDED_ALL > sho__table_slots(table) * crowded;
}

/* Whether a smaller one would do, and room is scarce. */
static inline int sho__table_is_sparse(const struct sho_map *map,
                                       const struct sho__table *table,
                                       uint64_t entries) {
  uint64_t crowded = sho__crowded(map);
  return crowded > SHO__CROWDED_LEAST && table->buckets > 1 &&
         entries * SHO__CROWDED_ALL * 10 <
             sho__table_slots(table) * crowded * 7;
}

/* ---- entries: map_entry.c ----------------------------------------------- */

/* The entry that a slot of this shard names, its slot and place in *hit. 0 if
 * it names none. */
int sho__shard_entry(const struct sho__shard *shard, _Atomic uint64_t *slot,
                     struct sho__hit *hit);

/* The hash of the key of an entry that was found good. */
static inline uint64_t sho__hit_hash(const struct sho_map *map,
                                     const struct sho__hit *hit) {
  return sho__map_hash(map, hit->at + sho__record_key_off(&hit->record),
                       sho__record_key_bytes(&hit->record));
}

/* Whether a slot of this shard may name an entry with that hash. */
static inline int sho__slot_fits(const struct sho__shard *shard,
                                 uint64_t slot_value, uint64_t hash) {
  return sho__shard_of(shard->map, hash) == shard->number &&
         sho__tag_of(shard->map, hash) ==
             (slot_value & SHO__SLOT_TAG_MASK) >> SHO__SLOT_PLACE_BITS;
}

/* Whether the checksums of an entry and of its parts are right. */
int sho__entry_is_whole(const struct sho_map *map, const struct sho__hit *hit,
                        uint64_t hash);

/* Around the store that takes a slot's value away, and what follows. */
static inline void sho__shard_retiring(struct sho__shard *shard,
                                       uint64_t slot_value) {
  sho__store_release(&shard->shm->retiring, slot_value & ~SHO__SLOT_VISITED);
  SHO_CRASH_POINT("map: retiring");
}

/* Takes an entry off the table and off the counts, and retires it. kind: how
 * listeners are told of it. */
void sho__shard_drop(struct sho__shard *shard, uint64_t hash,
                     const struct sho__hit *hit, enum sho_change_kind kind);

/* Drops what of a shard has expired, or all. Answers how many. */
uint64_t sho__shard_drop_entries(struct sho__shard *shard, int all);

/* ---- recovery: map_recover.c -------------------------------------------- */

/* For a shard whose last owner died (dead) or whose numbers make no sense. */
void sho__shard_recover(struct sho__shard *shard, int dead);

/* Counts anew what follows from the table; empties slots that name nothing.
 * checked: verifies checksums too, and drops what fails. Readers may read. */
void sho__shard_rebuild(struct sho__shard *shard, int checked);

/* After a reboot, before anybody else is let in: map_boot.c. SHO_ENOMEM. */
int sho__map_rebuild_all(struct sho_map *map);

/* ---- the lock ----------------------------------------------------------- */

/* 0: damaged. */
static inline int sho__shard_decode_table(struct sho__shard *shard) {
  return sho__table_decode(
      shard->map, sho__load_relaxed(&shard->map->tables[shard->number]),
      &shard->table);
}

/* Looks a key of the shard up. 0: it is not there. */
static inline int sho__shard_find(const struct sho__shard *shard, uint64_t tag,
                                  const void *key, size_t key_bytes,
                                  struct sho__hit *hit) {
  hit->word_at = &shard->map->tables[shard->number];
  hit->word = sho__load_relaxed(hit->word_at);
  return sho__find_in(shard->map, &shard->table, tag, key, key_bytes, hit) ==
         SHO__HIT;
}

static inline int sho__shard_is_sane(struct sho__shard *shard) {
  return sho__shard_decode_table(shard) &&
         shard->entries <= sho__table_slots(&shard->table) &&
         shard->version >> 62 == 0;
}

static inline void sho__shard_enter(struct sho__shard *shard,
                                    struct sho_map *map, uint32_t number,
                                    int dead) {
  sho__shard_init(shard, map, number);
  if (__builtin_expect(!sho__shard_is_sane(shard) || dead, 0)) {
    sho__shard_recover(shard, dead);
  }
  SHO_CRASH_POINT("map: locked");
}

/* Locks a shard and repairs it if its last owner died or its state makes no
 * sense. */
static inline int sho__shard_lock(struct sho_map *map, uint32_t number,
                                  struct sho__shard *shard) {
  int dead;
  int code = sho__map_check(map); /* nothing is written into another file */
  if (code == SHO_OK) {
    code = sho__lock(&map->peers, &map->shards[number].lock, &dead);
  }
  if (code == SHO_OK) {
    sho__shard_enter(shard, map, number, dead);
  }
  return code;
}

static inline void sho__shard_unlock(struct sho__shard *shard) {
  sho__unlock(&shard->shm->lock);
  SHO_CRASH_POINT("map: unlocked");
}

/* map_changes.c: after the unlocking of a shard that may be listened to. */
void sho__changes_told(struct sho_map *map);

/* After the unlocking of a shard in which a key of that hash changed. A sleeper
 * sets sleepers, then looks at its key; we the other way. */
static inline void sho__map_changed(struct sho_map *map, uint64_t hash) {
  struct sho__wait_shm *wait = sho__wait_of(map, hash);
  uint32_t wanted = sho__on_changes(hash) | sho__on_events(hash);
  sho__fence_after_unlock();
  uint32_t sleepers =
      atomic_load_explicit(&wait->sleepers, memory_order_relaxed);
  if (__builtin_expect((sleepers & wanted) != 0, 0)) {
    sho__wait_wake(map, wait, wanted);
  }
  if (__builtin_expect(
          atomic_load_explicit(&map->shards[sho__shard_of(map, hash)].listened,
                               memory_order_relaxed) != 0,
          0)) {
    sho__changes_told(map);
  }
}

#endif
