/* Operations at random, held to a model; how full a map gets. */
#include "map/map.h"
#include "map_counts.h"
#include "map_model.h"

/* ---- operations at random ----------------------------------------------- */

static void run_model(uint64_t capacity, int eviction, uint32_t keys,
                      size_t longest, int steps) {
  struct model model;
  struct sho_map *map = map_new("map", capacity, eviction);
  model_open(&model, map, keys, longest, keys + longest);
  for (int i = 0; i < steps; i++) {
    model_step(&model);
  }
  model_check_all(&model);
  model_scan(&model);
  CHECK_OK(sho_map_verify(map));
  struct sho_map_stats stats = stats_of(map);
  CHECK_INT(stats.damaged, 0);
  CHECK_INT(stats.recoveries, 0);
  printf("  %llu KiB, %s, %u keys, values to %zu: %llu sets, "
         "%llu chunks used, full %llu times, %llu evicted\n",
         (unsigned long long)capacity / KIB,
         eviction == SHO_EVICTION_S3_FIFO ? "S3_FIFO" : "NONE", keys, longest,
         (unsigned long long)stats.sets,
         (unsigned long long)atomic_load(&map->header->order),
         (unsigned long long)model.full, (unsigned long long)stats.evictions);
  model_close(&model);
  sho_map_free(map);
  REQUIRE(unlink("map") == 0);
}

static void test_map_does_as_the_model(void) {
  int steps = rounds(1500, 40000, 2000000);
  for (int eviction = 1; eviction <= 2; eviction++) {
    run_model(64 * KIB, eviction, 10, 64, steps);
    run_model(64 * KIB, eviction, 40, 1500, steps);
    run_model(64 * KIB, eviction, 200, 3000, steps);
    run_model(64 * KIB, eviction, 12, 16 * KIB - 100, steps);
    run_model(64 * KIB, eviction, 3000, 40, steps);
    run_model(64 * KIB + 1, eviction, 500, 600, steps);
    run_model(192 * KIB, eviction, 30, 48 * KIB - 100, steps / 4);
    run_model(32 * MIB, eviction, 3000, 20000, steps);
  }
}

/* ---- how full it gets --------------------------------------------------- */

struct mix {
  const char *name;
  size_t key_bytes;
  size_t value_least;
  size_t value_most;
};

static const struct mix mixes[] = {
    {"16 KiB", 16, 16 * KIB - 16, 16 * KIB - 16},
    {"up to 16 KiB", 16, 0, 16 * KIB - 16},
    {"1 + 1", 0, 1, 1},
    {"16 + 100", 16, 100, 100},
    {"8 + 8", 8, 8, 8},
    {"16 + 0", 16, 0, 0},
};
enum { MIXES = sizeof mixes / sizeof *mixes };

struct filling {
  const struct mix *mix;
  struct sho_map *map;
  uint64_t random;
  uint64_t next;  /* number of the next new key */
  uint64_t bytes; /* of the keys and values that are there */
  uint16_t *lengths;
};

enum { MOST_KEYS = 3000000 };

/* Of one byte where the mix says so, which makes 256 keys: their number is
 * then written with as many bytes as it needs. */
static size_t name_of(const struct mix *mix, uint64_t number, char *name) {
  if (mix->key_bytes == 0) {
    size_t bytes = 1;
    memcpy(name, &number, 8);
    for (; number >> 8 * bytes != 0; bytes++) {
    }
    return bytes;
  }
  memset(name, 'k', mix->key_bytes);
  memcpy(name, &number, 8);
  return mix->key_bytes;
}

static int fill_one(struct filling *filling, uint64_t number) {
  static uint8_t value[16 * KIB];
  const struct mix *mix = filling->mix;
  char name[32];
  size_t bytes = name_of(mix, number, name);
  size_t span = mix->value_most - mix->value_least + 1;
  size_t length =
      mix->value_least + (size_t)random_below(&filling->random, span);
  int code = sho_map_set(filling->map, name, bytes, value, length, 0, NULL);
  if (code == SHO_OK) {
    if (filling->lengths[number] != 0) {
      filling->bytes -= filling->lengths[number];
    }
    filling->lengths[number] = (uint16_t)(bytes + length);
    filling->bytes += filling->lengths[number];
  }
  return code;
}

static void drop_one(struct filling *filling, uint64_t number) {
  char name[32];
  size_t bytes = name_of(filling->mix, number, name);
  if (sho_map_remove(filling->map, name, bytes) == SHO_OK) {
    filling->bytes -= filling->lengths[number];
    filling->lengths[number] = 0;
  }
}

static void fill_up(struct filling *filling, const char *when) {
  int code = SHO_OK;
  while (code == SHO_OK && filling->next < MOST_KEYS) {
    code = fill_one(filling, filling->next);
    filling->next += code == SHO_OK;
  }
  CHECK_CODE(code, SHO_EFULL);
  CHECK_SAYS("map is full");
  struct sho_map_stats stats = stats_of(filling->map);
  double live = (double)stats.live_bytes / (double)stats.capacity;
  printf("  %-14s %-10s %8llu entries, live %.1f %%, keys and values %.1f %%\n",
         filling->mix->name, when, (unsigned long long)stats.entries,
         live * 100, (double)filling->bytes * 100 / (double)stats.capacity);
  CHECK(live >= 0.75);
}

/* What EFULL must leave alone. */
static void check_full_changes_nothing(struct filling *filling) {
  struct sho_map_stats before = stats_of(filling->map);
  for (int i = 0; i < 1000; i++) {
    int code = fill_one(filling, filling->next);
    if (code == SHO_OK) { /* a smaller one */
      filling->next++;
      before = stats_of(filling->map);
    }
  }
  struct sho_map_stats after = stats_of(filling->map);
  CHECK_INT(after.entries, before.entries); /* a table may have grown */
  CHECK_INT(after.sets, before.sets);
  CHECK_INT(after.evictions, 0);
}

static void test_map_gets_three_quarters_full_at_least(void) {
  uint64_t churn = (uint64_t)rounds(10000, 150000, 5000000);
  uint16_t *lengths = calloc(MOST_KEYS, sizeof *lengths);
  REQUIRE(lengths != NULL);
  for (int m = 0; m < (is_slow() ? 2 : MIXES); m++) {
    memset(lengths, 0, MOST_KEYS * sizeof *lengths);
    struct sho_map *map = map_new("map", 64 * MIB, SHO_EVICTION_NONE);
    struct filling filling = {
        .mix = &mixes[m], .map = map, .random = 1, .lengths = lengths};
    fill_up(&filling, "at first");
    check_full_changes_nothing(&filling);
    for (uint64_t i = 0; i < churn; i++) {
      uint64_t number = random_below(&filling.random, filling.next);
      if (i % 3 == 0) {
        drop_one(&filling, number);
      } else {
        int code = fill_one(&filling, number);
        CHECK(code == SHO_OK || code == SHO_EFULL);
      }
    }
    fill_up(&filling, "after that");
    CHECK_OK(sho_map_verify(map));
    sho_map_free(map);
    REQUIRE(unlink("map") == 0);
  }
  free(lengths);
}

/* One large entry costs room for moves only while it is there. */
static void test_map_fills_again_after_a_large_entry_is_gone(void) {
  struct sho_map *map = map_new("map", 1 * MIB, SHO_EVICTION_NONE);
  static uint8_t value[200 * KIB];
  CHECK_OK(sho_map_set(map, "big", 3, value, sizeof value, 0, NULL));
  CHECK_OK(sho_map_remove(map, "big", 3));
  for (int i = 0; i < 20000; i++) {
    put_text(map, "key", "..............................................");
  }
  int code = SHO_OK;
  for (int i = 0; code == SHO_OK; i++) {
    code = sho_map_set(map, &i, 4, value, 100, 0, NULL);
  }
  CHECK_CODE(code, SHO_EFULL);
  struct sho_map_stats stats = stats_of(map);
  CHECK(stats.live_bytes >= stats.capacity / 4 * 3);
  CHECK_OK(sho_map_verify(map));
}

/* What is there can be written anew, if it is no large part of the map. */
static void check_full_map_is_overwritten(size_t capacity, size_t length) {
  uint8_t *value = calloc(1, length);
  uint64_t random = 1;
  uint64_t keys = 0;
  REQUIRE(value != NULL);
  struct sho_map *map = map_new("map", capacity, SHO_EVICTION_NONE);
  while (sho_map_set(map, &keys, 8, value, length, 0, NULL) == SHO_OK) {
    keys++;
  }
  REQUIRE(keys > 10);
  for (int i = 0; i < rounds(200, 3000, 100000); i++) {
    uint64_t key = random_below(&random, keys);
    CHECK_OK(sho_map_set(map, &key, 8, value, length, 0, NULL));
  }
  CHECK_INT(stats_of(map).entries, keys);
  CHECK_OK(sho_map_verify(map));
  CHECK(counts_hold(map));
  sho_map_free(map);
  REQUIRE(unlink("map") == 0);
  free(value);
}

static void test_map_full_of_large_values_is_overwritten(void) {
  check_full_map_is_overwritten(64 * KIB, 1000);
  check_full_map_is_overwritten(1 * MIB, 3000);
  check_full_map_is_overwritten(4 * MIB, 3000);
  check_full_map_is_overwritten(4 * MIB, 14600);
  check_full_map_is_overwritten(16 * MIB, 60000);
  check_full_map_is_overwritten(16 * MIB, 300000);
}

/* ---- what S3_FIFO keeps ------------------------------------------------- */

static void test_map_s3fifo_keeps_what_is_read(void) {
  enum { HOT = 50, TEXT = 100 };
  struct sho_map *map = map_new("map", 256 * KIB, SHO_EVICTION_S3_FIFO);
  char key[32];
  char value[TEXT + 1];
  memset(value, 'v', TEXT);
  value[TEXT] = '\0';
  int rounds_done = rounds(3000, 50000, 500000);
  for (int i = 0; i < HOT; i++) {
    snprintf(key, sizeof key, "hot %d", i);
    put_text(map, key, value);
  }
  for (int i = 0; i < rounds_done; i++) {
    snprintf(key, sizeof key, "cold %d", i);
    put_text(map, key, value); /* never refused */
    snprintf(key, sizeof key, "hot %d", i % HOT);
    CHECK_TEXT(text_of(map, key), value);
  }
  struct sho_map_stats stats = stats_of(map);
  CHECK(stats.evictions > (uint64_t)rounds_done - 2000);
  CHECK(stats.live_bytes > stats.capacity / 4 * 3 || is_slow());
  CHECK_OK(sho_map_verify(map));
}

static void test_map_s3fifo_takes_any_entry_at_any_time(void) {
  struct sho_map *map = map_new("map", 64 * KIB, SHO_EVICTION_S3_FIFO);
  static uint8_t value[16 * KIB];
  uint64_t random = 1;
  for (int i = 0; i < rounds(1000, 50000, 1000000); i++) {
    uint64_t key = random_below(&random, 1000);
    size_t length = (size_t)random_below(&random, 2) == 0
                        ? (size_t)random_below(&random, 20)
                        : (size_t)random_below(&random, 16 * KIB - 40);
    CHECK_OK(sho_map_set(map, &key, 8, value, length, 0, NULL));
    key = random_below(&random, 1000);
    find_code(map, &key, 8); /* visits */
  }
  CHECK_OK(sho_map_verify(map));
}

/* So many entries without a value that tables take most of the room. */
static void test_map_s3fifo_makes_room_for_tables(void) {
  struct sho_map *map = map_new("map", 64 * KIB, SHO_EVICTION_S3_FIFO);
  int keys = rounds(3000, 30000, 300000);
  for (int i = 0; i < keys; i++) {
    CHECK_OK(sho_map_set(map, &i, 4, NULL, 0, 0, NULL));
    size_t length;
    CHECK_OK(sho_map_get(map, &i, 4, NULL, 0, &length, NULL));
  }
  CHECK(stats_of(map).entries > 64 * KIB / 40 / 3); /* 24 and a slot each */
  CHECK_OK(sho_map_verify(map));
}

static const struct test tests[] = {
    TEST(test_map_does_as_the_model),
    TEST(test_map_gets_three_quarters_full_at_least),
    TEST(test_map_full_of_large_values_is_overwritten),
    TEST(test_map_fills_again_after_a_large_entry_is_gone),
    TEST(test_map_s3fifo_keeps_what_is_read),
    TEST(test_map_s3fifo_takes_any_entry_at_any_time),
    TEST(test_map_s3fifo_makes_room_for_tables),
};

TEST_MAIN(tests)
