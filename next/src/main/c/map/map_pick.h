/*
 * Which chunk is to be cleaned next, and how: what a look at all chunks finds.
 *
 * NONE: chunks with the fewest live bytes first, and those whose entries have
 * expired before them. Chunks of tables, if these are mostly empty: their
 * copies are smaller. S3_FIFO: the same while live bytes leave room; else the
 * oldest chunk of the small queue, if that is larger than its share, or of a
 * main queue. What was visited goes on to the next queue, the rest is evicted.
 * While the main queues are far below their share, whole chunks of the small
 * queue become the first main queue's: so of a loop that is larger than the
 * map, a part stays.
 */
#ifndef SHO_MAP_PICK_H
#define SHO_MAP_PICK_H

#include "map/map_chunk.h"

enum sho__mode {
  SHO__MODE_MOVE,  /* keeps all that lives */
  SHO__MODE_EVICT, /* keeps what was visited */
  SHO__MODE_DROP   /* keeps nothing */
};

/* Looks at all chunks, and gives back what dead processes held. */
void sho__look(struct sho_map *map, enum sho__need need,
               struct sho__view *view);

/* The same bit by bit: sho__look_on looks at so many more. 1: it has looked at
 * all. */
void sho__look_begin(const struct sho_map *map, enum sho__need need,
                     struct sho__view *view);
int sho__look_on(struct sho_map *map, struct sho__view *view, uint64_t most);

/* Whether a NONE map takes no further entry: what is left is for those that are
 * there to be written anew. */
int sho__view_is_full(const struct sho_map *map, const struct sho__view *view);

/* What it says of whether the map is full. */
void sho__view_note(const struct sho_map *map, const struct sho__view *view,
                    struct sho__search *search);

/* What to clean, and how. NULL: nothing. */
struct sho__list *sho__pick(struct sho_map *map, struct sho__view *view,
                            enum sho__mode *mode);

/* An evicting map: has nothing more be written to the chunks at the ends of its
 * queues, so that what lies there can be evicted: the records of a few large
 * entries, say. Answers how many. */
int sho__close_queues(struct sho_map *map);

/* map_admit.c. An evicting map: the queue that a key's next entry belongs to.
 * Learns from a
 * key that comes back. */
enum sho__class sho__queue_for_new(struct sho_map *map, uint64_t hash);

#endif
