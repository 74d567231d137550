/*
 * A map that verifies works, whatever bytes made it so: what is in it is
 * whole, the numbers agree, and it still verifies after it was written to.
 *
 * Input: byte 0 flags, the rest patches (map_image.h).
 */
#include "map_image.h"

enum flags { EVICTS = 1, REBOOT = 2 };

/* A patch may forge a value and its checksum, but nothing that overflows. */
static void read_key(const struct image *image, struct sho_map *map, int key) {
  static uint8_t value[65536];
  const char *name = image->key[key];
  size_t length = 0;
  int code =
      sho_map_get(map, name, strlen(name), value, sizeof value, &length, NULL);
  require(code == SHO_OK || code == SHO_EABSENT);
  require(length <= map->geometry.max_entry);
}

static uint64_t scan_count(struct sho_map *map) {
  static uint8_t out[65536];
  uint64_t cursor = 0;
  uint64_t entries = 0;
  while (cursor != UINT64_MAX) {
    size_t used = 0;
    require(sho_map_scan(map, &cursor, out, sizeof out, &used) == SHO_OK);
    for (size_t at = 0; at < used; entries++) {
      struct sho_map_record record;
      memcpy(&record, out + at, sizeof record);
      at += (sizeof record + record.key_bytes + record.value_bytes + 7) &
            ~(size_t)7;
      require(at <= used);
    }
  }
  return entries;
}

static void check_works(const struct image *image, struct sho_map *map) {
  static uint8_t value[4096];
  struct sho_map_stats stats = {.size = sizeof stats};
  uint64_t size = 0;
  for (int i = 0; i < IMAGE_KEYS; i++) {
    read_key(image, map, i);
  }
  require(sho_map_stats(map, &stats) == SHO_OK);
  require(sho_map_size(map, &size) == SHO_OK && size <= stats.entries);
  require(scan_count(map) == size);
  for (int round = 0; round < 4; round++) {
    for (int i = 0; i < IMAGE_KEYS; i++) {
      const char *key = image->key[i];
      size_t length = (size_t)(i * 53 + round * 7) % 900;
      int code = sho_map_set(map, key, strlen(key), value, length, 0, NULL);
      require(code == SHO_OK || code == SHO_EFULL);
      size_t got = SIZE_MAX;
      if (code == SHO_OK) {
        require(sho_map_get(map, key, strlen(key), value, sizeof value, &got,
                            NULL) == SHO_OK &&
                got == length);
      }
    }
  }
  require(sho_map_verify(map) == SHO_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t count) {
  static struct image images[2];
  if (images[0].bytes == 0) {
    image_make(&images[0], SHO_EVICTION_NONE);
    image_make(&images[1], SHO_EVICTION_S3_FIFO);
    require(sho_lock_timeout(1000000) == SHO_OK);
  }
  if (count == 0) {
    return 0;
  }
  struct image *image = &images[input[0] & EVICTS];
  image_restore(image);
  image_patch(image, image->file, input + 1, count - 1);
  if (input[0] & REBOOT) {
    struct sho__map_shm *header = (void *)image->file;
    atomic_store(&header->boot_id[0], 1);
  }
  struct sho_map *map = image_open(image);
  if (map != NULL) {
    int code = sho_map_verify(map);
    require(!(input[0] & REBOOT) || code == SHO_OK || code == SHO_EBUSY);
    if (code == SHO_OK) {
      check_works(image, map);
    }
    sho_map_free(map);
  }
  return 0;
}
