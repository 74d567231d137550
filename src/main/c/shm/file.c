#include "shm/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/sysinfo.h>
#include <sys/vfs.h>

enum { TMPFS_MAGIC = 0x01021994 }; /* linux/magic.h */
#endif

#include "base/crash.h"
#include "base/error.h"
#include "base/memory_limit.h"
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
static int allocate(int fd, uint64_t from, uint64_t size, uint64_t bytes) {
  (void)from;
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
static int allocate(int fd, uint64_t from, uint64_t size, uint64_t bytes) {
  (void)size;
  while (fallocate(fd, 0, (off_t)from, (off_t)(bytes - from)) != 0) {
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

/* From a place on, up to which pages are reserved already. */
static int reserve_from(int fd, const char *path, uint64_t from,
                        uint64_t bytes) {
  struct stat file;
  if (fstat(fd, &file) != 0) {
    return sho__fail_errno(errno, "%s: cannot be examined", path);
  }
  uint64_t size = (uint64_t)file.st_size;
  if (size >= bytes && (uint64_t)file.st_blocks * 512 >= bytes) {
    return SHO_OK;
  }
  int error = allocate(fd, from, size, bytes);
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

/* Pages of a file in memory are charged to whoever reserves them: beyond its
 * limit the kernel kills it instead of refusing. Where there is swap it may not
 * come to that. */
static int check_memory(int fd, const char *path, uint64_t bytes) {
#if defined(__linux__)
  struct stat file;
  struct statfs system;
  struct sysinfo host;
  if (fstatfs(fd, &system) != 0 || system.f_type != TMPFS_MAGIC ||
      fstat(fd, &file) != 0 || sysinfo(&host) != 0 || host.freeswap != 0) {
    return SHO_OK;
  }
  uint64_t has = (uint64_t)file.st_blocks * 512;
  uint64_t wanted = bytes > has ? bytes - has : 0;
  uint64_t room = wanted == 0
                      ? UINT64_MAX
                      : sho__memory_room("/proc/self/cgroup", "/sys/fs/cgroup");
  if (wanted > room) {
    return sho__fail(SHO_ENOSPC,
                     "%s: no room for %llu bytes in this process's cgroup, "
                     "which leaves %llu; raise its memory limit, or ask for "
                     "less",
                     path, (unsigned long long)wanted,
                     (unsigned long long)room);
  }
#else
  (void)fd;
  (void)path;
  (void)bytes;
#endif
  return SHO_OK;
}

int sho__file_reserve(int fd, const char *path, uint64_t bytes) {
  int code = check_memory(fd, path, bytes);
  return code != SHO_OK ? code : reserve_from(fd, path, 0, bytes);
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

/* ---- making ready ------------------------------------------------------- */

enum {
  SETUP_NAP_NS = 1000000,
  SETUP_STEPS = 1 << 20 /* fine enough to be seen in the largest file */
};

/* Who makes a file ready locks as many bytes behind the first as it has done
 * steps: so the kernel tells how far it is, and forgets it when it dies. */
static struct flock setup_lock_of(short type, int64_t bytes) {
  return (struct flock){.l_type = type,
                        .l_whence = SEEK_SET,
                        .l_start = (off_t)SHO__SETUP_LOCK_OFF,
                        .l_len = (off_t)bytes};
}

/* The steps that the holder has done, or -1: nobody holds it now. */
static int64_t setup_steps(int fd) {
  struct flock lock = setup_lock_of(F_WRLCK, 1);
  if (fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) {
    return -1;
  }
  return (int64_t)lock.l_len - 1;
}

int sho__setup_lock(int fd, const char *path) {
  struct sho__patience patience = sho__patience_begin();
  struct flock lock = setup_lock_of(F_WRLCK, 1);
  int64_t seen = -1;
  while (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
    if (errno != EAGAIN && errno != EACCES && errno != EINTR) {
      return sho__fail_errno(errno, "%s: cannot be locked", path);
    }
    int64_t steps = setup_steps(fd);
    if (steps != seen) {
      patience = sho__patience_begin();
      seen = steps;
    }
    if (sho__patience_look(&patience, SETUP_NAP_NS) > sho__lock_timeout_ns()) {
      return sho__fail(
          SHO_EBUSY,
          "%s is being made ready by another process, which does "
          "not go on: %lld %% are done; resume that process",
          path,
          (long long)(seen < 0 ? 0
                               : (seen * 100 + SETUP_STEPS / 2) / SETUP_STEPS));
    }
    struct timespec nap = {.tv_nsec = SETUP_NAP_NS};
    nanosleep(&nap, NULL);
  }
  return SHO_OK;
}

void sho__setup_progress(int fd, uint64_t done, uint64_t all) {
  double share = (double)done / (double)all;
  struct flock lock =
      setup_lock_of(F_WRLCK, 1 + (int64_t)(share * (double)SETUP_STEPS));
  (void)fcntl(fd, F_OFD_SETLK, &lock);
}

void sho__setup_unlock(int fd) {
  struct flock lock = setup_lock_of(F_UNLCK, 1 + SETUP_STEPS);
  (void)fcntl(fd, F_OFD_SETLK, &lock);
}

/* ---- creation ----------------------------------------------------------- */

/* Reserved at once, so that those who wait see that it goes on. */
static const uint64_t step_bytes = UINT64_C(64) << 20;

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
    return SHO__FILE_EXISTS;
  }
  return sho__fail_errno(error, "%s: cannot be created", path);
}

/* lock: the creation's, or -1. */
static int make_content(int fd, const char *path, uint64_t bytes, int lock,
                        sho__fill *fill, void *context) {
  if (fchmod(fd, 0600) != 0) {
    return sho__fail_errno(errno, "%s: its mode cannot be set", path);
  }
  int code = check_memory(fd, path, bytes);
  for (uint64_t from = 0; from < bytes && code == SHO_OK;) {
    uint64_t to = bytes - from > step_bytes ? from + step_bytes : bytes;
    code = reserve_from(fd, path, from, to);
    if (lock >= 0) {
      sho__setup_progress(lock, to, bytes);
    }
    SHO_CRASH_POINT("file: reserved");
    from = to;
  }
  return code == SHO_OK ? fill(fd, path, context) : code;
}

/* Where there are no unnamed files: a hidden name beside it. */
static int create_by_name(const char *path, const char *folder, uint64_t bytes,
                          int lock, sho__fill *fill, void *context, int *fd) {
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
  int code = make_content(made, path, bytes, lock, fill, context);
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

static int create_in(const char *folder, const char *path, uint64_t bytes,
                     int lock, sho__fill *fill, void *context, int *fd) {
  int code;
  int made = open_unnamed(folder);
  if (made < 0) {
    code = create_by_name(path, folder, bytes, lock, fill, context, fd);
  } else {
    code = make_content(made, path, bytes, lock, fill, context);
    if (code == SHO_OK && link_unnamed(made, path) == 0) {
      *fd = made;
    } else {
      int error = errno;
      close(made);
      if (code == SHO_OK && error == EEXIST) {
        code = SHO__FILE_EXISTS;
      } else if (code == SHO_OK) { /* no /proc, or a sandbox */
        code = create_by_name(path, folder, bytes, lock, fill, context, fd);
      }
    }
  }
  return code;
}

/*
 * Who creates a file holds the setup lock of an empty file beside it,
 * .sho-NAME, so that one reserves the pages and the others wait, on a file
 * system that has not room for all of them. Its holder removes it; what a
 * killed one left is the next one's. -1: there can be none, and each creates by
 * itself.
 */
static int open_lock_file(const char *folder, const char *path, char *name,
                          size_t size) {
  const char *slash = strrchr(path, '/');
  int used = snprintf(name, size, "%s/.sho-%s", folder,
                      slash == NULL ? path : slash + 1);
  if (used < 0 || (size_t)used >= size) {
    return -1;
  }
  int fd =
      open(name, O_CREAT | O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
  struct stat file;
  if (fd >= 0 && (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode) ||
                  file.st_uid != geteuid() || file.st_size != 0)) {
    close(fd);
    return -1;
  }
  return fd;
}

/* Whether the lock's holder is the one who may create the file now. */
static int may_create(int lock, const char *path) {
  struct stat file;
  return fstat(lock, &file) == 0 && file.st_nlink > 0 &&
         lstat(path, &file) != 0;
}

int sho__file_create(const char *path, uint64_t bytes, sho__fill *fill,
                     void *context, int *fd) {
  char name[PATH_MAX];
  char *folder = folder_of(path);
  if (folder == NULL) {
    return sho__fail(SHO_ENOMEM, "out of memory for a path");
  }
  int lock = open_lock_file(folder, path, name, sizeof name);
  int code = lock >= 0 ? sho__setup_lock(lock, path) : SHO_OK;
  int held = lock >= 0 && code == SHO_OK;
  if (held && !may_create(lock, path)) {
    code = SHO__FILE_EXISTS; /* or did: the caller looks again */
  }
  if (code == SHO_OK) {
    code = create_in(folder, path, bytes, lock, fill, context, fd);
  }
  struct stat file;
  if (held && fstat(lock, &file) == 0 && file.st_nlink > 0) {
    unlink(name);
  }
  if (lock >= 0) {
    sho__setup_unlock(lock); /* a child of fork may have the descriptor, too */
    close(lock);
  }
  free(folder);
  return code;
}
