#include "shm/region.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

/* The same file by another open file description, or -1. */
static int open_anew(int fd) {
  char self[64];
  snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
  return open(self, (fcntl(fd, F_GETFL) & O_ACCMODE) | O_CLOEXEC);
}

static void replace_fd(int fd, int by) {
  dup2(by, fd);
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  close(by);
}

/*
 * A child made by fork() has its parent's open file description, by the
 * descriptor and by the mapping, and so its locks: the parent would seem to
 * live on in it. And what the child wrote would be taken for the parent's. So
 * the handles are closed in it, and get a description of their own: by the
 * descriptor the child may open the file again, and addresses that were told
 * stay mapped.
 */
static void close_in_child(_Atomic int *state) {
  _Static_assert(offsetof(struct sho__region, state) == 0, "a region's state");
  struct sho__region *region = (struct sho__region *)(void *)state;
  if (region->fd < 0 || !sho__region_end(region)) {
    return;
  }
  int fd = open_anew(region->fd);
  if (!region->told) {
    sho__lay_zero_pages(region->base, region->bytes);
  } else if (fd >= 0) {
    mmap(region->base, region->bytes, PROT_READ | PROT_WRITE,
         MAP_SHARED | MAP_FIXED, fd, 0);
  }
  if (fd >= 0) {
    replace_fd(region->fd, fd);
  } else { /* no /proc */
    close(region->fd);
    region->fd = -1;
  }
}

static void close_all_in_child(void) {
  sho__guard_each(close_in_child);
  sho__guard_unlock();
}

/*
 * glibc links its pthread_atfork() into each library; it calls a function that
 * other C libraries lack, and a library made with glibc could not be loaded
 * beside musl. So both are weak, and whichever is there is called.
 */
#ifdef __GLIBC__
extern int __register_atfork(void (*)(void), void (*)(void), void (*)(void),
                             void *) __attribute__((weak));
#pragma weak pthread_atfork

__attribute__((constructor)) static void watch_forks(void) {
  if (__register_atfork != NULL) {
    __register_atfork(sho__guard_lock, sho__guard_unlock, close_all_in_child,
                      NULL);
  } else if (pthread_atfork != NULL) {
    pthread_atfork(sho__guard_lock, sho__guard_unlock, close_all_in_child);
  }
}
#else
__attribute__((constructor)) static void watch_forks(void) {
  pthread_atfork(sho__guard_lock, sho__guard_unlock, close_all_in_child);
}
#endif

int sho__region_map(struct sho__region *region, int fd, const char *path,
                    size_t bytes, int writable) {
  struct stat file;
  if (fstat(fd, &file) != 0) {
    return sho__fail_errno(errno, "%s: cannot be examined", path);
  }
  char *kept_path = strdup(path);
  if (kept_path == NULL) {
    return sho__fail(SHO_ENOMEM, "out of memory for a path");
  }
  int protection = PROT_READ | (writable ? PROT_WRITE : 0);
  uint8_t *base = mmap(NULL, bytes, protection, MAP_SHARED, fd, 0);
  if (base == MAP_FAILED) {
    int error = errno;
    free(kept_path);
    return sho__fail_errno(error, "%s cannot be mapped", path);
  }
  region->fd = fd;
  region->base = base;
  region->bytes = bytes;
  region->device = (uint64_t)file.st_dev;
  region->inode = (uint64_t)file.st_ino;
  region->path = kept_path;
  atomic_store(&region->state, SHO_OK);
  int code = sho__guard_add(base, bytes, &region->state, &region->guard);
  if (code != SHO_OK) {
    munmap(base, bytes);
    free(kept_path);
  }
  return code;
}

int sho__region_fail(const struct sho__region *region, int state) {
  if (state == SHO_ECLOSED) {
    return sho__fail(state, "%s is closed; open it again", region->path);
  }
  return sho__fail(state,
                   "%s was truncated or overwritten while it was open; close "
                   "it, remove the file and open it again",
                   region->path);
}

static int is_file_of(const struct sho__region *region, int fd) {
  struct stat file;
  return fstat(fd, &file) == 0 && (uint64_t)file.st_dev == region->device &&
         (uint64_t)file.st_ino == region->inode;
}

int sho__region_reopen(struct sho__region *region, int *fd) {
  int code = sho__region_check(region);
  if (code != SHO_OK) {
    return code;
  }
  int made = open_anew(region->fd);
  if (made < 0) { /* no /proc */
    int access = fcntl(region->fd, F_GETFL) & O_ACCMODE;
    made = open(region->path, access | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  }
  if (made < 0) {
    return sho__fail_errno(errno, "%s: cannot be opened again", region->path);
  }
  /* One that is closed meanwhile has /dev/null's descriptor. */
  code = sho__region_check(region);
  if (code == SHO_OK && !is_file_of(region, made)) {
    code = sho__fail(SHO_ENOENT, "%s: another file has its name by now",
                     region->path);
  }
  if (code != SHO_OK) {
    close(made);
    return code;
  }
  *fd = made;
  return SHO_OK;
}

int sho__region_end(struct sho__region *region) {
  return atomic_exchange(&region->state, SHO_ECLOSED) != SHO_ECLOSED;
}

/* A copy of the descriptor in another process would keep the locks. */
static void unlock_all(int fd) {
  struct flock all = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
  fcntl(fd, F_OFD_SETLK, &all);
}

void sho__region_let_go(struct sho__region *region) {
  unlock_all(region->fd);
  close(region->fd);
  region->fd = -1;
}

void sho__region_give_back(struct sho__region *region) {
  if (!sho__lay_zero_pages(region->base, region->bytes)) {
    return; /* threads may still write: alive until sho__region_free */
  }
  unlock_all(region->fd);
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nothing >= 0) {
    replace_fd(region->fd, nothing);
  }
}

void sho__region_free(struct sho__region *region) {
  sho__guard_remove(region->guard);
  munmap(region->base, region->bytes);
  close(region->fd);
  free(region->path);
}
