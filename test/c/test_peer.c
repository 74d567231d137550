/* Who has a file open, and whether they live. */
#include "shm/peer.h"

#include "harness.h"
#include "peers.h"

#if defined(__linux__)
#include <sched.h>
#endif

static void attach_and_sleep(void *context) {
  struct signs *signs = context;
  struct member member;
  member_open(&member, "table");
  atomic_store(&signs->word, member.peers.word);
  atomic_store(&signs->ready, 1);
  sleep_for_ever();
}

static pid_t start_member(struct signs *signs) {
  atomic_store(&signs->ready, 0);
  pid_t pid = child_start(attach_and_sleep, signs);
  WAIT_UNTIL(atomic_load(&signs->ready));
  return pid;
}

static void test_peer_first_holder_has_the_documented_word(void) {
  table_make("table", 8);
  struct member member;
  member_open(&member, "table");
  CHECK_HEX(member.peers.word, 0x00200001);
  CHECK_INT(member.peers.self, 0);
  uint32_t slot[2];
  file_peek("table", SLOTS_OFF, slot, 8);
  CHECK_INT(slot[0], 1);
  CHECK_INT(slot[1], getpid());
  CHECK(sho__peer_alive(&member.peers, member.peers.word));
  CHECK_INT(sho__peer_pid(&member.peers, member.peers.word), getpid());
}

static void test_peer_is_dead_once_killed(void) {
  table_make("table", 8);
  struct signs *signs = shared_bytes(sizeof *signs);
  struct member member;
  member_open(&member, "table");
  pid_t pid = start_member(signs);
  uint32_t word = atomic_load(&signs->word);
  CHECK_HEX(word, 0x00400001);
  CHECK(sho__peer_alive(&member.peers, word));
  CHECK(sho__peer_alive(&member.peers, word | SHO__LOCK_WAITERS));
  CHECK_INT(sho__peer_pid(&member.peers, word), pid);
  CHECK_INT(child_kill(pid), 128 + SIGKILL);
  CHECK(!sho__peer_alive(&member.peers, word));
  CHECK(!sho__peer_alive(&member.peers, word | SHO__LOCK_WAITERS));
}

static void test_peer_is_alive_while_stopped(void) {
  table_make("table", 8);
  struct signs *signs = shared_bytes(sizeof *signs);
  struct member member;
  member_open(&member, "table");
  pid_t pid = start_member(signs);
  kill(pid, SIGSTOP);
  CHECK(sho__peer_alive(&member.peers, atomic_load(&signs->word)));
  child_kill(pid);
}

static void test_peer_slot_is_used_again_by_another_generation(void) {
  table_make("table", 8);
  struct signs *signs = shared_bytes(sizeof *signs);
  struct member member;
  member_open(&member, "table");
  child_kill(start_member(signs));
  uint32_t first = atomic_load(&signs->word);
  pid_t pid = start_member(signs);
  uint32_t second = atomic_load(&signs->word);
  CHECK_HEX(second, first + 1);
  CHECK(!sho__peer_alive(&member.peers, first));
  CHECK(sho__peer_alive(&member.peers, second));
  child_kill(pid);
}

static void test_peer_generation_may_wrap(void) {
  table_make("table", 1);
  uint32_t generation = UINT32_MAX;
  file_patch("table", SLOTS_OFF, &generation, 4);
  struct member member;
  member_open(&member, "table");
  CHECK_HEX(member.peers.word, 0x00200000);
  CHECK(sho__peer_alive(&member.peers, member.peers.word));
  CHECK(!sho__peer_alive(&member.peers, 0x003fffff));
}

static void test_peer_handles_of_one_process_are_apart(void) {
  table_make("table", 8);
  struct member one;
  struct member other;
  member_open(&one, "table");
  member_open(&other, "table");
  CHECK(one.peers.word != other.peers.word);
  CHECK(sho__peer_alive(&one.peers, other.peers.word));
  CHECK(sho__peer_alive(&other.peers, one.peers.word));
  CHECK_INT(sho__peers_alive(&one.peers), 2);
  uint32_t word = other.peers.word;
  member_close(&other);
  CHECK(!sho__peer_alive(&one.peers, word));
  CHECK_INT(sho__peers_alive(&one.peers), 1);
}

static void test_peer_is_dead_once_its_region_is_given_back(void) {
  table_make("table", 8);
  struct member one;
  struct member other;
  member_open(&one, "table");
  member_open(&other, "table");
  sho__region_end(other.region);
  sho__region_give_back(other.region);
  CHECK(!sho__peer_alive(&one.peers, other.peers.word));
}

static void attach_and_fork(void *context) {
  struct signs *signs = context;
  struct member member;
  member_open(&member, "table");
  atomic_store(&signs->word, member.peers.word);
  if (fork() == 0) {
    CHECK_CODE(sho__region_check(member.region), SHO_ECLOSED);
    atomic_store(&signs->ready, 1);
  }
  sleep_for_ever();
}

/* Its child inherited the file, but not its life. */
static void test_peer_killed_is_dead_though_its_child_lives(void) {
  table_make("table", 8);
  struct signs *signs = shared_bytes(sizeof *signs);
  struct member member;
  member_open(&member, "table");
  pid_t pid = child_start(attach_and_fork, signs);
  WAIT_UNTIL(atomic_load(&signs->ready));
  CHECK(sho__peer_alive(&member.peers, atomic_load(&signs->word)));
  child_kill(pid);
  CHECK(!sho__peer_alive(&member.peers, atomic_load(&signs->word)));
}

static void test_peer_slots_run_out(void) {
  table_make("table", 4);
  struct member members[4];
  for (int i = 0; i < 4; i++) {
    member_open(&members[i], "table");
  }
  struct member more;
  CHECK_CODE(member_try(&more, "table"), SHO_EPEERS);
  CHECK_SAYS("table is open 4 times, which is the most it can be; close one");
  CHECK_INT(sho__peers_alive(&members[0].peers), 4);
  member_close(&members[2]);
  REQUIRE_OK(member_try(&more, "table"));
  CHECK_INT(more.peers.self, 2);
}

static void test_peer_counts_whoever_came_in_whatever_order(void) {
  table_make("table", 16);
  struct member members[6];
  for (int i = 0; i < 6; i++) {
    member_open(&members[i], "table");
  }
  for (int i = 0; i < 6; i++) { /* the slot's lock moves behind the others' */
    member_close(&members[i]);
    CHECK_INT(sho__peers_alive(&members[(i + 1) % 6].peers), 5);
    member_open(&members[i], "table");
    for (int k = 0; k < 6; k++) {
      CHECK_INT(sho__peers_alive(&members[k].peers), 6);
    }
  }
}

static void test_peer_words_that_nobody_wrote_are_dead(void) {
  table_make("table", 8);
  struct member member;
  member_open(&member, "table");
  static const uint32_t words[] = {
      0x7fffffff, 0xffffffff, 0x80000000,
      0x00000001, 0x001fffff, 0x00200000, /* slot 0, an earlier generation */
      0x00200002,                         /* and a later one */
      0x00400000,                         /* slot 1, which nobody ever had */
      0x01200001,                         /* slot 8, which is not there */
  };
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (sho__peer_alive(&member.peers, words[i])) {
      fail(__FILE__, __LINE__, "0x%08x is alive", words[i]);
    }
    sho__peer_pid(&member.peers, words[i]); /* reads nothing outside */
  }
  CHECK_INT(sho__peer_pid(&member.peers, 0x7fffffff), 0);
  CHECK_INT(sho__peer_pid(&member.peers, 0x80000000), 0);
}

/* ---- another PID namespace ---------------------------------------------- */

#if defined(__linux__)
/* The other namespace's process 1 ends when it is told to: it has no pid here
 * by which it could be killed. */
static void attach_and_obey(void *context) {
  struct signs *signs = context;
  struct member member;
  member_open(&member, "table");
  atomic_store(&signs->word, member.peers.word);
  atomic_store(&signs->ready, 1);
  WAIT_UNTIL(atomic_load(&signs->go));
  _exit(3);
}

static void try_namespace(void *unused) {
  (void)unused;
  _exit(unshare(CLONE_NEWPID) != 0);
}

/* A process of its own: once the namespace's first process has ended, nothing
 * can be started there any more, not even the leak sanitizer. */
static void start_in_namespace(void *context) {
  REQUIRE(unshare(CLONE_NEWPID) == 0);
  CHECK_INT(child_wait(child_start(attach_and_obey, context)), 3);
}
#endif

static void test_peer_lives_and_dies_across_pid_namespaces(void) {
#if defined(__linux__)
  if (child_wait(child_start(try_namespace, NULL)) != 0) {
    skip("no PID namespaces: needs root");
  }
  table_make("table", 8);
  struct signs *signs = shared_bytes(sizeof *signs);
  struct member member;
  member_open(&member, "table");
  pid_t outer = child_start(start_in_namespace, signs);
  WAIT_UNTIL(atomic_load(&signs->ready));
  uint32_t word = atomic_load(&signs->word);
  CHECK(sho__peer_alive(&member.peers, word));
  CHECK_INT(sho__peer_pid(&member.peers, word), 1); /* in its own namespace */
  atomic_store(&signs->go, 1);
  CHECK_INT(child_wait(outer), 0);
  CHECK(!sho__peer_alive(&member.peers, word));
#else
  skip("needs Linux");
#endif
}

static const struct test tests[] = {
    TEST(test_peer_first_holder_has_the_documented_word),
    TEST(test_peer_is_dead_once_killed),
    TEST(test_peer_is_alive_while_stopped),
    TEST(test_peer_slot_is_used_again_by_another_generation),
    TEST(test_peer_generation_may_wrap),
    TEST(test_peer_handles_of_one_process_are_apart),
    TEST(test_peer_is_dead_once_its_region_is_given_back),
    TEST(test_peer_killed_is_dead_though_its_child_lives),
    TEST(test_peer_slots_run_out),
    TEST(test_peer_counts_whoever_came_in_whatever_order),
    TEST(test_peer_words_that_nobody_wrote_are_dead),
    TEST(test_peer_lives_and_dies_across_pid_namespaces),
};

TEST_MAIN(tests)
