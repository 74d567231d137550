/*
 * Any bytes may lie in a file that is opened as a cell, or be stored into it
 * while it is open: nothing crashes, hangs, or answers more than there is.
 *
 * Input: byte 0 flags, byte 1 the capacity's index, the rest patches of the
 * form { u16 offset, u8 count, count bytes }, or the file's raw bytes. An
 * offset with its top bit set counts from the control block.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "cell/object.h"
#include "layout.h"

enum flags {
  RAW = 1,          /* the input is the file */
  SIGN = 2,         /* the control block's checksum is made right */
  WINDOW = 4,       /* opened as the addon's module does */
  PATCH_LATER = 8,  /* the patches come when it is open */
  TRUNCATE = 16,    /* and it is cut */
  WRITE_FIRST = 32, /* a text is stored first */
};

static const uint32_t capacities[] = {1024, 2, 1500, 5000};

static void require(int condition) {
  if (!condition) {
    abort();
  }
}

static uint32_t area_of(uint32_t capacity) {
  return ((capacity < 1024 ? 1024 : capacity) + 63) & ~UINT32_C(63);
}

static void put(const char *path, const uint8_t *bytes, size_t count) {
  int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  require(fd >= 0 && write(fd, bytes, count) == (ssize_t)count);
  close(fd);
}

/* Makes a sound file and answers its bytes. */
static size_t sound_file(const char *path, uint32_t capacity, int flags,
                         uint8_t *bytes) {
  struct sho_object *object;
  require(sho_object_open(path, capacity, &object) == SHO_OK);
  if (flags & WRITE_FIRST) {
    require(sho_object_set(object, "x", 1, NULL) == SHO_OK);
  }
  sho_object_free(object);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  require(fd >= 0);
  ssize_t count = read(fd, bytes, 65536);
  require(count > 0);
  close(fd);
  return (size_t)count;
}

static void patch(uint8_t *bytes, size_t count, uint32_t capacity,
                  const uint8_t *input, size_t left) {
  while (left > 3) {
    size_t offset = (size_t)(input[0] | input[1] << 8);
    offset =
        offset & 0x8000 ? area_of(capacity) + offset % 1280 : offset % count;
    size_t length = input[2] < left - 3 ? input[2] : left - 3;
    if (offset < count) {
      memcpy(bytes + offset, input + 3,
             length < count - offset ? length : count - offset);
    }
    input += 3 + length;
    left -= 3 + length;
  }
}

static void use(struct sho_object *object) {
  static char out[65536];
  char window[1024];
  struct sho_object_info info = {.size = sizeof info};
  size_t length = 0;
  uint64_t version = 0;
  if (sho_object_get(object, out, sizeof out, &length, &version) == SHO_OK) {
    require(length <= object->area_bytes);
  }
  sho__object_read_area(object, (uint8_t *)window, sizeof window);
  sho_object_version(object, &version);
  sho_object_await(object, version, 1000, &version);
  sho_object_info(object, &info);
  sho_object_compare_and_set(object, version, "y", 1, &version);
  if (sho_object_set(object, "z", 1, &version) == SHO_OK &&
      sho_object_get(object, out, sizeof out, &length, NULL) == SHO_OK) {
    require(length == 1 && out[0] == 'z');
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t count) {
  static uint8_t bytes[65536 + 16];
  char path[64];
  if (count < 2 || count > 60000) {
    return 0;
  }
  int flags = input[0];
  uint32_t capacity = capacities[input[1] % 4];
  input += 2;
  count -= 2;
  sho_lock_timeout(1000000);
  snprintf(path, sizeof path, "/dev/shm/sho-fuzz-%ld", (long)getpid());
  unlink(path);
  if (flags & RAW) {
    put(path, input, count);
  } else {
    size_t size = sound_file(path, capacity, flags, bytes);
    if (!(flags & PATCH_LATER)) {
      patch(bytes, size, capacity, input, count);
    }
    if (flags & SIGN) {
      struct sho__cell_shm *cell = (void *)(bytes + area_of(capacity));
      cell->checksum = (uint32_t)sho__hash(cell, 36, 0);
    }
    put(path, bytes, size);
  }
  struct sho_object *object;
  if (sho__object_open(path, capacity,
                       flags & WINDOW ? SHO__OPEN_WINDOW : SHO__OPEN_EXACT, 0,
                       &object) == SHO_OK) {
    if (flags & PATCH_LATER) {
      patch(object->region.base, object->region.bytes, capacity, input, count);
    }
    if (flags & TRUNCATE) {
      require(truncate(path, count > 0 ? input[0] * 16 : 0) == 0);
    }
    use(object);
    sho_object_close(object);
    use(object);
    sho_object_free(object);
  }
  unlink(path);
  return 0;
}
