/* Computing once: one at a time, takeover, cycles, and none that are not. */
#include <pthread.h>

#include "map/map.h"
#include "maps.h"

enum { A = 11, B = 22, C = 33 };

static struct sho_map *map_here(void) { return map_new("map", 64 * KIB, 0); }

/* Of each key that this process computes; whoever does has written it. */
static _Atomic uint32_t tickets[1000];

static int lock_with(struct sho_map *map, uint32_t key, const uint32_t *held,
                     size_t held_count) {
  uint32_t ticket;
  int code =
      sho_map_compute_lock(map, &key, sizeof key, held, held_count, &ticket);
  if (code == SHO_OK) {
    atomic_store(&tickets[key], ticket);
  }
  return code;
}

static int lock(struct sho_map *map, uint32_t key) {
  return lock_with(map, key, NULL, 0);
}

static int lock_besides(struct sho_map *map, uint32_t key, uint32_t held) {
  uint32_t ticket = atomic_load(&tickets[held]);
  return lock_with(map, key, &ticket, 1);
}

static int unlock(struct sho_map *map, uint32_t key) {
  return sho_map_compute_unlock(map, atomic_load(&tickets[key]));
}

static struct sho__computation_shm *slot_of(struct sho_map *map, uint32_t key) {
  uint32_t ticket = atomic_load(&tickets[key]);
  return &map->computes[ticket / SHO__COMPUTE_SLOTS]
              .slots[ticket % SHO__COMPUTE_SLOTS];
}

/* What a child does, step by step, as the test tells it. */
struct child {
  _Atomic int step; /* done */
  _Atomic int go;   /* may be done */
  uint32_t first;
  uint32_t second;
  _Atomic int code; /* of the second lock */
};

static void await_go(struct child *child, int step) {
  atomic_store(&child->step, step);
  WAIT_UNTIL(atomic_load(&child->go) >= step);
}

/* Locks the first, then the second, then gives both back; or the first at once
 * if the second cannot be had. */
static void lock_two(void *context) {
  struct child *child = context;
  struct sho_map *map = map_again("map");
  CHECK_OK(lock(map, child->first));
  await_go(child, 1);
  atomic_store(&child->step, 2);
  int code = lock_besides(map, child->second, child->first);
  atomic_store(&child->code, code);
  if (code != SHO_OK) {
    CHECK_OK(unlock(map, child->first));
  }
  await_go(child, 3);
  if (code == SHO_OK) {
    CHECK_OK(unlock(map, child->second));
    CHECK_OK(unlock(map, child->first));
  }
}

static struct child *new_child(uint32_t first, uint32_t second) {
  struct child *child = shared_bytes(sizeof *child);
  child->first = first;
  child->second = second;
  atomic_store(&child->code, 1);
  return child;
}

static pid_t start(struct child *child) {
  atomic_store(&child->step, 0);
  pid_t pid = child_start(lock_two, child);
  WAIT_UNTIL(atomic_load(&child->step) == 1);
  return pid;
}

/* It waits for its second lock by now. */
static void let_wait(struct child *child) {
  atomic_store(&child->go, 1);
  WAIT_UNTIL(atomic_load(&child->step) == 2);
  nap_us(20000);
}

/* ---- one at a time ------------------------------------------------------ */

struct turns {
  _Atomic int inside;
  _Atomic int taken;
};

static void take_turns(void *context) {
  struct turns *turns = context;
  struct sho_map *map = map_again("map");
  for (int i = 0; i < rounds(100, 2000, 50000); i++) {
    CHECK_OK(lock(map, A));
    CHECK_INT(atomic_fetch_add(&turns->inside, 1), 0);
    atomic_fetch_add(&turns->taken, 1);
    atomic_fetch_sub(&turns->inside, 1);
    CHECK_OK(unlock(map, A));
  }
}

static void test_compute_is_one_at_a_time_over_processes(void) {
  struct turns *turns = shared_bytes(sizeof *turns);
  sho_map_free(map_here());
  pid_t children[4];
  for (int i = 0; i < 4; i++) {
    children[i] = child_start(take_turns, turns);
  }
  for (int i = 0; i < 4; i++) {
    CHECK_INT(child_wait(children[i]), 0);
  }
  CHECK_INT(atomic_load(&turns->taken), 4 * rounds(100, 2000, 50000));
}

static void test_compute_lock_is_no_two_keys(void) {
  struct sho_map *map = map_here();
  struct sho_map *other = map_again("map");
  uint32_t held[500];
  for (uint32_t key = 0; key < 500; key++) {
    REQUIRE_OK(lock_with(map, key, held, key));
    held[key] = atomic_load(&tickets[key]);
  }
  uint32_t ticket;
  for (uint32_t key = 0; key < 500; key++) {
    CHECK_CODE(sho_map_compute_try(other, &key, sizeof key, &ticket),
               SHO_ETIMEDOUT);
  }
  for (uint32_t key = 500; key < 1000; key++) {
    CHECK_OK(sho_map_compute_try(other, &key, sizeof key, &ticket));
  }
}

static void test_compute_lock_refuses_a_key_within_itself(void) {
  struct sho_map *map = map_here();
  CHECK_OK(lock(map, A));
  CHECK_CODE(lock_besides(map, A, A), SHO_EDEADLK);
  CHECK_OK(lock_besides(map, B, A)); /* nested ones are fine */
  CHECK_OK(unlock(map, B));
  CHECK_OK(unlock(map, A));
}

/* The first keys of one bucket, one more than it has slots. */
static void fill_bucket(struct sho_map *map, uint32_t keys[65]) {
  uint32_t found = 0;
  for (uint32_t key = 0; found < 65; key++) {
    if (sho__map_hash(map, &key, sizeof key) % SHO__COMPUTE_BUCKETS == 0) {
      keys[found++] = key;
    }
  }
  for (uint32_t i = 0; i < 64; i++) {
    uint32_t ticket;
    REQUIRE_OK(sho_map_compute_try(map, &keys[i], sizeof keys[i], &ticket));
    CHECK_INT(ticket, i);
  }
}

static void test_compute_lock_of_a_full_bucket_waits_or_is_told(void) {
  struct sho_map *map = map_here();
  uint32_t keys[65];
  uint32_t ticket = 17;
  int busy = 0;
  fill_bucket(map, keys);
  CHECK_CODE(sho_map_compute_try(map, &keys[64], 4, &ticket), SHO_ETIMEDOUT);
  CHECK_CODE(sho_map_compute_wait(map, &keys[64], 4, &ticket, 1), SHO_EDEADLK);
  CHECK_SAYS("so many computations are under way");
  CHECK_OK(sho_map_compute_busy(map, &keys[64], 4, 1, &busy));
  CHECK_INT(busy, 1);
  CHECK_OK(sho_map_compute_unlock(map, ticket));
  CHECK_OK(sho_map_compute_busy(map, &keys[64], 4, 1, &busy));
  CHECK_INT(busy, 0);
  CHECK_OK(sho_map_compute_lock(map, &keys[64], 4, NULL, 0, &ticket));
  CHECK_INT(ticket, 17);
}

static void fill_a_bucket(void *keys) { fill_bucket(map_again("map"), keys); }

static void test_compute_slots_of_the_dead_are_used_again(void) {
  struct sho_map *map = map_here();
  uint32_t *keys = shared_bytes(65 * sizeof *keys);
  CHECK_INT(child_wait(child_start(fill_a_bucket, keys)), 0);
  for (int i = 64; i >= 0; i--) {
    uint32_t ticket;
    CHECK_CODE(sho_map_compute_try(map, &keys[i], 4, &ticket),
               i > 0 ? SHO_OK : SHO_ETIMEDOUT);
  }
}

/* ---- waiting elsewhere -------------------------------------------------- */

static void *unlock_a(void *map) {
  nap_us(30000);
  CHECK_OK(unlock(map, A));
  return NULL;
}

static void test_compute_unlock_ends_the_sleep_of_who_tried(void) {
  struct sho_map *map = map_here();
  uint32_t key = A;
  uint32_t ticket;
  uint32_t events = 0;
  int busy;
  pthread_t thread;
  CHECK_OK(lock(map, A));
  CHECK_CODE(sho_map_compute_try(map, &key, 4, &ticket), SHO_ETIMEDOUT);
  REQUIRE(pthread_create(&thread, NULL, unlock_a, map) == 0);
  struct stopwatch watch = stopwatch();
  CHECK_OK(sho_map_sleep(map, &events, 20 * INT64_C(1000000000)));
  CHECK_WITHIN_MS(1000, watch);
  CHECK_INT(events, 1);
  CHECK_OK(sho_map_compute_busy(map, &key, 4, 0, &busy));
  CHECK_INT(busy, 0);
  pthread_join(thread, NULL);
  CHECK_OK(sho_map_compute_try(map, &key, 4, &ticket));
}

static void test_compute_lock_waits_as_long_as_the_holder_lives(void) {
  struct sho_map *map = map_here();
  struct child *child = new_child(A, B);
  REQUIRE_OK(sho_lock_timeout(10000000)); /* is for writers */
  pid_t pid = start(child);
  atomic_store(&child->go, 4); /* it will come, but the child is stopped */
  kill(pid, SIGSTOP);
  pid_t waker = fork();
  if (waker == 0) {
    nap_us(150000);
    kill(pid, SIGCONT);
    _exit(0);
  }
  CHECK_OK(lock(map, A));
  CHECK_INT(child_wait(waker), 0);
  CHECK_INT(child_wait(pid), 0);
}

/* ---- the dead ----------------------------------------------------------- */

static void test_compute_lock_is_taken_over_from_the_dead(void) {
  struct sho_map *map = map_here();
  struct child *child = new_child(A, B);
  for (int i = 0; i < rounds(3, 20, 200); i++) {
    atomic_store(&child->go, 0);
    pid_t pid = start(child);
    child_kill(pid);
    struct stopwatch watch = stopwatch();
    CHECK_OK(lock(map, A));
    CHECK_WITHIN_MS(100, watch);
    CHECK_OK(unlock(map, A));
  }
}

static void test_compute_wait_of_the_dead_is_no_cycle(void) {
  struct sho_map *map = map_here();
  struct child *child = new_child(A, B);
  CHECK_OK(lock(map, B));
  pid_t pid = start(child);
  let_wait(child); /* it holds A and waits for B, which we hold */
  child_kill(pid);
  CHECK_OK(lock_besides(map, A, B));
  CHECK_OK(unlock(map, A));
  CHECK_OK(unlock(map, B));
}

static void *unlock_later(void *map) {
  nap_us(60000);
  CHECK_OK(unlock(map, A));
  return NULL;
}

static void test_compute_wait_left_by_the_dead_is_not_the_next_ones(void) {
  struct sho_map *map = map_here();
  struct sho_map *next = map_again("map");
  struct child *child = new_child(A, B);
  pthread_t thread;
  CHECK_OK(lock(map, B));
  pid_t pid = start(child);
  let_wait(child);
  child_kill(pid);
  CHECK_OK(lock(next, A));
  CHECK_HEX(atomic_load(&slot_of(next, A)->wants), 0);
  REQUIRE(pthread_create(&thread, NULL, unlock_later, next) == 0);
  CHECK_OK(lock_besides(map, A, B));
  pthread_join(thread, NULL);
}

/* ---- cycles ------------------------------------------------------------- */

static int is_told(int code) {
  CHECK(code == SHO_OK || code == SHO_EDEADLK);
  return code == SHO_EDEADLK;
}

/* Ends a lock that may have failed. */
static void unlock_if(struct sho_map *map, uint32_t key, int code) {
  if (code == SHO_OK) {
    CHECK_OK(unlock(map, key));
  }
}

static void test_compute_cycle_of_two_processes_is_told(void) {
  struct sho_map *map = map_here();
  struct child *child = new_child(A, B);
  CHECK_OK(lock(map, B));
  pid_t pid = start(child);
  let_wait(child);
  int code = lock_besides(map, A, B);
  if (is_told(code)) {
    char text[64];
    snprintf(text, sizeof text, "map: process %d computes a value", (int)pid);
    CHECK_SAYS(text);
  }
  unlock_if(map, A, code);
  CHECK_OK(unlock(map, B)); /* which lets the other go on */
  WAIT_UNTIL(atomic_load(&child->step) == 3);
  CHECK(is_told(code) || is_told(atomic_load(&child->code)));
  atomic_store(&child->go, 3);
  CHECK_INT(child_wait(pid), 0);
  CHECK_OK(lock(map, A));
  CHECK_OK(lock(map, B));
}

static void *lock_two_here(void *context) {
  lock_two(context);
  return NULL;
}

/* A thread of this process, another process, and the test itself. */
static void test_compute_cycle_of_processes_and_threads_is_told(void) {
  struct sho_map *map = map_here();
  struct child *one = new_child(A, B);
  struct child *two = new_child(B, C);
  pthread_t thread;
  pid_t pid = start(one);
  REQUIRE(pthread_create(&thread, NULL, lock_two_here, two) == 0);
  WAIT_UNTIL(atomic_load(&two->step) == 1);
  CHECK_OK(lock(map, C));
  let_wait(one);
  let_wait(two);
  atomic_store(&one->go, 3);
  atomic_store(&two->go, 3);
  int code = lock_besides(map, A, C);
  unlock_if(map, A, code);
  CHECK_OK(unlock(map, C));
  pthread_join(thread, NULL);
  CHECK_INT(child_wait(pid), 0);
  int told = is_told(code);
  told += is_told(atomic_load(&one->code));
  told += is_told(atomic_load(&two->code));
  CHECK(told > 0);
}

/* ---- storms ------------------------------------------------------------- */

enum { KEYS = 6, STORMERS = 4 };

struct storm {
  _Atomic int stop;
  _Atomic int holder[KEYS]; /* pid; 0: nobody */
  _Atomic int told;         /* cycles */
  _Atomic int done;
  int in_order;
};

/* Whom it finds there is dead; or else finds, when leaving, that it is not
 * there. */
static void enter(struct storm *storm, uint32_t key) {
  atomic_store(&storm->holder[key], (int)getpid());
}

static void leave(struct storm *storm, struct sho_map *map, uint32_t key) {
  int self = (int)getpid();
  CHECK(atomic_compare_exchange_strong(&storm->holder[key], &self, 0));
  CHECK_OK(unlock(map, key));
}

static void lock_at_random(void *context) {
  struct storm *storm = context;
  struct sho_map *map = map_again("map");
  uint64_t random = (uint64_t)getpid();
  while (!atomic_load(&storm->stop) && atomic_load(&failures) == 0) {
    uint32_t one = (uint32_t)random_below(&random, KEYS);
    uint32_t two = (uint32_t)random_below(&random, KEYS);
    if (one == two || (storm->in_order && one > two)) {
      continue;
    }
    CHECK_OK(lock(map, one));
    enter(storm, one);
    int code = lock_besides(map, two, one);
    if (code == SHO_OK) {
      enter(storm, two);
      leave(storm, map, two);
      atomic_fetch_add(&storm->done, 1);
    } else if (!storm->in_order && code == SHO_EDEADLK) {
      atomic_fetch_add(&storm->told, 1);
    } else {
      CHECK_OK(code);
    }
    leave(storm, map, one);
  }
}

static void run_storm(int in_order) {
  struct storm *storm = shared_bytes(sizeof *storm);
  pid_t children[STORMERS];
  uint64_t random = 1;
  storm->in_order = in_order;
  sho_map_free(map_here());
  for (int i = 0; i < STORMERS; i++) {
    children[i] = child_start(lock_at_random, storm);
  }
  for (int i = 0; i < rounds(5, 60, 1000); i++) {
    int process = (int)random_below(&random, STORMERS);
    nap_us((int64_t)random_below(&random, 10000));
    CHECK_INT(child_kill(children[process]), 128 + SIGKILL);
    children[process] = child_start(lock_at_random, storm);
  }
  int done = atomic_load(&storm->done);
  WAIT_UNTIL(atomic_load(&storm->done) > done); /* nobody hangs */
  atomic_store(&storm->stop, 1);
  for (int i = 0; i < STORMERS; i++) {
    CHECK_INT(child_wait(children[i]), 0);
  }
  printf("  %d pairs locked, %d cycles told\n", atomic_load(&storm->done),
         atomic_load(&storm->told));
}

static void test_compute_storm_in_order_has_no_cycles(void) { run_storm(1); }

static void test_compute_storm_at_random_never_hangs(void) { run_storm(0); }

static const struct test tests[] = {
    TEST(test_compute_is_one_at_a_time_over_processes),
    TEST(test_compute_lock_is_no_two_keys),
    TEST(test_compute_lock_refuses_a_key_within_itself),
    TEST(test_compute_lock_of_a_full_bucket_waits_or_is_told),
    TEST(test_compute_slots_of_the_dead_are_used_again),
    TEST(test_compute_unlock_ends_the_sleep_of_who_tried),
    TEST(test_compute_lock_waits_as_long_as_the_holder_lives),
    TEST(test_compute_lock_is_taken_over_from_the_dead),
    TEST(test_compute_wait_of_the_dead_is_no_cycle),
    TEST(test_compute_wait_left_by_the_dead_is_not_the_next_ones),
    TEST(test_compute_cycle_of_two_processes_is_told),
    TEST(test_compute_cycle_of_processes_and_threads_is_told),
    TEST(test_compute_storm_in_order_has_no_cycles),
    TEST(test_compute_storm_at_random_never_hangs),
};

TEST_MAIN(tests)
