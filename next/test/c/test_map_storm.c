/*
 * Writers that are killed at random while others read and write. Each key has
 * one writer, who tells outside of the map what it began and what was
 * acknowledged: so whoever reads knows between which states the answer lies.
 */
#include "map_counts.h"

#if defined(__linux__)
#include <sched.h>
#endif

enum {
  WRITERS = 4,
  READERS = 2,
  PROCESSES = WRITERS + READERS,
  KEYS = 48, /* of each writer */
  NUMBERS = 4,
  REMOVES = 9, /* each so manieth state of a key is: absent */
  MOST_WAIT_MS = 200
};

/* States of a key are numbered from 1; 0: never written. */
struct key {
  _Atomic uint64_t begun;
  _Atomic uint64_t acknowledged;
};

struct world {
  _Atomic int stop;
  _Atomic int64_t longest_write_ns;
  _Atomic int64_t longest_read_ns;
  _Atomic int64_t longest_delay_ns; /* for a processor */
  struct key key[WRITERS][KEYS];
  _Atomic uint64_t added[NUMBERS]; /* acknowledged */
  _Atomic uint64_t adding;         /* begun, to whatever number */
  _Atomic uint64_t full;
  int evicts;
  size_t longest; /* value */
  pid_t pid[PROCESSES];
  int namespaces[2]; /* where writers are started by turns; -1: here */
};

/* ---- how long a call took ----------------------------------------------- */

static void raise_to(_Atomic int64_t *most, int64_t value) {
  int64_t seen = atomic_load(most);
  while (value > seen && !atomic_compare_exchange_weak(most, &seen, value)) {
  }
}

/* The processor's delay is asked for now and then, and after a long call. */
static void took(struct world *world, int64_t since_ns,
                 _Atomic int64_t *longest) {
  static int64_t known_delay_ns;
  static unsigned calls;
  int64_t ns = now_ns() - since_ns;
  raise_to(longest, ns);
  if (ns > 5000000 || calls++ % 256 == 0) {
    int64_t delay_ns = processor_delay_ns();
    if (ns > 5000000) {
      raise_to(&world->longest_delay_ns, delay_ns - known_delay_ns);
    }
    known_delay_ns = delay_ns;
  }
}

/* ---- what is right ------------------------------------------------------ */

static size_t key_name(int writer, int number, char name[32]) {
  return (size_t)snprintf(name, 32, "writer %d key %d", writer, number);
}

static uint64_t key_id(int writer, int number) {
  return (uint64_t)(writer * 1000 + number);
}

static int is_removal(uint64_t state) { return state % REMOVES == 0; }

static int has_removal(uint64_t from, uint64_t to) {
  return to / REMOVES > (from + REMOVES - 1) / REMOVES - 1 ||
         from == 0; /* 0 is absent too */
}

struct found {
  int there;
  uint64_t state;
  uint64_t version;
};

/* Reads a key and checks that the answer is whole and none of its begun states
 * is skipped. 0: a check failed. */
static int look(struct world *world, struct sho_map *map, int writer,
                int number, struct found *found) {
  static uint8_t value[16 * KIB];
  struct key *key = &world->key[writer][number];
  char name[32];
  size_t bytes = key_name(writer, number, name);
  size_t length = 0;
  uint64_t least = atomic_load(&key->acknowledged);
  int64_t since_ns = now_ns();
  found->version = found->state = 0;
  int code = sho_map_get(map, name, bytes, value, sizeof value, &length,
                         &found->version);
  took(world, since_ns, &world->longest_read_ns);
  uint64_t most = atomic_load(&key->begun);
  found->there = code == SHO_OK;
  if (code == SHO_EABSENT) {
    return world->evicts || has_removal(least, most) ||
           fail(__FILE__, __LINE__, "%s is absent, in states %llu to %llu",
                name, (unsigned long long)least, (unsigned long long)most);
  }
  if (code != SHO_OK) {
    return CHECK_OK(code);
  }
  if (!value_is_whole(value, length, key_id(writer, number), &found->state)) {
    return fail(__FILE__, __LINE__, "%s has a torn value", name);
  }
  if (found->state < least || found->state > most) {
    return fail(__FILE__, __LINE__, "%s is in state %llu, not %llu to %llu",
                name, (unsigned long long)found->state,
                (unsigned long long)least, (unsigned long long)most);
  }
  return 1;
}

/* ---- writers ------------------------------------------------------------ */

static void begin_state(struct key *key, uint64_t state) {
  atomic_store(&key->begun, state);
}

static void write_key(struct world *world, struct sho_map *map, int writer,
                      int number, uint64_t *random) {
  static uint8_t value[16 * KIB];
  struct key *key = &world->key[writer][number];
  char name[32];
  size_t bytes = key_name(writer, number, name);
  uint64_t state = atomic_load(&key->begun) + 1;
  size_t length =
      SIGNED_MIN + (size_t)random_below(random, world->longest - SIGNED_MIN);
  int code;
  sign_value(value, length, key_id(writer, number), state);
  begin_state(key, state);
  int64_t since_ns = now_ns();
  if (is_removal(state)) {
    code = sho_map_remove(map, name, bytes);
    code = code == SHO_EABSENT ? SHO_OK : code;
  } else {
    code = sho_map_set(map, name, bytes, value, length, 0, NULL);
  }
  took(world, since_ns, &world->longest_write_ns);
  if (code == SHO_EFULL && !world->evicts) {
    atomic_fetch_add(&world->full, 1); /* and it is as it was */
  } else if (CHECK_OK(code)) {
    atomic_store(&key->acknowledged, state);
  }
}

static void add_number(struct world *world, struct sho_map *map,
                       uint64_t *random) {
  char name[16];
  int64_t sum;
  int number = (int)random_below(random, NUMBERS);
  int bytes = snprintf(name, sizeof name, "number %d", number);
  int64_t since_ns = now_ns();
  atomic_fetch_add(&world->adding, 1);
  int code = sho_map_add_and_get(map, name, (size_t)bytes, 1, &sum);
  took(world, since_ns, &world->longest_write_ns);
  if (code == SHO_EFULL) {
    atomic_fetch_add(&world->full, 1);
  } else if (CHECK_OK(code)) {
    atomic_fetch_add(&world->added[number], 1);
  }
}

/* Makes an entry long-lived that is so anyway: a write that changes nothing
 * that anybody sees. */
static void touch_key(struct world *world, struct sho_map *map, int writer,
                      int number) {
  char name[32];
  size_t bytes = key_name(writer, number, name);
  int64_t since_ns = now_ns();
  int code = sho_map_expire(map, name, bytes, 1000000000);
  took(world, since_ns, &world->longest_write_ns);
  CHECK(code == SHO_OK || code == SHO_EABSENT || code == SHO_EFULL);
}

/* The states in which its predecessor left the keys are those of before or
 * after the write in hand. From here on it is known which. */
static void take_over(struct world *world, struct sho_map *map, int writer) {
  for (int i = 0; i < KEYS; i++) {
    struct found found;
    if (look(world, map, writer, i, &found) && found.there) {
      atomic_store(&world->key[writer][i].acknowledged, found.state);
    }
  }
}

static void be_writer(struct world *world, int writer) {
  uint64_t random = (uint64_t)now_ns();
  struct sho_map *map = map_again("map");
  take_over(world, map, writer);
  while (!atomic_load(&world->stop) && atomic_load(&failures) == 0) {
    int number = (int)random_below(&random, KEYS);
    uint64_t kind = random_below(&random, 20);
    if (kind == 0) {
      add_number(world, map, &random);
    } else if (kind == 1) {
      touch_key(world, map, writer, number);
    } else {
      write_key(world, map, writer, number, &random);
    }
  }
  sho_map_free(map);
}

/* ---- readers ------------------------------------------------------------ */

static void be_reader(struct world *world) {
  static struct found last[WRITERS][KEYS];
  uint64_t random = (uint64_t)now_ns();
  struct sho_map *map = map_again("map");
  while (!atomic_load(&world->stop) && atomic_load(&failures) == 0) {
    int writer = (int)random_below(&random, WRITERS);
    int number = (int)random_below(&random, KEYS);
    struct found found;
    struct found *before = &last[writer][number];
    if (look(world, map, writer, number, &found) && found.there) {
      CHECK(found.state >= before->state);
      CHECK(found.version >= before->version);
      CHECK(found.state == before->state || found.version > before->version);
      *before = found;
    }
  }
  sho_map_free(map);
}

/* ---- the storm ---------------------------------------------------------- */

struct start {
  struct world *world;
  int process;
};

static void be_process(void *context) {
  struct start *start = context;
  if (start->process < WRITERS) {
    be_writer(start->world, start->process);
  } else {
    be_reader(start->world);
  }
}

static void enter_namespace(struct world *world, int process) {
#if defined(__linux__)
  int fd = world->namespaces[process % 2];
  if (fd >= 0) {
    REQUIRE(setns(fd, CLONE_NEWPID) == 0);
  }
#else
  (void)world;
  (void)process;
#endif
}

static void start_process(struct world *world, int process) {
  struct start start = {world, process};
  enter_namespace(world, process);
  world->pid[process] = child_start(be_process, &start);
}

/* Kills one writer after the other; now and then a reader. */
static void kill_some(struct world *world, int kills) {
  uint64_t random = (uint64_t)now_ns();
  for (int i = 0; i < kills; i++) {
    nap_us((int64_t)random_below(&random, 6000));
    int process = i % 20 == 0 ? WRITERS + i / 20 % READERS
                              : (int)random_below(&random, WRITERS);
    int status = child_kill(world->pid[process]);
    if (status != 128 + SIGKILL) { /* it ended by itself: a check failed */
      fail(__FILE__, __LINE__, "process %d ended with %d", process, status);
      return;
    }
    start_process(world, process);
  }
}

static void check_end(struct world *world, struct sho_map *map, int kills) {
  CHECK_OK(sho_map_verify(map));
  CHECK(counts_hold(map));
  for (int w = 0; w < WRITERS; w++) {
    for (int i = 0; i < KEYS; i++) {
      struct found found;
      look(world, map, w, i, &found);
    }
  }
  uint64_t acknowledged = 0;
  uint64_t sum = 0;
  for (int i = 0; i < NUMBERS && !world->evicts; i++) {
    char name[16];
    int64_t number = 0;
    int bytes = snprintf(name, sizeof name, "number %d", i);
    size_t length;
    int code = sho_map_get(map, name, (size_t)bytes, &number, sizeof number,
                           &length, NULL);
    CHECK(code == SHO_OK || code == SHO_EABSENT);
    CHECK((uint64_t)number >= atomic_load(&world->added[i]));
    acknowledged += atomic_load(&world->added[i]);
    sum += (uint64_t)number;
  }
  CHECK(sum <= atomic_load(&world->adding));
  CHECK(sum <= acknowledged + (uint64_t)kills);
}

static void tell(struct world *world, struct sho_map *map, int kills) {
  struct sho_map_stats stats = stats_of(map);
  CHECK_INT(stats.damaged, 0);
  printf("  %s: %d kills, %llu recoveries, %llu chunks used, %llu sets, %llu "
         "evicted, "
         "%llu times full\n",
         world->evicts ? "S3_FIFO" : "NONE", kills,
         (unsigned long long)stats.recoveries,
         (unsigned long long)atomic_load(&map->header->order),
         (unsigned long long)stats.sets, (unsigned long long)stats.evictions,
         (unsigned long long)atomic_load(&world->full));
  int64_t delay = atomic_load(&world->longest_delay_ns);
  int64_t set = atomic_load(&world->longest_write_ns);
  int64_t get = atomic_load(&world->longest_read_ns);
  printf("  longest write %.1f ms, read %.1f ms, wait for a processor %.1f "
         "ms\n",
         (double)set / 1e6, (double)get / 1e6, (double)delay / 1e6);
  /* The lock may go through the hands of others who wait for a processor. */
  CHECK(set - WRITERS * delay <= bound_ns(MOST_WAIT_MS));
  CHECK(get - delay <= bound_ns(MOST_WAIT_MS / 4));
}

static void run_storm(int eviction, size_t longest, const int namespaces[2]) {
  struct world *world = shared_bytes(sizeof *world);
  int kills = rounds(50, 100, 2500);
  struct sho_map *map = map_new("map", 256 * KIB, eviction);
  world->evicts = eviction == SHO_EVICTION_S3_FIFO;
  world->longest = longest;
  memcpy(world->namespaces, namespaces, sizeof world->namespaces);
  for (int i = 0; i < PROCESSES; i++) {
    start_process(world, i);
  }
  kill_some(world, kills);
  atomic_store(&world->stop, 1);
  for (int i = 0; i < PROCESSES; i++) {
    CHECK_INT(child_wait(world->pid[i]), 0);
  }
  check_end(world, map, kills);
  tell(world, map, kills);
  sho_map_free(map);
  REQUIRE(unlink("map") == 0);
}

static const int here[2] = {-1, -1};

static void test_map_storm_loses_and_tears_nothing(void) {
  run_storm(SHO_EVICTION_NONE, 800, here);
}

static void test_map_storm_in_a_full_map_loses_nothing(void) {
  run_storm(SHO_EVICTION_NONE, 2400, here);
}

static void test_map_storm_with_eviction_tears_nothing(void) {
  run_storm(SHO_EVICTION_S3_FIFO, 6000, here);
}

/* Half of the writers in a PID namespace where the others' pids mean nothing.
 */
static void test_map_storm_goes_over_pid_namespaces(void) {
#if defined(__linux__)
  int namespaces[2];
  namespaces[0] = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
  if (namespaces[0] < 0 || unshare(CLONE_NEWPID) != 0) {
    skip("no PID namespaces: needs root");
  }
  /* The first process there; the namespace ends with it. */
  pid_t init = child_start((void (*)(void *))sleep_for_ever, NULL);
  namespaces[1] = open("/proc/self/ns/pid_for_children", O_RDONLY | O_CLOEXEC);
  REQUIRE(namespaces[1] >= 0);
  run_storm(SHO_EVICTION_NONE, 800, namespaces);
  run_storm(SHO_EVICTION_S3_FIFO, 6000, namespaces);
  child_kill(init);
  REQUIRE(setns(namespaces[0], CLONE_NEWPID) == 0);
#else
  skip("needs Linux");
#endif
}

static const struct test tests[] = {
    TEST(test_map_storm_loses_and_tears_nothing),
    TEST(test_map_storm_in_a_full_map_loses_nothing),
    TEST(test_map_storm_with_eviction_tears_nothing),
    TEST(test_map_storm_goes_over_pid_namespaces),
};

TEST_MAIN(tests)
