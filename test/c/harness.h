/*
 * A test program is a table of named tests and a call of run_tests.
 *
 * Each test runs in a process of its own, whose working directory is an empty
 * scratch folder; folder and children are gone when it ends. A check that
 * fails prints where, what and the values, and the test goes on; REQUIRE ends
 * it. Checks may also fail in threads and in children.
 *
 * SHO_SLOW=1: under emulation or a sanitizer, loops are short and no time is
 * judged. SHO_LONG=1: loops are as long as a release asks for.
 */
#ifndef SHO_TEST_HARNESS_H
#define SHO_TEST_HARNESS_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shareobject.h"

#define SHO_TEST __attribute__((unused)) static

enum {
  SKIPPED = 77,       /* exit status */
  TEST_SECONDS = 240, /* before a test that hangs is ended */
  MOST_WORDS = 20     /* failures that a process tells of */
};

struct test {
  const char *name;
  void (*run)(void);
};
#define TEST(function)                                                         \
  { #function, function }

/* ---- checks ------------------------------------------------------------ */

static _Atomic int failures;

#define CHECK(condition) check_true(__FILE__, __LINE__, #condition, (condition))
#define CHECK_INT(actual, expected)                                            \
  check_int(__FILE__, __LINE__, #actual, (long long)(actual),                  \
            (long long)(expected))
#define CHECK_HEX(actual, expected)                                            \
  check_hex(__FILE__, __LINE__, #actual, (actual), (expected))
#define CHECK_TEXT(actual, expected)                                           \
  check_text(__FILE__, __LINE__, #actual, (actual), (expected))
#define CHECK_BYTES(actual, expected, bytes)                                   \
  check_bytes(__FILE__, __LINE__, #actual, (actual), (expected), (bytes))
/* The result of a call of the library: a code, by name. */
#define CHECK_CODE(actual, expected)                                           \
  check_code(__FILE__, __LINE__, #actual, (actual), (expected))
#define CHECK_OK(actual) CHECK_CODE(actual, SHO_OK)
/* What the thread's last failure said. */
#define CHECK_SAYS(part) check_says(__FILE__, __LINE__, part)
/* As CHECK, but what follows makes no sense without it. */
#define REQUIRE(condition)                                                     \
  do {                                                                         \
    if (!(condition)) {                                                        \
      fail(__FILE__, __LINE__, "%s is false (errno: %s)", #condition,          \
           strerror(errno));                                                   \
      fflush(NULL);                                                            \
      _exit(1);                                                                \
    }                                                                          \
  } while (0)
#define REQUIRE_OK(call)                                                       \
  do {                                                                         \
    if (!CHECK_CODE((call), SHO_OK)) {                                         \
      fflush(NULL);                                                            \
      _exit(1);                                                                \
    }                                                                          \
  } while (0)

__attribute__((format(printf, 3, 4), unused)) static int
fail(const char *file, int line, const char *format, ...) {
  char text[2048];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (atomic_fetch_add(&failures, 1) < MOST_WORDS) {
    fprintf(stderr, "%s:%d: %s\n", file, line, text);
  }
  return 0;
}

SHO_TEST int check_true(const char *file, int line, const char *what, int is) {
  return is ? 1 : fail(file, line, "%s is false", what);
}

SHO_TEST int check_int(const char *file, int line, const char *what,
                       long long actual, long long expected) {
  return actual == expected
             ? 1
             : fail(file, line, "%s is %lld, not %lld", what, actual, expected);
}

SHO_TEST int check_hex(const char *file, int line, const char *what,
                       uint64_t actual, uint64_t expected) {
  return actual == expected
             ? 1
             : fail(file, line, "%s is 0x%016" PRIx64 ", not 0x%016" PRIx64,
                    what, actual, expected);
}

SHO_TEST int check_text(const char *file, int line, const char *what,
                        const char *actual, const char *expected) {
  return strcmp(actual, expected) == 0
             ? 1
             : fail(file, line, "%s is \"%s\", not \"%s\"", what, actual,
                    expected);
}

SHO_TEST int check_bytes(const char *file, int line, const char *what,
                         const void *actual, const void *expected,
                         size_t bytes) {
  const uint8_t *a = actual;
  const uint8_t *e = expected;
  for (size_t i = 0; i < bytes; i++) {
    if (a[i] != e[i]) {
      return fail(file, line, "%s[%zu] is %02x, not %02x", what, i, a[i], e[i]);
    }
  }
  return 1;
}

SHO_TEST int check_code(const char *file, int line, const char *what,
                        long actual, int expected) {
  if (actual == expected) {
    return 1;
  }
  return fail(file, line, "%s is %ld %s, not %s; last message: %s", what,
              actual, actual < 0 ? sho_error_name((int)actual) : "",
              sho_error_name(expected), sho_last_message());
}

SHO_TEST int check_says(const char *file, int line, const char *part) {
  return strstr(sho_last_message(), part) != NULL
             ? 1
             : fail(file, line, "the message is \"%s\", without \"%s\"",
                    sho_last_message(), part);
}

/* Ends the test, which cannot run here. */
SHO_TEST _Noreturn void skip(const char *reason) {
  printf("skip: %s\n", reason);
  fflush(NULL);
  _exit(SKIPPED);
}

/* Ends the test without a search for leaks, which cannot be made here. */
SHO_TEST _Noreturn void end_test(void) {
  fflush(NULL);
  _exit(atomic_load(&failures) != 0);
}

/* ---- time and size ----------------------------------------------------- */

SHO_TEST int is_set(const char *variable) {
  const char *value = getenv(variable);
  return value != NULL && *value != '\0' && strcmp(value, "0") != 0;
}

SHO_TEST int is_slow(void) { return is_set("SHO_SLOW"); }

/* How often a loop runs: long, usual, slow. */
SHO_TEST int rounds(int slow, int usual, int longest) {
  return is_slow() ? slow : is_set("SHO_LONG") ? longest : usual;
}

SHO_TEST int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

SHO_TEST void nap_us(int64_t us) {
  struct timespec nap = {.tv_sec = (time_t)(us / 1000000),
                         .tv_nsec = (long)(us % 1000000 * 1000)};
  while (nanosleep(&nap, &nap) != 0 && errno == EINTR) {
  }
}

/* The thread's own /proc/thread-self/schedstat. A child's is another. */
static _Thread_local int schedstat = -2;

/* How long the thread has waited for a processor since it began; 0 where the
 * system does not say. */
SHO_TEST int64_t processor_delay_ns(void) {
  char text[128];
  long long running, waiting;
  if (schedstat == -2) {
    schedstat = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
  }
  ssize_t bytes =
      schedstat < 0 ? -1 : pread(schedstat, text, sizeof text - 1, 0);
  if (bytes <= 0) {
    return 0;
  }
  text[bytes] = '\0';
  return sscanf(text, "%lld %lld", &running, &waiting) == 2 ? waiting : 0;
}

struct stopwatch {
  int64_t begin_ns;
  int64_t delay_ns;
};

SHO_TEST struct stopwatch stopwatch(void) {
  struct stopwatch watch = {.delay_ns = processor_delay_ns()};
  watch.begin_ns = now_ns();
  return watch;
}

/*
 * How long a call may take that is to take ms at most. As stated in a long run,
 * which is made where nothing else runs; ten times that in a usual one, since
 * the host, or another process that is waited for, may be kept waiting too;
 * any time in a slow one.
 */
SHO_TEST int64_t bound_ns(int ms) {
  return is_slow() ? INT64_MAX : (int64_t)ms * rounds(0, 10, 1) * 1000000;
}

/* No more time has passed since, but for waiting for a processor. */
#define CHECK_WITHIN_MS(ms, watch) check_within(__FILE__, __LINE__, ms, watch)

SHO_TEST void check_within(const char *file, int line, int most_ms,
                           struct stopwatch watch) {
  int64_t took = now_ns() - watch.begin_ns;
  int64_t delay = processor_delay_ns() - watch.delay_ns;
  if (took - delay > bound_ns(most_ms)) {
    fail(file, line, "took %lld ms (%lld ms more for a processor), not %lld",
         (long long)(took - delay) / 1000000, (long long)delay / 1000000,
         (long long)bound_ns(most_ms) / 1000000);
  }
}

/* Waits until the condition holds, 20 s at most. */
#define WAIT_UNTIL(condition)                                                  \
  do {                                                                         \
    int64_t give_up = now_ns() + INT64_C(20000000000);                         \
    while (!(condition) && now_ns() < give_up) {                               \
      nap_us(100);                                                             \
    }                                                                          \
    REQUIRE(condition);                                                        \
  } while (0)

/* ---- processes --------------------------------------------------------- */

/* Memory that this process shares with the children it forks from now on. */
SHO_TEST void *shared_bytes(size_t bytes) {
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  return memory;
}

/* Runs body in a child; its exit status is 0 if no check failed in it. */
SHO_TEST pid_t child_start(void (*body)(void *), void *context) {
  fflush(NULL);
  pid_t pid = fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    atomic_store(&failures, 0);
    schedstat = -2;
    body(context);
    fflush(NULL);
    _exit(atomic_load(&failures) != 0);
  }
  return pid;
}

/* The exit status, or 128 and the signal that killed it. */
SHO_TEST int child_wait(pid_t pid) {
  int status = 0;
  pid_t found;
  do {
    found = waitpid(pid, &status, 0);
  } while (found < 0 && errno == EINTR);
  REQUIRE(found == pid);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

SHO_TEST int child_kill(pid_t pid) {
  kill(pid, SIGKILL);
  return child_wait(pid);
}

/* A child that lives until it is killed. */
SHO_TEST _Noreturn void sleep_for_ever(void) {
  for (;;) {
    pause();
  }
}

/* ---- files ------------------------------------------------------------- */

SHO_TEST void file_put(const char *path, const void *bytes, size_t count) {
  int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  REQUIRE(fd >= 0);
  REQUIRE(write(fd, bytes, count) == (ssize_t)count);
  close(fd);
}

SHO_TEST void file_patch(const char *path, uint64_t offset, const void *bytes,
                         size_t count) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  REQUIRE(fd >= 0);
  REQUIRE(pwrite(fd, bytes, count, (off_t)offset) == (ssize_t)count);
  close(fd);
}

SHO_TEST void file_peek(const char *path, uint64_t offset, void *bytes,
                        size_t count) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  REQUIRE(fd >= 0);
  REQUIRE(pread(fd, bytes, count, (off_t)offset) == (ssize_t)count);
  close(fd);
}

/* -1 if there is none. */
SHO_TEST long long file_bytes(const char *path) {
  struct stat file;
  return stat(path, &file) == 0 ? (long long)file.st_size : -1;
}

/* Whether all bytes of a file have their place on the disk: then no access
 * raises SIGBUS. Only Linux fills holes. */
SHO_TEST int has_no_holes(const char *path) {
#if defined(__linux__)
  struct stat file;
  return stat(path, &file) == 0 && file.st_blocks * 512 >= file.st_size;
#else
  return access(path, F_OK) == 0;
#endif
}

/* ---- the runner -------------------------------------------------------- */

static int remove_entry(const char *path, const struct stat *file, int type,
                        struct FTW *where) {
  (void)file;
  (void)type;
  (void)where;
  return remove(path);
}

/* Until nobody who is being ended puts something into it again. */
static void remove_scratch(const char *folder) {
  for (int i = 0; i < 100 && access(folder, F_OK) == 0; i++) {
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    nap_us(i * 1000);
  }
}

/* Containers often have 64 MB in /dev/shm: too little for the largest maps. */
static int has_room(const char *folder) {
  struct statvfs system;
  return access(folder, W_OK) == 0 && statvfs(folder, &system) == 0 &&
         (uint64_t)system.f_bavail * system.f_frsize >= 256 << 20;
}

static void make_scratch(char *folder, size_t size) {
  const char *parent = getenv("TMPDIR");
  if (parent == NULL || *parent == '\0') {
    parent = has_room("/dev/shm") ? "/dev/shm" : "/tmp";
  }
  snprintf(folder, size, "%s/sho-test-XXXXXX", parent);
  REQUIRE(mkdtemp(folder) != NULL);
}

/* Answers the exit status of the test's own process. */
static int run_one(const struct test *test) {
  char folder[PATH_MAX];
  make_scratch(folder, sizeof folder);
  fflush(NULL);
  pid_t pid = fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    setpgid(0, 0); /* so that whatever it leaves behind can be ended */
    alarm(TEST_SECONDS);
    REQUIRE(chdir(folder) == 0);
    test->run();
    fflush(NULL);
    exit(atomic_load(&failures) != 0);
  }
  int status = child_wait(pid);
  kill(-pid, SIGKILL);
  remove_scratch(folder);
  return status;
}

/* Runs the tests whose names hold argv[1], all without it. For main(). */
SHO_TEST int run_tests(const struct test *tests, size_t count, int argc,
                       char **argv) {
  int failed = 0;
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (size_t i = 0; i < count; i++) {
    if (argc > 1 && strstr(tests[i].name, argv[1]) == NULL) {
      continue;
    }
    int64_t begin = now_ns();
    int status = run_one(&tests[i]);
    long long ms = (long long)((now_ns() - begin) / 1000000);
    if (status == 0) {
      printf("ok   %s, %lld ms\n", tests[i].name, ms);
    } else if (status == SKIPPED) {
      printf("skip %s\n", tests[i].name);
    } else {
      printf("FAIL %s, status %d, %lld ms\n", tests[i].name, status, ms);
      failed = 1;
    }
  }
  return failed;
}

#define TEST_MAIN(tests)                                                       \
  int main(int argc, char **argv) {                                            \
    return run_tests(tests, sizeof(tests) / sizeof *(tests), argc, argv);      \
  }

#endif
