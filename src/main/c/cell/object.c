/*
 * The versioned cell: a sequence lock with two copies of its data.
 *
 * Writer, under the lock, from an even sequence 2v:
 *   1. text and NUL into the shadow, shadow_bytes
 *   2. sequence = 2v+1            version v+1 exists from here on
 *   3. shadow copied over the text area
 *   4. sequence = 2v+2
 * Killed before 2: the cell holds version v, the shadow means nothing. Killed
 * from 2 on: the shadow holds all of version v+1; the next owner of the lock
 * performs 3 and 4 again, which may be repeated.
 *
 * Reader: sequence; the text area if it is even, the shadow if odd; sequence
 * again; if it moved, start over. In either state the copy that is read is not
 * being changed, so a reader does not wait for a writer, living or dead. After
 * READ_ATTEMPTS failed attempts it takes the lock.
 *
 * Sleepers set `sleepers`, look at the sequence again and wait on its low
 * half; a writer stores the sequence, then takes `sleepers` back and wakes.
 * Both sides are sequentially consistent, so one of them sees the other.
 */
#include "cell/object.h"

#include <stdlib.h>
#include <string.h>

#include "base/crash.h"
#include "base/error.h"
#include "base/sized.h"
#include "base/wait.h"

enum {
  READ_ATTEMPTS = 1000,
  AWAIT_SLICE_NS = 50000000 /* what a wake-up costs that a kill took along */
};

/* ---- close -------------------------------------------------------------- */

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
  sho__wake_all(&object->cell->lock.word);
  sho__region_give_back(&object->region);
}

void sho_object_free(struct sho_object *object) {
  if (object != NULL) {
    sho_object_close(object);
    sho__region_free(&object->region);
    free(object);
  }
}

/* As sho__region_check. A file cut within its last page faults nowhere, and
 * one that was made anew in place neither: the control block is another then.
 * Close lays zeros, too, so the state is asked once more. */
static int check(struct sho_object *object) {
  int code = sho__region_check(&object->region);
  if (code == SHO_OK &&
      !sho__equal_racy(&object->cell->creation_id, &object->creation_id,
                       sizeof object->creation_id)) {
    sho__fence_after_copy();
    code = sho__region_check(&object->region);
    if (code == SHO_OK) {
      code = sho__fail(SHO_EIO,
                       "%s was truncated or overwritten while it was open; "
                       "close it, remove the file and open it again",
                       object->region.path);
    }
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
  SHO_CRASH_POINT("cell: taken over");
  if (sequence & 1) {
    finish_write(object, sequence);
  }
  atomic_fetch_add(&cell->recoveries, 1);
  SHO_CRASH_POINT("cell: recovered");
}

static int lock_cell(struct sho_object *object) {
  int dead;
  int code = check(object);
  if (code == SHO_OK) {
    code = sho__lock(&object->peers, &object->cell->lock, &dead);
  }
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

/* What a reader copies, and to where. */
struct copy {
  uint8_t *area; /* all of it; or NULL, and then the text: */
  char *out;
  size_t size;
  size_t length;
  uint64_t sequence;
};

static int try_copy(struct sho_object *object, struct copy *copy) {
  return copy->area != NULL
             ? copy_area(object, copy->area, copy->size, &copy->sequence)
             : copy_text(object, copy->out, copy->size, &copy->length,
                         &copy->sequence);
}

/* Tries until a copy is whole; at last under the lock, where it is. */
static int read_cell(struct sho_object *object, struct copy *copy) {
  for (int i = 0; i < READ_ATTEMPTS; i++) {
    if (try_copy(object, copy)) {
      return check(object);
    }
    sho__pause();
  }
  int code = lock_cell(object);
  if (code == SHO_OK) {
    try_copy(object, copy);
    sho__unlock(&object->cell->lock);
    code = check(object);
  }
  return code;
}

int sho__object_read_area(struct sho_object *object, uint8_t *out,
                          size_t bytes) {
  struct copy copy = {.area = out, .size = bytes};
  return read_cell(object, &copy);
}

int sho_object_get(struct sho_object *object, char *out, size_t size,
                   size_t *length, uint64_t *version) {
  if (object == NULL || length == NULL || (out == NULL && size > 0)) {
    return sho__fail(SHO_EINVAL, "a handle and places to put are needed");
  }
  struct copy copy = {.out = out, .size = size};
  int code = read_cell(object, &copy);
  if (code == SHO_OK) {
    *length = copy.length;
    if (version != NULL) {
      *version = version_of(copy.sequence);
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
  int64_t begin = timeout_ns > 0 ? sho__awake_ns() : 0;
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
      left = timeout_ns > 0 ? timeout_ns - (sho__awake_ns() - begin) : 0;
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
      .file_bytes = object->control_off + sizeof(struct sho__cell_shm) +
                    object->area_bytes,
      .control_off = object->control_off,
      .version = version_of(atomic_load(&object->cell->sequence)),
      .recoveries = atomic_load(&object->cell->recoveries),
      .peers = sho__peers_alive(&object->peers),
      .peer_slots = SHO__CELL_PEERS};
  int code = check(object);
  return code == SHO_OK ? sho__results_give(info, &found, sizeof found) : code;
}
