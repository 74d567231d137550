/*
 * The Node addon's module on top of the cell: one file for the process, opened
 * at first use and again when the path names another file.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "object.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* All under the mutex. */
static char *chosen_path;
static struct sho_object *current;
static int address_told; /* of current: its mapping must stay */

static const char *path_now(void) {
  return chosen_path != NULL ? chosen_path : "share-data";
}

static void drop_current(void) {
  if (current != NULL && address_told) {
    sho__region_let_go(&current->region);
  } else {
    sho_object_free(current);
  }
  current = NULL;
  address_told = 0;
}

int sho_share_path(const char *path) {
  char *copy = NULL;
  if (path != NULL && *path != '\0' && (copy = strdup(path)) == NULL) {
    return sho__fail(SHO_ENOMEM, "out of memory for a path");
  }
  pthread_mutex_lock(&mutex);
  drop_current();
  free(chosen_path);
  chosen_path = copy;
  pthread_mutex_unlock(&mutex);
  return SHO_OK;
}

/* Whether current is still the file that the path names, and whole. */
static int is_current(void) {
  struct stat file;
  return current != NULL && lstat(path_now(), &file) == 0 &&
         (uint64_t)file.st_dev == current->region.device &&
         (uint64_t)file.st_ino == current->region.inode &&
         (uint64_t)file.st_size >= current->region.bytes &&
         atomic_load(&current->region.state) == SHO_OK;
}

static int use_file(size_t min_bytes, int create, struct sho_object **object) {
  if (is_current() && current->region.bytes >= min_bytes) {
    *object = current;
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
    *object = opened;
  }
  return code;
}

long get_share_adress(size_t min_size, int is_init) {
  struct sho_object *object;
  if (min_size > (size_t)1 << 30) {
    return sho__fail(SHO_EINVAL, "%zu bytes asked for, at most 1 GiB can be",
                     min_size);
  }
  pthread_mutex_lock(&mutex);
  long result = use_file(min_size > 0 ? min_size : 1, is_init, &object);
  if (result == SHO_OK) {
    address_told = 1;
    result = (long)object->region.base;
  }
  pthread_mutex_unlock(&mutex);
  return result;
}

int share_read(char *out, size_t size) {
  if (out == NULL && size > 0) {
    return sho__fail(SHO_EINVAL, "a place to put the window is needed");
  }
  size_t bytes = size < SHO_WINDOW_BYTES ? size : SHO_WINDOW_BYTES;
  struct sho_object *object;
  pthread_mutex_lock(&mutex);
  int code = use_file(SHO_WINDOW_BYTES, 0, &object);
  if (code == SHO_OK) {
    code = sho__object_read_area(object, (uint8_t *)out, bytes);
  }
  pthread_mutex_unlock(&mutex);
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
  struct sho_object *object;
  pthread_mutex_lock(&mutex);
  int code = use_file(SHO_WINDOW_BYTES, 1, &object);
  if (code == SHO_OK) {
    code = sho__object_store(object, NULL, text, bytes, NULL);
  }
  pthread_mutex_unlock(&mutex);
  return code == SHO_OK ? (int)bytes : code;
}
