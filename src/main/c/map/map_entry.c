/* Entries, looked at and retired. */
#include "map/map_changes.h"
#include "map/map_chunk.h"
#include "map/map_large.h"

int sho__shard_entry(const struct sho__shard *shard, _Atomic uint64_t *slot,
                     struct sho__hit *hit) {
  const struct sho_map *map = shard->map;
  uint64_t value = sho__load_relaxed(slot);
  uint64_t place = sho__slot_place(value);
  if ((value & SHO__SLOT_PLACE_MASK) == 0 || !sho__place_valid(map, place) ||
      sho__in_chunk(map, place) + 24 > sho__chunk_bytes(map)) {
    return 0;
  }
  uint32_t chunk = sho__chunk_of(map, place);
  *hit = (struct sho__hit){.slot = slot,
                           .slot_value = value,
                           .place = place,
                           .gen = sho__load_relaxed(&map->gens[chunk]),
                           .at = sho__record_at(map, place)};
  sho__record_load(&hit->record, hit->at);
  return sho__record_is_entry(&hit->record) &&
         sho__record_fits(map, place, &hit->record);
}

int sho__entry_is_whole(const struct sho_map *map, const struct sho__hit *hit,
                        uint64_t hash) {
  uint64_t off;
  uint64_t bytes = sho__record_own_value(map, &hit->record, &off);
  uint32_t parts = 0;
  if (sho__record_is(&hit->record, SHO__RECORD_LARGE) &&
      !sho__large_is_whole(map, hit, hash, &parts)) {
    return 0;
  }
  uint32_t sum =
      parts ^
      sho__value_checksum(&hit->record, hash, hit->at + off, (size_t)bytes) ^
      sho__number_checksum(hit->record.number);
  return sum == hit->record.checksum;
}

void sho__shard_drop(struct sho__shard *shard, uint64_t hash,
                     const struct sho__hit *hit, enum sho_change_kind kind) {
  struct sho__change change;
  sho__change_begin(shard, kind, hit->record.number, hash,
                    hit->at + sho__record_key_off(&hit->record),
                    sho__record_key_bytes(&hit->record), &change);
  sho__shard_retiring(shard, sho__load_relaxed(hit->slot));
  sho__table_remove(&shard->table, sho__tag_of(shard->map, hash), hit->slot);
  sho__change_end(&change, 1);
  sho__shard_set_entries(shard, shard->entries - (shard->entries > 0));
  SHO_CRASH_POINT("map: counted out");
  sho__entry_retire(shard->map, hit, 1);
  sho__shard_retiring(shard, 0);
}

uint64_t sho__shard_drop_entries(struct sho__shard *shard, int all) {
  struct sho_map *map = shard->map;
  uint64_t now_ms = sho__map_now_ms(map);
  uint64_t earliest = 0;
  uint64_t dropped = 0;
  for (uint64_t i = 0; i < sho__table_slots(&shard->table); i++) {
    struct sho__hit hit;
    if (!sho__shard_entry(shard, sho__table_slot(&shard->table, i), &hit)) {
      continue;
    }
    uint64_t expiry_ms = hit.record.expiry_ms;
    if (all || (expiry_ms != 0 && expiry_ms <= now_ms)) {
      uint64_t hash = sho__hit_hash(map, &hit);
      if (sho__slot_fits(shard, hit.slot_value, hash)) {
        sho__shard_drop(shard, hash, &hit,
                        all ? SHO_CHANGE_CLEARED : SHO_CHANGE_EXPIRED);
        dropped++;
      }
    } else if (expiry_ms != 0 && (earliest == 0 || expiry_ms < earliest)) {
      earliest = expiry_ms;
    }
  }
  sho__store_relaxed(&shard->shm->earliest_expiry_ms, earliest);
  return dropped;
}
