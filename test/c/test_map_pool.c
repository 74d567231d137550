/*
 * What the pool of chunks promises: a kill leaks no room; who is stopped while
 * he writes holds up nobody and keeps what he writes to; a table grows under
 * readers.
 */
#include <pthread.h>

#include "base/crash.h"
#include "crash_points.h"
#include "map_counts.h"

/* ---- kills leak no room ------------------------------------------------- */

enum { CAPACITY = 256 * KIB, LEAK_KEYS = 120 };

/* As many entries as a map takes. */
static uint64_t fill(struct sho_map *map) {
  static uint8_t value[200];
  uint64_t key = 0;
  while (sho_map_set(map, &key, 8, value, sizeof value, 0, NULL) == SHO_OK) {
    key++;
  }
  CHECK_OK(sho_map_clear(map));
  return key;
}

struct kill {
  const char *point;
  unsigned count;
  uint64_t random;
};

/* Sets small values and large ones, expires and removes, until it dies. */
static void write_and_die(void *context) {
  struct kill *kill = context;
  static uint8_t value[5 * KIB];
  struct sho_map *map = map_again("map");
  sho__crash_at(kill->point, kill->count);
  for (int i = 0; i < 500; i++) {
    uint64_t key = random_below(&kill->random, LEAK_KEYS);
    uint64_t kind = random_below(&kill->random, 10);
    size_t length = kind < 2 ? (size_t)random_below(&kill->random, 5 * KIB)
                             : (size_t)random_below(&kill->random, 200);
    int code = kind == 8   ? sho_map_remove(map, &key, 8)
               : kind == 9 ? sho_map_expire(map, &key, 8, 1000000)
                           : sho_map_set(map, &key, 8, value, length, 0, NULL);
    CHECK(code == SHO_OK || code == SHO_EABSENT);
  }
}

static void test_map_kills_leak_no_room(void) {
  struct points points;
  points_read("map/map_*.[ch]", &points);
  uint64_t random = 1;
  int deaths = 0;
  struct sho_map *map = map_new("map", CAPACITY, SHO_EVICTION_NONE);
  uint64_t fresh = fill(map);
  for (int i = 0; deaths < rounds(50, 2000, 20000); i++) {
    struct kill kill = {.point = points.names[(size_t)i % points.count],
                        .count = (unsigned)random_below(&random, 60) + 1,
                        .random = next_random(&random)};
    int status = child_wait(child_start(write_and_die, &kill));
    REQUIRE(status == 0 || status == 128 + SIGKILL);
    deaths += status != 0;
  }
  CHECK(counts_hold(map));
  CHECK_OK(sho_map_verify(map));
  CHECK_OK(sho_map_clear(map));
  uint64_t after = fill(map);
  printf("  %d deaths; %llu entries before, %llu after\n", deaths,
         (unsigned long long)fresh, (unsigned long long)after);
  CHECK(after >= fresh - fresh / 20);
  CHECK_OK(sho_map_verify(map));
  CHECK_INT(stats_of(map).damaged, 0);
}

/* ---- a writer that is stopped while it writes --------------------------- */

struct stop {
  size_t length;
  size_t page;
  uint8_t *pages; /* the second of them cannot be read at first */
  int refused;    /* the writer gives up what it has written in the end */
};

static struct stop *stop;

/* The copy came to the page that cannot be read: sleeps, then goes on. */
static void stop_here(int signal) {
  (void)signal;
  raise(SIGSTOP);
  mprotect(stop->pages + stop->page, stop->page, PROT_READ | PROT_WRITE);
}

static void set_and_stop(void *context) {
  (void)context;
  struct sho_map *map = map_again("map");
  struct sigaction action = {.sa_handler = stop_here};
  REQUIRE(sigaction(SIGSEGV, &action, NULL) == 0);
  REQUIRE(mprotect(stop->pages + stop->page, stop->page, PROT_NONE) == 0);
  uint8_t *value = stop->pages + stop->page - stop->length / 2;
  if (stop->refused) {
    CHECK_CODE(sho_map_compare_and_set(map, "stopped", 7, 1, value,
                                       stop->length, 0, NULL),
               SHO_ECHANGED);
  } else {
    CHECK_OK(sho_map_set(map, "stopped", 7, value, stop->length, 0, NULL));
  }
}

static void prepare_stop(size_t length) {
  static struct stop made;
  stop = &made;
  made.page = (size_t)sysconf(_SC_PAGESIZE);
  while (made.page < length) {
    made.page *= 2;
  }
  made.length = length;
  made.refused = 0;
  made.pages = shared_bytes(3 * made.page);
  sign_value(made.pages + made.page - length / 2, length, 77, 1);
}

/* Overwrites, removes, cleans and evicts, many times what the map holds. */
static void use_meanwhile(struct sho_map *map, int evicts) {
  static uint8_t value[12 * KIB];
  uint64_t random = 1;
  struct stopwatch watch = stopwatch();
  uint64_t most = evicts ? 2000 : 60;
  for (int i = 0; i < rounds(1000, 20000, 200000); i++) {
    uint64_t key = random_below(&random, most);
    size_t length =
        32 + (size_t)random_below(&random, i % 4 == 0 ? 12000 : 300);
    sign_value(value, length, key, (uint64_t)i);
    if (i % 8 == 7) {
      int code = sho_map_remove(map, &key, 8);
      CHECK(code == SHO_OK || code == SHO_EABSENT);
    } else {
      CHECK_OK(sho_map_set(map, &key, 8, value, length, 0, NULL));
    }
  }
  CHECK_WITHIN_MS(20000, watch);
  CHECK_OK(sho_map_verify(map));
}

static int is_any_held(const struct sho_map *map) {
  uint32_t held = 0;
  for (uint32_t i = 0; i < map->geometry.chunks; i++) {
    held |= atomic_load(&map->chunks[i].owner);
  }
  return held != 0;
}

static void check_stopped_writer(int eviction, size_t length) {
  static uint8_t out[128 * KIB];
  int status;
  size_t found = 0;
  uint64_t stamp = 0;
  prepare_stop(length);
  struct sho_map *map = map_new("map", 1 * MIB, eviction);
  put_text(map, "stopped", "before");
  pid_t pid = child_start(set_and_stop, NULL);
  REQUIRE(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
  CHECK(is_any_held(map) || length < KIB);
  use_meanwhile(map, eviction == SHO_EVICTION_S3_FIFO);
  if (eviction == SHO_EVICTION_NONE) {
    CHECK_TEXT(text_of(map, "stopped"), "before");
  }
  REQUIRE(kill(pid, SIGCONT) == 0);
  CHECK_INT(child_wait(pid), 0);
  CHECK_INT(is_any_held(map), 0);
  CHECK_OK(sho_map_get(map, "stopped", 7, out, sizeof out, &found, NULL));
  CHECK(value_is_whole(out, found, 77, &stamp));
  CHECK_INT(found, length);
  CHECK_OK(sho_map_verify(map));
  CHECK(counts_hold(map));
  CHECK_INT(stats_of(map).damaged, 0);
  sho_map_free(map);
  REQUIRE(unlink("map") == 0);
  munmap(stop->pages, 3 * stop->page);
}

static void test_map_stopped_writer_of_parts_holds_up_nobody(void) {
  check_stopped_writer(SHO_EVICTION_NONE, 100 * KIB);
  check_stopped_writer(SHO_EVICTION_S3_FIFO, 100 * KIB);
}

static void test_map_stopped_writer_holds_up_nobody(void) {
  check_stopped_writer(SHO_EVICTION_NONE, 100);
  check_stopped_writer(SHO_EVICTION_S3_FIFO, 100);
}

/* The same, and then it dies: what it had written is room again. */
static void test_map_stopped_writer_that_dies_leaves_its_room(void) {
  int status;
  prepare_stop(100 * KIB);
  struct sho_map *map = map_new("map", 1 * MIB, SHO_EVICTION_NONE);
  uint64_t fresh = fill(map);
  for (int i = 0; i < rounds(2, 30, 300); i++) {
    pid_t pid = child_start(set_and_stop, NULL);
    REQUIRE(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
    CHECK_INT(child_kill(pid), 128 + SIGKILL);
  }
  CHECK_TEXT(text_of(map, "stopped"), "(none)");
  uint64_t after = fill(map);
  CHECK(after >= fresh - fresh / 20);
  CHECK_OK(sho_map_verify(map));
}

/* What the first set answers that is refused. */
static int refusal(struct sho_map *map, uint64_t *key) {
  static uint8_t value[1000];
  int code;
  do {
    ++*key;
    code = sho_map_set(map, key, 8, value, sizeof value, 0, NULL);
  } while (code == SHO_OK);
  return code;
}

/* Nobody can tell whether parts that are written become a value. */
static void test_map_is_not_full_while_a_stopped_writer_holds_room(void) {
  int status;
  char name[32];
  uint64_t key = 0;
  prepare_stop(15 * KIB);
  struct sho_map *map = map_new("map", 64 * KIB, SHO_EVICTION_NONE);
  pid_t pid = child_start(set_and_stop, NULL);
  REQUIRE(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
  REQUIRE_OK(sho_lock_timeout(100000000));
  CHECK_CODE(refusal(map, &key), SHO_EBUSY);
  snprintf(name, sizeof name, "process %d ", (int)pid);
  CHECK(strstr(sho_last_message(), name) != NULL);
  CHECK_INT(child_kill(pid), 128 + SIGKILL);
  uint64_t before = key;
  CHECK_CODE(refusal(map, &key), SHO_EFULL);
  CHECK(key > before + 5);
  CHECK_OK(sho_map_verify(map));
}

static void *resume_later(void *pid) {
  nap_us(1000000);
  REQUIRE(kill(*(pid_t *)pid, SIGCONT) == 0);
  return NULL;
}

/* Who holds the room gets no processor for a while: a write waits for that. */
static void test_map_write_waits_for_who_goes_on_later(void) {
  int status;
  uint64_t key = 0;
  pthread_t thread;
  prepare_stop(15 * KIB);
  stop->refused = 1;
  struct sho_map *map = map_new("map", 64 * KIB, SHO_EVICTION_NONE);
  pid_t pid = child_start(set_and_stop, NULL);
  REQUIRE(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
  REQUIRE_OK(sho_lock_timeout(100000000));
  CHECK_CODE(refusal(map, &key), SHO_EBUSY);
  REQUIRE_OK(sho_lock_timeout(60000000000));
  REQUIRE(pthread_create(&thread, NULL, resume_later, &pid) == 0);
  CHECK_CODE(refusal(map, &key), SHO_EFULL);
  pthread_join(thread, NULL);
  CHECK_INT(child_wait(pid), 0);
  CHECK_OK(sho_map_verify(map));
  CHECK(counts_hold(map));
}

/* A large part of the map makes a difference, a small one little. */
static void test_map_is_full_whoever_holds_a_small_part(void) {
  int status;
  uint64_t key = 0;
  prepare_stop(100 * KIB);
  struct sho_map *map = map_new("map", 1 * MIB, SHO_EVICTION_NONE);
  pid_t pid = child_start(set_and_stop, NULL);
  REQUIRE(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
  CHECK_INT(is_any_held(map), 1);
  int code = refusal(map, &key);
  CHECK(code == SHO_EFULL || (is_slow() && code == SHO_EBUSY));
  struct stopwatch watch = stopwatch();
  for (int i = 0; i < 20; i++) {
    code = refusal(map, &key);
    CHECK(code == SHO_EFULL || (is_slow() && code == SHO_EBUSY));
  }
  CHECK_WITHIN_MS(2000, watch);
  CHECK_INT(child_kill(pid), 128 + SIGKILL);
}

/* ---- a table that grows under readers ----------------------------------- */

enum { OLD_KEYS = 100 };

static struct growth {
  struct sho_map *map;
  _Atomic int stop;
  _Atomic uint64_t reads;
} growth;

static void *read_old(void *context) {
  uint64_t random = (uint64_t)(uintptr_t)context;
  while (!atomic_load(&growth.stop)) {
    uint64_t key = random_below(&random, OLD_KEYS);
    uint8_t value[64];
    size_t length = 0;
    uint64_t stamp;
    CHECK_OK(
        sho_map_get(growth.map, &key, 8, value, sizeof value, &length, NULL));
    CHECK(value_is_whole(value, length, key, &stamp));
    atomic_fetch_add_explicit(&growth.reads, 1, memory_order_relaxed);
  }
  return NULL;
}

static void put_numbered(struct sho_map *map, uint64_t key) {
  uint8_t value[40];
  sign_value(value, sizeof value, key, 1);
  CHECK_OK(sho_map_set(map, &key, 8, value, sizeof value, 0, NULL));
}

static void test_map_tables_grow_and_shrink_under_readers(void) {
  enum { READERS = 2, NEW_KEYS = 20000 };
  pthread_t thread[READERS];
  struct sho_map *map = growth.map = map_new("map", 4 * MIB, 0);
  for (uint64_t key = 0; key < OLD_KEYS; key++) {
    put_numbered(map, key);
  }
  for (uintptr_t i = 0; i < READERS; i++) {
    REQUIRE(pthread_create(&thread[i], NULL, read_old, (void *)(i + 1)) == 0);
  }
  WAIT_UNTIL(atomic_load(&growth.reads) > 0);
  uint64_t new_keys = (uint64_t)rounds(2000, NEW_KEYS, NEW_KEYS);
  for (int round = 0; round < rounds(1, 10, 100); round++) {
    for (uint64_t key = OLD_KEYS; key < new_keys; key++) {
      put_numbered(map, key);
    }
    CHECK_INT(stats_of(map).entries, new_keys);
    for (uint64_t key = OLD_KEYS; key < new_keys; key++) {
      CHECK_OK(sho_map_remove(map, &key, 8));
    }
  }
  atomic_store(&growth.stop, 1);
  for (int i = 0; i < READERS; i++) {
    pthread_join(thread[i], NULL);
  }
  CHECK_OK(sho_map_verify(map));
  CHECK(counts_hold(map));
}

/* Small entries leave large tables. */
static void test_map_clear_gives_the_room_of_tables_back(void) {
  struct sho_map *map = map_new("map", CAPACITY, SHO_EVICTION_NONE);
  uint64_t fresh = fill(map);
  uint64_t key = 0;
  while (sho_map_set(map, &key, 8, NULL, 0, 0, NULL) == SHO_OK) {
    key++;
  }
  CHECK_OK(sho_map_clear(map));
  CHECK_INT(stats_of(map).live_bytes, 0);
  CHECK(fill(map) >= fresh - fresh / 20);
}

static const struct test tests[] = {
    TEST(test_map_kills_leak_no_room),
    TEST(test_map_stopped_writer_of_parts_holds_up_nobody),
    TEST(test_map_stopped_writer_holds_up_nobody),
    TEST(test_map_stopped_writer_that_dies_leaves_its_room),
    TEST(test_map_is_not_full_while_a_stopped_writer_holds_room),
    TEST(test_map_write_waits_for_who_goes_on_later),
    TEST(test_map_is_full_whoever_holds_a_small_part),
    TEST(test_map_tables_grow_and_shrink_under_readers),
    TEST(test_map_clear_gives_the_room_of_tables_back),
};

TEST_MAIN(tests)
