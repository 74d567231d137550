/*
 * Shared files: opened, created, reserved, made ready. Does not know what is in
 * them.
 */
#ifndef SHO_FILE_H
#define SHO_FILE_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>

#include "shareobject.h"

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

/* Among the codes that sho__file_create answers; no caller of the API sees it.
 */
#define SHO__FILE_EXISTS 1

/* Writes a new file's first content; answers a code. */
typedef int sho__fill(int fd, const char *path, void *context);

/*
 * Makes a file, 0600, of the given size, all its pages reserved, has it filled,
 * and only then gives it its name: nobody ever sees half a file, and a process
 * killed meanwhile leaves an empty .sho-NAME at most, which the next creator
 * removes (where the file system has no unnamed files, a full one, too). Of
 * several processes that make one file at a time, one makes it and the others
 * wait, as sho__setup_lock does. SHO__FILE_EXISTS if the name is taken by then;
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

/* Only one process at a time makes a file ready. Waits for as long as the
 * holder makes progress; for one that makes none at most the lock timeout, then
 * SHO_EBUSY, which says how far it is. A dead holder holds nothing. */
int sho__setup_lock(int fd, const char *path);

/* Tells those who wait how much is done. For the lock's holder. */
void sho__setup_progress(int fd, uint64_t done, uint64_t all);
void sho__setup_unlock(int fd);

/* How long to wait for a living process that does not go on, nanoseconds. */
int64_t sho__lock_timeout_ns(void);

#endif
