/*
 * What processes do to a few keys is strictly linearizable, although they are
 * killed: at random moments, and at random crash points. They write down what
 * they begin and what comes of it in memory that outlives them.
 */
#include <sys/time.h>

#include "base/crash.h"
#include "crash_points.h"
#include "history.h"
#include "map/map.h"
#include "maps.h"

enum {
  WORKERS = 4,
  PROCESSES = WORKERS + 1, /* and this one */
  HISTORY_KEYS = 4,
  FILLERS = 24,
  FILLER_BYTES = 6 * KIB,
  MORE = 64 /* operations that may follow when there are enough */
};

struct world {
  _Atomic uint64_t clock;
  _Atomic uint64_t count; /* of operations; some may never have begun */
  _Atomic uint64_t refused;
  _Atomic uint64_t current[PROCESSES]; /* operation + 1 */
  struct points points;
  uint64_t goal;
  int evicts;
  struct operation operations[]; /* goal + MORE */
};

struct worker {
  struct world *world;
  struct sho_map *map;
  uint64_t random;
  uint8_t process;
  /* Of each key: what was found there last. */
  uint64_t value[HISTORY_KEYS];
  uint64_t version[HISTORY_KEYS];
};

/* ---- the checker -------------------------------------------------------- */

/* An end below 0 is a death. */
struct line {
  int process;
  enum kind kind;
  int begin, end;
  uint64_t value, expected, result, version;
};

static int is_history(const struct line *lines, size_t count, int evicts) {
  struct operation operations[8] = {0};
  size_t length;
  for (size_t i = 0; i < count; i++) {
    operations[i] = (struct operation){
        .begin = (uint64_t)lines[i].begin,
        .end = (uint64_t)abs(lines[i].end),
        .value = lines[i].value,
        .expected = lines[i].expected,
        .result = lines[i].result,
        .version = lines[i].version,
        .kind = (uint8_t)lines[i].kind,
        .process = (uint8_t)lines[i].process,
        .cut = lines[i].end < 0,
    };
  }
  struct event *events = history_of(operations, count, 0, &length);
  int good = history_explains(events, length, evicts) == length;
  free(events);
  return good;
}

#define IS_HISTORY(evicts, ...)                                                \
  is_history((const struct line[]){__VA_ARGS__},                               \
             sizeof(const struct line[]){__VA_ARGS__} / sizeof(struct line),   \
             evicts)
#define LINE(...)                                                              \
  { __VA_ARGS__ }

static void test_history_knows_what_is_none(void) {
  /* Two that overlap may come in either order, but in one. */
  CHECK(IS_HISTORY(0, LINE(0, SET, 1, 9, 7, 0, 0, 1),
                   LINE(1, GET, 2, 3, 0, 0, 0, 0),
                   LINE(1, GET, 4, 5, 0, 0, 7, 1)));
  CHECK(!IS_HISTORY(0, LINE(0, SET, 1, 9, 7, 0, 0, 1),
                    LINE(1, GET, 2, 3, 0, 0, 7, 1),
                    LINE(1, GET, 4, 5, 0, 0, 0, 0)));
  /* A write that is lost, or evicted; one that comes back. */
  CHECK(!IS_HISTORY(0, LINE(0, SET, 1, 2, 7, 0, 0, 1),
                    LINE(1, GET, 3, 4, 0, 0, 0, 0)));
  CHECK(IS_HISTORY(1, LINE(0, SET, 1, 2, 7, 0, 0, 1),
                   LINE(1, GET, 3, 4, 0, 0, 0, 0)));
  CHECK(!IS_HISTORY(1, LINE(0, SET, 1, 2, 7, 0, 0, 1),
                    LINE(0, SET, 3, 4, 8, 0, 0, 2),
                    LINE(1, GET, 5, 6, 0, 0, 7, 1)));
  CHECK(!IS_HISTORY(1, LINE(0, SET, 1, 2, 7, 0, 0, 1),
                    LINE(1, GET, 3, 4, 0, 0, 0, 0),
                    LINE(1, GET, 5, 6, 0, 0, 7, 1)));
  /* Versions that do not fit. */
  CHECK(!IS_HISTORY(0, LINE(0, SET, 1, 2, 7, 0, 0, 5),
                    LINE(1, GET, 3, 4, 0, 0, 7, 6)));
  CHECK(!IS_HISTORY(0, LINE(0, SET, 1, 2, 7, 0, 0, 5),
                    LINE(0, SET, 3, 4, 8, 0, 0, 5)));
  CHECK(!IS_HISTORY(0, LINE(0, SET, 1, 2, 7, 0, 0, 5),
                    LINE(0, REMOVE, 3, 4, 0, 0, 1, 0),
                    LINE(0, SET, 5, 6, 8, 0, 0, 4)));
  /* Two that both won, or both lost. */
  CHECK(!IS_HISTORY(0, LINE(0, CAS, 1, 4, 7, 0, 1, 1),
                    LINE(1, CAS, 2, 3, 8, 0, 1, 2)));
  CHECK(IS_HISTORY(0, LINE(0, CAS, 1, 4, 7, 0, 1, 1),
                   LINE(1, CAS, 2, 3, 8, 0, 0, 0)));
  CHECK(!IS_HISTORY(0, LINE(0, CAS, 1, 4, 7, 0, 0, 0),
                    LINE(1, CAS, 2, 3, 8, 0, 0, 0)));
  CHECK(!IS_HISTORY(0, LINE(0, SET, 1, 2, 7, 0, 0, 1),
                    LINE(0, REMOVE, 3, 9, 0, 0, 1, 0),
                    LINE(1, REMOVE, 4, 8, 0, 0, 1, 0)));
  /* A sum that lacks something. */
  CHECK(IS_HISTORY(0, LINE(0, ADD, 1, 4, 7, 0, 15, 0),
                   LINE(1, ADD, 2, 3, 8, 0, 8, 0)));
  CHECK(!IS_HISTORY(0, LINE(0, ADD, 1, 4, 7, 0, 7, 0),
                    LINE(1, ADD, 2, 3, 8, 0, 8, 0)));
}

static void test_history_knows_what_the_dead_may_have_done(void) {
  /* It took effect, or it did not. */
  CHECK(IS_HISTORY(0, LINE(0, SET, 1, -2, 7, 0, 0, 0),
                   LINE(1, GET, 3, 4, 0, 0, 7, 1)));
  CHECK(IS_HISTORY(0, LINE(0, SET, 1, -2, 7, 0, 0, 0),
                   LINE(1, GET, 3, 4, 0, 0, 0, 0)));
  CHECK(IS_HISTORY(0, LINE(0, SET, 1, 2, 7, 0, 0, 1),
                   LINE(0, REMOVE, 3, -4, 0, 0, 0, 0),
                   LINE(1, GET, 5, 6, 0, 0, 0, 0)));
  /* It was seen: then it stays. */
  CHECK(!IS_HISTORY(0, LINE(0, SET, 1, -6, 7, 0, 0, 0),
                    LINE(1, GET, 2, 3, 0, 0, 7, 1),
                    LINE(1, GET, 4, 5, 0, 0, 0, 0)));
  /* After the death nothing happens any more. */
  CHECK(!IS_HISTORY(0, LINE(0, SET, 1, -2, 7, 0, 0, 0),
                    LINE(1, GET, 3, 4, 0, 0, 0, 0),
                    LINE(1, GET, 5, 6, 0, 0, 7, 1)));
  CHECK(!IS_HISTORY(0, LINE(0, ADD, 1, -2, 7, 0, 0, 0),
                    LINE(1, ADD, 3, 4, 8, 0, 8, 0),
                    LINE(1, GET, 5, 6, 0, 0, 15, 3)));
  CHECK(IS_HISTORY(0, LINE(0, ADD, 1, -2, 7, 0, 0, 0),
                   LINE(1, ADD, 3, 4, 8, 0, 15, 0),
                   LINE(1, GET, 5, 6, 0, 0, 15, 3)));
  /* Nor does it happen twice. */
  CHECK(!IS_HISTORY(0, LINE(0, ADD, 1, -2, 7, 0, 0, 0),
                    LINE(1, GET, 3, 4, 0, 0, 14, 3)));
}

/* ---- workers ------------------------------------------------------------ */

static uint64_t tick(struct world *world) {
  return atomic_fetch_add(&world->clock, 1) + 1;
}

/* Not 0, and so small that thousands of them can be added up. */
static uint64_t new_value(struct worker *worker) {
  return next_random(&worker->random) >> 16 | 1;
}

static struct operation *begin(struct worker *worker, enum kind kind, int key,
                               uint64_t value, uint64_t expected) {
  struct world *world = worker->world;
  uint64_t number = atomic_fetch_add(&world->count, 1);
  REQUIRE(number < world->goal + MORE);
  struct operation *operation = &world->operations[number];
  operation->kind = (uint8_t)kind;
  operation->key = (uint8_t)key;
  operation->process = worker->process;
  operation->value = value;
  operation->expected = expected;
  atomic_store(&world->current[worker->process], number + 1);
  atomic_store(&operation->begin, tick(world));
  return operation;
}

/* A write that found no room, or a lock that somebody held who got no
 * processor, has changed nothing, so it is no part of the history. */
static void end(struct worker *worker, struct operation *operation, int code) {
  if (code == SHO_EFULL || code == SHO_EBUSY) {
    atomic_fetch_add(&worker->world->refused, 1);
    atomic_store(&operation->begin, 0);
    return;
  }
  CHECK(code == SHO_OK || code == SHO_EABSENT || code == SHO_ECHANGED);
  atomic_store(&operation->end, tick(worker->world));
}

static void get(struct worker *worker, int key) {
  char name[] = {'k', (char)('0' + key)};
  size_t length = 0;
  uint64_t value = ABSENT;
  uint64_t version = 0;
  struct operation *operation = begin(worker, GET, key, 0, 0);
  int code = sho_map_get(worker->map, name, sizeof name, &value, sizeof value,
                         &length, &version);
  CHECK(code == SHO_EABSENT || (code == SHO_OK && length == sizeof value));
  operation->result = value;
  operation->version = version;
  end(worker, operation, code);
  worker->value[key] = value;
  worker->version[key] = version;
}

static void set(struct worker *worker, int key) {
  char name[] = {'k', (char)('0' + key)};
  uint64_t value = new_value(worker);
  struct operation *operation = begin(worker, SET, key, value, 0);
  end(worker, operation,
      sho_map_set(worker->map, name, sizeof name, &value, sizeof value, 0,
                  &operation->version));
}

static void drop(struct worker *worker, int key) {
  char name[] = {'k', (char)('0' + key)};
  struct operation *operation = begin(worker, REMOVE, key, 0, 0);
  int code = sho_map_remove(worker->map, name, sizeof name);
  operation->result = code == SHO_OK;
  end(worker, operation, code);
}

/* Expects what the worker's last get found. */
static void replace(struct worker *worker, int key) {
  char name[] = {'k', (char)('0' + key)};
  uint64_t value = new_value(worker);
  struct operation *operation =
      begin(worker, CAS, key, value, worker->value[key]);
  int code = sho_map_compare_and_set(worker->map, name, sizeof name,
                                     worker->version[key], &value, sizeof value,
                                     0, &operation->version);
  operation->result = code == SHO_OK;
  end(worker, operation, code);
}

static void add(struct worker *worker, int key) {
  char name[] = {'k', (char)('0' + key)};
  uint64_t value = new_value(worker);
  int64_t sum = 0;
  struct operation *operation = begin(worker, ADD, key, value, 0);
  int code =
      sho_map_add_and_get(worker->map, name, sizeof name, (int64_t)value, &sum);
  operation->result = (uint64_t)sum;
  end(worker, operation, code);
}

/* Keeps chunks coming and going; with eviction, more than the map can hold. */
static void fill(struct worker *worker) {
  static const uint8_t value[FILLER_BYTES];
  uint64_t fillers = worker->world->evicts ? 4 * FILLERS : FILLERS / 2;
  char name[24];
  int bytes = snprintf(name, sizeof name, "filler %d",
                       (int)random_below(&worker->random, fillers));
  int code = sho_map_set(worker->map, name, (size_t)bytes, value,
                         random_below(&worker->random, sizeof value), 0, NULL);
  CHECK(code == SHO_OK || code == SHO_EFULL || code == SHO_EBUSY);
}

static void act(struct worker *worker) {
  int key = (int)random_below(&worker->random, HISTORY_KEYS);
  switch (random_below(&worker->random, 8)) {
    case 0:
      set(worker, key);
      break;
    case 1:
      drop(worker, key);
      break;
    case 2:
    case 3:
      add(worker, key);
      break;
    case 4:
      fill(worker);
      break;
    case 5:
      get(worker, key);
      break;
    case 6:
      get(worker, key);
      replace(worker, key);
      break;
    default:
      replace(worker, key); /* mostly in vain */
  }
}

static void die(int signal) {
  (void)signal;
  kill(getpid(), SIGKILL);
}

/* Lets a worker die soon, wherever it is then; every other one at a crash
 * point, if it comes to it before. */
static void arm(struct worker *worker) {
  const struct points *points = &worker->world->points;
  int at_point = random_below(&worker->random, 2) == 0;
  uint64_t most_us = (at_point ? 3000U : 300U) * (is_slow() ? 10U : 1U);
  struct itimerval life = {
      .it_value = {.tv_usec = (suseconds_t)(1 + random_below(&worker->random,
                                                             most_us))}};
  REQUIRE(signal(SIGALRM, die) != SIG_ERR);
  REQUIRE(setitimer(ITIMER_REAL, &life, NULL) == 0);
  if (at_point) {
    sho__crash_at(points->names[random_below(&worker->random, points->count)],
                  1 + (unsigned)random_below(&worker->random, 20));
  }
}

static void be_worker(void *context) {
  struct worker *worker = context;
  struct world *world = worker->world;
  worker->map = map_again("map");
  arm(worker);
  while (atomic_load(&world->count) < world->goal &&
         atomic_load(&failures) == 0) {
    act(worker);
  }
  sho_map_free(worker->map);
}

static pid_t start_worker(struct world *world, int process) {
  static uint64_t seed = 1;
  struct worker worker = {
      .world = world, .random = seed++, .process = (uint8_t)process};
  return child_start(be_worker, &worker);
}

/* ---- kills -------------------------------------------------------------- */

struct deaths {
  pid_t pids[WORKERS];
  int kills;
  int cuts;           /* operations that a death cut off */
  struct worker self; /* looks what they did */
};

/* The worker is dead: it was waited for. */
static void bury(struct world *world, struct deaths *deaths, int process,
                 int status) {
  uint64_t number = atomic_exchange(&world->current[process], 0);
  struct operation *last = &world->operations[number > 0 ? number - 1 : 0];
  if (WIFEXITED(status)) {
    CHECK_INT(WEXITSTATUS(status), 0);
    return;
  }
  CHECK_INT(WTERMSIG(status), SIGKILL);
  deaths->kills++;
  CHECK_OK(sho_map_verify(deaths->self.map));
  if (number > 0 && atomic_load(&last->begin) != 0 &&
      atomic_load(&last->end) == 0) {
    last->cut = 1;
    atomic_store(&last->end, tick(world));
    deaths->cuts++;
    get(&deaths->self, last->key);
  }
}

/* Replaces the dead until there are enough operations. */
static void go_on(struct world *world, struct deaths *deaths) {
  while (atomic_load(&world->count) < world->goal &&
         atomic_load(&failures) == 0) {
    nap_us(50);
    for (int i = 0; i < WORKERS; i++) {
      int status;
      if (waitpid(deaths->pids[i], &status, WNOHANG) == deaths->pids[i]) {
        bury(world, deaths, i, status);
        deaths->pids[i] = start_worker(world, i);
      }
    }
  }
  for (int i = 0; i < WORKERS; i++) {
    int status;
    REQUIRE(waitpid(deaths->pids[i], &status, 0) == deaths->pids[i]);
    bury(world, deaths, i, status);
  }
  for (int key = 0; key < HISTORY_KEYS; key++) {
    get(&deaths->self, key);
  }
}

/* ---- the history -------------------------------------------------------- */

static void tell(const struct event *events, size_t first, size_t unexplained) {
  static const char *const words[] = {"set", "get", "remove", "cas", "add"};
  for (size_t i = first; i <= unexplained; i++) {
    const struct operation *o = events[i].operation;
    fprintf(stderr,
            "%s %s of process %d%s, %llu to %llu: value %llx, expected %llx, "
            "result %llx, version %llx\n",
            events[i].when == atomic_load(&o->begin) ? "begin" : "end  ",
            words[o->kind], o->process, o->cut ? ", cut off" : "",
            (unsigned long long)atomic_load(&o->begin),
            (unsigned long long)atomic_load(&o->end),
            (unsigned long long)o->value, (unsigned long long)o->expected,
            (unsigned long long)o->result, (unsigned long long)o->version);
  }
}

/* Answers how many operations the key had. */
static size_t check_key(const struct world *world, int key) {
  size_t length;
  struct event *events =
      history_of(world->operations, world->goal + MORE, key, &length);
  size_t explained = history_explains(events, length, world->evicts);
  if (explained < length) {
    fail(__FILE__, __LINE__, "key %d: no order explains event %zu of %zu", key,
         explained, length);
    tell(events, explained < 30 ? 0 : explained - 30, explained);
  }
  free(events);
  return length / 2;
}

static struct world *new_world(int eviction) {
  uint64_t goal = (uint64_t)rounds(10000, 40000, 1000000);
  struct world *world =
      shared_bytes(sizeof *world + (goal + MORE) * sizeof *world->operations);
  points_read("map/map_*.[ch]", &world->points);
  world->goal = goal;
  world->evicts = eviction == SHO_EVICTION_S3_FIFO;
  return world;
}

static void run_history(int eviction) {
  struct world *world = new_world(eviction);
  struct sho_map *map = map_new("map", 128 * KIB, eviction);
  struct deaths deaths = {
      .self = {.world = world, .map = map, .process = WORKERS}};
  size_t operations = 0;
  for (int i = 0; i < WORKERS; i++) {
    deaths.pids[i] = start_worker(world, i);
  }
  go_on(world, &deaths);
  CHECK_OK(sho_map_verify(map));
  struct sho_map_stats stats = stats_of(map);
  for (int key = 0; key < HISTORY_KEYS; key++) {
    operations += check_key(world, key);
  }
  printf("  %s: %zu operations, %d kills, %d operations cut off, %llu refused, "
         "%llu chunks used, %llu recoveries, %llu evicted\n",
         world->evicts ? "S3_FIFO" : "NONE", operations, deaths.kills,
         deaths.cuts, (unsigned long long)atomic_load(&world->refused),
         (unsigned long long)atomic_load(&map->header->order),
         (unsigned long long)stats.recoveries,
         (unsigned long long)stats.evictions);
  CHECK_INT(stats.damaged, 0);
  CHECK(deaths.cuts > 0);
  CHECK((stats.evictions > 0) == world->evicts);
  CHECK(operations > world->goal / 2);
  sho_map_free(map);
  munmap(world,
         sizeof *world + (world->goal + MORE) * sizeof *world->operations);
}

static void test_map_is_strictly_linearizable_when_processes_are_killed(void) {
  run_history(SHO_EVICTION_NONE);
}

static void test_map_with_eviction_is_strictly_linearizable(void) {
  run_history(SHO_EVICTION_S3_FIFO);
}

static const struct test tests[] = {
    TEST(test_history_knows_what_is_none),
    TEST(test_history_knows_what_the_dead_may_have_done),
    TEST(test_map_is_strictly_linearizable_when_processes_are_killed),
    TEST(test_map_with_eviction_is_strictly_linearizable),
};

TEST_MAIN(tests)
