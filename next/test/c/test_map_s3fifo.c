/* What an evicting map keeps, and what it evicts. */
#include "map/map_find.h"
#include "maps.h"

static const char filling[100];

static void put_number(struct sho_map *map, const char *name, uint64_t number) {
  char key[32];
  int bytes =
      snprintf(key, sizeof key, "%s %llu", name, (unsigned long long)number);
  CHECK_OK(
      sho_map_set(map, key, (size_t)bytes, filling, sizeof filling, 0, NULL));
}

/* Where an entry is. A look that is no visit. */
static int look_at(const struct sho_map *map, const char *name, uint64_t number,
                   struct sho__hit *hit) {
  char key[32];
  int bytes =
      snprintf(key, sizeof key, "%s %llu", name, (unsigned long long)number);
  uint64_t hash = sho__map_hash(map, key, (size_t)bytes);
  return sho__find(map, hash, key, (size_t)bytes, hit) == SHO__HIT;
}

static uint64_t count_of(const struct sho_map *map, const char *name,
                         uint64_t numbers) {
  uint64_t found = 0;
  struct sho__hit hit;
  for (uint64_t i = 0; i < numbers; i++) {
    found += (uint64_t)look_at(map, name, i, &hit);
  }
  return found;
}

static int visit(struct sho_map *map, const char *name, uint64_t number) {
  char key[32];
  char value[sizeof filling];
  size_t length;
  int bytes =
      snprintf(key, sizeof key, "%s %llu", name, (unsigned long long)number);
  return sho_map_get(map, key, (size_t)bytes, value, sizeof value, &length,
                     NULL);
}

/* Sets keys that were never there, until the map evicts. Answers how many
 * entries it has then. */
static uint64_t fill_up(struct sho_map *map, const char *name) {
  for (uint64_t i = 0; stats_of(map).evictions == 0; i++) {
    put_number(map, name, i);
  }
  return stats_of(map).entries;
}

/* ---- while there is room ------------------------------------------------ */

static void test_map_counters_evict_nobody_from_an_empty_map(void) {
  enum { UNTOUCHED = 8000, COUNTERS = 8 };
  int increments = is_slow() ? 20000 : 400000;
  struct sho_map *map = map_new("map", 64 * MIB, SHO_EVICTION_S3_FIFO);
  for (uint64_t i = 0; i < UNTOUCHED; i++) {
    put_number(map, "untouched", i);
  }
  int64_t sum = 0;
  for (int i = 0; i < increments; i++) {
    for (char key = 'a'; key < 'a' + COUNTERS; key++) {
      CHECK_OK(sho_map_add_and_get(map, &key, 1, 1, &sum));
    }
  }
  CHECK_INT(sum, increments);
  CHECK_INT(count_of(map, "untouched", UNTOUCHED), UNTOUCHED);
  CHECK_INT(stats_of(map).evictions, 0);
  CHECK_OK(sho_map_verify(map));
}

static void test_map_overwrites_evict_nobody_while_there_is_room(void) {
  enum { ENTRIES = 12000 }; /* a fifth of the map */
  int calls = is_slow() ? 100000 : 1000000;
  struct sho_map *map = map_new("map", 8 * MIB, SHO_EVICTION_S3_FIFO);
  for (uint64_t i = 0; i < ENTRIES; i++) {
    put_number(map, "key", i);
  }
  for (int i = 0; i < calls; i++) {
    uint64_t number = (uint64_t)i * 7919 % ENTRIES;
    if (i % 2 == 0) {
      put_number(map, "key", number);
    } else {
      CHECK_OK(visit(map, "key", number));
    }
  }
  CHECK_INT(stats_of(map).evictions, 0);
  CHECK_INT(stats_of(map).entries, ENTRIES);
  CHECK_OK(sho_map_verify(map));
}

/* ---- while there is none ------------------------------------------------ */

static void test_map_scan_leaves_what_was_visited(void) {
  struct sho_map *map = map_new("sized", 1 * MIB, SHO_EVICTION_S3_FIFO);
  uint64_t entries = fill_up(map, "filler");
  uint64_t hot = entries / 4;
  map = map_new("map", 1 * MIB, SHO_EVICTION_S3_FIFO);
  for (uint64_t i = 0; i < entries / 2; i++) {
    put_number(map, "old", i);
  }
  for (uint64_t i = 0; i < hot; i++) {
    put_number(map, "hot", i);
    CHECK_OK(visit(map, "hot", i));
  }
  for (uint64_t i = 0; i < entries * 10; i++) {
    put_number(map, "scan", i);
  }
  uint64_t left = count_of(map, "hot", hot);
  printf("  %llu entries; of %llu that were visited a scan left %llu\n",
         (unsigned long long)entries, (unsigned long long)hot,
         (unsigned long long)left);
  CHECK(left * 10 >= hot * 9);
  CHECK_OK(sho_map_verify(map));
}

static void test_map_key_that_comes_back_goes_to_the_main_queue(void) {
  struct sho_map *map = map_new("map", 1 * MIB, SHO_EVICTION_S3_FIFO);
  struct sho__hit hit;
  fill_up(map, "filler");
  put_number(map, "key", 0);
  CHECK(look_at(map, "key", 0, &hit));
  CHECK_INT(map->chunks[sho__chunk_of(map, hit.place)].class, SHO__CLASS_SMALL);
  for (uint64_t i = 0; look_at(map, "key", 0, &hit); i++) {
    CHECK(i < 1000000); /* nobody visited it */
    put_number(map, "another", i);
  }
  put_number(map, "key", 0);
  CHECK(look_at(map, "key", 0, &hit));
  CHECK_INT(map->chunks[sho__chunk_of(map, hit.place)].class, SHO__CLASS_MAIN);
  CHECK_OK(sho_map_verify(map));
}

/* A key that is always visited, among more keys than the map has room for. */
static void test_map_what_is_visited_goes_from_queue_to_queue(void) {
  struct sho_map *map = map_new("map", 1 * MIB, SHO_EVICTION_S3_FIFO);
  uint64_t others = fill_up(map, "other") / 4 * 5;
  uint32_t class = SHO__CLASS_SMALL;
  struct sho__hit hit;
  CHECK_INT(map->hottest, SHO__CLASS_HOTTEST);
  put_number(map, "key", 0);
  for (uint64_t i = 0; class < SHO__CLASS_HOTTEST; i++) {
    CHECK(i < 1000 * others);
    if (!look_at(map, "other", i % others, &hit)) {
      put_number(map, "other", i % others);
    }
    CHECK_OK(visit(map, "key", 0));
    CHECK(look_at(map, "key", 0, &hit));
    uint32_t now = map->chunks[sho__chunk_of(map, hit.place)].class;
    CHECK(now == class || now == class + 1);
    class = now;
  }
  CHECK_OK(sho_map_verify(map));
}

static const struct test tests[] = {
    TEST(test_map_counters_evict_nobody_from_an_empty_map),
    TEST(test_map_overwrites_evict_nobody_while_there_is_room),
    TEST(test_map_scan_leaves_what_was_visited),
    TEST(test_map_key_that_comes_back_goes_to_the_main_queue),
    TEST(test_map_what_is_visited_goes_from_queue_to_queue),
};

TEST_MAIN(tests)
