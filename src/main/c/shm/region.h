/*
 * Files that are shared, and their mappings. Knows nothing of what is in them.
 */
#ifndef SHO_REGION_H
#define SHO_REGION_H

#include <fcntl.h>

#include "base/atomics.h"
#include "shareobject.h"
#include "shm/guard.h"

/* Of macOS since 10.11; its headers name them since 14. */
#if defined(__APPLE__) && !defined(F_OFD_SETLK)
#define F_OFD_SETLK 90
#define F_OFD_GETLK 92
#endif

/*
 * Opens an existing file for reading, and for writing if writable is not 0.
 * Close-on-exec. Refuses, untouched: a missing file (SHO_ENOENT); a symlink,
 * anything but a regular file, another user's file (SHO_EACCESS).
 */
int sho__file_open(const char *path, int writable, int *fd, uint64_t *bytes);

/* Writes a new file's first content; answers a code. */
typedef int sho__fill(int fd, const char *path, void *context);

/*
 * Makes a file, 0600, of the given size, all its pages reserved, has it filled,
 * and only then gives it its name: nobody ever sees half a file, and a process
 * killed meanwhile leaves none (where the file system has no unnamed files, at
 * most one named .sho-*). SHO_EEXIST if the name is taken by then;
 * SHO_ENOSPC if the file system has no room, and no file is left.
 */
int sho__file_create(const char *path, uint64_t bytes, sho__fill *fill,
                     void *context, int *fd);

/* Makes the file at least that large, pages reserved. Its bytes stay. */
int sho__file_reserve(int fd, const char *path, uint64_t bytes);

/* Reads or writes all the bytes at the offset, or fails. */
int sho__file_read(int fd, const char *path, void *to, size_t bytes,
                   uint64_t offset);
int sho__file_write(int fd, const char *path, const void *from, size_t bytes,
                    uint64_t offset);

/* Only one process at a time makes a file ready. Waits at most the lock
 * timeout, then SHO_EBUSY; a dead holder holds nothing. */
int sho__setup_lock(int fd, const char *path);
void sho__setup_unlock(int fd);

/* How long to wait for a living process that does not go on, nanoseconds. */
int64_t sho__lock_timeout_ns(void);

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

/* What of a file is mapped: its first plain_bytes, then `rings` pieces of
 * ring_bytes, each of them twice in a row, so that what runs over a ring's end
 * is in one piece. Multiples of the page size if there are rings. */
struct sho__extent {
  size_t plain_bytes;
  size_t ring_bytes;
  size_t rings;
};

/* Maps it, shared and guarded. In a child made by fork() the region is closed:
 * its state is SHO_ECLOSED there. Takes fd over if it answers SHO_OK. */
int sho__region_map(struct sho__region *region, int fd, const char *path,
                    const struct sho__extent *extent, int writable);

/* A state that is not SHO_OK: its words set. */
int sho__region_fail(const struct sho__region *region, int state);

/* SHO_OK, or the state's code with its words set. To be asked at the end of
 * every operation, before its result is believed. */
static inline int sho__region_check(struct sho__region *region) {
  int state = atomic_load_explicit(&region->state, memory_order_acquire);
  return __builtin_expect(state == SHO_OK, 1) ? SHO_OK
                                              : sho__region_fail(region, state);
}

/* Sets the state to SHO_ECLOSED. Answers 1 for the one call that did it. */
int sho__region_end(struct sho__region *region);

/*
 * Lays zero pages of our own over the ended mapping, then gives the file and
 * its locks back: from then on nothing that this process does through the
 * region reaches the file. Threads inside an operation meet zeros, fault
 * nowhere, and get SHO_ECLOSED from sho__region_check.
 */
void sho__region_give_back(struct sho__region *region);

/* Gives the file and its locks back and leaves the mapping, for addresses that
 * were told. Nobody may be inside, then or later. */
void sho__region_let_go(struct sho__region *region);

/* Unmaps a region and closes its file. Nobody may be inside. */
void sho__region_free(struct sho__region *region);

#endif
