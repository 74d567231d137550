/* Waiting for a key to change. */
#include "map/map.h"
#include "maps.h"

static const int64_t second_ns = 1000000000;

/* What a waiting child found. */
struct waiter {
  _Atomic int ready;
  uint64_t version;
  _Atomic uint64_t now;
  int64_t timeout_ns;
  int read_only;
  int code;
};

static void wait_for_key(void *context) {
  struct waiter *waiter = context;
  struct sho_map *map = map_with(
      "map", (struct sho_map_options){.size = sizeof(struct sho_map_options),
                                      .read_only = waiter->read_only});
  uint64_t now = 0;
  atomic_store(&waiter->ready, 1);
  waiter->code =
      sho_map_await(map, "key", 3, waiter->version, waiter->timeout_ns, &now);
  atomic_store(&waiter->now, now);
}

static pid_t start_waiter(struct waiter *waiter, uint64_t version) {
  waiter->version = version;
  waiter->timeout_ns = 20 * second_ns;
  atomic_store(&waiter->ready, 0);
  pid_t pid = child_start(wait_for_key, waiter);
  WAIT_UNTIL(atomic_load(&waiter->ready));
  nap_us(20000); /* it sleeps by now, or nearly so */
  return pid;
}

static void check_wakes(struct waiter *waiter, pid_t pid, uint64_t version) {
  struct stopwatch watch = stopwatch();
  CHECK_INT(child_wait(pid), 0);
  CHECK_WITHIN_MS(1000, watch);
  CHECK_OK(waiter->code);
  CHECK_HEX(atomic_load(&waiter->now), version);
}

static void test_map_await_answers_at_once_if_the_version_is_another(void) {
  struct sho_map *map = map_new("map", 64 * KIB, 0);
  uint64_t now = 7;
  CHECK_OK(sho_map_await(map, "key", 3, 1, -1, &now));
  CHECK_HEX(now, 0);
  uint64_t version = put_text(map, "key", "value");
  CHECK_OK(sho_map_await(map, "key", 3, 0, 0, &now));
  CHECK_HEX(now, version);
}

static void test_map_await_times_out(void) {
  struct sho_map *map = map_new("map", 64 * KIB, 0);
  uint64_t now = 7;
  int64_t since = now_ns();
  CHECK_CODE(sho_map_await(map, "key", 3, 0, 0, &now), SHO_ETIMEDOUT);
  CHECK_CODE(sho_map_await(map, "key", 3, 0, 70000000, &now), SHO_ETIMEDOUT);
  CHECK_SAYS("the key still has version 0 after 70000000 ns");
  CHECK(now_ns() - since >= 70000000);
  CHECK_HEX(now, 7);
}

static void test_map_await_wakes_for_each_way_to_change(void) {
  struct sho_map *map = map_new("map", 64 * KIB, 0);
  for (int read_only = 0; read_only < 2; read_only++) {
    struct waiter *waiter = shared_bytes(sizeof *waiter);
    waiter->read_only = read_only;
    int64_t sum;
    uint64_t version = 0;
    pid_t pid = start_waiter(waiter, 0);
    version = put_text(map, "key", "12345678");
    check_wakes(waiter, pid, version);
    pid = start_waiter(waiter, version);
    CHECK_OK(sho_map_add_and_get(map, "key", 3, 1, &sum));
    check_wakes(waiter, pid, version_of(map, "key"));
    pid = start_waiter(waiter, version_of(map, "key"));
    CHECK_OK(sho_map_remove(map, "key", 3));
    check_wakes(waiter, pid, 0);
    version = put_text(map, "key", "value");
    pid = start_waiter(waiter, version);
    CHECK_OK(sho_map_clear(map));
    check_wakes(waiter, pid, 0);
    version = put_text(map, "key", "value");
    pid = start_waiter(waiter, version);
    CHECK_OK(sho_map_expire(map, "key", 3, 30));
    check_wakes(waiter, pid, 0); /* nobody touches it then */
  }
}

static void test_map_await_sleeps_over_what_others_keys_do(void) {
  struct sho_map *map = map_new("map", 64 * KIB, 0);
  struct waiter *waiter = shared_bytes(sizeof *waiter);
  pid_t pid = start_waiter(waiter, 0);
  for (int i = 0; i < 100; i++) {
    put_text(map, "other", "value");
    nap_us(100);
  }
  CHECK_HEX(atomic_load(&waiter->now), 0);
  check_wakes(waiter, pid, put_text(map, "key", "value"));
}

/* A key whose sleepers share the word of "key", and its bit or not. */
static uint64_t neighbour_of_key(const struct sho_map *map, int of_its_bit) {
  uint64_t hash = sho__map_hash(map, "key", 3);
  for (uint64_t other = 0;; other++) {
    uint64_t found = sho__map_hash(map, &other, sizeof other);
    if (found % SHO__MAP_WAITS == hash % SHO__MAP_WAITS &&
        (sho__on_changes(found) == sho__on_changes(hash)) == of_its_bit) {
      return other;
    }
  }
}

static void test_map_await_wakes_for_few_keys_of_others(void) {
  struct sho_map *map = map_new("map", 64 * KIB, 0);
  uint64_t hash = sho__map_hash(map, "key", 3);
  struct sho__wait_shm *wait = sho__wait_of(map, hash);
  uint64_t stranger = neighbour_of_key(map, 0);
  uint64_t neighbour = neighbour_of_key(map, 1);
  struct waiter *waiter = shared_bytes(sizeof *waiter);
  pid_t pid = start_waiter(waiter, 0);
  WAIT_UNTIL(atomic_load(&wait->sleepers) == sho__on_changes(hash));
  CHECK_OK(sho_map_set(map, &stranger, sizeof stranger, "", 0, 0, NULL));
  CHECK_INT(atomic_load(&wait->changes), 0);
  CHECK_OK(sho_map_set(map, &neighbour, sizeof neighbour, "", 0, 0, NULL));
  CHECK_INT(atomic_load(&wait->changes), 1);
  check_wakes(waiter, pid, put_text(map, "key", "value"));
}

static void test_map_await_costs_nothing_while_it_sleeps(void) {
  struct sho_map *map = map_new("map", 64 * KIB, 0);
  uint64_t now;
  struct timespec before;
  struct timespec after;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
  CHECK_CODE(sho_map_await(map, "key", 3, 0, 500000000, &now), SHO_ETIMEDOUT);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
  int64_t used_ns = (after.tv_sec - before.tv_sec) * second_ns + after.tv_nsec -
                    before.tv_nsec;
  CHECK(used_ns <= bound_ns(20));
}

static const struct test tests[] = {
    TEST(test_map_await_answers_at_once_if_the_version_is_another),
    TEST(test_map_await_times_out),
    TEST(test_map_await_wakes_for_each_way_to_change),
    TEST(test_map_await_sleeps_over_what_others_keys_do),
    TEST(test_map_await_wakes_for_few_keys_of_others),
    TEST(test_map_await_costs_nothing_while_it_sleeps),
};

TEST_MAIN(tests)
