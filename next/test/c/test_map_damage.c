/*
 * Damaged maps: whatever the bytes say, every call ends in good time with an
 * error or a right answer. An answer that is wrong, or a key that is missing,
 * is allowed only where the map tells of its damage: by verify, or by the
 * counts of recoveries and damaged entries.
 *
 * SHO_SEED=n repeats one copy.
 */
#include "map/map_large.h"
#include "maps.h"

enum {
  KEYS = 70,
  MOST_PIECES = 8, /* of an entry: record, slot, table, parts */
  MOST_HITS = 4,   /* pieces of damage in one copy */
  BATCH = 500,     /* copies in one child */
  MOST_CALL_MS = 1000,
  MOST_BUSY = 5 /* calls that search until their time is up */
};

static const char path[] = "map";

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

static _Atomic int64_t *longest_ns;

/* ---- the image ---------------------------------------------------------- */

static size_t key_name(int key, char name[32]) {
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
  sho_map_free(map_new(path, 64 * KIB, eviction));
  file_peek(path, 0, &header, sizeof header);
  header.hash_seed = 1;
  header.checksum =
      (uint32_t)sho__hash(&header, offsetof(struct sho__map_shm, checksum), 0);
  file_patch(path, 0, &header, sizeof header);
  return map_again(path);
}

static void make_image(struct image *image, int eviction) {
  memset(image, 0, sizeof *image);
  struct sho_map *map = new_map(eviction);
  put_keys(map, image);
  find_pieces(map, image);
  sho_map_free(map);
  image->bytes = (uint64_t)file_bytes(path);
  int fd = open(path, O_RDWR | O_CLOEXEC);
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

static int is_hit(const struct copy *copy, const struct piece *piece) {
  for (int i = 0; i < copy->pieces; i++) {
    if (hits(&copy->damage[i], piece)) {
      return 1;
    }
  }
  return 0;
}

static void make_copy(struct image *image, struct copy *copy, uint64_t seed) {
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

/* ---- what is asked of a copy -------------------------------------------- */

static int wrong(const struct copy *copy, const char *what, int key) {
  char damage[256];
  size_t used = 0;
  for (int i = 0; i < copy->pieces; i++) {
    used += (size_t)snprintf(damage + used, sizeof damage - used, " %llu+%llu",
                             (unsigned long long)copy->damage[i].off,
                             (unsigned long long)copy->damage[i].bytes);
  }
  return fail(__FILE__, __LINE__, "SHO_SEED=%llu%s: %s, key %d; damage at%s",
              (unsigned long long)copy->seed,
              copy->rebooted ? ", rebooted" : "", what, key, damage);
}

/* Judges the time since the call before, in which little else was done. */
#define TIMED(call) timed(copy, (call), #call)

static int64_t mark_ns;

static int busy; /* calls that ended so, in this copy */

static int timed(const struct copy *copy, int code, const char *what) {
  int64_t ns = now_ns() - mark_ns;
  mark_ns += ns;
  busy += code == SHO_EBUSY;
  if (ns > atomic_load(longest_ns)) {
    atomic_store(longest_ns, ns);
  }
  if (ns > bound_ns(MOST_CALL_MS)) {
    wrong(copy, what, -1);
  }
  return code;
}

/* 1: as it was. 0: absent. -1: something else. */
static int look_at(struct sho_map *map, const struct copy *copy,
                   const struct image *image, int key) {
  static uint8_t value[64 * KIB];
  char name[32];
  size_t length = 0;
  uint64_t version = 0;
  uint64_t stamp = 0;
  int code = TIMED(sho_map_get(map, name, key_name(key, name), value,
                               sizeof value, &length, &version));
  if (code == SHO_EABSENT) {
    return 0;
  }
  return code == SHO_OK && length == image->length[key] &&
                 version == image->version[key] &&
                 value_is_whole(value, length, (uint64_t)key, &stamp)
             ? 1
             : -1;
}

/* How many keys are wrong; of them, how many are only missing. */
struct review {
  int wrong;
  int missing;
  int first;
};

static struct review review(struct sho_map *map, const struct copy *copy,
                            const struct image *image) {
  struct review review = {.first = -1};
  for (int i = 0; i < KEYS; i++) {
    int is = look_at(map, copy, image, i);
    int should = image->length[i] > 0;
    if (is != should) {
      review.first = review.first < 0 ? i : review.first;
      review.wrong += is != 0;
      review.missing += is == 0;
    }
  }
  return review;
}

static void scan_all(struct sho_map *map, const struct copy *copy) {
  static uint8_t out[64 * KIB];
  uint64_t cursor = 0;
  size_t used;
  for (int i = 0; i < 5000 && cursor != UINT64_MAX; i++) {
    if (TIMED(sho_map_scan(map, &cursor, out, sizeof out, &used)) != SHO_OK) {
      return;
    }
  }
  if (cursor != UINT64_MAX) {
    wrong(copy, "the scan does not end", -1);
  }
}

/* Whether what would tell of a lost entry is damaged itself: a lock word, a
 * count of entries, the counts of what was repaired. */
static int is_mute(const struct copy *copy, const struct image *image) {
  const struct sho__geometry *g = &image->geometry;
  for (uint64_t i = 0; i < UINT64_C(1) << g->shard_bits; i++) {
    uint64_t at = g->shards_off + i * sizeof(struct sho__shard_shm);
    const struct piece lock = {at, 4};
    const struct piece entries = {at + 24, 8};
    const struct piece repairs = {at + 96, 16};
    if (is_hit(copy, &lock) || is_hit(copy, &entries) ||
        is_hit(copy, &repairs)) {
      return 1;
    }
  }
  return 0;
}

static int is_told(struct sho_map *map, const struct copy *copy,
                   const struct image *image) {
  struct sho_map_stats stats = {.size = sizeof stats};
  return is_mute(copy, image) || sho_map_stats(map, &stats) != SHO_OK ||
         stats.damaged > 0 || stats.recoveries > 0;
}

/* If verify finds nothing, all is there, except what is reported as lost. */
static void check_verified(struct sho_map *map, struct copy *copy,
                           const struct image *image) {
  struct review now = review(map, copy, image);
  copy->told = is_told(map, copy, image);
  if (now.wrong > 0) {
    wrong(copy, "a wrong value in a map that verifies", now.first);
  }
  if (now.missing > 0 && !copy->told) {
    wrong(copy, "a missing key in a map that verifies", now.first);
  }
}

/* After a reboot only what was hit is gone. */
static void check_rebooted(struct sho_map *map, const struct copy *copy,
                           const struct image *image) {
  for (int i = 0; i < KEYS; i++) {
    int hit = 0;
    for (int n = 0; n < image->count[i]; n++) {
      hit |= is_hit(copy, &image->pieces[i][n]);
    }
    if (image->length[i] > 0 && !hit && look_at(map, copy, image, i) != 1) {
      wrong(copy, "a whole entry is gone", i);
      return;
    }
  }
}

/* What was written is read, or the map tells of its damage. */
static void write_some(struct sho_map *map, struct copy *copy,
                       const struct image *image) {
  static uint8_t value[16 * KIB];
  uint64_t random = copy->seed;
  int64_t sum;
  char name[32];
  busy = 0;
  for (int i = 0; i < 30 && busy < MOST_BUSY; i++) {
    int key = (int)random_below(&random, KEYS);
    size_t bytes = key_name(key, name);
    size_t length = SIGNED_MIN + (size_t)random_below(&random, 6000);
    size_t got = 0;
    uint64_t stamp = 0;
    sign_value(value, length, (uint64_t)key, 5000 + (uint64_t)i);
    int code = TIMED(sho_map_set(map, name, bytes, value, length, 0, NULL));
    if (code == SHO_OK) {
      code =
          TIMED(sho_map_get(map, name, bytes, value, sizeof value, &got, NULL));
      if (code != SHO_OK ||
          !value_is_whole(value, got, (uint64_t)key, &stamp) ||
          stamp != 5000 + (uint64_t)i) {
        /* A chunk in use that seems to be free is overwritten. */
        code = sho_map_verify(map);
        mark_ns = now_ns();
        if (code == SHO_OK && !is_told(map, copy, image)) {
          wrong(copy, "what was set is not what is read", key);
        }
      }
    }
    bytes = key_name((key + 1) % KEYS, name);
    TIMED(sho_map_remove(map, name, bytes));
    TIMED(sho_map_add_and_get(map, "number", 6, 1, &sum));
    TIMED(sho_map_expire(map, name, bytes, 100000));
  }
}

static void write_and_verify(struct sho_map *map, struct copy *copy,
                             const struct image *image) {
  uint64_t entries;
  TIMED(sho_map_size(map, &entries));
  write_some(map, copy, image);
  TIMED(sho_map_remove_expired(map, NULL));
  int before = TIMED(sho_map_verify(map));
  if (copy->told && before != SHO_OK && copy->rebooted) {
    wrong(copy, "a checked map does not verify after writes", -1);
  }
  if (TIMED(sho_map_clear(map)) == SHO_OK) {
    int code = TIMED(sho_map_set(map, "key", 3, "value", 5, 0, NULL));
    if (code == SHO_OK) {
      CHECK_TEXT(text_of(map, "key"), "value");
    }
  }
}

static void try_copy(struct image *image, uint64_t seed) {
  struct copy copy_made;
  struct copy *copy = &copy_made;
  struct sho_map_options options = {.size = sizeof options,
                                    .read_only = seed / 2 % 10 == 9};
  struct sho_map *map = NULL;
  make_copy(image, copy, seed);
  mark_ns = now_ns();
  int code = TIMED(sho_map_open(path, &options, &map));
  if (code != SHO_OK) {
    CHECK(map == NULL);
    return;
  }
  struct review before = review(map, copy, image);
  scan_all(map, copy);
  if (!options.read_only) {
    code = TIMED(sho_map_verify(map));
    int told = code != SHO_OK || is_told(map, copy, image);
    if (before.wrong + before.missing > 0 && !told) {
      wrong(copy, "a wrong answer, and nothing tells of damage", before.first);
    }
    if (code == SHO_OK) {
      check_verified(map, copy, image);
    }
    if (copy->rebooted) {
      if (code != SHO_OK) {
        wrong(copy, sho_last_message(), -1);
      }
      check_rebooted(map, copy, image);
    }
    write_and_verify(map, copy, image);
  }
  sho_map_free(map);
}

/* ---- many --------------------------------------------------------------- */

struct batch {
  struct image image;
  uint64_t from;
  uint64_t to;
  _Atomic uint64_t *at;
};

static void try_batch(void *context) {
  struct batch *batch = context;
  REQUIRE_OK(sho_lock_timeout(30000000));
  for (uint64_t seed = batch->from; seed < batch->to; seed += 2) {
    atomic_store(batch->at, seed);
    alarm(20);
    try_copy(&batch->image, seed);
  }
}

/* Even seeds damage a map of eviction NONE, odd ones of S3_FIFO. */
static void run_batches(uint64_t from, uint64_t to) {
  struct batch batch = {.at = shared_bytes(sizeof(_Atomic uint64_t))};
  make_image(&batch.image,
             from % 2 == 0 ? SHO_EVICTION_NONE : SHO_EVICTION_S3_FIFO);
  for (uint64_t at = from; at < to; at += BATCH) {
    batch.from = at;
    batch.to = at + BATCH < to ? at + BATCH : to;
    int status = child_wait(child_start(try_batch, &batch));
    if (status != 0) {
      fail(__FILE__, __LINE__, "SHO_SEED=%llu: the child ended with %d",
           (unsigned long long)atomic_load(batch.at), status);
    }
  }
  munmap(batch.image.file, batch.image.bytes);
  free(batch.image.good);
  REQUIRE(unlink(path) == 0);
}

static void test_map_damaged_answers_right_or_not_at_all(void) {
  const char *seed = getenv("SHO_SEED");
  longest_ns = shared_bytes(sizeof *longest_ns);
  if (seed != NULL && *seed != '\0') {
    uint64_t one = strtoull(seed, NULL, 10);
    run_batches(one, one + 1);
    return;
  }
  uint64_t copies = (uint64_t)rounds(300, 20000, 100000);
  int64_t since_ns = now_ns();
  run_batches(0, copies);
  run_batches(1, copies);
  printf("  %llu copies in %lld ms, longest call %lld ms\n",
         (unsigned long long)copies,
         (long long)((now_ns() - since_ns) / 1000000),
         (long long)(atomic_load(longest_ns) / 1000000));
}

/* ---- truncated while in use --------------------------------------------- */

static void cut(void *context) {
  uint64_t random = (uint64_t)now_ns();
  long long bytes = *(long long *)context;
  nap_us((int64_t)random_below(&random, 3000));
  uint64_t left = random_below(&random, (uint64_t)bytes);
  REQUIRE(truncate(path, (off_t)left) == 0);
}

static void use_until_cut(struct sho_map *map) {
  uint64_t random = 3;
  int code = SHO_OK;
  uint8_t value[4000] = {0};
  while (code == SHO_OK || code == SHO_EABSENT || code == SHO_EFULL) {
    uint64_t key = random_below(&random, 30);
    size_t length;
    uint64_t cursor = 0;
    static uint8_t out[64 * KIB];
    switch (random_below(&random, 5)) {
      case 0:
        code = sho_map_get(map, &key, 8, value, sizeof value, &length, NULL);
        break;
      case 1:
        code = sho_map_scan(map, &cursor, out, sizeof out, &length);
        break;
      case 2:
        code = sho_map_remove(map, &key, 8);
        break;
      case 3:
        code = sho_map_verify(map);
        break;
      default:
        code = sho_map_set(map, &key, 8, value, random_below(&random, 4000), 0,
                           NULL);
        break;
    }
  }
  CHECK_CODE(code, SHO_EIO);
}

static void test_map_truncated_in_use_ends_in_an_error(void) {
  for (int i = 0; i < rounds(5, 100, 2000); i++) {
    struct sho_map *map = map_new(
        path, 64 * KIB, i % 2 ? SHO_EVICTION_NONE : SHO_EVICTION_S3_FIFO);
    long long bytes = file_bytes(path);
    pid_t pid = child_start(cut, &bytes);
    use_until_cut(map);
    CHECK_INT(child_wait(pid), 0);
    sho_map_free(map);
    REQUIRE(unlink(path) == 0);
  }
}

/* ---- a reboot ----------------------------------------------------------- */

static void test_map_reboot_drops_what_is_damaged_and_keeps_the_rest(void) {
  struct sho_map *map = map_new(path, 64 * KIB, 0);
  uint64_t version[3];
  version[0] = put_text(map, "one", "first value");
  version[1] = put_text(map, "two", "second value");
  version[2] = put_text(map, "six", "third value");
  uint64_t gone = put_text(map, "gone", "soon");
  CHECK_OK(sho_map_remove(map, "gone", 4));
  struct sho_map_found found = {.size = sizeof found};
  REQUIRE_OK(sho_map_find(map, "two", 3, &found));
  uint64_t at = (uint64_t)(found.value - map->region.base);
  sho_map_free(map);
  file_patch(path, at, "S", 1);
  uint64_t boot[2] = {1, 2};
  file_patch(path, offsetof(struct sho__map_shm, boot_id), boot, 16);
  map = map_again(path);
  CHECK_TEXT(text_of(map, "one"), "first value");
  CHECK_TEXT(text_of(map, "two"), "(none)");
  CHECK_TEXT(text_of(map, "six"), "third value");
  CHECK_HEX(version_of(map, "one"), version[0]);
  CHECK_HEX(version_of(map, "six"), version[2]);
  CHECK_INT(stats_of(map).damaged, 1);
  CHECK_INT(stats_of(map).entries, 2);
  CHECK_OK(sho_map_verify(map));
  CHECK(put_text(map, "gone", "again") > gone);
  CHECK(put_text(map, "two", "again") > version[1]);
  CHECK_OK(sho_map_verify(map));
}

static void test_map_reboot_of_an_empty_map_keeps_versions_growing(void) {
  struct sho_map *map = map_new(path, 64 * KIB, 0);
  uint64_t last = 0;
  for (int i = 0; i < 5000; i++) {
    last = put_text(map, "key", "value");
  }
  CHECK_OK(sho_map_remove(map, "key", 3));
  sho_map_free(map);
  uint64_t boot[2] = {1, 2};
  file_patch(path, offsetof(struct sho__map_shm, boot_id), boot, 16);
  map = map_again(path);
  CHECK(put_text(map, "key", "value") > last);
  CHECK_INT(stats_of(map).damaged, 0);
  CHECK_OK(sho_map_verify(map));
}

/* ---- what verify finds -------------------------------------------------- */

/* A map with entries in one part of a shard's table, and one of several parts.
 */
static struct sho_map *map_to_verify(struct sho__hit *large) {
  static uint8_t value[1000];
  struct sho_map *map = map_new(path, 64 * KIB, 0);
  memset(value, 'v', sizeof value / 2); /* no two parts alike */
  REQUIRE_OK(sho_map_set(map, "large", 5, value, sizeof value, 0, NULL));
  for (int i = 0; i < 400; i++) {
    REQUIRE_OK(sho_map_set(map, &i, sizeof i, value, 8, 0, NULL));
  }
  REQUIRE_OK(sho_map_verify(map));
  uint64_t hash = sho__map_hash(map, "large", 5);
  REQUIRE(sho__find(map, hash, "large", 5, large) == SHO__HIT);
  REQUIRE(sho__record_is(&large->record, SHO__RECORD_LARGE));
  return map;
}

static void finds(struct sho_map *map, const char *says) {
  CHECK_CODE(sho_map_verify(map), SHO_ECORRUPT);
  CHECK_SAYS(says);
  sho_map_free(map);
  REQUIRE(unlink(path) == 0);
}

static uint32_t *list_of(const struct sho_map *map,
                         const struct sho__hit *large) {
  uint64_t off =
      (uint64_t)(large->at - map->pool) + sho__record_list_off(&large->record);
  return (uint32_t *)(void *)(map->pool + off);
}

static void test_map_verify_finds_parts_that_are_others(void) {
  struct sho__hit large;
  uint32_t ids[4];
  struct sho_map *map = map_to_verify(&large);
  memcpy(ids, list_of(map, &large), sizeof ids);
  uint32_t swapped[4] = {ids[3], ids[1], ids[2], ids[0]};
  memcpy(list_of(map, &large), swapped, sizeof swapped);
  finds(map, "the entry's checksum is wrong");
  map = map_to_verify(&large);
  memcpy(ids, list_of(map, &large), sizeof ids);
  ids[1] = ids[0]; /* of the same bytes */
  memcpy(list_of(map, &large), ids, sizeof ids);
  finds(map, "the entry has one part twice");
}

/* Has an entry lie in the bucket behind its own, whose overflow is 0. */
static int misplace_entry(const struct sho_map *map) {
  struct sho__table table;
  for (uint32_t s = 0; s < 1U << map->geometry.shard_bits; s++) {
    sho__table_decode(map, sho__load_relaxed(&map->tables[s]), &table);
    for (uint64_t b = 0; b + 1 < table.buckets; b++) {
      struct sho__bucket_shm *home = &table.first[b];
      struct sho__bucket_shm *next = &table.first[b + 1];
      for (int i = 0; i < SHO__BUCKET_SLOTS * SHO__BUCKET_SLOTS; i++) {
        _Atomic uint64_t *from = &home->slots[i % SHO__BUCKET_SLOTS];
        _Atomic uint64_t *to = &next->slots[i / SHO__BUCKET_SLOTS];
        if (home->overflow == 0 && *from != 0 && *to == 0) {
          *to = *from;
          *from = 0;
          return 1;
        }
      }
    }
  }
  return 0;
}

static void test_map_verify_finds_wrong_counts(void) {
  struct sho__hit large;
  struct sho_map *map = map_to_verify(&large);
  uint32_t chunk = sho__chunk_of(map, large.place);
  uint64_t live = sho__chunk_live(map, chunk);
  atomic_fetch_add(&map->chunks[chunk].dead, live);
  finds(map, "so many bytes count as dead and are named");
  map = map_to_verify(&large);
  atomic_fetch_or(&map->free[0], UINT64_C(1)
                                     << sho__chunk_of(map, large.place));
  finds(map, "it is in use and counts as free");
  map = map_to_verify(&large);
  REQUIRE(misplace_entry(map));
  CHECK_CODE(sho_map_verify(map), SHO_ECORRUPT);
  sho_map_free(map);
}

static const struct test tests[] = {
    TEST(test_map_verify_finds_parts_that_are_others),
    TEST(test_map_verify_finds_wrong_counts),
    TEST(test_map_damaged_answers_right_or_not_at_all),
    TEST(test_map_truncated_in_use_ends_in_an_error),
    TEST(test_map_reboot_drops_what_is_damaged_and_keeps_the_rest),
    TEST(test_map_reboot_of_an_empty_map_keeps_versions_growing),
};

TEST_MAIN(tests)
