/* What a reader believes: bytes that look like an entry, and are none. */
#include "map/map_find.h"
#include "maps.h"

/* Has the log pass what lies at a position, with another key's entries. */
static void overwrite(struct sho_map *map, uint64_t position) {
  while (atomic_load(&map->segments[0].head) <= position) {
    put_text(map, "other", "value");
  }
}

/* A reader loads a slot and is slow. Meanwhile the entry is overwritten, by
 * bytes that differ from its header in what no slot names. */
static void test_map_read_believes_no_bytes_that_look_like_an_entry(void) {
  struct sho_map *map = map_new("map", 64 * KIB, SHO_EVICTION_NONE);
  put_text(map, "key", "value");
  struct sho__hit hit;
  uint64_t hash = sho__map_hash(map, "key", 3);
  REQUIRE(sho__index_find(map, hash, "key", 3, &hit) == SHO__HIT);
  uint64_t position = hit.entry.position;
  put_text(map, "key", "another value");
  overwrite(map, position);
  uint8_t *at = sho__map_log_at(map, 0, position);
  hit.entry.position |= UINT64_C(0xb7) << 56;
  sho__entry_store(at, &hit.entry);
  CHECK_INT(sho__index_match(map, &map->segments[0], 0, "other", 5, &hit),
            SHO__MOVED);
  memcpy(at + SHO__ENTRY_BYTES, "key", 3);
  CHECK_INT(sho__index_match(map, &map->segments[0], 0, "key", 3, &hit),
            SHO__HIT);
  CHECK(!sho__entry_still(map, &map->segments[0], hit.entry.position));
  CHECK_TEXT(text_of(map, "key"), "another value");
}

/* The same of an entry that its slot names. */
static void test_map_read_believes_no_position_far_above_the_log(void) {
  struct sho_map *map = map_new("map", 64 * KIB, SHO_EVICTION_NONE);
  uint8_t out[256];
  size_t used;
  uint64_t cursor = 0;
  put_text(map, "key", "value");
  int64_t found = sho_map_find(map, "key", 3);
  REQUIRE(found >= 0);
  uint8_t *at = sho__map_log_at(map, 0, (uint64_t)found << 3);
  at[7] = 1;
  CHECK_TEXT(text_of(map, "key"), "(none)");
  CHECK_CODE(sho_map_find(map, "key", 3), SHO_EABSENT);
  CHECK_OK(sho_map_scan(map, &cursor, out, sizeof out, &used));
  CHECK_INT(used, 0);
  CHECK_CODE(sho_map_verify(map), SHO_ECORRUPT);
  put_text(map, "key", "value");
  CHECK_TEXT(text_of(map, "key"), "value");
  CHECK_OK(sho_map_verify(map));
}

static const struct test tests[] = {
    TEST(test_map_read_believes_no_bytes_that_look_like_an_entry),
    TEST(test_map_read_believes_no_position_far_above_the_log),
};

TEST_MAIN(tests)
