/* Threads of one handle and of several: few keys, exact sums, close. */
#include <pthread.h>

#include "map/map.h"
#include "map_counts.h"
#include "maps.h"

enum { MOST_THREADS = 8 };

struct crew {
  struct sho_map *map[MOST_THREADS];
  int turns;
  _Atomic int number; /* of the next thread */
  _Atomic int stop;
  _Atomic int started;
  _Atomic uint64_t won; /* compare-and-sets that succeeded */
};

static void run_crew(struct crew *crew, int threads, void *(*work)(void *)) {
  pthread_t thread[MOST_THREADS];
  for (int i = 0; i < threads; i++) {
    REQUIRE(pthread_create(&thread[i], NULL, work, crew) == 0);
  }
  for (int i = 0; i < threads; i++) {
    pthread_join(thread[i], NULL);
  }
}

/* One handle for all threads, or one for each. */
static struct crew *new_crew(int eviction, int handles, int turns) {
  static struct crew made;
  struct crew *crew = &made;
  memset(crew, 0, sizeof *crew);
  crew->turns = turns;
  for (int i = 0; i < MOST_THREADS; i++) {
    crew->map[i] = i < handles ? map_new("map", 64 * KIB, eviction)
                               : crew->map[i % handles];
  }
  return crew;
}

/* ---- sums --------------------------------------------------------------- */

static void *add_ones(void *context) {
  struct crew *crew = context;
  struct sho_map *map = crew->map[atomic_fetch_add(&crew->number, 1)];
  for (int i = 0; i < crew->turns; i++) {
    char key = (char)('a' + i % 3);
    int64_t sum;
    CHECK_OK(sho_map_add_and_get(map, &key, 1, 1, &sum));
  }
  return NULL;
}

static void check_sums(int handles) {
  struct crew *crew =
      new_crew(SHO_EVICTION_NONE, handles, 3 * rounds(300, 20000, 500000));
  run_crew(crew, 4, add_ones);
  for (char key = 'a'; key < 'd'; key++) {
    int64_t sum = 0;
    CHECK_OK(sho_map_add_and_get(crew->map[0], &key, 1, 0, &sum));
    CHECK_INT(sum, 4 * (crew->turns / 3));
  }
  CHECK_OK(sho_map_verify(crew->map[0]));
}

static void test_map_threads_of_one_handle_add_exactly(void) { check_sums(1); }

static void test_map_threads_of_four_handles_add_exactly(void) {
  check_sums(4);
}

/* ---- compare-and-set ---------------------------------------------------- */

/* Counts up a number in a value by compare-and-set. */
static void *count_by_comparing(void *context) {
  struct crew *crew = context;
  struct sho_map *map = crew->map[atomic_fetch_add(&crew->number, 1)];
  for (int i = 0; i < crew->turns; i++) {
    uint64_t count = 0;
    uint64_t version = 0;
    size_t length;
    int code = sho_map_get(map, "n", 1, &count, 8, &length, &version);
    if (code != SHO_EABSENT) {
      CHECK_OK(code);
    }
    count++;
    code = sho_map_compare_and_set(map, "n", 1, version, &count, 8, 0, NULL);
    if (code == SHO_OK) {
      atomic_fetch_add(&crew->won, 1);
    } else {
      CHECK_CODE(code, SHO_ECHANGED);
    }
  }
  return NULL;
}

static void test_map_threads_compare_and_set_exactly(void) {
  struct crew *crew =
      new_crew(SHO_EVICTION_NONE, 2, rounds(500, 30000, 500000));
  run_crew(crew, 4, count_by_comparing);
  uint64_t count = 0;
  size_t length;
  CHECK_OK(sho_map_get(crew->map[0], "n", 1, &count, 8, &length, NULL));
  CHECK_INT(count, atomic_load(&crew->won));
}

/* Puts if absent, and removes what it put by its version: one at a time. */
static void *hold_in_turns(void *context) {
  struct crew *crew = context;
  struct sho_map *map = crew->map[atomic_fetch_add(&crew->number, 1)];
  static _Atomic int holders;
  for (int i = 0; i < crew->turns; i++) {
    uint64_t version = 0;
    int code = sho_map_compare_and_set(map, "t", 1, 0, "x", 1, 0, &version);
    if (code == SHO_OK) {
      CHECK_INT(atomic_fetch_add(&holders, 1), 0);
      atomic_fetch_sub(&holders, 1);
      CHECK_OK(sho_map_compare_and_remove(map, "t", 1, version));
      atomic_fetch_add(&crew->won, 1);
    } else {
      CHECK_CODE(code, SHO_ECHANGED);
    }
  }
  return NULL;
}

static void test_map_threads_put_if_absent_one_at_a_time(void) {
  struct crew *crew =
      new_crew(SHO_EVICTION_NONE, 2, rounds(500, 30000, 500000));
  run_crew(crew, 4, hold_in_turns);
  CHECK(atomic_load(&crew->won) > 0);
  CHECK_TEXT(text_of(crew->map[0], "t"), "(none)");
}

/* ---- values ------------------------------------------------------------- */

/* Everything on few keys: what is read is whole and never goes back. */
static void *do_all(void *context) {
  struct crew *crew = context;
  int self = atomic_fetch_add(&crew->number, 1);
  struct sho_map *map = crew->map[self];
  uint64_t random = (uint64_t)self + 1;
  uint64_t last[6] = {0};
  uint8_t *value = malloc(4 * KIB);
  uint8_t *out = malloc(32 * KIB);
  REQUIRE(value != NULL && out != NULL);
  for (int i = 0; i < crew->turns; i++) {
    uint64_t key = random_below(&random, 6);
    uint64_t version = 0;
    uint64_t stamp;
    uint64_t cursor = 0;
    size_t length;
    int code = SHO_OK;
    switch (random_below(&random, 12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        length = 32 + (size_t)random_below(&random, 3 * KIB);
        sign_value(value, length, key, (uint64_t)i);
        code = sho_map_set(map, &key, 8, value, length, 0, &version);
        break;
      case 4:
        code = sho_map_remove(map, &key, 8);
        break;
      case 5:
        code = sho_map_expire(map, &key, 8, 100000);
        break;
      case 6:
        code = sho_map_scan(map, &cursor, out, 32 * KIB, &length);
        break;
      case 7:
        code = i % 100 == 0 ? sho_map_clear(map)
                            : sho_map_remove_expired(map, NULL);
        break;
      default:
        code = sho_map_get(map, &key, 8, value, 4 * KIB, &length, &version);
        if (code == SHO_OK) {
          CHECK(value_is_whole(value, length, key, &stamp));
        }
        break;
    }
    if (code != SHO_EABSENT) {
      CHECK_OK(code);
    }
    if (version != 0) {
      CHECK(version >= last[key]);
      last[key] = version;
    }
  }
  free(value);
  free(out);
  return NULL;
}

static void check_all(int eviction, int handles) {
  struct crew *crew = new_crew(eviction, handles, rounds(300, 20000, 500000));
  run_crew(crew, 4, do_all);
  CHECK_OK(sho_map_verify(crew->map[0]));
  CHECK_INT(stats_of(crew->map[0]).damaged, 0);
}

static void test_map_threads_read_whole_values(void) {
  check_all(SHO_EVICTION_NONE, 1);
}

static void test_map_threads_of_handles_read_whole_values(void) {
  check_all(SHO_EVICTION_NONE, 4);
}

static void test_map_threads_read_whole_values_with_eviction(void) {
  check_all(SHO_EVICTION_S3_FIFO, 2);
}

/* Values in parts, which fill most of the map: so parts move all the time. */
static void *do_all_with_parts(void *context) {
  enum { KEYS = 16, LONGEST = 3000 };
  struct crew *crew = context;
  int self = atomic_fetch_add(&crew->number, 1);
  struct sho_map *map = crew->map[self];
  uint64_t random = (uint64_t)self + 1;
  uint8_t value[LONGEST];
  for (int i = 0; i < crew->turns; i++) {
    uint64_t key = random_below(&random, KEYS);
    uint64_t stamp;
    size_t length;
    int code;
    switch (random_below(&random, 12)) {
      case 0:
        code = sho_map_remove(map, &key, 8);
        break;
      case 1:
        code = sho_map_expire(map, &key, 8, i % 2 == 0 ? 100000 : 0);
        break;
      case 2:
      case 3:
      case 4:
      case 5:
        length = LONGEST / 2 + (size_t)random_below(&random, LONGEST / 2);
        sign_value(value, length, key, (uint64_t)i);
        code = sho_map_set(map, &key, 8, value, length, 0, NULL);
        break;
      default:
        code = sho_map_get(map, &key, 8, value, sizeof value, &length, NULL);
        if (code == SHO_OK) {
          CHECK(value_is_whole(value, length, key, &stamp));
        }
        break;
    }
    CHECK(code == SHO_OK || code == SHO_EABSENT || code == SHO_EFULL ||
          code == SHO_EBUSY);
  }
  return NULL;
}

static void check_parts(int eviction) {
  struct crew *crew = new_crew(eviction, 2, rounds(1000, 50000, 1000000));
  run_crew(crew, 4, do_all_with_parts);
  CHECK_OK(sho_map_verify(crew->map[0]));
  CHECK_INT(stats_of(crew->map[0]).damaged, 0);
  CHECK(counts_hold(crew->map[0]));
}

static void test_map_threads_read_whole_values_whose_parts_move(void) {
  check_parts(SHO_EVICTION_NONE);
}

static void test_map_threads_read_whole_values_whose_parts_leave(void) {
  check_parts(SHO_EVICTION_S3_FIFO);
}

/* ---- eviction under readers -------------------------------------------------
 */

enum { HOT = 7, HOT_BYTES = 7 * KIB };

static void *read_hot(void *context) {
  struct crew *crew = context;
  struct sho_map *map = crew->map[atomic_fetch_add(&crew->number, 1)];
  while (!atomic_load(&crew->stop)) {
    for (uint64_t key = 0; key < HOT; key++) {
      find_code(map, &key, 8);
    }
  }
  return NULL;
}

/* Readers visit all that there is while a writer looks for room: it drops some
 * of it nevertheless, and never takes that for damage. */
static void test_map_s3fifo_makes_room_under_readers(void) {
  struct crew *crew = new_crew(SHO_EVICTION_S3_FIFO, 3, 0);
  struct sho_map *map = crew->map[3];
  static uint8_t value[HOT_BYTES];
  pthread_t thread[2];
  for (int i = 0; i < 2; i++) {
    REQUIRE(pthread_create(&thread[i], NULL, read_hot, crew) == 0);
  }
  for (int i = 0; i < rounds(200, 20000, 500000); i++) {
    uint64_t key = (uint64_t)i % HOT;
    CHECK_OK(sho_map_set(map, &key, 8, value, sizeof value, 0, NULL));
  }
  atomic_store(&crew->stop, 1);
  for (int i = 0; i < 2; i++) {
    pthread_join(thread[i], NULL);
  }
  CHECK_OK(sho_map_verify(map));
  CHECK_INT(stats_of(map).damaged, 0);
  CHECK_INT(stats_of(map).recoveries, 0);
}

/* ---- overwriting while others read -------------------------------------- */

static void *read_always_there(void *context) {
  struct crew *crew = context;
  struct sho_map *map = crew->map[atomic_fetch_add(&crew->number, 1)];
  while (!atomic_load(&crew->stop)) {
    CHECK_OK(find_code(map, "key", 3));
  }
  return NULL;
}

/* Not even in an instant is a key absent that is only overwritten. */
static void check_always_there(int eviction) {
  struct crew *crew = new_crew(eviction, 1, 0);
  struct sho_map *map = crew->map[0];
  static uint8_t value[9 * KIB];
  pthread_t thread[2];
  CHECK_OK(sho_map_set(map, "key", 3, value, sizeof value, 0, NULL));
  for (int i = 0; i < 2; i++) {
    REQUIRE(pthread_create(&thread[i], NULL, read_always_there, crew) == 0);
  }
  for (int i = 0; i < rounds(200, 20000, 500000); i++) {
    CHECK_OK(sho_map_set(map, "key", 3, value, sizeof value, 0, NULL));
  }
  atomic_store(&crew->stop, 1);
  for (int i = 0; i < 2; i++) {
    pthread_join(thread[i], NULL);
  }
}

static void test_map_threads_find_what_is_overwritten(void) {
  check_always_there(SHO_EVICTION_NONE);
}

static void test_map_threads_find_what_is_overwritten_with_eviction(void) {
  check_always_there(SHO_EVICTION_S3_FIFO);
}

/* ---- counters ----------------------------------------------------------- */

static void *find_often(void *context) {
  struct crew *crew = context;
  struct sho_map *map = crew->map[atomic_fetch_add(&crew->number, 1)];
  for (int i = 0; i < crew->turns; i++) {
    CHECK_OK(find_code(map, "here", 4));
    CHECK_CODE(find_code(map, "gone", 4), SHO_EABSENT);
  }
  return NULL;
}

static void test_map_threads_count_all_hits_and_misses(void) {
  struct crew *crew = new_crew(SHO_EVICTION_NONE, 2, rounds(300, 5000, 50000));
  put_text(crew->map[0], "here", "value");
  uint64_t expected = 0;
  for (int i = 0; i < 3; i++) { /* lines pass from dead threads to new ones */
    atomic_store(&crew->number, 0);
    run_crew(crew, MOST_THREADS, find_often);
    expected += (uint64_t)crew->turns * MOST_THREADS;
  }
  struct sho_map_stats stats = stats_of(crew->map[0]);
  CHECK_INT(stats.hits, expected);
  CHECK_INT(stats.misses, expected);
}

/* ---- close -------------------------------------------------------------- */

static void *use_until_closed(void *context) {
  struct crew *crew = context;
  int self = atomic_fetch_add(&crew->number, 1);
  struct sho_map *map = crew->map[0];
  uint64_t random = (uint64_t)self;
  uint8_t value[256];
  uint8_t *out = malloc(16 * KIB);
  int code = SHO_OK;
  REQUIRE(out != NULL);
  atomic_fetch_add(&crew->started, 1);
  while (code != SHO_ECLOSED) {
    uint64_t key = random_below(&random, 50);
    uint64_t version;
    uint64_t cursor = 0;
    uint64_t stamp;
    char name = (char)random_below(&random, 4);
    uint32_t ticket;
    int64_t sum;
    size_t length;
    switch (self) {
      case 0:
      case 1:
        sign_value(value, 200, key, 1);
        code = sho_map_set(map, &key, 8, value, 200, 0, NULL);
        break;
      case 2:
        code = sho_map_add_and_get(map, "n", 1, 1, &sum);
        break;
      case 3:
        code = sho_map_await(map, "w", 1, 0, -1, &version);
        break;
      case 4:
        code = sho_map_scan(map, &cursor, out, 16 * KIB, &length);
        break;
      case 5:
        code = sho_map_compute_lock(map, &name, 1, NULL, 0, &ticket);
        code = code == SHO_OK ? sho_map_compute_unlock(map, ticket) : code;
        break;
      default:
        code = sho_map_get(map, &key, 8, value, sizeof value, &length, NULL);
        if (code == SHO_OK) {
          CHECK(value_is_whole(value, length, key, &stamp));
        }
        break;
    }
    CHECK(code == SHO_OK || code == SHO_EABSENT || code == SHO_ECLOSED);
  }
  free(out);
  return NULL;
}

static void test_map_close_ends_what_eight_threads_do(void) {
  for (int round = 0; round < rounds(3, 30, 300); round++) {
    struct crew *crew = new_crew(SHO_EVICTION_S3_FIFO, 1, 0);
    struct sho_map *other = map_again("map");
    pthread_t thread[MOST_THREADS];
    for (int i = 0; i < MOST_THREADS; i++) {
      REQUIRE(pthread_create(&thread[i], NULL, use_until_closed, crew) == 0);
    }
    WAIT_UNTIL(atomic_load(&crew->started) == MOST_THREADS);
    nap_us(2000);
    sho_map_close(crew->map[0]);
    for (int i = 0; i < MOST_THREADS; i++) {
      pthread_join(thread[i], NULL);
    }
    sho_map_free(crew->map[0]);
    put_text(other, "after", "value"); /* whatever was locked then */
    CHECK_OK(sho_map_verify(other));
    CHECK_INT(stats_of(other).damaged, 0);
    CHECK_INT(stats_of(other).peers, 1);
    sho_map_free(other);
  }
}

static const struct test tests[] = {
    TEST(test_map_threads_of_one_handle_add_exactly),
    TEST(test_map_threads_of_four_handles_add_exactly),
    TEST(test_map_threads_compare_and_set_exactly),
    TEST(test_map_threads_put_if_absent_one_at_a_time),
    TEST(test_map_threads_read_whole_values),
    TEST(test_map_threads_of_handles_read_whole_values),
    TEST(test_map_threads_read_whole_values_with_eviction),
    TEST(test_map_threads_read_whole_values_whose_parts_move),
    TEST(test_map_threads_read_whole_values_whose_parts_leave),
    TEST(test_map_s3fifo_makes_room_under_readers),
    TEST(test_map_threads_find_what_is_overwritten),
    TEST(test_map_threads_find_what_is_overwritten_with_eviction),
    TEST(test_map_threads_count_all_hits_and_misses),
    TEST(test_map_close_ends_what_eight_threads_do),
};

TEST_MAIN(tests)
