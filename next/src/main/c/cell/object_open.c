/*
 * Opening the versioned cell: finds the control block, or adopts or creates
 * the file. docs/format.md, "ShareObject file".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/random.h"
#include "cell/object.h"

enum {
  OPEN_ATTEMPTS = 100,
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
  uint64_t creation_id;
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
                              .creation_id = cell->creation_id,
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
  SHO_CRASH_POINT("cell: reserved");
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

static int may_adopt(uint64_t file_bytes, uint64_t area,
                     enum sho__open_mode mode) {
  switch (mode) {
    case SHO__OPEN_EXACT:
      return file_bytes == 0 || file_bytes == SHO_WINDOW_BYTES;
    case SHO__OPEN_ADOPT:
      return file_bytes <= SHO_WINDOW_BYTES;
    case SHO__OPEN_WINDOW:
    case SHO__OPEN_EXISTING:
      return file_bytes <= area;
    default:
      return 0;
  }
}

static int refuse_bare(const char *path, uint64_t file_bytes) {
  return sho__fail(SHO_EFORMAT,
                   "%s is not a ShareObject file: %llu bytes without a control "
                   "block; name another file%s",
                   path, (unsigned long long)file_bytes,
                   file_bytes <= SHO_WINDOW_BYTES
                       ? ", or adopt this one: its bytes become the text"
                       : "");
}

/* A bare file is adopted if the mode allows it, or if it has the size and the
 * zeros that somebody leaves who was killed while adopting it. */
static int adopt(int fd, const char *path, uint64_t file_bytes,
                 uint32_t capacity, enum sho__open_mode mode) {
  uint64_t area = area_bytes_of(capacity);
  int adoptable = may_adopt(file_bytes, area, mode);
  if (file_bytes == file_bytes_of(capacity) && mode != SHO__OPEN_CELL) {
    int code = is_zero(fd, path, area, file_bytes - area, &adoptable);
    if (code != SHO_OK) {
      return code;
    }
  }
  if (!adoptable) {
    return refuse_bare(path, file_bytes);
  }
  int code = sho__file_reserve(fd, path, file_bytes_of(capacity));
  if (code == SHO_OK) {
    SHO_CRASH_POINT("cell: grown");
    code = write_control(fd, path, capacity);
    SHO_CRASH_POINT("cell: adopted");
  }
  return code;
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
  int is_exact = mode == SHO__OPEN_EXACT || mode == SHO__OPEN_ADOPT;
  if (is_exact && control->capacity != capacity) {
    return sho__fail(SHO_EGEOMETRY,
                     "%s has a capacity of %llu bytes and %u were requested; "
                     "request %llu, or remove the file",
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
    if (code == SHO_OK) {
      code = control_at(fd, path, area_bytes_of(capacity),
                        file_bytes_of(capacity), control);
    }
    if (code == SHO_EABSENT) {
      code = sho__fail(SHO_EIO, "%s was truncated while it was opened", path);
    }
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
    if (code != SHO_ENOENT || mode == SHO__OPEN_EXISTING ||
        mode == SHO__OPEN_CELL) {
      return code;
    }
    code = sho__file_create(path, file_bytes_of(capacity), fill_new, &capacity,
                            fd);
    if (code != SHO__FILE_EXISTS) {
      return code;
    }
  }
  return sho__fail(SHO_EBUSY, "other processes keep creating and removing %s",
                   path);
}

static int map_object(struct sho_object *object, int fd, const char *path,
                      const struct control *control, uint64_t map_bytes) {
  uint64_t bytes = file_bytes_of((uint32_t)control->capacity);
  bytes = map_bytes > bytes ? map_bytes : bytes;
  int code = sho__region_map(&object->region, fd, path, (size_t)bytes, 1);
  if (code != SHO_OK) {
    close(fd);
    return code;
  }
  object->capacity = (uint32_t)control->capacity;
  object->area_bytes = area_bytes_of(object->capacity);
  object->control_off = control->off;
  object->creation_id = control->creation_id;
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
  SHO_CRASH_POINT("cell: made ready");
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

int sho_object_adopt(const char *path, uint32_t capacity,
                     struct sho_object **object) {
  return sho__object_open(path, capacity, SHO__OPEN_ADOPT, 0, object);
}

int sho_object_open_existing(const char *path, struct sho_object **object) {
  return sho__object_open(path, SHO_WINDOW_BYTES, SHO__OPEN_CELL, 0, object);
}
