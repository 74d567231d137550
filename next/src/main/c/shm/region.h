/*
 * Mappings of shared files. Does not know what is in them.
 */
#ifndef SHO_REGION_H
#define SHO_REGION_H

#include "base/atomics.h"
#include "shareobject.h"
#include "shm/file.h"
#include "shm/guard.h"

struct sho__region {
  _Atomic int state; /* SHO_OK, or SHO_EIO: truncated, or SHO_ECLOSED */
  int fd; /* /dev/null's after close, so that it is never another's */
  uint8_t *base;
  size_t bytes; /* of address space */
  int told;     /* addresses in it were told: it stays mapped */
  uint64_t device;
  uint64_t inode;
  char *path;
  struct sho__guard *guard;
};

/* Maps the file's first bytes, shared and guarded. In a child made by fork()
 * the region is closed: its state is SHO_ECLOSED there. Takes fd over if it
 * answers SHO_OK. */
int sho__region_map(struct sho__region *region, int fd, const char *path,
                    size_t bytes, int writable);

/* Another descriptor of the file, close-on-exec, whose open file description
 * has none of the region's locks. The caller's. */
int sho__region_reopen(struct sho__region *region, int *fd);

/* A state that is not SHO_OK: its words set. */
int sho__region_fail(const struct sho__region *region, int state);

/* SHO_OK, or the state's code with its words set. To be called at the end of
 * every operation, before its result is trusted. */
static inline int sho__region_check(struct sho__region *region) {
  int state = atomic_load_explicit(&region->state, memory_order_acquire);
  return __builtin_expect(state == SHO_OK, 1) ? SHO_OK
                                              : sho__region_fail(region, state);
}

/* Sets the state to SHO_ECLOSED. Answers 1 for the one call that did it. */
int sho__region_end(struct sho__region *region);

/*
 * Puts zero pages over the ended mapping, then releases the file and its locks:
 * from then on nothing that this process does through the region reaches the
 * file. Threads inside an operation read zeros, do not fault, and get
 * SHO_ECLOSED from sho__region_check.
 */
void sho__region_give_back(struct sho__region *region);

/* Releases the file and its locks but leaves the mapping, for addresses that
 * were handed out. No thread may be inside, then or later. */
void sho__region_let_go(struct sho__region *region);

/* Unmaps a region and closes its file. Nobody may be inside. */
void sho__region_free(struct sho__region *region);

#endif
