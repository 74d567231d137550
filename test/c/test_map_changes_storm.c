/*
 * Changes while several processes write, and while some of them are killed.
 *
 * A listener knows of each key its version, or that it is absent, by nothing
 * but what it hears. If it is told that it missed something it reads all keys
 * anew. When nobody writes any more, and all is heard, it must know exactly
 * what is in the map.
 */
#include "base/crash.h"
#include "changes.h"
#include "crash_points.h"

enum { KEYS = 1000, WRITERS = 4 };

/* ---- what a listener knows ---------------------------------------------- */

struct view {
  struct sho_map *map;
  struct stream stream;
  uint64_t version[KEYS]; /* 0: absent */
  uint64_t heard;
  uint64_t missed; /* times */
};

static uint64_t version_now(struct sho_map *map, uint32_t key) {
  uint64_t version = 0;
  size_t length;
  int code = sho_map_get(map, &key, sizeof key, NULL, 0, &length, &version);
  CHECK(code == SHO_OK || code == SHO_EABSENT);
  return code == SHO_OK ? version : 0;
}

static void read_all(struct view *view) {
  for (uint32_t i = 0; i < KEYS; i++) {
    view->version[i] = version_now(view->map, i);
  }
}

static struct view *view_of(struct sho_map *map) {
  struct view *view = calloc(1, sizeof *view);
  REQUIRE(view != NULL);
  view->map = map;
  listen_to(&view->stream, map);
  read_all(view);
  return view;
}

static void view_free(struct view *view) {
  sho_map_changes_free(view->stream.changes);
  free(view);
}

static uint32_t key_of(const struct stream *stream) {
  uint32_t key;
  REQUIRE(stream->change.key_bytes == sizeof key);
  memcpy(&key, stream->batch + stream->next - 8, sizeof key);
  REQUIRE(key < KEYS);
  return key;
}

/* exact: nothing was missed yet, and nothing was made when it began. */
static void apply(struct view *view, int exact) {
  const struct sho_map_change *change = &view->stream.change;
  if (change->kind == SHO_CHANGE_MISSED) {
    view->missed++;
    read_all(view);
    return;
  }
  uint64_t *known = &view->version[key_of(&view->stream)];
  view->heard++;
  if (exact && view->missed == 0) {
    CHECK_INT(change->kind == SHO_CHANGE_CREATED, *known == 0);
    CHECK(change->kind == SHO_CHANGE_CREATED ||
                  change->kind == SHO_CHANGE_UPDATED
              ? change->version > *known
              : change->version == *known);
  }
  *known =
      change->kind == SHO_CHANGE_CREATED || change->kind == SHO_CHANGE_UPDATED
          ? change->version
          : 0;
}

static void hear(struct view *view, int64_t timeout_ns, int exact) {
  int code = next_change(&view->stream, timeout_ns);
  while (code == SHO_OK) {
    apply(view, exact);
    code = next_change(&view->stream, timeout_ns);
  }
  CHECK_CODE(code, SHO_ETIMEDOUT);
}

static int check_view(struct view *view, const char *where) {
  for (uint32_t i = 0; i < KEYS; i++) {
    uint64_t is = version_now(view->map, i);
    if (view->version[i] != is) {
      return fail(__FILE__, __LINE__,
                  "%s: key %u has version %llu, and %llu was heard of; "
                  "missed %llu times",
                  where, i, (unsigned long long)is,
                  (unsigned long long)view->version[i],
                  (unsigned long long)view->missed);
    }
  }
  return 1;
}

/* ---- who writes --------------------------------------------------------- */

struct job {
  uint64_t seed;
  uint64_t calls; /* 0: until it is killed */
};

struct shared {
  _Atomic uint64_t made; /* changes */
  _Atomic int ready;
  _Atomic int done;
  struct job jobs[WRITERS];
};
static struct shared *shared;

static void write_some(void *context) {
  const struct job *job = context;
  static uint8_t value[300];
  uint64_t random = job->seed;
  uint64_t made = 0;
  struct sho_map *map = map_again("map");
  for (uint64_t i = 0; job->calls == 0 || i < job->calls; i++) {
    uint32_t key = (uint32_t)random_below(&random, KEYS);
    uint64_t dice = random_below(&random, 16);
    int code = dice == 0 ? sho_map_remove(map, &key, sizeof key)
                         : sho_map_set(map, &key, sizeof key, value,
                                       dice * 20 - 20, 0, NULL);
    CHECK(code == SHO_OK || (dice == 0 && code == SHO_EABSENT));
    made += code == SHO_OK;
  }
  atomic_fetch_add(&shared->made, made);
  sho_map_free(map);
}

static void listen_to_all(void *context) {
  (void)context;
  struct sho_map *map = map_again("map");
  struct view *view = view_of(map);
  atomic_store(&shared->ready, 1);
  while (!atomic_load(&shared->done)) {
    hear(view, 1000000, 1);
  }
  hear(view, 0, 1);
  uint64_t made = atomic_load(&shared->made);
  printf("  %llu changes made, %llu heard, %llu times some were missed\n",
         (unsigned long long)made, (unsigned long long)view->heard,
         (unsigned long long)view->missed);
  CHECK(view->missed > 0 ? view->heard < made : view->heard == made);
  check_view(view, "at the end");
  view_free(view);
  sho_map_free(map);
}

static void run_writers(uint64_t calls) {
  pid_t pids[WRITERS];
  for (int i = 0; i < WRITERS; i++) {
    shared->jobs[i] =
        (struct job){.seed = (uint64_t)i + 1, .calls = calls / WRITERS};
    pids[i] = child_start(write_some, &shared->jobs[i]);
  }
  for (int i = 0; i < WRITERS; i++) {
    CHECK_INT(child_wait(pids[i]), 0);
  }
}

static void storm(uint64_t capacity, uint64_t calls) {
  shared = shared_bytes(sizeof *shared);
  struct sho_map *map = map_new("map", capacity, SHO_EVICTION_NONE);
  pid_t listener = child_start(listen_to_all, NULL);
  WAIT_UNTIL(atomic_load(&shared->ready));
  run_writers(calls);
  atomic_store(&shared->done, 1);
  CHECK_INT(child_wait(listener), 0);
  CHECK_OK(sho_map_verify(map));
  sho_map_free(map);
}

static void test_changes_of_four_processes_are_heard_by_a_fifth(void) {
  storm(64 * MIB, (uint64_t)rounds(4000, 100000, 1000000));
}

/* The ring is so small that a listener falls behind. */
static void test_changes_that_a_small_ring_loses_are_told_as_missed(void) {
  storm(512 * KIB, (uint64_t)rounds(4000, 40000, 400000));
}

/* ---- who is killed ------------------------------------------------------ */

static void test_changes_are_not_lost_with_killed_writers(void) {
  shared = shared_bytes(sizeof *shared);
  struct sho_map *map = map_new("map", 64 * MIB, SHO_EVICTION_NONE);
  struct view *view = view_of(map);
  pid_t pids[WRITERS];
  uint64_t random = 5;
  int kills = rounds(8, 60, 2000);
  for (int i = 0; i < WRITERS; i++) {
    shared->jobs[i] = (struct job){.seed = (uint64_t)i + 1};
    pids[i] = child_start(write_some, &shared->jobs[i]);
  }
  for (int n = 0; n < kills; n++) {
    int64_t end = now_ns() + (int64_t)random_below(&random, 8000000);
    while (now_ns() < end && next_change(&view->stream, 500000) == SHO_OK) {
      apply(view, 0);
    }
    int i = n % WRITERS;
    CHECK_INT(child_kill(pids[i]), 128 + SIGKILL);
    shared->jobs[i].seed += 100;
    pids[i] = child_start(write_some, &shared->jobs[i]);
  }
  for (int i = 0; i < WRITERS; i++) {
    child_kill(pids[i]);
  }
  hear(view, 100000000, 0);
  printf("  %d kills, %llu changes heard, %llu times some may be missed\n",
         kills, (unsigned long long)view->heard,
         (unsigned long long)view->missed);
  CHECK(view->heard > 0);
  check_view(view, "after kills");
  view_free(view);
  sho_map_free(map);
}

/* ---- who dies at a crash point ------------------------------------------ */

struct death {
  const char *point;
  unsigned count;
  int eviction;
};

static void set_key(struct sho_map *map, uint32_t key, size_t bytes,
                    int64_t ttl_ms) {
  static uint8_t value[4000];
  int code = sho_map_set(map, &key, sizeof key, value, bytes, ttl_ms, NULL);
  CHECK(code == SHO_OK || code == SHO_EFULL);
}

static void act(void *context) {
  const struct death *death = context;
  struct sho_map *map = map_again("map");
  sho__crash_at(death->point, death->count);
  for (uint32_t i = 0; i < 8; i++) {
    set_key(map, i, 100 + i * 10, 0); /* new, and then again */
    set_key(map, i / 2, 50, 0);
    set_key(map, 100 + i, 50, 1); /* expires */
  }
  uint32_t key = 1;
  sho_map_remove(map, &key, sizeof key);
  nap_us(2000);
  set_key(map, 100, 60, 0);
  sho_map_remove_expired(map, NULL);
  for (uint32_t i = 0; i < 100; i++) {
    set_key(map, 200 + i, 2000, 0); /* until something is cleaned */
    set_key(map, 200 + i / 2, 1000, 0);
  }
  sho_map_clear(map);
  set_key(map, 5, 100, 0);
}

static int die_at(const struct points *points, size_t p, unsigned count,
                  int eviction) {
  struct death death = {points->names[p], count, eviction};
  struct sho_map *map = map_new("map", 128 * KIB, eviction);
  struct view *view = view_of(map);
  int status = child_wait(child_start(act, &death));
  CHECK(status == 0 || status == 128 + SIGKILL);
  nap_us(3000); /* what expires has expired */
  CHECK_OK(sho_map_remove_expired(map, NULL));
  /* A change that may be made is told some ms after its writer's death. */
  hear(view, 30000000, 0);
  char where[100];
  snprintf(where, sizeof where, "killed at \"%s\", %u", death.point, count);
  check_view(view, where);
  /* The next writer goes on, and is heard. */
  set_key(map, 7, 10, 0);
  hear(view, 0, 0);
  check_view(view, where);
  CHECK_OK(sho_map_verify(map));
  view_free(view);
  check_no_ring(map);
  sho_map_free(map);
  REQUIRE(unlink("map") == 0);
  return status != 0;
}

static void test_changes_are_told_after_a_death_at_each_crash_point(void) {
  struct points points;
  points_read("map/map_*.[ch]", &points);
  int deaths = 0;
  int of_change = 0;
  int deep = rounds(1, 1, 30);
  for (size_t p = 0; p < points.count; p++) {
    for (int n = 0; n < 2 * deep; n++) {
      int eviction = n % 2 == 0 ? SHO_EVICTION_NONE : SHO_EVICTION_S3_FIFO;
      /* Deeper and deeper: 1, 8, 15 ... arrivals. */
      int died = die_at(&points, p, (unsigned)(n / 2 * 7 + 1), eviction);
      deaths += died;
      of_change += died && strncmp(points.names[p], "map: change", 11) == 0;
    }
  }
  printf("  %zu points, %d deaths, %d of them in a change\n", points.count,
         deaths, of_change);
  CHECK(of_change >= 6);
}

static const struct test tests[] = {
    TEST(test_changes_of_four_processes_are_heard_by_a_fifth),
    TEST(test_changes_that_a_small_ring_loses_are_told_as_missed),
    TEST(test_changes_are_not_lost_with_killed_writers),
    TEST(test_changes_are_told_after_a_death_at_each_crash_point),
};

TEST_MAIN(tests)
