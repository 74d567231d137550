/* After a reboot: which bytes of the pool something names. */
#include "map/map_boot.h"
#include "map/map_large.h"

/* The bits of a word from `from` to `to`. */
static uint64_t mask_of(uint64_t from, uint64_t to) {
  return (to == 64 ? UINT64_MAX : (UINT64_C(1) << to) - 1) &
         ~((UINT64_C(1) << from) - 1);
}

int sho__cover(const struct sho_map *map, struct sho__covered *covered,
               uint64_t place, uint64_t bytes, int set) {
  uint64_t first = place / 8;
  uint64_t end = first + bytes / 8;
  for (int check = set; check >= 0; check--) {
    for (uint64_t at = first; at < end;) {
      uint64_t to = at / 64 * 64 + 64 < end ? at / 64 * 64 + 64 : end;
      uint64_t mask = mask_of(at % 64, to - at / 64 * 64);
      uint64_t *word = &covered->bits[at / 64];
      if (check && (*word & mask) != 0) {
        return 0;
      }
      *word = check ? *word : set ? *word | mask : *word & ~mask;
      at = to;
    }
  }
  covered->records[sho__chunk_of(map, place)] += set ? 1 : UINT32_MAX;
  return 1;
}

/* The parts of an entry from `from` to `to`. The number of the first that
 * cannot be. */
static uint64_t cover_parts(const struct sho_map *map,
                            struct sho__covered *covered,
                            const struct sho__hit *hit, uint64_t count,
                            int set) {
  uint64_t i = 0;
  while (i < count && sho__cover(map, covered, sho__large_part(map, hit, i),
                                 sho__part_bytes(map), set)) {
    i++;
  }
  return i;
}

static uint64_t parts_of(const struct sho_map *map,
                         const struct sho__hit *hit) {
  return sho__record_is(&hit->record, SHO__RECORD_LARGE)
             ? sho__parts_of(map, hit->record.value_bytes)
             : 0;
}

int sho__cover_entry(const struct sho_map *map, struct sho__covered *covered,
                     const struct sho__hit *hit) {
  uint64_t bytes = sho__record_size(map, &hit->record);
  uint64_t parts = parts_of(map, hit);
  if (!sho__cover(map, covered, hit->place, bytes, 1)) {
    return 0;
  }
  uint64_t done = cover_parts(map, covered, hit, parts, 1);
  if (done < parts) {
    cover_parts(map, covered, hit, done, 0);
    sho__cover(map, covered, hit->place, bytes, 0);
    return 0;
  }
  return 1;
}

void sho__uncover_entry(const struct sho_map *map, struct sho__covered *covered,
                        const struct sho__hit *hit) {
  cover_parts(map, covered, hit, parts_of(map, hit), 0);
  sho__cover(map, covered, hit->place, sho__record_size(map, &hit->record), 0);
}
