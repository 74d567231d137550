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

/* Covers so many bytes, or the opposite. 0: some were covered, and nothing has
 * changed. */
int sho__cover(const struct sho_map *map, struct sho__covered *covered,
               uint64_t place, uint64_t bytes, int set);

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

/* Counts a shard's slots in use, and overflow, anew. */
void sho__shard_recount(struct sho__shard *shard);

/* Notes version and expiry of an entry that a shard has. */
void sho__shard_note(struct sho__shard_shm *shm,
                     const struct sho__record *record);

/* Empties a slot that names nothing good, or the earlier of two entries of its
 * key. covered: all records that were found good, or NULL. To be called when
 * overflow counts are right. */
void sho__shard_check_slot(struct sho__shard *shard, _Atomic uint64_t *slot,
                           struct sho__covered *covered);

#endif
