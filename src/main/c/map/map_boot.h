/*
 * After a reboot: what was written last may have reached the disk in part, or
 * not at all. All that the tables name is checked, and what nothing names
 * becomes free.
 */
#ifndef SHO_MAP_BOOT_H
#define SHO_MAP_BOOT_H

#include "map/map_shard.h"

/* A bit for each 8 bytes of the pool: a record that is named lies there. */
struct sho__covered {
  uint64_t *bits;
  uint32_t *records; /* of each chunk, how many */
};

static inline uint64_t *sho__covered_word(const struct sho__covered *covered,
                                          uint64_t place) {
  return &covered->bits[place / 8 / 64];
}

/* Covers an entry that was found good, and its parts. 0: something else lies
 * there already, and nothing has changed. */
int sho__cover_entry(const struct sho_map *map, struct sho__covered *covered,
                     const struct sho__hit *hit);
void sho__uncover_entry(const struct sho_map *map, struct sho__covered *covered,
                        const struct sho__hit *hit);

/* ---- map_recover.c ------------------------------------------------------ */

/* Finds a shard's table; has it none if the word is damaged, or, if checked,
 * the table's record. */
void sho__shard_find_table(struct sho__shard *shard, int checked);
void sho__shard_lose_table(struct sho__shard *shard);

/* Counts anew what follows from the table; see sho__shard_rebuild. covered: all
 * records that were found good, or NULL. */
void sho__shard_recount(struct sho__shard *shard, int checked,
                        struct sho__covered *covered);

#endif
