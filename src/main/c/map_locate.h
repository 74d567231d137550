/*
 * For a binding that remembers where it found a key.
 *
 * A key has one slot, and a slot that holds the value it had when the key was
 * found has named that entry all the time: positions never come back. Bytes of
 * an entry are overwritten only after its slot was changed (docs/format.md).
 * So who remembers offset and value of the slot, and finds it unchanged after
 * it copied the bytes, behind an acquire fence, has the key's value, without a
 * search; unless the entry expires, or the view's state is not 0. Who finds
 * that the slot names another entry, as after a set or a move, may compare that
 * entry's key, and believes it if the slot is unchanged behind that.
 */
#ifndef SHO_MAP_LOCATE_H
#define SHO_MAP_LOCATE_H

#include "shareobject.h"

/* Where in the mapping the slot is that names the entry that sho_map_find
 * found; SHO_EABSENT if none does any more. */
int64_t sho__map_slot(struct sho_map *map, const void *key, size_t key_bytes,
                      int64_t found);

/* Counts finds that the library did not see. */
int sho__map_add_hits(struct sho_map *map, uint64_t hits);

#endif
