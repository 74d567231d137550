/* Entries, looked at and checked. All under the segment's lock. */
#include "map/map_segment.h"

int sho__segment_entry(const struct sho__segment *segment, uint64_t position,
                       struct sho__entry_shm *entry) {
  sho__entry_load(entry, sho__segment_byte(segment, position));
  int dead = (entry->position & SHO__ENTRY_DEAD) != 0;
  entry->position &= ~SHO__ENTRY_DEAD;
  uint64_t tail = segment->tail;
  int whole = entry->position == position &&
              sho__entry_fits(segment->map, entry) && position < tail &&
              sho__entry_size(entry) <=
                  sho__position_distance(segment->map, position, tail);
  return !whole ? 0 : dead ? -1 : 1;
}

int sho__segment_slot_entry(const struct sho__segment *segment,
                            uint64_t slot_value, struct sho__entry_shm *entry) {
  const struct sho_map *map = segment->map;
  uint64_t named = slot_value & SHO__SLOT_POSITION_MASK;
  uint64_t off = named << 3 & map->position_mask;
  if (slot_value == 0 || off >= map->geometry.log_bytes) {
    return 0;
  }
  sho__entry_load(entry, sho__segment_byte(segment, off));
  entry->position &= ~SHO__ENTRY_DEAD;
  return sho__position_valid(map, entry->position) &&
         sho__slot_position(entry->position) == named &&
         entry->position >= segment->head &&
         sho__segment_entry(segment, entry->position, entry) != 0;
}

uint64_t sho__segment_key_hash(const struct sho__segment *segment,
                               const struct sho__entry_shm *entry) {
  const uint8_t *at = sho__segment_byte(segment, entry->position);
  return sho__map_hash(segment->map, at + SHO__ENTRY_BYTES,
                       sho__entry_key_bytes(entry));
}

int sho__entry_is_whole(const struct sho__segment *segment,
                        const struct sho__entry_shm *entry, uint64_t hash) {
  const uint8_t *at = sho__segment_byte(segment, entry->position);
  return entry->checksum ==
         sho__entry_checksum(
             entry, hash, at + SHO__ENTRY_BYTES + sho__entry_key_bytes(entry));
}

int sho__segment_whole_entry(const struct sho__segment *segment,
                             uint64_t position, struct sho__entry_shm *entry) {
  return sho__segment_entry(segment, position, entry) != 0 &&
         sho__entry_is_whole(segment, entry,
                             sho__segment_key_hash(segment, entry));
}
