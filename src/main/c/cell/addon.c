/*
 * The Node addon's module on top of the cell: one file for the process, opened
 * at first use and again when the path names another file.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "cell/object.h"

/* Held for reading while the file is used: a thread that waits for a writer
 * holds up none that reads. What follows changes only under it for writing. */
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static char *chosen_path;
static struct sho_object *current;

static const char *path_now(void) {
  return chosen_path != NULL ? chosen_path : "share-data";
}

static void drop_current(void) {
  if (current != NULL && current->region.told) {
    sho__region_let_go(&current->region);
  } else {
    sho_object_free(current);
  }
  current = NULL;
}

int sho_share_path(const char *path) {
  char *copy = NULL;
  if (path != NULL && *path != '\0' && (copy = strdup(path)) == NULL) {
    return sho__fail(SHO_ENOMEM, "out of memory for a path");
  }
  pthread_rwlock_wrlock(&lock);
  drop_current();
  free(chosen_path);
  chosen_path = copy;
  pthread_rwlock_unlock(&lock);
  return SHO_OK;
}

/* Whether current is still the file that the path names, whole, and large
 * enough. */
static int is_current(size_t min_bytes) {
  struct stat file;
  return current != NULL && current->region.bytes >= min_bytes &&
         lstat(path_now(), &file) == 0 &&
         (uint64_t)file.st_dev == current->region.device &&
         (uint64_t)file.st_ino == current->region.inode &&
         (uint64_t)file.st_size >= current->region.bytes &&
         atomic_load(&current->region.state) == SHO_OK;
}

static int make_current(size_t min_bytes, int create) {
  if (is_current(min_bytes)) {
    return SHO_OK;
  }
  uint32_t capacity =
      min_bytes > SHO_WINDOW_BYTES ? (uint32_t)min_bytes : SHO_WINDOW_BYTES;
  struct sho_object *opened;
  int code = sho__object_open(path_now(), capacity,
                              create ? SHO__OPEN_WINDOW : SHO__OPEN_EXISTING,
                              min_bytes, &opened);
  if (code == SHO_OK) {
    drop_current();
    current = opened;
  }
  return code;
}

/* Answers SHO_OK with the lock held. */
static int enter(int create) {
  pthread_rwlock_rdlock(&lock);
  if (is_current(SHO_WINDOW_BYTES)) {
    return SHO_OK;
  }
  pthread_rwlock_unlock(&lock);
  pthread_rwlock_wrlock(&lock);
  int code = make_current(SHO_WINDOW_BYTES, create);
  if (code != SHO_OK) {
    pthread_rwlock_unlock(&lock);
  }
  return code;
}

long get_share_adress(size_t min_size, int is_init) {
  if (min_size > (size_t)1 << 30) {
    return sho__fail(SHO_EINVAL,
                     "%zu bytes are too many: at most 1 GiB is possible",
                     min_size);
  }
  pthread_rwlock_wrlock(&lock);
  long result = make_current(min_size > 0 ? min_size : 1, is_init);
  if (result == SHO_OK) {
    current->region.told = 1;
    result = (long)current->region.base;
  }
  pthread_rwlock_unlock(&lock);
  return result;
}

int share_read(char *out, size_t size) {
  if (out == NULL && size > 0) {
    return sho__fail(SHO_EINVAL, "a place to put the window is needed");
  }
  size_t bytes = size < SHO_WINDOW_BYTES ? size : SHO_WINDOW_BYTES;
  int code = enter(0);
  if (code == SHO_OK) {
    code = sho__object_read_area(current, (uint8_t *)out, bytes);
    pthread_rwlock_unlock(&lock);
  }
  return code == SHO_OK ? (int)bytes : code;
}

/* The longest prefix of at most `most` bytes that ends between characters. */
static size_t whole_characters(const char *text, size_t bytes, size_t most) {
  if (bytes <= most) {
    return bytes;
  }
  size_t end = most;
  while (end > 0 && most - end < 3 && ((uint8_t)text[end] & 0xc0) == 0x80) {
    end--;
  }
  return ((uint8_t)text[end] & 0xc0) == 0x80 ? most : end;
}

int share_write(const char *text, size_t size) {
  if (text == NULL && size > 0) {
    return sho__fail(SHO_EINVAL, "a text is needed");
  }
  size_t bytes = whole_characters(text, size, SHO_WINDOW_BYTES - 1);
  int code = enter(1);
  if (code == SHO_OK) {
    code = sho__object_store(current, NULL, text, bytes, NULL);
    pthread_rwlock_unlock(&lock);
  }
  return code == SHO_OK ? (int)bytes : code;
}
