/* After a dead owner, a reboot, damage: all of it follows from the tables. */
#include <stdlib.h>

#include "base/crash.h"
#include "base/error.h"
#include "map/map_chunk.h"
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
  struct sho__shard_shm *shm = shard->shm;
  if (dead) {
    SHO_CRASH_POINT("map: taken over");
  }
  /* Its last owner may have published a table, and not raised it. */
  sho__store_release(&shm->epoch, sho__load_relaxed(&shm->epoch) + 1);
  sho__shard_rebuild(shard, !sho__shard_is_sane(shard));
  finish_retiring(shard);
  sho__increment_owned(&shm->recoveries);
}

/* ---- rebuild ------------------------------------------------------------ */

/* Whether a slot names an entry that belongs there. */
static int is_good(const struct sho__shard *shard, _Atomic uint64_t *slot,
                   int checked, struct sho__hit *hit, uint64_t *hash) {
  if (!sho__shard_entry(shard, slot, hit)) {
    return 0;
  }
  *hash = sho__hit_hash(shard->map, hit);
  return sho__slot_fits(shard, hit->slot_value, *hash) &&
         (!checked || sho__entry_is_whole(shard->map, hit, *hash));
}

/* What a slot named that is dropped does not count as dead. */
static void doubt_slot(struct sho_map *map, uint64_t slot_value) {
  uint64_t place = sho__slot_place(slot_value);
  if ((slot_value & SHO__SLOT_PLACE_MASK) != 0 &&
      sho__place_valid(map, place)) {
    sho__chunk_doubt(map, sho__chunk_of(map, place));
  }
}

static void rebuild_slots(struct sho__shard *shard, int checked) {
  struct sho__hit hit;
  uint64_t entries = 0;
  uint64_t version = 0;
  uint64_t earliest = 0;
  for (uint64_t i = 0; i < sho__table_slots(&shard->table); i++) {
    _Atomic uint64_t *slot = sho__table_slot(&shard->table, i);
    uint64_t hash;
    if (sho__load_relaxed(slot) == 0) {
      continue;
    }
    if (!checked) {
      entries++;
    } else if (is_good(shard, slot, checked, &hit, &hash)) {
      entries++;
      version = hit.record.number > version ? hit.record.number : version;
      if (hit.record.expiry_ms != 0 &&
          (earliest == 0 || hit.record.expiry_ms < earliest)) {
        earliest = hit.record.expiry_ms;
      }
    } else {
      doubt_slot(shard->map, sho__load_relaxed(slot));
      sho__store_release(slot, 0);
      sho__increment_owned(&shard->shm->damaged);
    }
  }
  sho__shard_set_entries(shard, entries);
  if (checked) {
    sho__store_relaxed(&shard->shm->earliest_expiry_ms, earliest);
  }
  if (checked && version > shard->version && version >> 62 == 0) {
    shard->version = version;
    sho__store_relaxed(&shard->shm->version, version);
  }
}

/* A power cut can leave an old slot and a new one of the same key. Keeps the
 * later version. To be called when overflow counts are right. */
static void drop_twins(struct sho__shard *shard) {
  struct sho_map *map = shard->map;
  for (uint64_t i = 0; i < sho__table_slots(&shard->table); i++) {
    _Atomic uint64_t *slot = sho__table_slot(&shard->table, i);
    struct sho__hit hit;
    struct sho__hit first;
    uint64_t hash;
    if (!is_good(shard, slot, 0, &hit, &hash) ||
        sho__find(map, hash, hit.at + sho__record_key_off(&hit.record),
                  sho__record_key_bytes(&hit.record), &first) != SHO__HIT ||
        first.slot == slot) {
      continue;
    }
    int older = hit.record.number <= first.record.number;
    const struct sho__hit *loser = older ? &hit : &first;
    doubt_slot(map, loser->slot_value);
    sho__table_remove(&shard->table, sho__tag_of(map, hash), loser->slot);
    sho__shard_set_entries(shard, shard->entries - (shard->entries > 0));
    sho__increment_owned(&shard->shm->damaged);
  }
}

void sho__shard_rebuild(struct sho__shard *shard, int checked) {
  struct sho__shard_shm *shm = shard->shm;
  if (!sho__table_decode(shard->map, sho__load_relaxed(&shm->table),
                         &shard->table)) {
    sho__store_release(&shm->table, 0); /* damaged, and all it named is lost */
    sho__store_release(&shm->epoch, sho__load_relaxed(&shm->epoch) + 1);
    sho__increment_owned(&shm->damaged);
    for (uint32_t i = 0; i < shard->map->geometry.chunks; i++) {
      sho__chunk_doubt(shard->map, i);
    }
  }
  if (shard->version >> 62 != 0) {
    shard->version = 0;
  }
  rebuild_slots(shard, checked);
  SHO_CRASH_POINT("map: counted");
  sho__table_recount(&shard->table);
  if (checked) {
    drop_twins(shard);
  }
  SHO_CRASH_POINT("map: recovered");
}

/* ---- after a reboot ----------------------------------------------------- */

/* What lives in a chunk, as the tables say. */
struct tally {
  uint32_t live;
  uint32_t end; /* of the last record that is named */
};

static void count_place(const struct sho_map *map, struct tally *tallies,
                        uint64_t place, uint64_t bytes) {
  struct tally *tally = &tallies[sho__chunk_of(map, place)];
  uint64_t end = sho__in_chunk(map, place) + bytes;
  tally->live += (uint32_t)bytes;
  tally->end = end > tally->end ? (uint32_t)end : tally->end;
}

static void count_entry(const struct sho_map *map, struct tally *tallies,
                        const struct sho__hit *hit) {
  count_place(map, tallies, hit->place, sho__record_size(map, &hit->record));
  if (sho__record_is(&hit->record, SHO__RECORD_LARGE)) {
    for (uint64_t i = 0; i < sho__parts_of(map, hit->record.value_bytes); i++) {
      uint64_t place = sho__large_part(map, hit, i);
      if (place != UINT64_MAX) {
        count_place(map, tallies, place, sho__part_bytes(map));
      }
    }
  }
}

static void count_shard(struct sho__shard *shard, struct tally *tallies) {
  struct sho__hit hit;
  const struct sho__table *table = &shard->table;
  if (table->buckets > 0) {
    count_place(shard->map, tallies, table->place - SHO__TABLE_OFF,
                SHO__TABLE_OFF + table->buckets * sizeof *table->first);
  }
  for (uint64_t i = 0; i < sho__table_slots(table); i++) {
    if (sho__shard_entry(shard, sho__table_slot(table, i), &hit)) {
      count_entry(shard->map, tallies, &hit);
    }
  }
}

/* The record at an offset of a chunk, or 0. */
static uint64_t record_bytes(const struct sho_map *map, uint32_t chunk,
                             uint64_t off) {
  struct sho__record record;
  uint64_t place = sho__place_in(map, chunk, off);
  if (off + 24 > sho__chunk_bytes(map)) {
    return 0;
  }
  sho__record_load(&record, sho__record_at(map, place));
  return sho__record_fits(map, place, &record) ? sho__record_size(map, &record)
                                               : 0;
}

/* Whether the records of a chunk follow each other up to the last that is
 * named; used is where they end. */
static void rebuild_chunk(struct sho_map *map, uint32_t chunk,
                          const struct tally *tally) {
  struct sho__chunk_shm *shm = &map->chunks[chunk];
  uint64_t off = 0;
  uint32_t records = 0;
  while (off < tally->end) {
    uint64_t bytes = record_bytes(map, chunk, off);
    if (bytes == 0) {
      break;
    }
    off += bytes;
    records++;
  }
  uint64_t used = off > tally->end ? off : tally->end;
  atomic_store(&shm->used, (uint32_t)used);
  sho__chunk_set_dead(map, chunk, used > tally->live ? used - tally->live : 0);
  atomic_store(&shm->records, records);
}

static void rebuild_chunks(struct sho_map *map, const struct tally *tallies) {
  for (uint32_t i = 0; i < map->geometry.chunks; i++) {
    struct sho__chunk_shm *shm = &map->chunks[i];
    enum sho__class class = sho__chunk_class(map, i);
    atomic_store(&shm->owner, 0);
    if (tallies[i].live == 0) {
      sho__chunk_free(map, i);
      continue;
    }
    if (class <= SHO__CLASS_FREE || class >= SHO__CLASSES) {
      atomic_store(&shm->class, SHO__CLASS_SMALL);
    }
    atomic_fetch_and(&map->free[i / 64], ~(UINT64_C(1) << i % 64));
    rebuild_chunk(map, i, &tallies[i]);
    sho__store_relaxed(&shm->latest_expiry_ms, UINT64_MAX);
  }
  for (int class = 0; class < SHO__CLASSES; class ++) {
    for (int i = 0; i < SHO__MAP_STRIPES; i++) {
      atomic_store(&map->header->open[class][i], 0);
    }
  }
}

/* Rebuilds a shard, and tells of entries that are gone without a trace. */
static void rebuild_after_boot(struct sho__shard *shard) {
  struct sho__shard_shm *shm = shard->shm;
  uint64_t had = shard->entries;
  uint64_t damaged = sho__load_relaxed(&shm->damaged);
  /* A writer that was killed may have left one too many. */
  int counted =
      atomic_exchange(&shm->lock.word, 0) == 0 && sho__shard_is_sane(shard);
  sho__shard_rebuild(shard, 1);
  uint64_t told = sho__load_relaxed(&shm->damaged) - damaged;
  uint64_t has = shard->entries;
  if (counted && had > has && had - has > told) {
    sho__store_relaxed(&shm->damaged, damaged + had - has);
  }
}

int sho__map_rebuild_all(struct sho_map *map) {
  uint64_t shards = UINT64_C(1) << map->geometry.shard_bits;
  struct tally *tallies = calloc(map->geometry.chunks, sizeof *tallies);
  if (tallies == NULL) {
    return sho__fail(SHO_ENOMEM, "%s: out of memory to check the map",
                     map->region.path);
  }
  for (uint32_t s = 0; s < shards; s++) {
    struct sho__shard shard;
    sho__shard_init(&shard, map, s);
    rebuild_after_boot(&shard);
    count_shard(&shard, tallies);
    sho__setup_progress(map->region.fd, s + 1, shards);
  }
  rebuild_chunks(map, tallies);
  free(tallies);
  for (uint32_t i = 0; i < SHO__MAP_WAITS; i++) {
    atomic_store(&map->waits[i].sleepers, 0);
  }
  for (uint32_t i = 0; i < SHO__COMPUTE_BUCKETS; i++) {
    struct sho__compute_shm *bucket = &map->computes[i];
    for (uint32_t slot = 0; slot < SHO__COMPUTE_SLOTS; slot++) {
      atomic_store(&bucket->slots[slot].owner, 0);
    }
    atomic_store(&bucket->lock.word, 0);
  }
  return SHO_OK;
}
