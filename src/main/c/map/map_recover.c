/* After a dead owner, or damage: all of a shard follows from its table. */
#include "base/crash.h"
#include "map/map_boot.h"
#include "map/map_changes.h"
#include "map/map_chunk.h"
#include "map/map_grow.h"
#include "map/map_large.h"

/* What the dead owner had nothing name any more may not count as dead, and
 * whether it does cannot be told. A chunk that is wrongly in doubt does no
 * harm, so neither does a record that is another by now. */
static void finish_retiring(struct sho__shard *shard) {
  struct sho_map *map = shard->map;
  _Atomic uint64_t *retiring = &shard->shm->retiring;
  uint64_t value = sho__load_relaxed(retiring);
  struct sho__hit hit;
  if (value != 0 && sho__place_valid(map, sho__slot_place(value))) {
    sho__chunk_doubt(map, sho__chunk_of(map, sho__slot_place(value)));
  }
  if (value != 0 && sho__shard_entry(shard, retiring, &hit) &&
      sho__record_is(&hit.record, SHO__RECORD_LARGE)) {
    for (uint64_t i = 0; i < sho__parts_of(map, hit.record.value_bytes); i++) {
      uint64_t place = sho__large_part(map, &hit, i);
      if (place != UINT64_MAX) {
        sho__chunk_doubt(map, sho__chunk_of(map, place));
      }
    }
  }
  sho__shard_retiring(shard, 0);
}

void sho__shard_recover(struct sho__shard *shard, int dead) {
  if (dead) {
    SHO_CRASH_POINT("map: taken over");
  }
  int damaged = !sho__shard_is_sane(shard);
  sho__shard_rebuild(shard, damaged);
  if (damaged && sho__shard_is_listened(shard)) {
    sho__changes_miss(shard->map);
  }
  finish_retiring(shard);
  sho__increment_owned(&shard->shm->recoveries);
}

/* ---- rebuild ------------------------------------------------------------ */

/* Whether a slot names an entry that belongs there and is whole. */
static int is_good(const struct sho__shard *shard, _Atomic uint64_t *slot,
                   struct sho__hit *hit, uint64_t *hash) {
  if (!sho__shard_entry(shard, slot, hit)) {
    return 0;
  }
  *hash = sho__hit_hash(shard->map, hit);
  return sho__slot_fits(shard, hit->slot_value, *hash) &&
         hit->record.number >> 62 == 0 &&
         sho__entry_is_whole(shard->map, hit, *hash);
}

/* Empties a slot that names nothing good. What it named may count as living. */
static void lose(struct sho__shard *shard, _Atomic uint64_t *slot) {
  struct sho_map *map = shard->map;
  uint64_t value = sho__load_relaxed(slot);
  uint64_t place = sho__slot_place(value);
  if (sho__place_valid(map, place)) {
    sho__chunk_doubt(map, sho__chunk_of(map, place));
  }
  sho__table_remove(&shard->table,
                    (value & SHO__SLOT_TAG_MASK) >> SHO__SLOT_PLACE_BITS, slot);
  sho__shard_set_entries(shard, shard->entries - (shard->entries > 0));
  sho__increment_owned(&shard->shm->damaged);
}

/* A power cut can leave an old slot and a new one of the same key. Keeps the
 * later version. 1: that is not the slot of hit. */
static int drop_twin(struct sho__shard *shard, uint64_t hash,
                     const struct sho__hit *hit, struct sho__covered *covered) {
  const struct sho_map *map = shard->map;
  struct sho__hit first;
  if (sho__find(map, hash, hit->at + sho__record_key_off(&hit->record),
                sho__record_key_bytes(&hit->record), &first) != SHO__HIT ||
      first.slot == hit->slot) {
    return 0;
  }
  if (hit->record.number <= first.record.number) {
    lose(shard, hit->slot);
    return 1;
  }
  if (covered != NULL) {
    sho__uncover_entry(map, covered, &first);
  }
  lose(shard, first.slot);
  return 0;
}

/* What was to be replaced may be marked on the disk, and still be named. */
static void unmark(const struct sho_map *map, const struct sho__hit *hit) {
  uint64_t parts = sho__record_is(&hit->record, SHO__RECORD_LARGE)
                       ? sho__parts_of(map, hit->record.value_bytes)
                       : 0;
  sho__record_unmark(map, hit->place);
  for (uint64_t i = 0; i < parts; i++) {
    sho__record_unmark(map, sho__large_part(map, hit, i));
  }
}

void sho__shard_note(struct sho__shard_shm *shm,
                     const struct sho__record *record) {
  uint64_t expiry = record->expiry_ms;
  if (expiry != 0) {
    uint64_t earliest = sho__load_relaxed(&shm->earliest_expiry_ms);
    if (earliest == 0 || expiry < earliest) {
      sho__store_relaxed(&shm->earliest_expiry_ms, expiry);
    }
  }
  if (record->number > sho__load_relaxed(&shm->version)) {
    sho__store_relaxed(&shm->version, record->number);
  }
}

void sho__shard_check_slot(struct sho__shard *shard, _Atomic uint64_t *slot,
                           struct sho__covered *covered) {
  struct sho__hit hit;
  uint64_t hash;
  if (sho__load_relaxed(slot) == 0) {
    return;
  }
  if (!is_good(shard, slot, &hit, &hash)) {
    lose(shard, slot);
    return;
  }
  if (drop_twin(shard, hash, &hit, covered)) {
    return;
  }
  if (covered != NULL && !sho__cover_entry(shard->map, covered, &hit)) {
    lose(shard, slot);
    return;
  }
  unmark(shard->map, &hit);
  sho__shard_note(shard->shm, &hit.record);
  shard->version = sho__load_relaxed(&shard->shm->version);
}

/* Whether the table has a record of its own. */
static int is_own_table(const struct sho__shard *shard) {
  const struct sho__table *table = &shard->table;
  struct sho__record record;
  if (table->buckets == 0) {
    return 1;
  }
  sho__record_load(&record,
                   sho__record_at(shard->map, table->place - SHO__TABLE_OFF));
  return (record.kind_and_key | SHO__RECORD_DEAD) ==
             (SHO__RECORD_TABLE | SHO__RECORD_DEAD) &&
         record.number == shard->number &&
         record.value_bytes ==
             sho__table_bytes(table->buckets) - SHO__RECORD_BYTES;
}

void sho__shard_find_table(struct sho__shard *shard, int checked) {
  if (!sho__shard_decode_table(shard) || (checked && !is_own_table(shard))) {
    sho__shard_lose_table(shard);
  }
  if (checked && shard->table.buckets > 0) {
    sho__record_unmark(shard->map, shard->table.place - SHO__TABLE_OFF);
  }
}

void sho__shard_lose_table(struct sho__shard *shard) {
  static const struct sho__table none;
  sho__table_publish(shard, &none); /* all it named is lost */
  shard->table = none;
  sho__increment_owned(&shard->shm->damaged);
  for (uint32_t i = 0; i < shard->map->geometry.chunks; i++) {
    sho__chunk_doubt(shard->map, i);
  }
}

void sho__shard_recount(struct sho__shard *shard) {
  uint64_t entries = 0;
  for (uint64_t i = 0; i < sho__table_slots(&shard->table); i++) {
    entries += sho__load_relaxed(sho__table_slot(&shard->table, i)) != 0;
  }
  sho__shard_set_entries(shard, entries);
  if (shard->version >> 62 != 0) {
    shard->version = 0;
    sho__store_relaxed(&shard->shm->version, 0);
  }
  SHO_CRASH_POINT("map: counted");
  sho__table_recount(&shard->table);
}

void sho__shard_rebuild(struct sho__shard *shard, int checked) {
  sho__shard_find_table(shard, checked);
  sho__shard_recount(shard);
  if (checked) {
    sho__store_relaxed(&shard->shm->earliest_expiry_ms, 0);
    for (uint64_t i = 0; i < sho__table_slots(&shard->table); i++) {
      sho__shard_check_slot(shard, sho__table_slot(&shard->table, i), NULL);
    }
  }
  SHO_CRASH_POINT("map: recovered");
}
