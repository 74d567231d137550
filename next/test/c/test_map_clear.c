/* Clearing while others read and write, and a kill in the middle of it. */
#include "maps.h"

enum { OLD_KEYS = 2000, NEW_KEYS = 200, VALUE_BYTES = 400 };

static struct shared {
  _Atomic int go;
  _Atomic int stop;
  _Atomic uint64_t done;
} * shared;

static void put_signed(struct sho_map *map, uint64_t key, uint64_t stamp) {
  uint8_t value[VALUE_BYTES];
  sign_value(value, sizeof value, key, stamp);
  REQUIRE_OK(sho_map_set(map, &key, 8, value, sizeof value, 0, NULL));
}

/* 1 if it is there, and whole; 0 if it is absent. */
static int is_there(struct sho_map *map, uint64_t key) {
  uint8_t value[VALUE_BYTES];
  size_t length = 0;
  uint64_t stamp;
  int code = sho_map_get(map, &key, 8, value, sizeof value, &length, NULL);
  CHECK(code == SHO_EABSENT ||
        (code == SHO_OK && value_is_whole(value, length, key, &stamp)));
  return code == SHO_OK;
}

static int count_old(struct sho_map *map) {
  int there = 0;
  for (uint64_t key = 0; key < OLD_KEYS; key++) {
    there += is_there(map, key);
  }
  return there;
}

static struct sho_map *filled(void) {
  struct sho_map *map = map_new("map", 32 * MIB, 0);
  for (uint64_t key = 0; key < OLD_KEYS; key++) {
    put_signed(map, key, 1);
  }
  CHECK(stats_of(map).shards > 1);
  return map;
}

/* Writes and reads keys of its own, and reads the old ones, until the end. */
static void use_meanwhile(void *context) {
  struct sho_map *map = map_again("map");
  (void)context;
  atomic_store(&shared->go, 1);
  for (uint64_t i = 0; !atomic_load(&shared->stop); i++) {
    put_signed(map, OLD_KEYS + i % NEW_KEYS, i);
    (void)is_there(map, OLD_KEYS + i * 7 % NEW_KEYS);
    (void)is_there(map, i % OLD_KEYS);
    atomic_store(&shared->done, i);
  }
  sho_map_free(map);
}

static void test_map_clear_removes_what_was_there_when_it_began(void) {
  for (int round = 0; round < rounds(3, 20, 500); round++) {
    shared = shared_bytes(sizeof *shared);
    struct sho_map *map = filled();
    pid_t pid = child_start(use_meanwhile, NULL);
    WAIT_UNTIL(atomic_load(&shared->go));
    CHECK_OK(sho_map_clear(map));
    CHECK_INT(count_old(map), 0);
    uint64_t done = atomic_load(&shared->done);
    WAIT_UNTIL(atomic_load(&shared->done) > done + NEW_KEYS);
    atomic_store(&shared->stop, 1);
    CHECK_INT(child_wait(pid), 0);
    CHECK_INT(stats_of(map).entries, NEW_KEYS); /* written behind it: kept */
    CHECK_OK(sho_map_verify(map));
    sho_map_free(map);
    REQUIRE(unlink("map") == 0);
  }
}

static void clear_once(void *context) {
  struct sho_map *map = map_again("map");
  (void)context;
  atomic_store(&shared->go, 1);
  CHECK_OK(sho_map_clear(map));
  sleep_for_ever();
}

static void test_map_clear_that_is_killed_leaves_whole_entries_or_none(void) {
  uint64_t random = (uint64_t)now_ns();
  for (int round = 0; round < rounds(3, 40, 1000); round++) {
    shared = shared_bytes(sizeof *shared);
    struct sho_map *map = filled();
    pid_t pid = child_start(clear_once, NULL);
    WAIT_UNTIL(atomic_load(&shared->go));
    nap_us((int64_t)random_below(&random, 3000));
    CHECK_INT(child_kill(pid), 128 + SIGKILL);
    int there = count_old(map);
    put_signed(map, OLD_KEYS, 1);
    CHECK_OK(sho_map_verify(map));
    CHECK_INT(count_old(map), there); /* no entry comes back, and none goes */
    CHECK_OK(sho_map_clear(map));
    CHECK_INT(stats_of(map).entries, 0);
    CHECK_INT(count_old(map), 0);
    sho_map_free(map);
    REQUIRE(unlink("map") == 0);
  }
}

static const struct test tests[] = {
    TEST(test_map_clear_removes_what_was_there_when_it_began),
    TEST(test_map_clear_that_is_killed_leaves_whole_entries_or_none),
};

TEST_MAIN(tests)
