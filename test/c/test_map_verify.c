/* What verify finds. */
#include "map/map_large.h"
#include "maps.h"

static const char path[] = "map";

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
};

TEST_MAIN(tests)
