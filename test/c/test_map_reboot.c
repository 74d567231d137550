/* What the first opener after a reboot keeps, and what it drops. */
#include "map/map.h"
#include "maps.h"

static const char path[] = "map";

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

static const struct test tests[] = {
    TEST(test_map_reboot_drops_what_is_damaged_and_keeps_the_rest),
    TEST(test_map_reboot_of_an_empty_map_keeps_versions_growing),
};

TEST_MAIN(tests)
