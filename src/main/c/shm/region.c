#include "shm/region.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/random.h"
#include "base/wait.h"
#include "layout.h"

static _Atomic int64_t lock_timeout_ns = INT64_C(10000000000);

int64_t sho__lock_timeout_ns(void) { return atomic_load(&lock_timeout_ns); }

int sho_lock_timeout(int64_t timeout_ns) {
  if (timeout_ns <= 0) {
    return sho__fail(SHO_EINVAL,
                     "the lock timeout must be above 0 ns, not %lld",
                     (long long)timeout_ns);
  }
  atomic_store(&lock_timeout_ns, timeout_ns);
  return SHO_OK;
}

/* ---- files -------------------------------------------------------------- */

static int refuse(const char *path, const struct stat *file) {
  if (S_ISLNK(file->st_mode)) {
    return sho__fail(SHO_EACCESS,
                     "%s is a symbolic link, which is refused; name the file "
                     "itself",
                     path);
  }
  if (S_ISDIR(file->st_mode)) {
    return sho__fail(SHO_EACCESS, "%s is a folder; name a file in it", path);
  }
  if (!S_ISREG(file->st_mode)) {
    return sho__fail(SHO_EACCESS, "%s is not a regular file", path);
  }
  if (file->st_uid != geteuid()) {
    return sho__fail(SHO_EACCESS,
                     "%s belongs to user %lu and this process runs as user "
                     "%lu; processes that share must run as one user",
                     path, (unsigned long)file->st_uid,
                     (unsigned long)geteuid());
  }
  return SHO_OK;
}

static int open_failed(const char *path, int error) {
  struct stat file;
  if (error != ENOENT && lstat(path, &file) == 0) {
    int code = refuse(path, &file);
    if (code != SHO_OK) {
      return code;
    }
  }
  if (error == ENOENT) {
    return sho__fail(SHO_ENOENT,
                     "%s: no such file; write to it first, or correct the path",
                     path);
  }
  return sho__fail_errno(error, "%s: cannot be opened", path);
}

int sho__file_open(const char *path, int writable, int *fd, uint64_t *bytes) {
  int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  int opened = open(path, flags | (writable ? O_RDWR : O_RDONLY));
  if (opened < 0) {
    return open_failed(path, errno);
  }
  struct stat file;
  int code = fstat(opened, &file) != 0
                 ? sho__fail_errno(errno, "%s: cannot be examined", path)
                 : refuse(path, &file);
  if (code != SHO_OK) {
    close(opened);
    return code;
  }
  *fd = opened;
  *bytes = (uint64_t)file.st_size;
  return SHO_OK;
}

#if defined(__APPLE__)
static int allocate(int fd, uint64_t size, uint64_t bytes) {
  if (size >= bytes) {
    return 0;
  }
  fstore_t store = {.fst_flags = F_ALLOCATEALL,
                    .fst_posmode = F_PEOFPOSMODE,
                    .fst_length = (off_t)(bytes - size)};
  if (fcntl(fd, F_PREALLOCATE, &store) != 0 ||
      ftruncate(fd, (off_t)bytes) != 0) {
    return errno;
  }
  return 0;
}
#else
/* Not posix_fallocate: where the file system cannot, glibc's writes zeros into
 * bytes that others may be changing. */
static int allocate(int fd, uint64_t size, uint64_t bytes) {
  (void)size;
  while (fallocate(fd, 0, 0, (off_t)bytes) != 0) {
    if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}
#endif

/* For file systems that cannot reserve: writes zeros behind the end. */
static int allocate_by_writing(int fd, uint64_t from, uint64_t bytes) {
  static const uint8_t zeros[4096];
  while (from < bytes) {
    uint64_t left = bytes - from;
    size_t part = left < sizeof zeros ? (size_t)left : sizeof zeros;
    ssize_t written = pwrite(fd, zeros, part, (off_t)from);
    if (written < 0 && errno != EINTR) {
      return errno;
    }
    from += written > 0 ? (uint64_t)written : 0;
  }
  return 0;
}

int sho__file_reserve(int fd, const char *path, uint64_t bytes) {
  struct stat file;
  if (fstat(fd, &file) != 0) {
    return sho__fail_errno(errno, "%s: cannot be examined", path);
  }
  uint64_t size = (uint64_t)file.st_size;
  if (size >= bytes && (uint64_t)file.st_blocks * 512 >= bytes) {
    return SHO_OK;
  }
  int error = allocate(fd, size, bytes);
  if (error == EOPNOTSUPP || error == ENOTSUP || error == EINVAL ||
      error == ENOSYS) {
    error = allocate_by_writing(fd, size, bytes);
  }
  if (error != 0) {
    if (ftruncate(fd, (off_t)size) != 0) {
      return sho__fail_errno(errno, "%s: cannot be cut back", path);
    }
    return sho__fail_errno(error,
                           "%s: no room for %llu bytes on its file system; "
                           "free some, enlarge it (docker: --shm-size), or ask "
                           "for less",
                           path, (unsigned long long)bytes);
  }
  return SHO_OK;
}

int sho__file_read(int fd, const char *path, void *to, size_t bytes,
                   uint64_t offset) {
  size_t done = 0;
  while (done < bytes) {
    ssize_t got =
        pread(fd, (uint8_t *)to + done, bytes - done, (off_t)(offset + done));
    if (got == 0) {
      return sho__fail(SHO_EIO, "%s was truncated while it was read", path);
    }
    if (got < 0 && errno != EINTR) {
      return sho__fail_errno(errno, "%s: cannot be read", path);
    }
    done += got > 0 ? (size_t)got : 0;
  }
  return SHO_OK;
}

int sho__file_write(int fd, const char *path, const void *from, size_t bytes,
                    uint64_t offset) {
  size_t done = 0;
  while (done < bytes) {
    ssize_t put = pwrite(fd, (const uint8_t *)from + done, bytes - done,
                         (off_t)(offset + done));
    if (put < 0 && errno != EINTR) {
      return sho__fail_errno(errno, "%s: cannot be written", path);
    }
    done += put > 0 ? (size_t)put : 0;
  }
  return SHO_OK;
}

/* ---- creation ----------------------------------------------------------- */

static char *folder_of(const char *path) {
  const char *slash = strrchr(path, '/');
  if (slash == NULL) {
    return strdup(".");
  }
  return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* A file without a name, or -1. The kernel drops it with its last holder. */
static int open_unnamed(const char *folder) {
#ifdef O_TMPFILE
  return open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
#else
  (void)folder;
  return -1;
#endif
}

static int link_unnamed(int fd, const char *path) {
  char self[64];
  snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
  return linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

static int link_failed(int error, const char *path) {
  if (error == EEXIST) {
    return SHO_EEXIST;
  }
  return sho__fail_errno(error, "%s: cannot be created", path);
}

static int make_content(int fd, const char *path, uint64_t bytes,
                        sho__fill *fill, void *context) {
  if (fchmod(fd, 0600) != 0) {
    return sho__fail_errno(errno, "%s: its mode cannot be set", path);
  }
  int code = sho__file_reserve(fd, path, bytes);
  return code == SHO_OK ? fill(fd, path, context) : code;
}

/* Where there are no unnamed files: a hidden name beside it. */
static int create_by_name(const char *path, const char *folder, uint64_t bytes,
                          sho__fill *fill, void *context, int *fd) {
  char hidden[4096];
  int used = snprintf(hidden, sizeof hidden, "%s/.sho-%016llx", folder,
                      (unsigned long long)sho__random());
  if (used < 0 || (size_t)used >= sizeof hidden) {
    return sho__fail(SHO_EINVAL, "%s: the path is too long", path);
  }
  int made =
      open(hidden, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR | O_CLOEXEC, 0600);
  if (made < 0) {
    return sho__fail_errno(errno, "%s: cannot be created", path);
  }
  int code = make_content(made, path, bytes, fill, context);
  if (code == SHO_OK && link(hidden, path) != 0) {
    code = link_failed(errno, path);
  }
  unlink(hidden);
  if (code != SHO_OK) {
    close(made);
    return code;
  }
  *fd = made;
  return SHO_OK;
}

int sho__file_create(const char *path, uint64_t bytes, sho__fill *fill,
                     void *context, int *fd) {
  char *folder = folder_of(path);
  if (folder == NULL) {
    return sho__fail(SHO_ENOMEM, "out of memory for a path");
  }
  int code;
  int made = open_unnamed(folder);
  if (made < 0) {
    code = create_by_name(path, folder, bytes, fill, context, fd);
  } else {
    code = make_content(made, path, bytes, fill, context);
    if (code == SHO_OK && link_unnamed(made, path) == 0) {
      *fd = made;
    } else {
      int error = errno;
      close(made);
      if (code == SHO_OK && error == EEXIST) {
        code = SHO_EEXIST;
      } else if (code == SHO_OK) { /* no /proc, or a sandbox */
        code = create_by_name(path, folder, bytes, fill, context, fd);
      }
    }
  }
  free(folder);
  return code;
}

/* ---- making ready ------------------------------------------------------- */

static int setup_lock_set(int fd, short type) {
  struct flock lock = {.l_type = type,
                       .l_whence = SEEK_SET,
                       .l_start = (off_t)SHO__SETUP_LOCK_OFF,
                       .l_len = 1};
  return fcntl(fd, F_OFD_SETLK, &lock);
}

int sho__setup_lock(int fd, const char *path) {
  int64_t begin = sho__now_ns();
  while (setup_lock_set(fd, F_WRLCK) != 0) {
    if (errno != EAGAIN && errno != EACCES && errno != EINTR) {
      return sho__fail_errno(errno, "%s: cannot be locked", path);
    }
    if (sho__now_ns() - begin > sho__lock_timeout_ns()) {
      return sho__fail(SHO_EBUSY,
                       "%s is being made ready by another process that does "
                       "not go on; end that process",
                       path);
    }
    struct timespec nap = {.tv_nsec = 1000000};
    nanosleep(&nap, NULL);
  }
  return SHO_OK;
}

void sho__setup_unlock(int fd) { setup_lock_set(fd, F_UNLCK); }

/* ---- mapping ------------------------------------------------------------ */

static int map_piece(uint8_t *at, size_t bytes, int protection, int fd,
                     size_t offset) {
  return mmap(at, bytes, protection, MAP_SHARED | MAP_FIXED, fd,
              (off_t)offset) == MAP_FAILED
             ? -1
             : 0;
}

/* Reserves the address space, then lays the file's pieces over it. */
static int map_extent(const struct sho__extent *extent, int fd, int protection,
                      uint8_t **base, size_t *bytes) {
  size_t total = extent->plain_bytes + 2 * extent->ring_bytes * extent->rings;
  uint8_t *at = mmap(NULL, total, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) {
    return -1;
  }
  *base = at;
  *bytes = total;
  int failed = map_piece(at, extent->plain_bytes, protection, fd, 0);
  size_t offset = extent->plain_bytes;
  at += extent->plain_bytes;
  for (size_t i = 0; i < extent->rings && !failed; i++) {
    failed = map_piece(at, extent->ring_bytes, protection, fd, offset) ||
             map_piece(at + extent->ring_bytes, extent->ring_bytes, protection,
                       fd, offset);
    at += 2 * extent->ring_bytes;
    offset += extent->ring_bytes;
  }
  if (failed) {
    int error = errno;
    munmap(*base, total);
    errno = error;
  }
  return failed ? -1 : 0;
}

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
    map_piece(region->base, region->bytes, PROT_READ | PROT_WRITE, fd, 0);
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
                    const struct sho__extent *extent, int writable) {
  struct stat file;
  if (fstat(fd, &file) != 0) {
    return sho__fail_errno(errno, "%s: cannot be examined", path);
  }
  char *kept_path = strdup(path);
  if (kept_path == NULL) {
    return sho__fail(SHO_ENOMEM, "out of memory for a path");
  }
  uint8_t *base;
  size_t bytes;
  int protection = PROT_READ | (writable ? PROT_WRITE : 0);
  if (map_extent(extent, fd, protection, &base, &bytes) != 0) {
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
                   "%s was truncated while it was open; close it, remove the "
                   "file and open it again",
                   region->path);
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
