#include "shm/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
    return SHO__FILE_EXISTS;
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
        code = SHO__FILE_EXISTS;
      } else if (code == SHO_OK) { /* no /proc, or a sandbox */
        code = create_by_name(path, folder, bytes, fill, context, fd);
      }
    }
  }
  free(folder);
  return code;
}

/* ---- making ready ------------------------------------------------------- */

enum { SETUP_NAP_NS = 1000000 };

static int setup_lock_set(int fd, short type) {
  struct flock lock = {.l_type = type,
                       .l_whence = SEEK_SET,
                       .l_start = (off_t)SHO__SETUP_LOCK_OFF,
                       .l_len = 1};
  return fcntl(fd, F_OFD_SETLK, &lock);
}

int sho__setup_lock(int fd, const char *path) {
  struct sho__patience patience = sho__patience_begin();
  while (setup_lock_set(fd, F_WRLCK) != 0) {
    if (errno != EAGAIN && errno != EACCES && errno != EINTR) {
      return sho__fail_errno(errno, "%s: cannot be locked", path);
    }
    if (sho__patience_look(&patience, SETUP_NAP_NS) > sho__lock_timeout_ns()) {
      return sho__fail(SHO_EBUSY,
                       "%s is being made ready by another process that does "
                       "not go on; end that process",
                       path);
    }
    struct timespec nap = {.tv_nsec = SETUP_NAP_NS};
    nanosleep(&nap, NULL);
  }
  return SHO_OK;
}

void sho__setup_unlock(int fd) { setup_lock_set(fd, F_UNLCK); }
