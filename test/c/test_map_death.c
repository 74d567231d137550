/*
 * A map with large entries: what a writer that dies, or is stopped, inside of a
 * write leaves for the next one to do does not grow with map or entry. The
 * usual run takes a small map; SHO_LONG one of 4 GiB, with entries of 64 MiB.
 */
#include "base/crash.h"
#include "crash_points.h"
#include "map/map.h"
#include "maps.h"

enum { SMALL_BYTES = 100, SMALL_ENTRIES = 20000, DEEP = 3, NEXT_WRITES = 40 };

static uint8_t small[SMALL_BYTES];
static uint8_t *large; /* a value */
static size_t large_bytes;
static uint64_t large_entries; /* that nearly fill the map */

static int put(struct sho_map *map, uint64_t key, const uint8_t *value,
               size_t bytes) {
  return sho_map_set(map, &key, sizeof key, value, bytes, 0, NULL);
}

static int put_small(struct sho_map *map, uint64_t key) {
  return put(map, key, small, sizeof small);
}

static int put_large(struct sho_map *map, uint64_t key) {
  return put(map, key, large, large_bytes);
}

/* Large entries have the first keys. */
static struct sho_map *filled(int eviction) {
  uint64_t capacity = (uint64_t)rounds(8, 64, 4096) * MIB;
  large_bytes = capacity / 64;
  large_entries = 56;
  large = malloc(large_bytes);
  REQUIRE(large != NULL);
  memset(large, 'v', large_bytes);
  struct sho_map *map = map_with(
      "map", (struct sho_map_options){.size = sizeof(struct sho_map_options),
                                      .capacity = capacity,
                                      .max_entry = large_bytes + 4 * KIB,
                                      .eviction = eviction});
  uint64_t more = capacity / 4096;
  for (uint64_t i = 0; i < large_entries; i++) {
    REQUIRE_OK(put_large(map, i));
  }
  for (uint64_t i = 0; i < more; i++) {
    int code = put_small(map, 1000 + i);
    CHECK(code == SHO_OK || code == SHO_EFULL);
  }
  return map;
}

/* ---- a death at a point, or at any time
 * ---------------------------------------------- */

static const char *const ways[] = {
    "set large, new", "set large, replaces", "set small over large",
    "set small",      "remove large",        "expire large",
    "clear"};
enum { CLEAR = sizeof ways / sizeof *ways - 1 };

struct victim {
  unsigned way;
  uint64_t key;
  const char *point; /* NULL: it dies at any time */
  unsigned count;
};

static void act(struct sho_map *map, const struct victim *victim) {
  uint64_t key = victim->key;
  switch (victim->way) {
    case 0:
      (void)put_large(map, key + large_entries);
      break;
    case 1:
      (void)put_large(map, key);
      break;
    case 2:
    case 3:
      (void)put_small(map, victim->way == 2 ? key : key + 1000);
      break;
    case 4:
      (void)sho_map_remove(map, &key, sizeof key);
      break;
    case 5:
      (void)sho_map_expire(map, &key, sizeof key, 1000000000);
      break;
    default:
      (void)sho_map_clear(map);
  }
}

static void act_and_die(void *context) {
  const struct victim *victim = context;
  struct sho_map *map = map_again("map");
  sho__crash_at(victim->point, victim->count);
  do {
    act(map, victim);
  } while (victim->point == NULL);
  sho__crash_at(NULL, 0);
  sho_map_free(map);
}

struct longest {
  int64_t ns;
  char where[128];
};

static void took(struct stopwatch watch, struct longest *longest,
                 const char *what, const char *point) {
  int64_t ns = now_ns() - watch.begin_ns;
  ns -= processor_delay_ns() - watch.delay_ns;
  if (ns > longest->ns) {
    longest->ns = ns;
    snprintf(longest->where, sizeof longest->where, "%s; %s", what,
             point == NULL ? "at any time" : point);
  }
}

/* The next writes: of the key itself first, then of any. */
static void write_next(struct sho_map *map, const struct victim *victim,
                       uint64_t *random, struct longest *longest) {
  uint64_t key = victim->way == 0   ? victim->key + large_entries
                 : victim->way == 3 ? victim->key + 1000
                                    : victim->key;
  for (int i = 0; i < NEXT_WRITES; i++) {
    struct stopwatch watch = stopwatch();
    int code = put_small(map, key);
    took(watch, longest, ways[victim->way], victim->point);
    CHECK(code == SHO_OK || code == SHO_EFULL);
    key = 1000 + random_below(random, SMALL_ENTRIES);
  }
}

/* As full as before. */
static void refill(struct sho_map *map, const struct victim *victim) {
  uint64_t key = victim->key + large_entries;
  (void)sho_map_remove(map, &key, sizeof key);
  (void)put_large(map, victim->key);
  if (victim->way == CLEAR) {
    for (uint64_t i = 0; i < large_entries; i++) {
      (void)put_large(map, i);
    }
  }
}

static int die_at(struct sho_map *map, struct victim *victim, uint64_t *random,
                  struct longest *longest) {
  victim->key = random_below(random, large_entries);
  pid_t pid = child_start(act_and_die, victim);
  if (victim->point == NULL) {
    nap_us((int64_t)random_below(random, 100000));
  }
  int status = victim->point == NULL ? child_kill(pid) : child_wait(pid);
  CHECK(status == 0 || status == 128 + SIGKILL);
  if (status != 0) {
    write_next(map, victim, random, longest);
    refill(map, victim);
  }
  return status != 0;
}

static void deaths(int eviction) {
  static const uint64_t counts[DEEP] = {1, 12, 400};
  struct points points;
  struct longest longest = {0};
  uint64_t random = (uint64_t)now_ns();
  int count = 0;
  points_read("map/map_*.[ch]", &points);
  struct sho_map *map = filled(eviction);
  int64_t end_ns = now_ns() + INT64_C(1000000000) * rounds(10, 5, 90);
  while (now_ns() < end_ns) {
    uint64_t most = counts[random_below(&random, DEEP)];
    const char *point = points.names[random_below(&random, points.count)];
    struct victim victim = {.way = random_below(&random, 100) == 0
                                       ? CLEAR
                                       : (unsigned)random_below(&random, CLEAR),
                            .point =
                                random_below(&random, 2) == 0 ? point : NULL,
                            .count = 1 + (unsigned)random_below(&random, most)};
    count += die_at(map, &victim, &random, &longest);
  }
  printf("  %d deaths, longest write after one %.1f ms: %s\n", count,
         (double)longest.ns / 1e6, longest.where);
  CHECK(count > 0);
  CHECK(longest.ns <= bound_ns(20));
  CHECK_OK(sho_map_verify(map));
  sho_map_free(map);
}

static void test_map_death_with_large_entries_holds_up_nobody(void) {
  deaths(SHO_EVICTION_NONE);
}

static void test_map_death_in_an_evicting_map_holds_up_nobody(void) {
  deaths(SHO_EVICTION_S3_FIFO);
}

/* ---- a stop at any time ------------------------------------------------- */

static void set_large_always(void *context) {
  struct sho_map *map = map_again("map");
  uint64_t random = (uint64_t)now_ns();
  (void)context;
  for (;;) {
    (void)put_large(map, random_below(&random, large_entries));
  }
}

static void stops(int eviction) {
  struct longest longest = {0};
  uint64_t random = 1;
  int busy = 0;
  int status;
  int times = rounds(20, 100, 1000);
  struct sho_map *map = filled(eviction);
  pid_t pid = child_start(set_large_always, NULL);
  REQUIRE_OK(sho_lock_timeout(50000000));
  for (int i = 0; i < times; i++) {
    nap_us((int64_t)random_below(&random, 60000));
    REQUIRE(kill(pid, SIGSTOP) == 0);
    REQUIRE(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
    for (int w = 0; w < NEXT_WRITES; w++) {
      uint64_t key = 1000 + random_below(&random, SMALL_ENTRIES);
      struct stopwatch watch = stopwatch();
      int code = put_small(map, key);
      if (code == SHO_EBUSY) {
        busy++;
        break;
      }
      took(watch, &longest, "stopped", "anywhere");
      CHECK(code == SHO_OK || code == SHO_EFULL);
    }
    REQUIRE(kill(pid, SIGCONT) == 0);
  }
  CHECK_INT(child_kill(pid), 128 + SIGKILL);
  printf("  %d stops, longest write meanwhile %.1f ms; %d of a shard's owner\n",
         times, (double)longest.ns / 1e6, busy);
  CHECK(longest.ns <= bound_ns(20));
  /* A sanitizer makes the time under the lock long. */
  CHECK(busy <= times / rounds(3, 20, 20));
  CHECK_OK(sho_map_verify(map));
  sho_map_free(map);
}

static void test_map_stop_with_large_entries_holds_up_nobody(void) {
  stops(SHO_EVICTION_NONE);
}

static void test_map_stop_in_an_evicting_map_holds_up_nobody(void) {
  stops(SHO_EVICTION_S3_FIFO);
}

static const struct test tests[] = {
    TEST(test_map_death_with_large_entries_holds_up_nobody),
    TEST(test_map_death_in_an_evicting_map_holds_up_nobody),
    TEST(test_map_stop_with_large_entries_holds_up_nobody),
    TEST(test_map_stop_in_an_evicting_map_holds_up_nobody),
};

TEST_MAIN(tests)
