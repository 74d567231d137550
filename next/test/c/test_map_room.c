/* How much a map holds: what is deterministic of it, and no times. */
#include "maps.h"

enum { KEY_BYTES = 16, MOST_VALUE = 100000 };

static uint8_t value[MOST_VALUE];

struct key {
  uint64_t scattered;
  uint64_t number;
};
_Static_assert(sizeof(struct key) == KEY_BYTES, "no padding");

static struct key key_of(uint64_t number) {
  return (struct key){number * UINT64_C(0x9e3779b97f4a7c15), number};
}

static int put(struct sho_map *map, uint64_t number, size_t bytes) {
  struct key key = key_of(number);
  memcpy(value, &number, bytes < sizeof number ? bytes : sizeof number);
  return sho_map_set(map, &key, sizeof key, value, bytes, 0, NULL);
}

static int is_there(struct sho_map *map, uint64_t number) {
  struct key key = key_of(number);
  size_t length;
  int code = sho_map_get(map, &key, sizeof key, NULL, 0, &length, NULL);
  CHECK(code == SHO_OK || code == SHO_EABSENT);
  return code == SHO_OK;
}

static void take_away(struct sho_map *map, uint64_t number) {
  struct key key = key_of(number);
  CHECK_OK(sho_map_remove(map, &key, sizeof key));
}

/* Stores entries with numbers from `from` on until the map is full. */
static uint64_t fill(struct sho_map *map, uint64_t from, size_t bytes) {
  uint64_t count = 0;
  int code;
  while ((code = put(map, from + count, bytes)) == SHO_OK) {
    count++;
  }
  CHECK_CODE(code, SHO_EFULL);
  return count;
}

/* ---- a full map --------------------------------------------------------- */

/* What of the file keys and values take, in a thousand. */
static uint64_t filled_share(struct sho_map *map, uint64_t count,
                             size_t bytes) {
  return count * (KEY_BYTES + bytes) * 1000 / stats_of(map).file_bytes;
}

static void holds(size_t bytes, uint64_t least) {
  struct sho_map *map = map_new("map", 16 * MIB, SHO_EVICTION_NONE);
  uint64_t count = fill(map, 0, bytes);
  uint64_t share = filled_share(map, count, bytes);
  printf("  %zu bytes: %llu of 1,000\n", bytes, (unsigned long long)share);
  CHECK(share >= least);
  for (uint64_t i = 0; i < count; i += 3) {
    take_away(map, i);
  }
  uint64_t again = count - (count + 2) / 3 + fill(map, count, bytes);
  share = filled_share(map, again, bytes);
  printf("  the same after a third was removed: %llu\n",
         (unsigned long long)share);
  CHECK(share >= least);
  CHECK_OK(sho_map_verify(map));
  sho_map_free(map);
  REQUIRE(unlink("map") == 0);
}

static void test_map_full_of_entries_of_one_size(void) {
  holds(1, 285);
  holds(20, 475);
  holds(100, 710);
  holds(1000, 865);
}

/* ---- tables ------------------------------------------------------------- */

/* Large entries that a map takes in which there were so many small ones. */
static uint64_t large_after(uint64_t small, int eviction) {
  struct sho_map *map = map_new("map", 16 * MIB, eviction);
  for (uint64_t i = 0; i < small; i++) {
    REQUIRE_OK(put(map, i, 8));
  }
  for (uint64_t i = 0; i < small; i++) {
    take_away(map, i);
  }
  uint64_t count;
  if (eviction == SHO_EVICTION_NONE) {
    count = fill(map, small, 10000);
  } else {
    for (uint64_t i = 0; i < 6000; i++) {
      REQUIRE_OK(put(map, small + i, 10000));
    }
    count = stats_of(map).entries;
  }
  CHECK_OK(sho_map_verify(map));
  sho_map_free(map);
  REQUIRE(unlink("map") == 0);
  return count;
}

static void tables_shrink(int eviction) {
  uint64_t fresh = large_after(0, eviction);
  uint64_t after = large_after(150000, eviction);
  printf("  %llu large entries after 150,000 small ones, %llu without\n",
         (unsigned long long)after, (unsigned long long)fresh);
  CHECK(after >= fresh - fresh / 50);
}

static void test_map_tables_shrink_when_room_is_wanted(void) {
  tables_shrink(SHO_EVICTION_NONE);
}

static void test_map_tables_shrink_before_more_is_evicted(void) {
  tables_shrink(SHO_EVICTION_S3_FIFO);
}

/* ---- what is not to be evicted ------------------------------------------ */

static void test_map_nearly_empty_evicts_nothing(void) {
  enum { COUNTERS = 8, ENTRIES = 2000 };
  struct sho_map *map = map_new("map", 16 * MIB, SHO_EVICTION_S3_FIFO);
  for (uint64_t i = 0; i < ENTRIES; i++) {
    REQUIRE_OK(put(map, i, 100));
  }
  int times = rounds(40000, 400000, 400000);
  for (int i = 0; i < times; i++) {
    for (uint64_t c = 0; c < COUNTERS; c++) {
      int64_t is;
      REQUIRE_OK(sho_map_add_and_get(map, &c, sizeof c, 1, &is));
    }
  }
  CHECK_INT(stats_of(map).evictions, 0);
  for (uint64_t i = 0; i < ENTRIES; i++) {
    CHECK(is_there(map, i));
  }
  sho_map_free(map);
}

/* Half of all calls write a key anew, the others read one. */
static void test_map_fifth_full_keeps_all_that_is_written_anew(void) {
  enum { BYTES = 100, ENTRIES = 16 * MIB / 100 * 21 / (BYTES + KEY_BYTES) };
  struct sho_map *map = map_new("map", 16 * MIB, SHO_EVICTION_S3_FIFO);
  uint64_t random = 1;
  for (uint64_t i = 0; i < ENTRIES; i++) {
    REQUIRE_OK(put(map, i, BYTES));
  }
  int misses = 0;
  for (int i = 0; i < rounds(200000, 1000000, 4000000); i++) {
    REQUIRE_OK(put(map, random_below(&random, ENTRIES), BYTES));
    misses += !is_there(map, random_below(&random, ENTRIES));
  }
  CHECK_INT(misses, 0);
  CHECK_INT(stats_of(map).evictions, 0);
  sho_map_free(map);
}

static const struct test tests[] = {
    TEST(test_map_full_of_entries_of_one_size),
    TEST(test_map_tables_shrink_when_room_is_wanted),
    TEST(test_map_tables_shrink_before_more_is_evicted),
    TEST(test_map_nearly_empty_evicts_nothing),
    TEST(test_map_fifth_full_keeps_all_that_is_written_anew),
};

TEST_MAIN(tests)
