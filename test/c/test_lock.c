/* The lock: exclusion, takeover from the dead, patience with the living. */
#include "shm/lock.h"

#include <pthread.h>
#include <sys/time.h>

#include "harness.h"
#include "peers.h"

/* ---- exclusion --------------------------------------------------------- */

static void add_under_lock(struct member *member, int count) {
  for (int i = 0; i < count; i++) {
    int recover = 4711;
    REQUIRE_OK(sho__lock(&member->peers, member->lock, &recover));
    CHECK_INT(recover, 0);
    member->data[0]++;
    if (i % 64 == 0) {
      nap_us(1); /* so that others have to sleep */
    }
    member->data[1]++;
    sho__unlock(member->lock);
  }
}

static int adds(void) { return rounds(2000, 50000, 1000000); }

static void *add_in_thread(void *member) {
  add_under_lock(member, adds());
  return NULL;
}

static void test_lock_excludes_threads_of_one_handle(void) {
  table_make("table", 8);
  struct member member;
  member_open(&member, "table");
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) {
    REQUIRE(pthread_create(&threads[i], NULL, add_in_thread, &member) == 0);
  }
  for (int i = 0; i < 4; i++) {
    pthread_join(threads[i], NULL);
  }
  CHECK_INT(member.data[0], 4 * adds());
  CHECK_INT(member.data[1], 4 * adds());
  CHECK_HEX(atomic_load(&member.lock->word), 0);
}

static void add_in_process(void *unused) {
  (void)unused;
  struct member member;
  member_open(&member, "table");
  add_under_lock(&member, adds());
}

static void test_lock_excludes_processes(void) {
  table_make("table", 8);
  pid_t pids[3];
  for (int i = 0; i < 3; i++) {
    pids[i] = child_start(add_in_process, NULL);
  }
  for (int i = 0; i < 3; i++) {
    CHECK_INT(child_wait(pids[i]), 0);
  }
  struct member member;
  member_open(&member, "table");
  CHECK_INT(member.data[0], 3 * adds());
  CHECK_INT(member.data[1], 3 * adds());
}

static void test_lock_leaves_the_documented_word(void) {
  table_make("table", 8);
  struct member member;
  member_open(&member, "table");
  int recover = -1;
  CHECK_OK(sho__lock(&member.peers, member.lock, &recover));
  uint32_t word;
  file_peek("table", 0, &word, 4);
  CHECK_HEX(word, 0x00200001);
  sho__unlock(member.lock);
  CHECK_HEX(atomic_load(&member.lock->word), 0);
}

/* ---- dead owners -------------------------------------------------------- */

static void lock_and_sleep(void *context) {
  struct signs *signs = context;
  struct member member;
  member_open(&member, "table");
  int recover = -1;
  REQUIRE_OK(sho__lock(&member.peers, member.lock, &recover));
  atomic_store(&signs->word, member.peers.word);
  atomic_store(&signs->ready, 1);
  sleep_for_ever();
}

static pid_t start_owner(struct signs *signs) {
  pid_t pid = child_start(lock_and_sleep, signs);
  WAIT_UNTIL(atomic_load(&signs->ready));
  return pid;
}

static void test_lock_is_taken_over_from_a_killed_owner(void) {
  table_make("table", 8);
  struct signs *signs = shared_bytes(sizeof *signs);
  struct member member;
  member_open(&member, "table");
  child_kill(start_owner(signs));
  int recover = 4711;
  struct stopwatch watch = stopwatch();
  CHECK_OK(sho__lock(&member.peers, member.lock, &recover));
  CHECK_WITHIN_MS(100, watch);
  CHECK_INT(recover, 1);
  sho__unlock(member.lock);
  CHECK_OK(sho__lock(&member.peers, member.lock, &recover));
  CHECK_INT(recover, 0);
}

static void test_lock_waiter_takes_over_when_the_owner_is_killed(void) {
  table_make("table", 8);
  struct signs *signs = shared_bytes(sizeof *signs);
  struct member member;
  member_open(&member, "table");
  pid_t pid = start_owner(signs);
  struct waiter waiter = {.member = &member};
  pthread_t thread = start_waiter(&waiter);
  struct stopwatch watch = stopwatch();
  child_kill(pid);
  pthread_join(thread, NULL);
  CHECK_CODE(waiter.code, SHO_OK);
  CHECK_INT(waiter.recover, 1);
  CHECK_WITHIN_MS(100, watch);
}

static void test_lock_of_a_dead_owner_goes_to_one_of_many(void) {
  table_make("table", 8);
  struct signs *signs = shared_bytes(sizeof *signs);
  struct member member;
  member_open(&member, "table");
  child_kill(start_owner(signs));
  struct waiter waiters[4];
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) {
    waiters[i] = (struct waiter){.member = &member};
    REQUIRE(pthread_create(&threads[i], NULL, lock_in_thread, &waiters[i]) ==
            0);
  }
  for (int i = 0; i < 4; i++) { /* each gets it once the one before lets go */
    WAIT_UNTIL((atomic_load(&member.lock->word) & ~SHO__LOCK_WAITERS) ==
               member.peers.word);
    sho__unlock(member.lock);
  }
  int recovered = 0;
  for (int i = 0; i < 4; i++) {
    pthread_join(threads[i], NULL);
    CHECK_CODE(waiters[i].code, SHO_OK);
    recovered += waiters[i].recover;
  }
  CHECK_INT(recovered, 1);
}

/* The slot of the dead owner belongs to somebody else by now. */
static void test_lock_is_taken_over_though_the_slot_is_used_again(void) {
  table_make("table", 8);
  struct signs *signs = shared_bytes(sizeof *signs);
  child_kill(start_owner(signs));
  struct member heir; /* gets slot 0 again */
  struct member other;
  member_open(&heir, "table");
  member_open(&other, "table");
  CHECK_HEX(heir.peers.word, atomic_load(&signs->word) + 1);
  int recover = -1;
  struct stopwatch watch = stopwatch();
  CHECK_OK(sho__lock(&other.peers, other.lock, &recover));
  CHECK_INT(recover, 1);
  sho__unlock(other.lock);
  atomic_store(&heir.lock->word, atomic_load(&signs->word));
  CHECK_OK(sho__lock(&heir.peers, heir.lock, &recover));
  CHECK_INT(recover, 1);
  CHECK_WITHIN_MS(100, watch);
}

static void test_lock_word_that_nobody_wrote_is_taken_over(void) {
  table_make("table", 8);
  struct member member;
  member_open(&member, "table");
  static const uint32_t words[] = {0xffffffff, 0x7fffffff, 0x80000000,
                                   0x00000001, 0x00200002, 0x01200001,
                                   0x80400001, 0x001fffff};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    atomic_store(&member.lock->word, words[i]);
    int recover = 4711;
    struct stopwatch watch = stopwatch();
    CHECK_OK(sho__lock(&member.peers, member.lock, &recover));
    CHECK_WITHIN_MS(100, watch);
    CHECK_INT(recover, 1);
    sho__unlock(member.lock);
  }
}

/* A profiler's signals end the sleep over and over. */
static void on_alarm(int signal) { (void)signal; }

static void test_lock_is_taken_over_under_a_storm_of_signals(void) {
  table_make("table", 8);
  struct signs *signs = shared_bytes(sizeof *signs);
  struct member member;
  member_open(&member, "table");
  child_kill(start_owner(signs));
  struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
  REQUIRE(sigaction(SIGALRM, &action, NULL) == 0);
  struct itimerval each_ms = {.it_interval = {.tv_usec = 1000},
                              .it_value = {.tv_usec = 1000}};
  REQUIRE(setitimer(ITIMER_REAL, &each_ms, NULL) == 0);
  int recover = 0;
  struct stopwatch watch = stopwatch();
  REQUIRE_OK(sho_lock_timeout(INT64_C(2000000000)));
  CHECK_OK(sho__lock(&member.peers, member.lock, &recover));
  CHECK_WITHIN_MS(100, watch);
  CHECK_INT(recover, 1);
}

static void test_lock_waiter_survives_a_lost_wake_up(void) {
  table_make("table", 8);
  struct member owner;
  struct member member;
  member_open(&owner, "table");
  member_open(&member, "table");
  int recover = -1;
  REQUIRE_OK(sho__lock(&owner.peers, owner.lock, &recover));
  struct waiter waiter = {.member = &member};
  pthread_t thread = start_waiter(&waiter);
  struct stopwatch watch = stopwatch();
  atomic_store(&owner.lock->word, 0); /* killed between unlock and wake */
  pthread_join(thread, NULL);
  CHECK_CODE(waiter.code, SHO_OK);
  CHECK_INT(waiter.recover, 0);
  CHECK_WITHIN_MS(100, watch);
}

/* ---- living owners ------------------------------------------------------ */

static void test_lock_tells_the_pid_of_a_stopped_owner(void) {
  table_make("table", 8);
  struct signs *signs = shared_bytes(sizeof *signs);
  struct member member;
  member_open(&member, "table");
  pid_t pid = start_owner(signs);
  kill(pid, SIGSTOP);
  REQUIRE_OK(sho_lock_timeout(60000000));
  int recover = 4711;
  struct stopwatch watch = stopwatch();
  CHECK_CODE(sho__lock(&member.peers, member.lock, &recover), SHO_EBUSY);
  CHECK(now_ns() - watch.begin_ns >= 60000000);
  CHECK_WITHIN_MS(160, watch);
  CHECK_INT(recover, 4711);
  char words[128];
  snprintf(words, sizeof words,
           "table: process %d holds its lock and does not go on; resume or "
           "kill that process",
           (int)pid);
  CHECK_SAYS(words);
  CHECK_HEX(atomic_load(&member.lock->word) & ~SHO__LOCK_WAITERS,
            atomic_load(&signs->word));
  child_kill(pid);
  CHECK_OK(sho__lock(&member.peers, member.lock, &recover));
  CHECK_INT(recover, 1);
}

static void test_lock_held_by_another_thread_of_the_handle_is_busy(void) {
  table_make("table", 8);
  struct member member;
  member_open(&member, "table");
  int recover = -1;
  REQUIRE_OK(sho__lock(&member.peers, member.lock, &recover));
  REQUIRE_OK(sho_lock_timeout(20000000));
  CHECK_CODE(sho__lock(&member.peers, member.lock, &recover), SHO_EBUSY);
}

/* Ownership that moves is waited for, however long it takes. */
static void *pass_the_lock_on(void *context) {
  struct member *pair = context;
  for (int i = 0; i < 100; i++) {
    struct member *next = &pair[(i + 1) % 2];
    nap_us(12000);
    atomic_store(&next->lock->word, next->peers.word); /* unlocked, locked */
  }
  sho__unlock(pair[0].lock);
  return NULL;
}

static void test_lock_that_goes_from_hand_to_hand_is_not_busy(void) {
  if (is_slow()) {
    skip("a hand may take longer than the timeout");
  }
  table_make("table", 8);
  struct member pair[2];
  struct member member;
  member_open(&pair[0], "table");
  member_open(&pair[1], "table");
  member_open(&member, "table");
  int recover = -1;
  REQUIRE_OK(sho__lock(&pair[0].peers, pair[0].lock, &recover));
  REQUIRE_OK(sho_lock_timeout(1000000000));
  pthread_t thread;
  REQUIRE(pthread_create(&thread, NULL, pass_the_lock_on, pair) == 0);
  CHECK_OK(sho__lock(&member.peers, member.lock, &recover));
  CHECK_INT(recover, 0);
  pthread_join(thread, NULL);
}

/* ---- regions that end --------------------------------------------------- */

static void test_lock_waiter_ends_when_the_region_is_closed(void) {
  table_make("table", 8);
  struct member owner;
  struct member member;
  member_open(&owner, "table");
  member_open(&member, "table");
  int recover = -1;
  REQUIRE_OK(sho__lock(&owner.peers, owner.lock, &recover));
  struct waiter waiter = {.member = &member};
  pthread_t thread = start_waiter(&waiter);
  struct stopwatch watch = stopwatch();
  sho__region_end(member.region);
  sho__region_give_back(member.region);
  pthread_join(thread, NULL);
  CHECK_CODE(waiter.code, SHO_ECLOSED);
  CHECK_WITHIN_MS(100, watch);
}

static void test_lock_waiter_ends_when_the_file_is_truncated(void) {
  table_make("table", 8);
  struct member owner;
  struct member member;
  member_open(&owner, "table");
  member_open(&member, "table");
  int recover = -1;
  REQUIRE_OK(sho__lock(&owner.peers, owner.lock, &recover));
  struct waiter waiter = {.member = &member};
  pthread_t thread = start_waiter(&waiter);
  struct stopwatch watch = stopwatch();
  REQUIRE(truncate("table", 0) == 0);
  pthread_join(thread, NULL);
  CHECK_CODE(waiter.code, SHO_EIO);
  CHECK_WITHIN_MS(100, watch);
}

/* Zero pages look unlocked; nobody may go on as if they were the file. */
static void test_lock_of_an_ended_region_is_not_to_be_had(void) {
  table_make("table", 8);
  struct member member;
  struct member other;
  member_open(&member, "table");
  member_open(&other, "table");
  int recover = 4711;
  sho__region_end(member.region);
  CHECK_CODE(sho__lock(&member.peers, member.lock, &recover), SHO_ECLOSED);
  CHECK_HEX(atomic_load(&other.lock->word), 0); /* given back at once */
  sho__region_give_back(member.region);
  CHECK_CODE(sho__lock(&member.peers, member.lock, &recover), SHO_ECLOSED);
  CHECK_INT(recover, 4711);
  CHECK_OK(sho__lock(&other.peers, other.lock, &recover));
  CHECK_INT(recover, 0);
}

static const struct test tests[] = {
    TEST(test_lock_excludes_threads_of_one_handle),
    TEST(test_lock_excludes_processes),
    TEST(test_lock_leaves_the_documented_word),
    TEST(test_lock_is_taken_over_from_a_killed_owner),
    TEST(test_lock_waiter_takes_over_when_the_owner_is_killed),
    TEST(test_lock_of_a_dead_owner_goes_to_one_of_many),
    TEST(test_lock_is_taken_over_though_the_slot_is_used_again),
    TEST(test_lock_word_that_nobody_wrote_is_taken_over),
    TEST(test_lock_is_taken_over_under_a_storm_of_signals),
    TEST(test_lock_waiter_survives_a_lost_wake_up),
    TEST(test_lock_tells_the_pid_of_a_stopped_owner),
    TEST(test_lock_held_by_another_thread_of_the_handle_is_busy),
    TEST(test_lock_that_goes_from_hand_to_hand_is_not_busy),
    TEST(test_lock_waiter_ends_when_the_region_is_closed),
    TEST(test_lock_waiter_ends_when_the_file_is_truncated),
    TEST(test_lock_of_an_ended_region_is_not_to_be_had),
};

TEST_MAIN(tests)
