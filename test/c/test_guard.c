/* A fault inside a guarded mapping is a state; any other is somebody else's. */
#include "shm/guard.h"

#include <pthread.h>
#include <setjmp.h>
#include <sys/resource.h>

#include "harness.h"

enum { PAGES = 4 };

static size_t page;

/* A file of PAGES pages of 'x', mapped shared. */
static uint8_t *map_pages(int *fd) {
  page = (size_t)sysconf(_SC_PAGESIZE);
  *fd = open("pages", O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  REQUIRE(*fd >= 0);
  REQUIRE(unlink("pages") == 0);
  REQUIRE(ftruncate(*fd, (off_t)(PAGES * page)) == 0);
  uint8_t *base =
      mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
  REQUIRE(base != MAP_FAILED);
  memset(base, 'x', PAGES * page);
  return base;
}

static uint8_t peek(const uint8_t *at) { return *(const volatile uint8_t *)at; }

static void poke(uint8_t *at, uint8_t value) {
  *(volatile uint8_t *)at = value;
}

/* ---- inside a guarded range -------------------------------------------- */

static void test_guard_reads_zeros_behind_a_truncated_end(void) {
  int fd;
  uint8_t *base = map_pages(&fd);
  _Atomic int state = SHO_OK;
  struct sho__guard *guard;
  REQUIRE_OK(sho__guard_add(base, PAGES * page, &state, &guard));
  CHECK_INT(peek(base + 3 * page), 'x');
  CHECK_CODE(atomic_load(&state), SHO_OK);
  REQUIRE(ftruncate(fd, 0) == 0);
  errno = 4711;
  CHECK_INT(peek(base + 3 * page + 7), 0);
  CHECK_INT(errno, 4711);
  CHECK_CODE(atomic_load(&state), SHO_EIO);
  sho__guard_remove(guard);
}

static void test_guard_lets_writes_behind_a_truncated_end_go_on(void) {
  int fd;
  uint8_t *base = map_pages(&fd);
  _Atomic int state = SHO_OK;
  struct sho__guard *guard;
  REQUIRE_OK(sho__guard_add(base, PAGES * page, &state, &guard));
  REQUIRE(ftruncate(fd, 0) == 0);
  poke(base + page, 'y');
  CHECK_CODE(atomic_load(&state), SHO_EIO);
  CHECK_INT(peek(base + page), 'y');
  CHECK_INT(lseek(fd, 0, SEEK_END), 0);
  sho__guard_remove(guard);
}

static void test_guard_leaves_what_the_file_still_has(void) {
  int fd;
  uint8_t *base = map_pages(&fd);
  _Atomic int state = SHO_OK;
  struct sho__guard *guard;
  REQUIRE_OK(sho__guard_add(base, PAGES * page, &state, &guard));
  REQUIRE(ftruncate(fd, (off_t)page) == 0);
  CHECK_INT(peek(base), 'x');
  CHECK_CODE(atomic_load(&state), SHO_OK);
  CHECK_INT(peek(base + 2 * page), 0);
  CHECK_CODE(atomic_load(&state), SHO_EIO);
  CHECK_INT(peek(base), 'x');
  poke(base, 'z');
  uint8_t stored;
  REQUIRE(pread(fd, &stored, 1, 0) == 1);
  CHECK_INT(stored, 'z');          /* page 0 is still the file's */
  CHECK_INT(peek(base + page), 0); /* and page 1 faults by itself */
  sho__guard_remove(guard);
}

static void test_guard_keeps_a_closed_state(void) {
  int fd;
  uint8_t *base = map_pages(&fd);
  _Atomic int state = SHO_ECLOSED;
  struct sho__guard *guard;
  REQUIRE_OK(sho__guard_add(base, PAGES * page, &state, &guard));
  REQUIRE(ftruncate(fd, 0) == 0);
  CHECK_INT(peek(base), 0);
  CHECK_CODE(atomic_load(&state), SHO_ECLOSED);
  sho__guard_remove(guard);
}

struct reader {
  const uint8_t *base;
  _Atomic int *state;
  _Atomic int ready;
};

static void *read_until_eio(void *context) {
  struct reader *reader = context;
  atomic_fetch_add(&reader->ready, 1);
  while (atomic_load(reader->state) == SHO_OK) {
    for (size_t at = 0; at < PAGES * page; at += 64) {
      int value = peek(reader->base + at);
      /* Zeros are never read while the state still promises the file's. */
      if (value != 'x' && atomic_load(reader->state) == SHO_OK) {
        fail(__FILE__, __LINE__, "read %d in state SHO_OK", value);
      }
    }
  }
  return NULL;
}

static void test_guard_serves_many_threads_at_once(void) {
  for (int round = 0; round < rounds(3, 20, 500); round++) {
    int fd;
    uint8_t *base = map_pages(&fd);
    _Atomic int state = SHO_OK;
    struct sho__guard *guard;
    REQUIRE_OK(sho__guard_add(base, PAGES * page, &state, &guard));
    struct reader reader = {.base = base, .state = &state};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
      REQUIRE(pthread_create(&threads[i], NULL, read_until_eio, &reader) == 0);
    }
    while (atomic_load(&reader.ready) < 4) {
      nap_us(10);
    }
    REQUIRE(ftruncate(fd, 0) == 0);
    for (int i = 0; i < 4; i++) {
      pthread_join(threads[i], NULL);
    }
    CHECK_CODE(atomic_load(&state), SHO_EIO);
    sho__guard_remove(guard);
    munmap(base, PAGES * page);
    close(fd);
  }
}

static void test_guard_keeps_two_hundred_ranges_apart(void) {
  enum { RANGES = 200 };
  static uint8_t *bases[RANGES];
  static _Atomic int states[RANGES];
  static struct sho__guard *guards[RANGES];
  static int fds[RANGES];
  for (int i = 0; i < RANGES; i++) {
    bases[i] = map_pages(&fds[i]);
    REQUIRE_OK(sho__guard_add(bases[i], PAGES * page, &states[i], &guards[i]));
  }
  for (int i = 0; i < RANGES; i += 3) {
    REQUIRE(ftruncate(fds[i], 0) == 0);
  }
  for (int i = 0; i < RANGES; i++) {
    CHECK_INT(peek(bases[i] + page), i % 3 == 0 ? 0 : 'x');
    CHECK_CODE(atomic_load(&states[i]), i % 3 == 0 ? SHO_EIO : SHO_OK);
  }
  struct sho__guard *removed = guards[100];
  sho__guard_remove(removed);
  REQUIRE_OK(
      sho__guard_add(bases[100], PAGES * page, &states[100], &guards[100]));
  CHECK(guards[100] == removed); /* its place is used again */
}

/* ---- where memory is short ---------------------------------------------- */

/* As ulimit -d: no more private memory that can be written. */
static void forbid_more_data(void) {
  struct rlimit limit = {.rlim_cur = page, .rlim_max = page};
  REQUIRE(setrlimit(RLIMIT_DATA, &limit) == 0);
  if (mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
           0) != MAP_FAILED) {
    skip("the system does not limit data here");
  }
}

/* As ulimit -f: a file that grows above the limit would be SIGXFSZ. */
static void forbid_large_files(void) {
  struct rlimit limit = {.rlim_cur = page, .rlim_max = page};
  REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

static void serve_under(void limit(void)) {
  int fd;
  uint8_t *base = map_pages(&fd);
  _Atomic int state = SHO_OK;
  struct sho__guard *guard;
  REQUIRE_OK(sho__guard_add(base, PAGES * page, &state, &guard));
  limit();
  REQUIRE(ftruncate(fd, 0) == 0);
  errno = 4711;
  CHECK_INT(peek(base + 2 * page), 0);
  CHECK_INT(errno, 4711);
  poke(base + page, 'y');
  CHECK_INT(peek(base + page), 'y');
  CHECK_CODE(atomic_load(&state), SHO_EIO);
  sho__guard_remove(guard);
  end_test();
}

static void test_guard_serves_under_a_limit_of_data(void) {
  serve_under(forbid_more_data);
}

static void test_guard_serves_under_a_limit_of_file_sizes(void) {
  serve_under(forbid_large_files);
}

static void test_guard_serves_without_free_descriptors(void) {
  int fd;
  uint8_t *base = map_pages(&fd);
  _Atomic int state = SHO_OK;
  struct sho__guard *guard;
  REQUIRE_OK(sho__guard_add(base, PAGES * page, &state, &guard));
  struct rlimit none = {0};
  REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  forbid_more_data();
  REQUIRE(ftruncate(fd, 0) == 0);
  CHECK_INT(peek(base + 2 * page), 0);
  CHECK_CODE(atomic_load(&state), SHO_EIO);
  sho__guard_remove(guard);
  end_test();
}

/* ---- outside ----------------------------------------------------------- */

static sigjmp_buf jump;
static void *_Atomic told_address;
static _Atomic int told_signals;

static void on_signal(int signal) {
  (void)signal;
  atomic_fetch_add(&told_signals, 1);
  siglongjmp(jump, 1);
}

static void on_siginfo(int signal, siginfo_t *info, void *context) {
  (void)context;
  atomic_store(&told_address, info->si_addr);
  on_signal(signal);
}

/* Guards one mapping and answers another, which is truncated. */
static uint8_t *unguarded(void) {
  int fd;
  static _Atomic int state = SHO_OK;
  struct sho__guard *guard;
  uint8_t *guarded = map_pages(&fd);
  REQUIRE_OK(sho__guard_add(guarded, PAGES * page, &state, &guard));
  uint8_t *base = map_pages(&fd);
  REQUIRE(ftruncate(fd, 0) == 0);
  return base;
}

static void set_handler(struct sigaction action) {
  REQUIRE(sigaction(SIGBUS, &action, NULL) == 0);
}

static void test_guard_hands_other_faults_to_the_handler_before(void) {
  set_handler(
      (struct sigaction){.sa_sigaction = on_siginfo, .sa_flags = SA_SIGINFO});
  uint8_t *base = unguarded();
  if (sigsetjmp(jump, 1) == 0) {
    peek(base + page + 5);
    CHECK(!"reached");
  }
  CHECK_INT(atomic_load(&told_signals), 1);
  CHECK(atomic_load(&told_address) == base + page + 5);
}

static void test_guard_hands_other_faults_to_a_plain_handler(void) {
  set_handler((struct sigaction){.sa_handler = on_signal});
  uint8_t *base = unguarded();
  if (sigsetjmp(jump, 1) == 0) {
    peek(base);
    CHECK(!"reached");
  }
  CHECK_INT(atomic_load(&told_signals), 1);
}

static void test_guard_hands_a_removed_ranges_faults_on(void) {
  set_handler((struct sigaction){.sa_handler = on_signal});
  int fd;
  uint8_t *base = map_pages(&fd);
  _Atomic int state = SHO_OK;
  struct sho__guard *guard;
  REQUIRE_OK(sho__guard_add(base, PAGES * page, &state, &guard));
  sho__guard_remove(guard);
  REQUIRE(ftruncate(fd, 0) == 0);
  if (sigsetjmp(jump, 1) == 0) {
    peek(base);
    CHECK(!"reached");
  }
  CHECK_INT(atomic_load(&told_signals), 1);
  CHECK_CODE(atomic_load(&state), SHO_OK);
}

static void test_guard_hands_sent_signals_on(void) {
  set_handler((struct sigaction){.sa_handler = on_signal});
  unguarded();
  if (sigsetjmp(jump, 1) == 0) {
    raise(SIGBUS);
  }
  CHECK_INT(atomic_load(&told_signals), 1);
}

static void fault_outside(void *context) {
  set_handler(*(const struct sigaction *)context);
  peek(unguarded());
}

static void send_outside(void *context) {
  set_handler(*(const struct sigaction *)context);
  unguarded();
  kill(getpid(), SIGBUS);
}

static void test_guard_lets_the_default_action_end_the_process(void) {
  struct sigaction action = {.sa_handler = SIG_DFL};
  CHECK_INT(child_wait(child_start(fault_outside, &action)), 128 + SIGBUS);
  CHECK_INT(child_wait(child_start(send_outside, &action)), 128 + SIGBUS);
  action.sa_flags = SA_SIGINFO; /* which says nothing about SIG_DFL */
  CHECK_INT(child_wait(child_start(fault_outside, &action)), 128 + SIGBUS);
}

static void test_guard_ignores_what_was_ignored(void) {
  struct sigaction action = {.sa_handler = SIG_IGN};
  CHECK_INT(child_wait(child_start(send_outside, &action)), 0);
  /* A fault cannot be ignored: the kernel ends the process. */
  CHECK_INT(child_wait(child_start(fault_outside, &action)), 128 + SIGBUS);
}

static const struct test tests[] = {
    TEST(test_guard_reads_zeros_behind_a_truncated_end),
    TEST(test_guard_lets_writes_behind_a_truncated_end_go_on),
    TEST(test_guard_leaves_what_the_file_still_has),
    TEST(test_guard_keeps_a_closed_state),
    TEST(test_guard_serves_many_threads_at_once),
    TEST(test_guard_keeps_two_hundred_ranges_apart),
    TEST(test_guard_serves_under_a_limit_of_data),
    TEST(test_guard_serves_under_a_limit_of_file_sizes),
    TEST(test_guard_serves_without_free_descriptors),
    TEST(test_guard_hands_other_faults_to_the_handler_before),
    TEST(test_guard_hands_other_faults_to_a_plain_handler),
    TEST(test_guard_hands_a_removed_ranges_faults_on),
    TEST(test_guard_hands_sent_signals_on),
    TEST(test_guard_lets_the_default_action_end_the_process),
    TEST(test_guard_ignores_what_was_ignored),
};

TEST_MAIN(tests)
