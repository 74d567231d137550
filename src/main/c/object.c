/*
 * The versioned cell: a sequence lock whose data lies twice.
 *
 * Writer, under the lock, from an even sequence 2v:
 *   1. text and NUL into the shadow, shadow_bytes
 *   2. sequence = 2v+1            version v+1 exists from here on
 *   3. shadow copied over the text area
 *   4. sequence = 2v+2
 * Killed before 2: the cell holds version v, the shadow means nothing. Killed
 * from 2 on: the shadow holds all of version v+1; who takes the lock over does
 * 3 and 4 again, which is the same however often it is done.
 *
 * Reader: sequence; the text area if it is even, the shadow if odd; sequence
 * again, and once more if it moved. In either state what is copied is not
 * being changed, so a reader does not wait for a writer, living or dead. One
 * that was overtaken READ_ATTEMPTS times takes the lock.
 *
 * Sleepers set `sleepers`, look at the sequence again and wait on its low
 * half; a writer stores the sequence, then takes `sleepers` back and wakes.
 * Both sides are sequentially consistent, so one of them sees the other.
 */
#include "object.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crash.h"
#include "error.h"
#include "hash.h"
#include "random.h"
#include "wait.h"

enum {
  READ_ATTEMPTS = 1000,
  OPEN_ATTEMPTS = 100,
  AWAIT_SLICE_NS = 50000000, /* what a wake-up costs that a kill took along */
  CONTROL_BYTES = sizeof(struct sho__cell_shm),
  HEAD_BYTES = 64, /* of the control block: what finds it */
  STEP_BYTES = 16384
};

static const uint32_t max_capacity = UINT32_C(1) << 30;

/* ---- geometry ----------------------------------------------------------- */

static uint32_t area_bytes_of(uint32_t capacity) {
  uint32_t wanted = capacity < SHO_WINDOW_BYTES ? SHO_WINDOW_BYTES : capacity;
  return (wanted + 63) & ~UINT32_C(63);
}

static uint64_t file_bytes_of(uint32_t capacity) {
  return 2 * (uint64_t)area_bytes_of(capacity) + CONTROL_BYTES;
}

static uint32_t checksum_of(const struct sho__cell_shm *cell) {
  return (uint32_t)sho__hash(cell, offsetof(struct sho__cell_shm, checksum), 0);
}

/* What the first bytes of a control block say. */
struct control {
  uint64_t off;
  uint64_t capacity;
  uint32_t layout_version;
  int damaged;
};

static int is_control(const struct sho__cell_shm *cell, uint64_t off,
                      uint64_t file_bytes, struct control *control) {
  if (memcmp(cell->magic, SHO__CELL_MAGIC, sizeof cell->magic) != 0) {
    return 0;
  }
  *control = (struct control){.off = off,
                              .capacity = cell->capacity,
                              .layout_version = cell->layout_version};
  control->damaged = cell->checksum != checksum_of(cell) ||
                     cell->capacity < 2 || cell->capacity > max_capacity ||
                     cell->peer_slots != SHO__CELL_PEERS ||
                     area_bytes_of((uint32_t)cell->capacity) != off ||
                     file_bytes_of((uint32_t)cell->capacity) > file_bytes;
  return 1;
}

static int is_valid(const struct control *control) {
  return control->layout_version == SHO__CELL_LAYOUT_VERSION &&
         !control->damaged;
}

/* The control block at that place: *control, or SHO_EABSENT. */
static int control_at(int fd, const char *path, uint64_t off,
                      uint64_t file_bytes, struct control *control) {
  struct sho__cell_shm head;
  if (off + HEAD_BYTES > file_bytes) {
    return SHO_EABSENT;
  }
  int code = sho__file_read(fd, path, &head, HEAD_BYTES, off);
  if (code == SHO_OK && !is_control(&head, off, file_bytes, control)) {
    code = SHO_EABSENT;
  }
  return code;
}

/* Looks through the file for a valid control block, or else for the first that
 * has the magic: texts may have it too. *control, or SHO_EABSENT. */
static int search_control(int fd, const char *path, uint64_t file_bytes,
                          struct control *control) {
  uint8_t part[STEP_BYTES];
  int found = SHO_EABSENT;
  uint64_t end = area_bytes_of(max_capacity) + (uint64_t)HEAD_BYTES;
  end = end < file_bytes ? end : file_bytes;
  for (uint64_t off = SHO_WINDOW_BYTES; off + HEAD_BYTES <= end;) {
    uint64_t left = end - off;
    size_t bytes = left < STEP_BYTES ? (size_t)left : STEP_BYTES;
    int code = sho__file_read(fd, path, part, bytes, off);
    if (code != SHO_OK) {
      return code;
    }
    for (size_t at = 0; at + HEAD_BYTES <= bytes; at += 64) {
      struct sho__cell_shm head;
      struct control candidate;
      memcpy(&head, part + at, HEAD_BYTES);
      if (!is_control(&head, off + at, file_bytes, &candidate)) {
        continue;
      }
      int valid = is_valid(&candidate);
      if (valid || found == SHO_EABSENT) {
        *control = candidate;
        found = SHO_OK;
      }
      if (valid) {
        return SHO_OK;
      }
    }
    off += bytes & ~(size_t)63;
  }
  return found;
}

/* Where a file of the wanted capacity has it, else wherever it is. */
static int find_control(int fd, const char *path, uint32_t capacity,
                        uint64_t file_bytes, struct control *control) {
  struct control wanted;
  int code = control_at(fd, path, area_bytes_of(capacity), file_bytes, &wanted);
  if (code == SHO_OK && is_valid(&wanted)) {
    *control = wanted;
    return SHO_OK;
  }
  if (code != SHO_OK && code != SHO_EABSENT) {
    return code;
  }
  int found = search_control(fd, path, file_bytes, control);
  if (code == SHO_OK && found == SHO_OK && !is_valid(control)) {
    *control = wanted; /* its damage is what there is to tell */
  }
  return found;
}

/* ---- open --------------------------------------------------------------- */

static int write_control(int fd, const char *path, uint32_t capacity) {
  struct sho__cell_shm cell;
  memset(&cell, 0, sizeof cell);
  memcpy(cell.magic, SHO__CELL_MAGIC, sizeof cell.magic);
  cell.layout_version = SHO__CELL_LAYOUT_VERSION;
  cell.capacity = capacity;
  cell.creation_id = sho__random();
  cell.peer_slots = SHO__CELL_PEERS;
  cell.checksum = checksum_of(&cell);
  return sho__file_write(fd, path, &cell, sizeof cell, area_bytes_of(capacity));
}

static int fill_new(int fd, const char *path, void *context) {
  return write_control(fd, path, *(const uint32_t *)context);
}

static int is_zero(int fd, const char *path, uint64_t from, uint64_t bytes,
                   int *zero) {
  uint8_t part[4096];
  *zero = 1;
  while (bytes > 0 && *zero) {
    size_t step = bytes < sizeof part ? (size_t)bytes : sizeof part;
    int code = sho__file_read(fd, path, part, step, from);
    if (code != SHO_OK) {
      return code;
    }
    for (size_t i = 0; i < step; i++) {
      *zero &= part[i] == 0;
    }
    from += step;
    bytes -= step;
  }
  return SHO_OK;
}

/* A bare file is adopted if it is small enough, or if it has the size and the
 * zeros that somebody leaves who was killed while adopting it. */
static int adopt(int fd, const char *path, uint64_t file_bytes,
                 uint32_t capacity, enum sho__open_mode mode) {
  uint64_t area = area_bytes_of(capacity);
  uint64_t most = mode == SHO__OPEN_EXACT ? SHO_WINDOW_BYTES : area;
  int adoptable = file_bytes <= most;
  if (file_bytes == file_bytes_of(capacity)) {
    int code = is_zero(fd, path, area, file_bytes - area, &adoptable);
    if (code != SHO_OK) {
      return code;
    }
  }
  if (!adoptable) {
    return sho__fail(SHO_EFORMAT,
                     "%s is not a ShareObject file: %llu bytes without a "
                     "control block (a bare file of at most %llu bytes would "
                     "be adopted); name another file",
                     path, (unsigned long long)file_bytes,
                     (unsigned long long)most);
  }
  int code = sho__file_reserve(fd, path, file_bytes_of(capacity));
  return code == SHO_OK ? write_control(fd, path, capacity) : code;
}

static int check_control(const struct control *control, const char *path,
                         uint32_t capacity, enum sho__open_mode mode) {
  if (control->layout_version != SHO__CELL_LAYOUT_VERSION) {
    return sho__fail(SHO_EVERSION,
                     "%s has layout version %u and this library reads %d; use "
                     "the library that made it, or remove the file",
                     path, control->layout_version, SHO__CELL_LAYOUT_VERSION);
  }
  if (control->damaged) {
    return sho__fail(SHO_ECORRUPT,
                     "%s: its control block at byte %llu is damaged; remove "
                     "the file",
                     path, (unsigned long long)control->off);
  }
  if (mode == SHO__OPEN_EXACT && control->capacity != capacity) {
    return sho__fail(SHO_EGEOMETRY,
                     "%s has a capacity of %llu bytes and %u were asked for; "
                     "ask for %llu, or remove the file",
                     path, (unsigned long long)control->capacity, capacity,
                     (unsigned long long)control->capacity);
  }
  return SHO_OK;
}

/* Under the setup lock: finds the control block, or makes one. */
static int make_ready(int fd, const char *path, uint32_t capacity,
                      enum sho__open_mode mode, struct control *control) {
  off_t end = lseek(fd, 0, SEEK_END);
  if (end < 0) {
    return sho__fail_errno(errno, "%s: cannot be examined", path);
  }
  int code = find_control(fd, path, capacity, (uint64_t)end, control);
  if (code == SHO_EABSENT) {
    code = adopt(fd, path, (uint64_t)end, capacity, mode);
    *control = (struct control){.off = area_bytes_of(capacity),
                                .capacity = capacity,
                                .layout_version = SHO__CELL_LAYOUT_VERSION};
  }
  if (code == SHO_OK) {
    code = check_control(control, path, capacity, mode);
  }
  /* A copy of a cell may have holes. */
  return code == SHO_OK
             ? sho__file_reserve(fd, path,
                                 file_bytes_of((uint32_t)control->capacity))
             : code;
}

static int open_file(const char *path, uint32_t capacity,
                     enum sho__open_mode mode, int *fd) {
  uint64_t bytes;
  for (int i = 0; i < OPEN_ATTEMPTS; i++) {
    int code = sho__file_open(path, 1, fd, &bytes);
    if (code != SHO_ENOENT || mode == SHO__OPEN_EXISTING) {
      return code;
    }
    code = sho__file_create(path, file_bytes_of(capacity), fill_new, &capacity,
                            fd);
    if (code != SHO_EEXIST) {
      return code;
    }
  }
  return sho__fail(SHO_EBUSY,
                   "%s is created and removed by others all the time", path);
}

static int map_object(struct sho_object *object, int fd, const char *path,
                      const struct control *control, uint64_t map_bytes) {
  uint64_t bytes = file_bytes_of((uint32_t)control->capacity);
  bytes = map_bytes > bytes ? map_bytes : bytes;
  struct sho__extent extent = {.plain_bytes = (size_t)bytes};
  int code = sho__region_map(&object->region, fd, path, &extent, 1);
  if (code != SHO_OK) {
    close(fd);
    return code;
  }
  object->capacity = (uint32_t)control->capacity;
  object->area_bytes = area_bytes_of(object->capacity);
  object->control_off = control->off;
  object->text = object->region.base;
  object->cell = (struct sho__cell_shm *)(object->region.base + control->off);
  object->shadow = object->region.base + control->off + CONTROL_BYTES;
  code = sho__peers_attach(&object->peers, &object->region,
                           control->off + offsetof(struct sho__cell_shm, peers),
                           SHO__CELL_PEERS);
  if (code != SHO_OK) {
    sho__region_free(&object->region);
  }
  return code;
}

/* Makes the file behind fd ready and maps it. fd is gone on failure. */
static int attach(struct sho_object *object, int fd, const char *path,
                  uint32_t capacity, enum sho__open_mode mode,
                  uint64_t min_bytes) {
  struct control control;
  int code = sho__setup_lock(fd, path);
  if (code != SHO_OK) {
    close(fd);
    return code;
  }
  code = make_ready(fd, path, capacity, mode, &control);
  off_t end = code == SHO_OK ? lseek(fd, 0, SEEK_END) : -1;
  uint64_t map_bytes = end > 0 && min_bytes > 0 ? (uint64_t)end | min_bytes : 0;
  if (code == SHO_OK && map_bytes > 0) {
    code = sho__file_reserve(fd, path, map_bytes);
  }
  sho__setup_unlock(fd);
  if (code == SHO_OK) {
    code = map_object(object, fd, path, &control, map_bytes);
  } else {
    close(fd);
  }
  return code;
}

int sho__object_open(const char *path, uint32_t capacity,
                     enum sho__open_mode mode, uint64_t map_bytes,
                     struct sho_object **object) {
  if (path == NULL || *path == '\0' || object == NULL) {
    return sho__fail(SHO_EINVAL,
                     "a path and a place for the handle are needed");
  }
  if (capacity < 2 || capacity > max_capacity) {
    return sho__fail(SHO_EINVAL,
                     "%s: the capacity must be 2 to %u bytes, not %u", path,
                     max_capacity, capacity);
  }
  struct sho_object *made = calloc(1, sizeof *made);
  if (made == NULL) {
    return sho__fail(SHO_ENOMEM, "out of memory for a handle");
  }
  int fd = -1;
  int code = open_file(path, capacity, mode, &fd);
  if (code == SHO_OK) {
    code = attach(made, fd, path, capacity, mode, map_bytes);
  }
  if (code != SHO_OK) {
    free(made);
    return code;
  }
  *object = made;
  return SHO_OK;
}

int sho_object_open(const char *path, uint32_t capacity,
                    struct sho_object **object) {
  return sho__object_open(path, capacity, SHO__OPEN_EXACT, 0, object);
}

static _Atomic uint32_t *futex_of(struct sho__cell_shm *cell) {
  return (_Atomic uint32_t *)(void *)&cell->sequence; /* its low half */
}

void sho_object_close(struct sho_object *object) {
  if (object == NULL || !sho__region_end(&object->region)) {
    return;
  }
  /* Who sleeps looks at the state as it wakes; who goes to sleep just now
   * wakes by its own time slice. */
  sho__wake_all(futex_of(object->cell));
  sho__wake_all(&object->cell->lock);
  sho__region_give_back(&object->region);
}

void sho_object_free(struct sho_object *object) {
  if (object != NULL) {
    sho_object_close(object);
    sho__region_free(&object->region);
    free(object);
  }
}

/* As sho__region_check; a file cut within its last page faults nowhere, but
 * its control block is zeros then. */
static int check(struct sho_object *object) {
  int code = sho__region_check(&object->region);
  if (code == SHO_OK && !sho__equal_racy(object->cell->magic, SHO__CELL_MAGIC,
                                         sizeof object->cell->magic)) {
    code = sho__fail(SHO_EIO,
                     "%s was truncated or overwritten while it was open; "
                     "close it, remove the file and open it again",
                     object->region.path);
  }
  return code;
}

/* ---- write -------------------------------------------------------------- */

/* Steps 3 and 4. */
static void finish_write(struct sho_object *object, uint64_t odd) {
  struct sho__cell_shm *cell = object->cell;
  uint32_t bytes = atomic_load(&cell->shadow_bytes);
  if (bytes > object->area_bytes) {
    bytes = object->area_bytes; /* damaged: no more than there is */
  }
  sho__fence_before_overwrite();
  sho__copy_racy(object->text, object->shadow, bytes);
  SHO_CRASH_POINT("cell: text copied");
  atomic_store(&cell->sequence, odd + 1);
}

static void recover(struct sho_object *object) {
  struct sho__cell_shm *cell = object->cell;
  uint64_t sequence = atomic_load(&cell->sequence);
  if (sequence & 1) {
    finish_write(object, sequence);
  }
  atomic_fetch_add(&cell->recoveries, 1);
}

static int lock_cell(struct sho_object *object) {
  int dead;
  int code = sho__lock(&object->peers, &object->cell->lock, &dead);
  if (code == SHO_OK && dead) {
    recover(object);
  }
  return code;
}

static void wake_sleepers(struct sho__cell_shm *cell) {
  if (atomic_load(&cell->sleepers) != 0 &&
      atomic_exchange(&cell->sleepers, 0) != 0) {
    sho__wake_all(futex_of(cell));
  }
}

static uint64_t store_locked(struct sho_object *object, uint64_t even,
                             const void *text, size_t bytes) {
  struct sho__cell_shm *cell = object->cell;
  SHO_CRASH_POINT("cell: locked");
  sho__fence_before_overwrite();
  sho__copy_racy(object->shadow, text, bytes);
  SHO_CRASH_POINT("cell: shadow half written");
  sho__copy_racy(object->shadow + bytes, "", 1);
  atomic_store(&cell->shadow_bytes, (uint32_t)bytes + 1);
  SHO_CRASH_POINT("cell: shadow written");
  atomic_store(&cell->sequence, even + 1);
  SHO_CRASH_POINT("cell: sequence odd");
  finish_write(object, even + 1);
  SHO_CRASH_POINT("cell: sequence even");
  return even / 2 + 1;
}

int sho__object_store(struct sho_object *object, const uint64_t *expected,
                      const void *text, size_t bytes, uint64_t *version) {
  struct sho__cell_shm *cell = object->cell;
  int code = lock_cell(object);
  if (code != SHO_OK) {
    return code;
  }
  uint64_t sequence = atomic_load(&cell->sequence);
  if (sequence & 1) { /* only a damaged file is odd while it is locked */
    finish_write(object, sequence);
    sequence++;
  }
  int changed = expected != NULL && *expected != sequence / 2;
  uint64_t stored = 0;
  if (!changed) {
    stored = store_locked(object, sequence, text, bytes);
  }
  sho__unlock(&cell->lock);
  SHO_CRASH_POINT("cell: unlocked");
  if (!changed) {
    wake_sleepers(cell);
  }
  code = check(object);
  if (code == SHO_OK && changed) {
    code = sho__fail(SHO_ECHANGED, "%s holds version %llu, not %llu",
                     object->region.path, (unsigned long long)(sequence / 2),
                     (unsigned long long)*expected);
  }
  if (code == SHO_OK && version != NULL) {
    *version = stored;
  }
  return code;
}

static int set_checked(struct sho_object *object, const uint64_t *expected,
                       const char *text, size_t length, uint64_t *version) {
  if (object == NULL || (text == NULL && length > 0)) {
    return sho__fail(SHO_EINVAL, "a handle and a text are needed");
  }
  if (length >= object->capacity) {
    return sho__fail(SHO_ETOOBIG,
                     "%s holds at most %u bytes of text and this one has %zu",
                     object->region.path, object->capacity - 1, length);
  }
  if (length > 0 && memchr(text, 0, length) != NULL) {
    return sho__fail(SHO_EINVAL,
                     "%s: the text has a NUL in it, which would end it",
                     object->region.path);
  }
  return sho__object_store(object, expected, text, length, version);
}

int sho_object_set(struct sho_object *object, const char *text, size_t length,
                   uint64_t *version) {
  return set_checked(object, NULL, text, length, version);
}

int sho_object_compare_and_set(struct sho_object *object, uint64_t expected,
                               const char *text, size_t length,
                               uint64_t *version) {
  return set_checked(object, &expected, text, length, version);
}

/* ---- read --------------------------------------------------------------- */

static uint64_t version_of(uint64_t sequence) { return (sequence + 1) / 2; }

/* A copy of [0, bytes) of the current version; 0 if it was overtaken. In the
 * odd state the version is the shadow's bytes, then what the area had. */
static int copy_area(struct sho_object *object, uint8_t *out, size_t bytes,
                     uint64_t *sequence) {
  struct sho__cell_shm *cell = object->cell;
  uint64_t before = atomic_load_explicit(&cell->sequence, memory_order_acquire);
  sho__copy_racy(out, object->text, bytes);
  if (before & 1) {
    size_t fresh = atomic_load(&cell->shadow_bytes);
    fresh = fresh > object->area_bytes ? object->area_bytes : fresh;
    sho__copy_racy(out, object->shadow, fresh < bytes ? fresh : bytes);
  }
  sho__fence_after_copy();
  *sequence = before;
  return atomic_load_explicit(&cell->sequence, memory_order_relaxed) == before;
}

/* The length of the text and, if it fits, a copy; 0 if it was overtaken. */
static int copy_text(struct sho_object *object, char *out, size_t size,
                     size_t *length, uint64_t *sequence) {
  struct sho__cell_shm *cell = object->cell;
  uint64_t before = atomic_load_explicit(&cell->sequence, memory_order_acquire);
  const uint8_t *from = before & 1 ? object->shadow : object->text;
  size_t bytes = sho__text_bytes(from, object->area_bytes);
  if (bytes <= size) {
    sho__copy_racy(out, from, bytes);
  }
  sho__fence_after_copy();
  *length = bytes;
  *sequence = before;
  return atomic_load_explicit(&cell->sequence, memory_order_relaxed) == before;
}

/* Has copy() succeed, if need be under the lock. */
#define SHO__READ(object, copy, code)                                          \
  do {                                                                         \
    int left = READ_ATTEMPTS;                                                  \
    while (!(copy) && --left > 0) {                                            \
      sho__pause();                                                            \
    }                                                                          \
    if (left == 0 && ((code) = lock_cell(object)) == 0) {                      \
      (void)(copy);                                                            \
      sho__unlock(&(object)->cell->lock);                                      \
    }                                                                          \
  } while (0)

int sho__object_read_area(struct sho_object *object, uint8_t *out,
                          size_t bytes) {
  uint64_t sequence;
  int code = SHO_OK;
  SHO__READ(object, copy_area(object, out, bytes, &sequence), code);
  return code == SHO_OK ? check(object) : code;
}

int sho_object_get(struct sho_object *object, char *out, size_t size,
                   size_t *length, uint64_t *version) {
  if (object == NULL || length == NULL || (out == NULL && size > 0)) {
    return sho__fail(SHO_EINVAL, "a handle and places to put are needed");
  }
  size_t bytes = 0;
  uint64_t sequence = 0;
  int code = SHO_OK;
  SHO__READ(object, copy_text(object, out, size, &bytes, &sequence), code);
  code = code == SHO_OK ? check(object) : code;
  if (code == SHO_OK) {
    *length = bytes;
    if (version != NULL) {
      *version = version_of(sequence);
    }
  }
  return code;
}

int sho_object_version(struct sho_object *object, uint64_t *version) {
  if (object == NULL || version == NULL) {
    return sho__fail(SHO_EINVAL, "a handle and a place to put are needed");
  }
  uint64_t sequence = atomic_load(&object->cell->sequence);
  int code = check(object);
  if (code == SHO_OK) {
    *version = version_of(sequence);
  }
  return code;
}

/* ---- wait --------------------------------------------------------------- */

/* Sleeps once, unless the sequence is another than seen. */
static void sleep_while(struct sho_object *object, uint64_t seen,
                        int64_t most_ns) {
  struct sho__cell_shm *cell = object->cell;
  atomic_store(&cell->sleepers, 1);
  if (atomic_load(&cell->sequence) == seen) {
    sho__wait(futex_of(cell), (uint32_t)seen,
              most_ns < AWAIT_SLICE_NS ? most_ns : AWAIT_SLICE_NS);
  }
}

int sho_object_await(struct sho_object *object, uint64_t version,
                     int64_t timeout_ns, uint64_t *newer) {
  if (object == NULL || newer == NULL) {
    return sho__fail(SHO_EINVAL, "a handle and a place to put are needed");
  }
  int64_t begin = timeout_ns > 0 ? sho__now_ns() : 0;
  for (;;) {
    uint64_t seen = atomic_load(&object->cell->sequence);
    int code = check(object);
    if (code != SHO_OK) {
      return code;
    }
    if (version_of(seen) > version) {
      *newer = version_of(seen);
      return SHO_OK;
    }
    int64_t left = AWAIT_SLICE_NS;
    if (timeout_ns >= 0) {
      left = timeout_ns > 0 ? timeout_ns - (sho__now_ns() - begin) : 0;
      if (left <= 0) {
        return sho__fail(
            SHO_ETIMEDOUT, "%s still has version %llu after %lld ns",
            object->region.path, (unsigned long long)version_of(seen),
            (long long)timeout_ns);
      }
    }
    sleep_while(object, seen, left);
  }
}

int sho_object_info(struct sho_object *object, struct sho_object_info *info) {
  if (object == NULL || info == NULL) {
    return sho__fail(SHO_EINVAL, "a handle and a place to put are needed");
  }
  struct sho_object_info found = {
      .layout_version = SHO__CELL_LAYOUT_VERSION,
      .capacity = object->capacity,
      .file_bytes = file_bytes_of(object->capacity),
      .control_off = object->control_off,
      .version = version_of(atomic_load(&object->cell->sequence)),
      .recoveries = atomic_load(&object->cell->recoveries),
      .peers = sho__peers_alive(&object->peers),
      .peer_slots = SHO__CELL_PEERS};
  int code = check(object);
  if (code == SHO_OK) {
    *info = found;
  }
  return code;
}
