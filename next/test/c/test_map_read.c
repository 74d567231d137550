/* What a reader believes: bytes that look like an entry, and are none. */
#include "map/map_chunk.h"
#include "map/map_record.h"
#include "maps.h"

static uint64_t generation_of(const struct sho_map *map, uint64_t place) {
  return atomic_load(&map->gens[sho__chunk_of(map, place)]);
}

/* Whether tables lie there that nothing will make move. */
static int is_tables(const struct sho_map *map, uint64_t place) {
  return sho__chunk_class(map, sho__chunk_of(map, place)) == SHO__CLASS_TABLE;
}

/* Has the map use a chunk for something else so many times more, or for tables.
 * Half of the map lives, so that each chunk has its turn. */
static void reuse(struct sho_map *map, uint64_t place, uint64_t times) {
  static const char value[200];
  uint64_t until = generation_of(map, place) + times;
  uint64_t random = 1;
  while (generation_of(map, place) < until && !is_tables(map, place)) {
    uint64_t key = random_below(&random, 140);
    REQUIRE_OK(sho_map_set(map, &key, 8, value, sizeof value, 0, NULL));
  }
}

static void look_up(struct sho_map *map, const char *key,
                    struct sho__hit *hit) {
  size_t bytes = strlen(key);
  uint64_t hash = sho__map_hash(map, key, bytes);
  REQUIRE(sho__find(map, hash, key, bytes, hit) == SHO__HIT);
  CHECK(sho__hit_still(map, hit));
}

/* A reader loads a slot and is slow. Meanwhile its chunk is used again, often;
 * in the end the same entry lies at the same place, for all that it can see
 * there. */
static void test_map_read_believes_no_bytes_of_another_generation(void) {
  struct sho_map *map = map_new("map", 64 * KIB, SHO_EVICTION_NONE);
  struct sho__hit hit;
  put_text(map, "key", "value");
  look_up(map, "key", &hit);
  uint8_t was[64];
  memcpy(was, hit.at, sizeof was);
  put_text(map, "key", "another value");
  CHECK(sho__hit_still(map, &hit)); /* its bytes are there */
  CHECK(!sho__hit_is_named(&hit));
  reuse(map, hit.place, 1000);
  memcpy(map->pool + hit.place, was, sizeof was);
  CHECK(!sho__hit_still(map, &hit));
  CHECK(!sho__hit_is_named(&hit));
  CHECK_INT(sho__hit_match(map, "key", 3, &hit), SHO__MOVED);
}

/* The same of one that sleeps between its look at the slot and its copy. */
static void test_map_read_believes_no_copy_of_a_chunk_used_again(void) {
  struct sho_map *map = map_new("map", 64 * KIB, SHO_EVICTION_NONE);
  struct sho_map_found found = {.size = sizeof found};
  put_text(map, "key", "value");
  for (int i = 0; i < rounds(10, 300, 3000); i++) {
    REQUIRE_OK(sho_map_find(map, "key", 3, &found));
    struct sho__hit hit;
    look_up(map, "key", &hit);
    reuse(map, hit.place, 1);
    CHECK(*found.generation_at != found.generation);
    CHECK_TEXT(text_of(map, "key"), "value"); /* it was moved */
  }
  CHECK_OK(sho_map_verify(map));
}

/* An entry's header that makes no sense, which its slot names. */
static void test_map_read_believes_no_length_beyond_the_chunk(void) {
  struct sho_map *map = map_new("map", 64 * KIB, SHO_EVICTION_NONE);
  uint8_t out[256];
  size_t used;
  uint64_t cursor = 0;
  struct sho__hit hit;
  put_text(map, "key", "value");
  look_up(map, "key", &hit);
  uint32_t far = UINT32_MAX;
  memcpy(map->pool + hit.place + 12, &far, sizeof far);
  CHECK_TEXT(text_of(map, "key"), "(none)");
  CHECK_CODE(find_code(map, "key", 3), SHO_EABSENT);
  CHECK_OK(sho_map_scan(map, &cursor, out, sizeof out, &used));
  CHECK_INT(used, 0);
  CHECK_CODE(sho_map_verify(map), SHO_ECORRUPT);
  put_text(map, "key", "value");
  CHECK_TEXT(text_of(map, "key"), "value");
}

static const struct test tests[] = {
    TEST(test_map_read_believes_no_bytes_of_another_generation),
    TEST(test_map_read_believes_no_copy_of_a_chunk_used_again),
    TEST(test_map_read_believes_no_length_beyond_the_chunk),
};

TEST_MAIN(tests)
