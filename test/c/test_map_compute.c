/* Compute locks: one at a time, takeover, cycles, and none that are not. */
#include <pthread.h>

#include "map/map.h"
#include "maps.h"

enum { A = 11, B = 22, C = 33 };

static struct sho_map *map_here(void) { return map_new("map", 64 * KIB, 0); }

static int lock(struct sho_map *map, uint32_t ticket) {
  return sho_map_compute_lock(map, ticket, NULL, 0);
}

static int lock_besides(struct sho_map *map, uint32_t ticket, uint32_t held) {
  return sho_map_compute_lock(map, ticket, &held, 1);
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
    CHECK_OK(sho_map_compute_unlock(map, child->first));
  }
  await_go(child, 3);
  if (code == SHO_OK) {
    CHECK_OK(sho_map_compute_unlock(map, child->second));
    CHECK_OK(sho_map_compute_unlock(map, child->first));
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
    CHECK_OK(sho_map_compute_unlock(map, A));
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

static void test_compute_ticket_is_the_keys(void) {
  struct sho_map *map = map_here();
  uint32_t one = 0;
  uint32_t other = 0;
  CHECK_OK(sho_map_compute_ticket(map, "key", 3, &one));
  CHECK_OK(sho_map_compute_ticket(map_again("map"), "key", 3, &other));
  CHECK_INT(one, other);
  CHECK(one < SHO__MAP_COMPUTES);
}

/*
 * Two given keys share a lock in one file of 1,024, by its seed. Ten keys for
 * each lock leave none or one of the locks out, whatever the seed.
 */
static void test_compute_tickets_are_spread_over_all_locks(void) {
  struct sho_map *map = map_here();
  char taken[SHO__MAP_COMPUTES] = {0};
  int locks = 0;
  for (uint32_t key = 0; key < 10 * SHO__MAP_COMPUTES; key++) {
    uint32_t ticket = 0;
    REQUIRE_OK(sho_map_compute_ticket(map, &key, sizeof key, &ticket));
    REQUIRE(ticket < SHO__MAP_COMPUTES);
    locks += !taken[ticket];
    taken[ticket] = 1;
  }
  CHECK(locks > SHO__MAP_COMPUTES - 100);
}

static void test_compute_lock_refuses_one_that_is_held(void) {
  struct sho_map *map = map_here();
  CHECK_OK(lock(map, A));
  CHECK_CODE(lock_besides(map, A, A), SHO_EINVAL);
  CHECK_SAYS("compute lock 11 is none, or the thread has it already");
  CHECK_CODE(lock_besides(map, B, SHO__MAP_COMPUTES), SHO_EINVAL);
  CHECK_OK(lock_besides(map, B, A)); /* nested ones are fine */
  CHECK_OK(sho_map_compute_unlock(map, B));
  CHECK_OK(sho_map_compute_unlock(map, A));
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
    CHECK_OK(sho_map_compute_unlock(map, A));
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
  CHECK_OK(sho_map_compute_unlock(map, A));
  CHECK_OK(sho_map_compute_unlock(map, B));
}

static void *unlock_later(void *map) {
  nap_us(60000);
  CHECK_OK(sho_map_compute_unlock(map, A));
  return NULL;
}

/* As one finds it who looks just when a lock was taken over, before what the
 * dead owner waited for was taken back. */
static void test_compute_wait_left_by_the_dead_is_not_the_next_ones(void) {
  struct sho_map *map = map_here();
  struct sho_map *next = map_again("map");
  struct child *child = new_child(A, B);
  pthread_t thread;
  CHECK_OK(lock(map, B));
  pid_t pid = start(child);
  let_wait(child);
  WAIT_UNTIL(atomic_load(&map->computes[A].blocked_on) != 0);
  uint32_t mark = atomic_load(&map->computes[A].blocked_on);
  child_kill(pid);
  CHECK_OK(lock(next, A));
  atomic_store(&map->computes[A].blocked_on, mark);
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
static void unlock_if(struct sho_map *map, uint32_t ticket, int code) {
  if (code == SHO_OK) {
    CHECK_OK(sho_map_compute_unlock(map, ticket));
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
  CHECK_OK(sho_map_compute_unlock(map, B)); /* which lets the other go on */
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
  CHECK_OK(sho_map_compute_unlock(map, C));
  pthread_join(thread, NULL);
  CHECK_INT(child_wait(pid), 0);
  int told = is_told(code);
  told += is_told(atomic_load(&one->code));
  told += is_told(atomic_load(&two->code));
  CHECK(told > 0);
}

/* ---- storms ------------------------------------------------------------- */

enum { TICKETS = 6, STORMERS = 4 };

struct storm {
  _Atomic int stop;
  _Atomic int holder[TICKETS]; /* pid; 0: nobody */
  _Atomic int told;            /* cycles */
  _Atomic int done;
  int in_order;
};

/* Whom it finds there is dead; or else finds, when leaving, that it is not
 * there. */
static void enter(struct storm *storm, uint32_t ticket) {
  atomic_store(&storm->holder[ticket], (int)getpid());
}

static void leave(struct storm *storm, struct sho_map *map, uint32_t ticket) {
  int self = (int)getpid();
  CHECK(atomic_compare_exchange_strong(&storm->holder[ticket], &self, 0));
  CHECK_OK(sho_map_compute_unlock(map, ticket));
}

static void lock_at_random(void *context) {
  struct storm *storm = context;
  struct sho_map *map = map_again("map");
  uint64_t random = (uint64_t)getpid();
  while (!atomic_load(&storm->stop) && atomic_load(&failures) == 0) {
    uint32_t one = (uint32_t)random_below(&random, TICKETS);
    uint32_t two = (uint32_t)random_below(&random, TICKETS);
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
    TEST(test_compute_ticket_is_the_keys),
    TEST(test_compute_tickets_are_spread_over_all_locks),
    TEST(test_compute_lock_refuses_one_that_is_held),
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
