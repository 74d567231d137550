/*
 * Values that lie in several parts, since a record is not to fill much of a
 * chunk. The record of the entry names the parts, and holds what is left over.
 * So an entry of any size is published by one store. To move a part is to copy
 * it and to have the list name the copy, under the shard's lock.
 */
#ifndef SHO_MAP_LARGE_H
#define SHO_MAP_LARGE_H

#include "map/map_chunk.h"

/* A value's parts while they are written: their chunks are ours. */
struct sho__parts {
  struct sho_map *map;
  uint32_t *ids; /* chunk << 4 | part; NULL: the value has none */
  uint64_t count;
  uint32_t *held;    /* chunks */
  uint32_t checksum; /* of their checksums, in their order */
  uint64_t held_count;
};

/* Whether an entry of these lengths lies in parts. */
static inline int sho__large_is(const struct sho_map *map, uint64_t key_bytes,
                                uint64_t value_bytes) {
  return SHO__RECORD_BYTES + 8 + key_bytes + value_bytes >
             sho__part_bytes(map) &&
         value_bytes >= sho__part_payload(map);
}

/* Writes the parts of a value. SHO_EFULL, SHO_EBUSY, SHO_ENOMEM. */
int sho__large_write(struct sho_map *map, uint64_t hash,
                     const struct sho__source *value, uint64_t value_bytes,
                     enum sho__need need, struct sho__search *search,
                     struct sho__parts *parts);

/* Ends it; published: a record names them. */
void sho__large_leave(struct sho__parts *parts, int published);

/* Copies the value of a large entry, without a lock: to be believed only if the
 * slot names it still. MISS: what was read makes no sense. */
enum sho__lookup sho__large_copy(const struct sho_map *map,
                                 const struct sho__hit *hit, uint8_t *to);

/* The place of one of an entry's parts; ~0: damaged. */
uint64_t sho__large_part(const struct sho_map *map, const struct sho__hit *hit,
                         uint64_t index);

/* The rest is for the owner of the shard's lock. */

/* Counts the parts of an entry as dead. */
void sho__large_retire(struct sho_map *map, const struct sho__hit *hit);

/* Whether all parts are there and whole. *checksum: what they add to that of
 * the entry. */
int sho__large_is_whole(const struct sho_map *map, const struct sho__hit *hit,
                        uint64_t hash, uint32_t *checksum);

/* The entry whose part lies at a place, and which part it is; -1: none. */
int sho__large_owner(const struct sho__shard *shard, uint64_t hash,
                     uint64_t place, struct sho__hit *hit);

/* Has an entry name a copy, in that room, of one of its parts. */
void sho__large_move(struct sho__shard *shard, const struct sho__hit *hit,
                     int index, struct sho__room *room);

/* Has a copy of an entry's record name what the entry names now. */
void sho__large_copy_list(const struct sho_map *map, const struct sho__hit *hit,
                          uint8_t *record, const struct sho__record *header);

/* Nothing names an entry any more: marks it dead, and counts its bytes as dead;
 * those of its parts, too, unless another record names them. */
static inline void sho__entry_retire(struct sho_map *map,
                                     const struct sho__hit *hit,
                                     int with_parts) {
  if (with_parts && sho__record_is(&hit->record, SHO__RECORD_LARGE)) {
    sho__large_retire(map, hit);
  }
  int marked = sho__record_mark_dead(map, hit->place);
  SHO_CRASH_POINT("map: old entry marked");
  if (marked) {
    sho__chunk_bury(map, sho__chunk_of(map, hit->place), hit->gen,
                    sho__record_size(map, &hit->record));
  }
}

#endif
