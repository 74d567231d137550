/* The lock: what those who wait for it may expect. */
#include "peers.h"
#include "shm/lock.h"

/* ---- the timeout -------------------------------------------------------- */

/* Each holds it long enough that the last one waits beyond the timeout. */
static void *hold_for_100_ms(void *context) {
  struct waiter *waiter = context;
  lock_in_thread(waiter);
  if (waiter->code == SHO_OK) {
    nap_us(100000);
    sho__unlock(waiter->member->lock);
  }
  return NULL;
}

static void test_lock_that_threads_of_one_handle_pass_on_is_not_busy(void) {
  enum { THREADS = 16 };
  table_make("table", 8);
  struct member member;
  struct waiter waiters[THREADS];
  pthread_t threads[THREADS];
  member_open(&member, "table");
  REQUIRE_OK(sho_lock_timeout(1000000000));
  for (int i = 0; i < THREADS; i++) {
    waiters[i] = (struct waiter){.member = &member};
    REQUIRE(pthread_create(&threads[i], NULL, hold_for_100_ms, &waiters[i]) ==
            0);
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    CHECK_CODE(waiters[i].code, SHO_OK);
    CHECK_INT(waiters[i].recover, 0);
  }
}

/* ---- fairness ----------------------------------------------------------- */

/* Somebody who is awake is faster than any who must wake up first. */
static void test_lock_goes_to_who_has_waited_long(void) {
  table_make("table", 8);
  struct member owner;
  struct member member;
  member_open(&owner, "table");
  member_open(&member, "table");
  int passes = 0;
  for (int i = 0; i < 10; i++) {
    int recover;
    REQUIRE_OK(sho__lock(&owner.peers, owner.lock, &recover));
    struct waiter waiter = {.member = &member};
    pthread_t thread = start_waiter(&waiter);
    WAIT_UNTIL(atomic_load(&owner.lock->heir) != 0);
    sho__unlock(owner.lock);
    if (sho__lock_try(&owner.lock->word, 0, owner.peers.word)) {
      passes++;
      sho__unlock(owner.lock);
    }
    pthread_join(thread, NULL);
    CHECK_CODE(waiter.code, SHO_OK);
    sho__unlock(member.lock);
    CHECK_HEX(atomic_load(&owner.lock->heir), 0);
  }
  CHECK_INT(passes, 0);
}

static void test_lock_goes_first_to_who_came_first(void) {
  table_make("table", 8);
  struct member member;
  struct waiter waiters[2];
  pthread_t threads[2];
  int recover;
  member_open(&member, "table");
  REQUIRE_OK(sho__lock(&member.peers, member.lock, &recover));
  static const uint32_t came[] = {3, 0xffff}; /* the latter is before */
  for (int i = 0; i < 2; i++) {
    waiters[i] = (struct waiter){.member = &member};
    atomic_store(&member.lock->turns, came[i]);
    REQUIRE(pthread_create(&threads[i], NULL, hold_for_100_ms, &waiters[i]) ==
            0);
    WAIT_UNTIL(atomic_load(&member.lock->heir) >> 16 == came[i]);
  }
  nap_us(30000); /* the other one does not take it back */
  CHECK_HEX(atomic_load(&member.lock->heir) >> 16, 0xffff);
  sho__unlock(member.lock);
  for (int i = 0; i < 2; i++) {
    pthread_join(threads[i], NULL);
    CHECK_CODE(waiters[i].code, SHO_OK);
  }
}

static void test_lock_reserved_for_nobody_is_free_soon(void) {
  table_make("table", 8);
  struct member member;
  member_open(&member, "table");
  atomic_store(&member.lock->word, SHO__LOCK_RESERVED);
  atomic_store(&member.lock->heir, 0x47114711);
  int recover = 4711;
  struct stopwatch watch = stopwatch();
  CHECK_OK(sho__lock(&member.peers, member.lock, &recover));
  CHECK_WITHIN_MS(100, watch);
  CHECK_INT(recover, 0);
  CHECK_HEX(atomic_load(&member.lock->heir), 0);
  sho__unlock(member.lock);
  CHECK_HEX(atomic_load(&member.lock->word), 0);
}

/* ---- waiters that stand still ------------------------------------------- */

static void lock_with_patience_of_1_s(void *context) {
  struct signs *signs = context;
  struct member member;
  member_open(&member, "table");
  REQUIRE_OK(sho_lock_timeout(1000000000));
  int recover = -1;
  atomic_store(&signs->ready, 1);
  REQUIRE_OK(sho__lock(&member.peers, member.lock, &recover));
  CHECK_INT(recover, 0);
}

static void hold_until_told(void *context) {
  struct signs *signs = context;
  struct member member;
  member_open(&member, "table");
  int recover = -1;
  REQUIRE_OK(sho__lock(&member.peers, member.lock, &recover));
  atomic_store(&signs->ready, 1);
  WAIT_UNTIL(atomic_load(&signs->go));
  sho__unlock(member.lock);
}

/* As a container that is frozen, or a machine that is suspended. */
static void test_lock_time_in_which_the_waiter_is_stopped_is_no_wait(void) {
  table_make("table", 8);
  struct signs *owners = shared_bytes(sizeof *owners);
  struct signs *waiters = shared_bytes(sizeof *waiters);
  pid_t owner = child_start(hold_until_told, owners);
  WAIT_UNTIL(atomic_load(&owners->ready));
  kill(owner, SIGSTOP);
  pid_t waiter = child_start(lock_with_patience_of_1_s, waiters);
  WAIT_UNTIL(atomic_load(&waiters->ready));
  nap_us(50000);
  kill(waiter, SIGSTOP);
  nap_us(1500000);
  kill(waiter, SIGCONT);
  nap_us(50000);
  atomic_store(&owners->go, 1);
  kill(owner, SIGCONT);
  CHECK_INT(child_wait(waiter), 0);
  CHECK_INT(child_wait(owner), 0);
}

static const struct test tests[] = {
    TEST(test_lock_that_threads_of_one_handle_pass_on_is_not_busy),
    TEST(test_lock_goes_to_who_has_waited_long),
    TEST(test_lock_goes_first_to_who_came_first),
    TEST(test_lock_reserved_for_nobody_is_free_soon),
    TEST(test_lock_time_in_which_the_waiter_is_stopped_is_no_wait),
};

TEST_MAIN(tests)
