/*
 * Damaged copies of a map's file: an image of a map that was in use, and what
 * a seed makes of it.
 */
#ifndef SHO_TEST_MAP_COPIES_H
#define SHO_TEST_MAP_COPIES_H

#include "map/map_large.h"
#include "maps.h"

enum {
  KEYS = 70,
  MOST_PIECES = 8, /* of an entry: record, slot, table, parts */
  MOST_HITS = 4    /* pieces of damage in one copy */
};

static const char copy_path[] = "map";

struct piece {
  uint64_t off;
  uint64_t bytes;
};

/* The whole file, and what is in it. */
struct image {
  uint8_t *file; /* mapped */
  uint8_t *good;
  uint64_t bytes;
  struct sho__geometry geometry;
  size_t length[KEYS]; /* of the value, 0: absent */
  uint64_t version[KEYS];
  /* What a key's entry depends on after a reboot. */
  struct piece pieces[KEYS][MOST_PIECES];
  int count[KEYS];
};

/* What one copy is like. */
struct copy {
  uint64_t seed;
  struct piece damage[MOST_HITS];
  int pieces;
  int rebooted;
  int told; /* the map says that it was damaged */
};

/* ---- the image ---------------------------------------------------------- */

SHO_TEST size_t key_name(int key, char name[32]) {
  return (size_t)snprintf(name, 32, "%.*sname of %d", key % 5, "-----", key);
}

static void put_key(struct sho_map *map, struct image *image, int key,
                    size_t length, uint64_t stamp) {
  uint8_t value[4096];
  char name[32];
  size_t bytes = key_name(key, name);
  sign_value(value, length, (uint64_t)key, stamp);
  REQUIRE_OK(
      sho_map_set(map, name, bytes, value, length, 0, &image->version[key]));
  image->length[key] = length;
}

/* Some laps of overwritten and removed entries, and what is left of them. */
static void put_keys(struct sho_map *map, struct image *image) {
  uint64_t random = 1;
  char name[32];
  for (uint64_t i = 1; i < 2000; i++) {
    int key = (int)random_below(&random, KEYS);
    size_t length = SIGNED_MIN + (size_t)random_below(&random, 600);
    if (i % 8 == 0) {
      sho_map_remove(map, name, key_name(key, name));
      image->length[key] = 0;
    } else {
      put_key(map, image, key, length, i);
    }
  }
}

static void add_piece(struct image *image, int key, const void *at,
                      const struct sho_map *map, uint64_t bytes) {
  uint64_t off = (uint64_t)((const uint8_t *)at - map->region.base);
  REQUIRE(image->count[key] < MOST_PIECES);
  image->pieces[key][image->count[key]++] = (struct piece){off, bytes};
}

static void find_pieces_of(struct sho_map *map, struct image *image, int key,
                           const struct sho__hit *hit, uint64_t hash) {
  _Atomic uint64_t *word = &map->tables[sho__shard_of(map, hash)];
  struct sho__table table;
  REQUIRE(sho__table_decode(map, sho__load_relaxed(word), &table));
  add_piece(image, key, hit->at, map, sho__record_size(map, &hit->record));
  add_piece(image, key, hit->slot, map, 8);
  add_piece(image, key, word, map, 8);
  add_piece(image, key, map->pool + table.place - SHO__TABLE_OFF, map,
            SHO__RECORD_BYTES);
  uint64_t parts = sho__record_is(&hit->record, SHO__RECORD_LARGE)
                       ? sho__parts_of(map, hit->record.value_bytes)
                       : 0;
  for (uint64_t i = 0; i < parts; i++) {
    uint64_t place = sho__large_part(map, hit, i);
    add_piece(image, key, map->pool + place, map, sho__part_bytes(map));
  }
}

static void find_pieces(struct sho_map *map, struct image *image) {
  image->geometry = map->geometry;
  for (int i = 0; i < KEYS; i++) {
    char name[32];
    size_t bytes = key_name(i, name);
    struct sho__hit hit;
    uint64_t hash = sho__map_hash(map, name, bytes);
    if (sho__find(map, hash, name, bytes, &hit) == SHO__HIT) {
      find_pieces_of(map, image, i, &hit, hash);
    } else {
      image->length[i] = 0; /* removed, or evicted */
    }
  }
}

/* With one hash seed, so that a copy's seed repeats it. */
static struct sho_map *new_map(int eviction) {
  struct sho__map_shm header;
  sho_map_free(map_new(copy_path, 64 * KIB, eviction));
  file_peek(copy_path, 0, &header, sizeof header);
  header.hash_seed = 1;
  header.checksum =
      (uint32_t)sho__hash(&header, offsetof(struct sho__map_shm, checksum), 0);
  file_patch(copy_path, 0, &header, sizeof header);
  return map_again(copy_path);
}

SHO_TEST void make_image(struct image *image, int eviction) {
  memset(image, 0, sizeof *image);
  struct sho_map *map = new_map(eviction);
  put_keys(map, image);
  find_pieces(map, image);
  sho_map_free(map);
  image->bytes = (uint64_t)file_bytes(copy_path);
  int fd = open(copy_path, O_RDWR | O_CLOEXEC);
  REQUIRE(fd >= 0);
  image->file =
      mmap(NULL, image->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  REQUIRE(image->file != MAP_FAILED);
  close(fd);
  image->good = malloc(image->bytes);
  REQUIRE(image->good != NULL);
  memcpy(image->good, image->file, image->bytes);
}

/* ---- damage ------------------------------------------------------------- */

/* The parts that matter are hit more often than the many that are zero. */
static uint64_t choose_offset(const struct image *image, uint64_t *random) {
  const struct sho__geometry *g = &image->geometry;
  switch (random_below(random, 12)) {
    case 0:
      return random_below(random, sizeof(struct sho__map_shm));
    case 1:
    case 2:
    case 3:
      return g->tables_off +
             random_below(random, g->chunks_off - g->tables_off);
    case 4:
    case 5:
      return g->chunks_off + random_below(random, g->chunks * 64);
    case 6:
      return g->free_off + random_below(random, g->tables_off - g->free_off);
    case 7:
      return random_below(random, image->bytes);
    default:
      return g->pool_off + random_below(random, image->bytes - g->pool_off);
  }
}

static void damage_once(const struct image *image, struct copy *copy,
                        uint64_t *random) {
  struct piece *piece = &copy->damage[copy->pieces++];
  uint64_t kind = random_below(random, 10);
  uint64_t word = next_random(random) >> random_below(random, 64);
  uint64_t off = choose_offset(image, random);
  uint64_t left = image->bytes - off;
  uint64_t bytes = kind < 5 ? 1 : kind < 8 ? 8 : random_below(random, 2000) + 1;
  off = kind >= 5 && kind < 8 ? off & ~UINT64_C(7) : off;
  bytes = bytes < left ? bytes : left;
  *piece = (struct piece){off, bytes};
  if (kind < 4) {
    image->file[off] ^= (uint8_t)(1 << random_below(random, 8));
  } else if (kind < 7) {
    memcpy(image->file + off, &word, bytes);
  } else if (kind == 7) { /* a word of elsewhere, as slots and positions are */
    uint64_t from = choose_offset(image, random) & ~UINT64_C(7);
    memcpy(image->file + off, image->good + from, bytes);
  } else {
    memset(image->file + off, (int)(kind == 8 ? 0 : word), bytes);
  }
}

static int hits(const struct piece *a, const struct piece *b) {
  return a->off < b->off + b->bytes && b->off < a->off + a->bytes;
}

SHO_TEST int is_hit(const struct copy *copy, const struct piece *piece) {
  for (int i = 0; i < copy->pieces; i++) {
    if (hits(&copy->damage[i], piece)) {
      return 1;
    }
  }
  return 0;
}

SHO_TEST void make_copy(struct image *image, struct copy *copy, uint64_t seed) {
  uint64_t random = seed;
  memcpy(image->file, image->good, image->bytes);
  *copy = (struct copy){.seed = seed};
  copy->rebooted = random_below(&random, 4) == 0;
  if (copy->rebooted) {
    memset(image->file + offsetof(struct sho__map_shm, boot_id), 7, 16);
  }
  for (uint64_t i = random_below(&random, MOST_HITS) + 1; i > 0; i--) {
    damage_once(image, copy, &random);
  }
}

#endif
