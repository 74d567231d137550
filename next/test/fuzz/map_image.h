/*
 * A sound map of 64 KiB, the same bytes in each run, for fuzzers that damage
 * it. It lives in a memfd; image_restore makes it sound again.
 *
 * Damage is a list of patches { u8 place, u16 offset, u8 count, count bytes },
 * little-endian. Place modulo 6 names what the offset counts from: 0 the
 * header, 1 the shards, 2 the free chunks and generations, 3 the chunks'
 * numbers, 4 the pool, 5 the file, in steps of 64 bytes.
 */
#ifndef SHO_FUZZ_MAP_IMAGE_H
#define SHO_FUZZ_MAP_IMAGE_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "map/map_find.h"

enum { IMAGE_KEYS = 60, IMAGE_CHAIN = 24, IMAGE_CHAIN_SHARD = 5 };

struct image {
  int fd;
  size_t bytes;
  uint8_t *file;
  uint8_t *good;
  size_t off[6];
  char key[IMAGE_KEYS][16];
  size_t length[IMAGE_KEYS]; /* of the value: so many times the key's number */
};

static inline void require(int condition) {
  if (!condition) {
    abort();
  }
}

static inline struct sho_map *image_open(const struct image *image) {
  struct sho_map *map = NULL;
  return sho_map_open_descriptor(image->fd, NULL, &map) == SHO_OK ? map : NULL;
}

static inline size_t image_value(int key, size_t length, uint8_t *value) {
  memset(value, key + 1, length);
  return length;
}

/* An empty map whose hash seed is 1. */
static inline void image_begin(struct image *image, int eviction) {
  struct sho_map_options options = {
      .size = sizeof options, .capacity = 65536, .eviction = eviction};
  struct sho_map *map;
  int from = -1;
  require(sho_map_open_anonymous(&options, &map) == SHO_OK &&
          sho_map_descriptor(map, &from) == SHO_OK);
  struct sho__geometry *g = &map->geometry;
  size_t off[6] = {0, g->shards_off, g->free_off, g->chunks_off, g->pool_off,
                   0};
  memcpy(image->off, off, sizeof off);
  image->bytes = g->file_bytes;
  image->fd = memfd_create("image", MFD_CLOEXEC);
  require(image->fd >= 0 && ftruncate(image->fd, (off_t)image->bytes) == 0);
  image->file = mmap(NULL, image->bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
                     image->fd, 0);
  image->good = malloc(image->bytes);
  require(image->file != MAP_FAILED && image->good != NULL);
  require(pread(from, image->file, image->bytes, 0) == (ssize_t)image->bytes);
  close(from);
  struct sho__map_shm *header = (void *)image->file;
  header->hash_seed = 1;
  header->creation_id = 1;
  header->checksum =
      (uint32_t)sho__hash(header, offsetof(struct sho__map_shm, checksum), 0);
  memcpy(image->file + image->bytes - 8, &header->creation_id, 8);
  sho_map_free(map);
}

/* Some keys share a shard, whose table grows and overflows. */
static inline void image_name_keys(struct image *image,
                                   const struct sho_map *map) {
  int number = 0;
  for (int i = 0; i < IMAGE_KEYS; i++) {
    uint32_t shard = IMAGE_CHAIN_SHARD;
    do {
      snprintf(image->key[i], sizeof image->key[i], "key %d", number++);
      uint64_t hash = sho__map_hash(map, image->key[i], strlen(image->key[i]));
      shard = sho__shard_of(map, hash);
    } while (i < IMAGE_CHAIN && shard != IMAGE_CHAIN_SHARD);
  }
}

static inline void image_make(struct image *image, int eviction) {
  static uint8_t value[4096];
  image_begin(image, eviction);
  struct sho_map *map = image_open(image);
  require(map != NULL);
  image_name_keys(image, map);
  for (int round = 0; round < 20; round++) {
    for (int i = 0; i < IMAGE_KEYS; i++) {
      const char *key = image->key[i];
      size_t length = (size_t)(i * 37 + round * 11) % 600; /* some in parts */
      require(sho_map_set(map, key, strlen(key), value,
                          image_value(i, length, value), 0, NULL) == SHO_OK);
      image->length[i] = length;
      if ((i + round) % 9 == 0) {
        require(sho_map_remove(map, key, strlen(key)) == SHO_OK);
        image->length[i] = SIZE_MAX;
      }
    }
  }
  require(sho_map_verify(map) == SHO_OK);
  sho_map_free(map);
  memcpy(image->good, image->file, image->bytes);
}

static inline void image_restore(struct image *image) {
  memcpy(image->file, image->good, image->bytes);
}

static inline void image_patch(const struct image *image, uint8_t *bytes,
                               const uint8_t *input, size_t left) {
  while (left > 4) {
    int place = input[0] % 6;
    size_t offset = (size_t)(input[1] | input[2] << 8);
    size_t length = input[3] < left - 4 ? input[3] : left - 4;
    offset = image->off[place] + offset * (place == 5 ? 64 : 1);
    offset %= image->bytes;
    size_t most = image->bytes - offset;
    memcpy(bytes + offset, input + 4, length < most ? length : most);
    input += 4 + length;
    left -= 4 + length;
  }
}

/* Does everything that there is, whatever comes of it. */
static inline void image_use(const struct image *image, struct sho_map *map) {
  static uint8_t out[65536];
  uint64_t number = 0;
  size_t used = 0;
  struct sho_map_stats stats = {.size = sizeof stats};
  struct sho_map_found found = {.size = sizeof found};
  for (int i = 0; i < IMAGE_KEYS; i += 3) {
    const char *key = image->key[i];
    size_t length = 0;
    int64_t sum;
    if (sho_map_get(map, key, strlen(key), out, sizeof out, &length, NULL) ==
        SHO_OK) {
      require(length <= map->geometry.max_entry);
    }
    sho_map_find(map, key, strlen(key), &found);
    sho_map_time_to_live(map, key, strlen(key), &sum);
    sho_map_expire(map, key, strlen(key), 1000);
    key = image->key[i + 1];
    sho_map_set(map, key, strlen(key), out, (size_t)i * 50, 0, NULL);
    sho_map_remove(map, key, strlen(key));
    sho_map_add_and_get(map, "n", 1, 1, &sum);
  }
  for (int i = 0; i < 2000 && number != UINT64_MAX; i++) {
    if (sho_map_scan(map, &number, out, sizeof out, &used) != SHO_OK) {
      break;
    }
    require(used <= sizeof out);
  }
  sho_map_size(map, &number);
  sho_map_stats(map, &stats);
  sho_map_remove_expired(map, &number);
  sho_map_verify(map);
  sho_map_clear(map);
}

#endif
