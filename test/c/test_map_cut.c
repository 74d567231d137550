/* Files that are cut, emptied or overwritten under the map that has them open.
 */
#include "map/map_grow.h"
#include "maps.h"

enum { VALUE_BYTES = 3000 };

static struct sho_map *map;
static uint8_t bytes[VALUE_BYTES];

/* ---- every call --------------------------------------------------------- */

static int do_get(void) {
  size_t length;
  return sho_map_get(map, "key", 3, bytes, sizeof bytes, &length, NULL);
}

static int do_get_absent(void) {
  size_t length;
  return sho_map_get(map, "absent", 6, bytes, sizeof bytes, &length, NULL);
}

static int do_find(void) {
  struct sho_map_found found = {.size = sizeof found};
  return sho_map_find(map, "key", 3, &found);
}

static int do_set(void) {
  return sho_map_set(map, "key", 3, bytes, sizeof bytes, 0, NULL);
}

static int do_set_new(void) {
  return sho_map_set(map, "new", 3, bytes, 1, 0, NULL);
}

static int do_remove(void) { return sho_map_remove(map, "key", 3); }

static int do_remove_absent(void) { return sho_map_remove(map, "absent", 6); }

static int do_add(void) {
  int64_t sum;
  return sho_map_add_and_get(map, "number", 6, 1, &sum);
}

static int do_expire(void) { return sho_map_expire(map, "key", 3, 1000); }

static int do_ttl(void) {
  int64_t ttl_ms;
  return sho_map_time_to_live(map, "key", 3, &ttl_ms);
}

static int do_await(void) {
  uint64_t now;
  return sho_map_await(map, "key", 3, 1, 0, &now);
}

static int do_scan(void) {
  static uint8_t records[64 * KIB];
  uint64_t cursor = 0;
  size_t used;
  return sho_map_scan(map, &cursor, records, sizeof records, &used);
}

static int do_size(void) {
  uint64_t entries;
  return sho_map_size(map, &entries);
}

static int do_stats(void) {
  struct sho_map_stats stats = {.size = sizeof stats};
  return sho_map_stats(map, &stats);
}

static int do_remove_expired(void) {
  uint64_t removed;
  return sho_map_remove_expired(map, &removed);
}

static int do_clear(void) { return sho_map_clear(map); }

static int do_verify(void) { return sho_map_verify(map); }

static int (*const calls[])(void) = {
    do_get,    do_get_absent,    do_find, do_set,    do_set_new,
    do_remove, do_remove_absent, do_add,  do_expire, do_ttl,
    do_await,  do_scan,          do_size, do_stats,  do_remove_expired,
    do_clear,  do_verify};

/* What is done to a file of so many bytes. */
typedef void harm_fn(uint64_t file_bytes);

/* Each call must be the one that notices, and each later one must know. */
static void every_call_notices(harm_fn *harm) {
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    map = map_new("map", 64 * KIB, 0);
    memset(bytes, 'x', sizeof bytes);
    REQUIRE_OK(do_set());
    harm(map->geometry.file_bytes);
    int code = calls[i]();
    if (code != SHO_EIO) {
      fail(__FILE__, __LINE__, "call %zu: %s", i, sho_error_name(code));
    } else {
      CHECK_SAYS("map was truncated or overwritten while it was open");
    }
    CHECK_CODE(do_get(), SHO_EIO);
    CHECK_CODE(do_set(), SHO_EIO);
    sho_map_free(map);
    REQUIRE(unlink("map") == 0);
  }
}

/* ---- harms -------------------------------------------------------------- */

/* Within the pool's first page. */
static void cut_inside_the_pool(uint64_t file_bytes) {
  (void)file_bytes;
  REQUIRE(truncate("map", (off_t)(map->geometry.pool_off + 100)) == 0);
}

static void cut_the_last_byte(uint64_t file_bytes) {
  REQUIRE(truncate("map", (off_t)file_bytes - 1) == 0);
}

static void cut_and_grow(uint64_t file_bytes) {
  cut_inside_the_pool(file_bytes);
  REQUIRE(truncate("map", (off_t)file_bytes) == 0);
}

static void empty_and_grow(uint64_t file_bytes) {
  REQUIRE(truncate("map", 0) == 0);
  REQUIRE(truncate("map", (off_t)file_bytes) == 0);
}

static void empty(uint64_t file_bytes) {
  (void)file_bytes;
  REQUIRE(truncate("map", 0) == 0);
}

/* As cp does it. */
static void overwrite(uint64_t file_bytes) {
  static uint8_t other[1 * MIB];
  REQUIRE(file_bytes <= sizeof other);
  sho_map_free(map_new("other", 64 * KIB, 0));
  file_peek("other", 0, other, file_bytes);
  file_put("map", other, file_bytes);
  REQUIRE(unlink("other") == 0);
}

static void test_map_cut_inside_a_page_is_noticed(void) {
  every_call_notices(cut_inside_the_pool);
}

static void test_map_cut_by_a_byte_is_noticed(void) {
  every_call_notices(cut_the_last_byte);
}

static void test_map_cut_and_grown_again_is_noticed(void) {
  every_call_notices(cut_and_grow);
}

static void test_map_emptied_is_noticed(void) { every_call_notices(empty); }

static void test_map_emptied_and_grown_again_is_noticed(void) {
  every_call_notices(empty_and_grow);
}

static void test_map_overwritten_by_another_is_noticed(void) {
  every_call_notices(overwrite);
}

/* ---- opening what was cut ------------------------------------------------ */

static int open_code(int is_read_only) {
  struct sho_map_options options = {.size = sizeof options,
                                    .read_only = is_read_only};
  struct sho_map *opened = NULL;
  int code = sho_map_open("map", &options, &opened);
  sho_map_free(opened);
  return code;
}

static void test_map_cut_and_grown_again_is_not_opened(void) {
  map = map_new("map", 64 * KIB, 0);
  REQUIRE_OK(do_set());
  uint64_t size = map->geometry.file_bytes;
  sho_map_free(map);
  REQUIRE(truncate("map", (off_t)size - 5000) == 0);
  REQUIRE(truncate("map", (off_t)size) == 0);
  CHECK_CODE(open_code(0), SHO_ECORRUPT);
  CHECK_SAYS("map was truncated and has grown again; remove the file");
  CHECK_CODE(open_code(1), SHO_ECORRUPT);
}

/* After a power cut anything may be missing, and the rest is kept. */
static void test_map_without_its_end_is_healed_after_a_reboot(void) {
  map = map_new("map", 64 * KIB, 0);
  REQUIRE_OK(do_set());
  uint64_t size = map->geometry.file_bytes;
  sho_map_free(map);
  uint64_t boot[2] = {1, 2};
  file_patch("map", offsetof(struct sho__map_shm, boot_id), boot, 16);
  REQUIRE(truncate("map", (off_t)size - 8) == 0);
  REQUIRE(truncate("map", (off_t)size) == 0);
  map = map_again("map");
  CHECK_OK(do_get());
  CHECK_OK(sho_map_verify(map));
  sho_map_free(map);
  CHECK_OK(open_code(1));
}

/* Marks a record in the file as dead: the highest bit of its kind. */
static void mark_dead(const char *path, uint64_t record_off) {
  uint8_t kind;
  file_peek(path, record_off + 11, &kind, 1);
  CHECK((kind & 0x80) == 0);
  kind |= 0x80;
  file_patch(path, record_off + 11, &kind, 1);
}

/* The mark of what was to be replaced may be on the disk, the slot not. */
static void test_map_marks_of_what_is_named_are_taken_back(void) {
  map = map_new("map", 64 * KIB, 0);
  REQUIRE_OK(do_set());
  REQUIRE_OK(sho_map_set(map, "small", 5, "value", 5, 0, NULL));
  struct sho_map_found found = {.size = sizeof found};
  REQUIRE_OK(sho_map_find(map, "small", 5, &found));
  uint64_t entry = (uint64_t)(found.value - map->region.base) - 5 - 20;
  for (uint32_t i = 0; i < 1u << map->geometry.shard_bits; i++) {
    uint64_t place = sho__table_place(atomic_load(&map->tables[i]));
    if (place != 0) {
      mark_dead("map", map->geometry.pool_off + place - SHO__TABLE_OFF);
    }
  }
  for (uint32_t i = 0; i < map->geometry.chunks; i++) {
    if (atomic_load(&map->chunks[i].class) == SHO__CLASS_PARTS) {
      mark_dead("map", map->geometry.pool_off +
                           ((uint64_t)i << map->geometry.chunk_bits));
    }
  }
  sho_map_free(map);
  mark_dead("map", entry);
  uint64_t boot[2] = {1, 2};
  file_patch("map", offsetof(struct sho__map_shm, boot_id), boot, 16);
  map = map_again("map");
  CHECK_OK(do_get());
  CHECK_OK(sho_map_verify(map));
  for (int i = 0; i < 2000; i++) { /* nothing that lives is cleaned away */
    REQUIRE_OK(sho_map_set(map, "filler", 6, bytes, 700, 0, NULL));
  }
  CHECK_OK(do_get());
  char value[8];
  size_t length;
  CHECK_OK(sho_map_get(map, "small", 5, value, sizeof value, &length, NULL));
  CHECK_BYTES(value, "value", 5);
  CHECK_OK(sho_map_verify(map));
  CHECK_INT(stats_of(map).damaged, 0);
  sho_map_free(map);
}

/* ---- truncated while in use --------------------------------------------- */

static void cut_at_random(void *context) {
  uint64_t random = (uint64_t)now_ns();
  long long size = *(long long *)context;
  nap_us((int64_t)random_below(&random, 3000));
  uint64_t left = random_below(&random, (uint64_t)size);
  REQUIRE(truncate("map", (off_t)left) == 0);
}

static void use_until_cut(void) {
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
    map = map_new("map", 64 * KIB,
                  i % 2 ? SHO_EVICTION_NONE : SHO_EVICTION_S3_FIFO);
    long long size = file_bytes("map");
    pid_t pid = child_start(cut_at_random, &size);
    use_until_cut();
    CHECK_INT(child_wait(pid), 0);
    sho_map_free(map);
    REQUIRE(unlink("map") == 0);
  }
}

static const struct test tests[] = {
    TEST(test_map_cut_inside_a_page_is_noticed),
    TEST(test_map_cut_by_a_byte_is_noticed),
    TEST(test_map_cut_and_grown_again_is_noticed),
    TEST(test_map_emptied_is_noticed),
    TEST(test_map_emptied_and_grown_again_is_noticed),
    TEST(test_map_overwritten_by_another_is_noticed),
    TEST(test_map_cut_and_grown_again_is_not_opened),
    TEST(test_map_without_its_end_is_healed_after_a_reboot),
    TEST(test_map_truncated_in_use_ends_in_an_error),
    TEST(test_map_marks_of_what_is_named_are_taken_back),
};

TEST_MAIN(tests)
