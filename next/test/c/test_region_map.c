/* Growing files, making them ready one at a time, mapping, closing. */
#include "shm/region.h"

#include <pthread.h>
#include <sys/resource.h>

#include "harness.h"
#include "layout.h"
#include "mounts.h"

enum { BYTES = 10000 };

static int open_file(const char *path) {
  int fd;
  uint64_t bytes;
  REQUIRE_OK(sho__file_open(path, 1, &fd, &bytes));
  return fd;
}

static void put_pattern(const char *path, size_t bytes) {
  uint8_t data[BYTES];
  memset(data, 'x', sizeof data);
  REQUIRE(bytes <= sizeof data);
  file_put(path, data, bytes);
}

static void map_file(struct sho__region *region, const char *path,
                     size_t bytes) {
  REQUIRE_OK(sho__region_map(region, open_file(path), path, bytes, 1));
}

/* ---- reserve ----------------------------------------------------------- */

static void test_region_reserve_grows_and_keeps_the_bytes(void) {
  put_pattern("file", 1000);
  int fd = open_file("file");
  CHECK_OK(sho__file_reserve(fd, "file", BYTES));
  struct stat file;
  REQUIRE(fstat(fd, &file) == 0);
  CHECK_INT(file.st_size, BYTES);
  CHECK(has_no_holes("file"));
  uint8_t data[BYTES];
  uint8_t expected[BYTES] = {0};
  memset(expected, 'x', 1000);
  REQUIRE_OK(sho__file_read(fd, "file", data, BYTES, 0));
  CHECK_BYTES(data, expected, BYTES);
}

static void test_region_reserve_never_shrinks(void) {
  put_pattern("file", 1000);
  int fd = open_file("file");
  CHECK_OK(sho__file_reserve(fd, "file", 10));
  CHECK_INT(file_bytes("file"), 1000);
}

static void test_region_reserve_fills_holes(void) {
  file_put("file", "x", 1);
  REQUIRE(truncate("file", BYTES) == 0);
  struct stat file;
  int fd = open_file("file");
  CHECK_OK(sho__file_reserve(fd, "file", BYTES));
  REQUIRE(fstat(fd, &file) == 0);
  CHECK_INT(file.st_size, BYTES);
  CHECK(has_no_holes("file"));
}

static void test_region_reserve_tells_a_full_file_system(void) {
  mount_tmpfs("small", "size=64k,mode=0700");
  put_pattern("small/file", 1000);
  int fd = open_file("small/file");
  CHECK_CODE(sho__file_reserve(fd, "small/file", 1 << 20), SHO_ENOSPC);
  CHECK_SAYS("small/file: no room for 1048576 bytes");
  CHECK_INT(file_bytes("small/file"), 1000); /* as it was */
  CHECK_OK(sho__file_reserve(fd, "small/file", 8192));
}

static void test_region_read_tells_a_short_file(void) {
  put_pattern("file", 1000);
  int fd = open_file("file");
  uint8_t data[2000];
  CHECK_CODE(sho__file_read(fd, "file", data, 1001, 0), SHO_EIO);
  CHECK_SAYS("file was truncated while it was read");
  CHECK_OK(sho__file_read(fd, "file", data, 500, 500));
}

/* ---- the setup lock ---------------------------------------------------- */

static _Atomic int *signs; /* shared by parent and child */

static void hold_setup_lock(void *path) {
  int fd = open_file(path);
  REQUIRE_OK(sho__setup_lock(fd, path));
  atomic_store(signs, 1);
  sleep_for_ever();
}

static pid_t start_holder(void) {
  signs = shared_bytes(sizeof *signs);
  put_pattern("file", 100);
  pid_t pid = child_start(hold_setup_lock, "file");
  WAIT_UNTIL(atomic_load(signs) == 1);
  return pid;
}

static void test_region_setup_lock_waits_for_a_living_holder(void) {
  start_holder();
  int fd = open_file("file");
  REQUIRE_OK(sho_lock_timeout(50000000));
  int64_t begin = now_ns();
  CHECK_CODE(sho__setup_lock(fd, "file"), SHO_EBUSY);
  CHECK_SAYS("file is being made ready by another process");
  CHECK(now_ns() - begin >= 50000000);
}

static void make_progress(void *path) {
  int fd = open_file(path);
  REQUIRE_OK(sho__setup_lock(fd, path));
  atomic_store(signs, 1);
  for (uint64_t i = 1; i <= 10; i++) {
    nap_us(400000);
    sho__setup_progress(fd, i, 10);
  }
}

static void
test_region_setup_lock_waits_for_as_long_as_there_is_progress(void) {
  signs = shared_bytes(sizeof *signs);
  put_pattern("file", 100);
  pid_t pid = child_start(make_progress, "file");
  WAIT_UNTIL(atomic_load(signs) == 1);
  int fd = open_file("file");
  REQUIRE_OK(sho_lock_timeout(2000000000));
  int64_t begin = now_ns();
  CHECK_OK(sho__setup_lock(fd, "file"));
  CHECK(now_ns() - begin > INT64_C(2000000000));
  CHECK_INT(child_wait(pid), 0);
}

static void stop_halfway(void *path) {
  int fd = open_file(path);
  REQUIRE_OK(sho__setup_lock(fd, path));
  sho__setup_progress(fd, 740, 2000);
  atomic_store(signs, 1);
  sleep_for_ever();
}

static void test_region_setup_lock_says_how_far_the_holder_is(void) {
  signs = shared_bytes(sizeof *signs);
  put_pattern("file", 100);
  pid_t pid = child_start(stop_halfway, "file");
  WAIT_UNTIL(atomic_load(signs) == 1);
  int fd = open_file("file");
  REQUIRE_OK(sho_lock_timeout(50000000));
  CHECK_CODE(sho__setup_lock(fd, "file"), SHO_EBUSY);
  CHECK_SAYS("does not go on: 37 % are done; resume that process");
  child_kill(pid);
  CHECK_OK(sho__setup_lock(fd, "file"));
  sho__setup_progress(fd, 1, 2);
  sho__setup_unlock(fd);
  CHECK_OK(sho__setup_lock(open_file("file"), "file"));
}

static void test_region_setup_lock_of_a_killed_holder_is_free(void) {
  CHECK_INT(child_kill(start_holder()), 128 + SIGKILL);
  int fd = open_file("file");
  CHECK_OK(sho__setup_lock(fd, "file"));
}

static void test_region_setup_lock_excludes_handles_of_one_process(void) {
  put_pattern("file", 100);
  int one = open_file("file");
  int other = open_file("file");
  REQUIRE_OK(sho_lock_timeout(1000000));
  CHECK_OK(sho__setup_lock(one, "file"));
  CHECK_CODE(sho__setup_lock(other, "file"), SHO_EBUSY);
  sho__setup_unlock(one);
  CHECK_OK(sho__setup_lock(other, "file"));
}

static void test_region_lock_timeout_must_be_above_zero(void) {
  CHECK_CODE(sho_lock_timeout(0), SHO_EINVAL);
  CHECK_SAYS("the lock timeout must be above 0 ns, not 0");
  CHECK_CODE(sho_lock_timeout(-5), SHO_EINVAL);
  CHECK_INT(sho__lock_timeout_ns(), INT64_C(10000000000));
  CHECK_OK(sho_lock_timeout(5));
  CHECK_INT(sho__lock_timeout_ns(), 5);
}

/* ---- map --------------------------------------------------------------- */

static void test_region_map_shares_the_file(void) {
  put_pattern("file", BYTES);
  struct sho__region one = {0};
  struct sho__region other = {0};
  map_file(&one, "file", BYTES);
  map_file(&other, "file", BYTES);
  CHECK_OK(sho__region_check(&one));
  one.base[5000] = 'y';
  CHECK_INT(other.base[5000], 'y');
  CHECK_INT(one.inode, other.inode);
  sho__region_free(&one);
  CHECK_INT(other.base[5000], 'y');
  sho__region_free(&other);
}

static void test_region_check_tells_a_truncated_file(void) {
  put_pattern("file", BYTES);
  struct sho__region region = {0};
  map_file(&region, "file", BYTES);
  REQUIRE(truncate("file", 0) == 0);
  CHECK_INT(region.base[BYTES - 1], 0);
  CHECK_CODE(sho__region_check(&region), SHO_EIO);
  CHECK_SAYS("file was truncated or overwritten while it was open; close it, ");
  sho__region_free(&region);
}

static void test_region_end_and_give_back_leave_the_file_alone(void) {
  put_pattern("file", BYTES);
  struct sho__region region = {0};
  map_file(&region, "file", BYTES);
  REQUIRE_OK(sho__setup_lock(region.fd, "file"));
  CHECK_INT(sho__region_end(&region), 1);
  CHECK_INT(sho__region_end(&region), 0);
  CHECK_CODE(sho__region_check(&region), SHO_ECLOSED);
  CHECK_SAYS("file is closed; open it again");
  sho__region_give_back(&region);
  for (size_t i = 0; i < BYTES; i += 100) {
    CHECK_INT(region.base[i], 0);
    region.base[i] = 'z'; /* of nobody's interest */
  }
  uint8_t data[BYTES];
  uint8_t expected[BYTES];
  memset(expected, 'x', BYTES);
  file_peek("file", 0, data, BYTES);
  CHECK_BYTES(data, expected, BYTES);
  /* its locks are given back, its descriptor is another file's */
  int fd = open_file("file");
  CHECK_OK(sho__setup_lock(fd, "file"));
  struct stat file;
  REQUIRE(fstat(region.fd, &file) == 0);
  CHECK(S_ISCHR(file.st_mode));
  CHECK_INT(fcntl(region.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  sho__region_free(&region);
}

static void test_region_give_back_under_a_limit_of_data(void) {
  put_pattern("file", BYTES);
  struct sho__region region = {0};
  map_file(&region, "file", BYTES);
  REQUIRE_OK(sho__setup_lock(region.fd, "file"));
  struct rlimit limit = {.rlim_cur = 4096, .rlim_max = 4096};
  REQUIRE(setrlimit(RLIMIT_DATA, &limit) == 0);
  CHECK_INT(sho__region_end(&region), 1);
  sho__region_give_back(&region);
  CHECK_INT(region.base[100], 0);
  CHECK_OK(sho__setup_lock(open_file("file"), "file"));
  end_test();
}

static void *read_until_closed(void *context) {
  struct sho__region *region = context;
  for (;;) {
    for (size_t i = 0; i < BYTES; i++) {
      int value = ((volatile uint8_t *)region->base)[i];
      if (sho__region_check(region) == SHO_ECLOSED) {
        return NULL;
      }
      CHECK_INT(value, 'x');
    }
  }
}

static void test_region_give_back_under_readers_shows_zeros_to_nobody(void) {
  for (int round = 0; round < rounds(3, 20, 200); round++) {
    put_pattern("file", BYTES);
    struct sho__region region = {0};
    map_file(&region, "file", BYTES);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
      REQUIRE(pthread_create(&threads[i], NULL, read_until_closed, &region) ==
              0);
    }
    nap_us(500);
    sho__region_end(&region);
    sho__region_give_back(&region);
    for (int i = 0; i < 3; i++) {
      pthread_join(threads[i], NULL);
    }
    sho__region_free(&region);
  }
}

/* ---- fork --------------------------------------------------------------- */

static _Atomic int stop_mapping;

static void *map_and_free(void *context) {
  (void)context;
  while (!atomic_load(&stop_mapping)) {
    struct sho__region region = {0};
    map_file(&region, "file", BYTES);
    sho__region_end(&region);
    sho__region_free(&region);
  }
  return NULL;
}

static void map_once(void *context) {
  struct sho__region region = {0};
  (void)context;
  map_file(&region, "file", BYTES);
  CHECK_OK(sho__region_check(&region));
}

/* The threads that map are not in the child; what they held must be free. */
static void test_region_maps_in_a_child_of_fork_while_others_map(void) {
#ifdef SHO_SANITIZED
  skip("a sanitizer's own locks may be held in the child");
#endif
  put_pattern("file", BYTES);
  pthread_t threads[3];
  for (int i = 0; i < 3; i++) {
    REQUIRE(pthread_create(&threads[i], NULL, map_and_free, NULL) == 0);
  }
  for (int i = 0; i < rounds(50, 500, 5000); i++) {
    CHECK_INT(child_wait(child_start(map_once, NULL)), 0);
  }
  atomic_store(&stop_mapping, 1);
  for (int i = 0; i < 3; i++) {
    pthread_join(threads[i], NULL);
  }
}

static const struct test tests[] = {
    TEST(test_region_reserve_grows_and_keeps_the_bytes),
    TEST(test_region_reserve_never_shrinks),
    TEST(test_region_reserve_fills_holes),
    TEST(test_region_reserve_tells_a_full_file_system),
    TEST(test_region_read_tells_a_short_file),
    TEST(test_region_setup_lock_waits_for_a_living_holder),
    TEST(test_region_setup_lock_waits_for_as_long_as_there_is_progress),
    TEST(test_region_setup_lock_says_how_far_the_holder_is),
    TEST(test_region_setup_lock_of_a_killed_holder_is_free),
    TEST(test_region_setup_lock_excludes_handles_of_one_process),
    TEST(test_region_lock_timeout_must_be_above_zero),
    TEST(test_region_map_shares_the_file),
    TEST(test_region_check_tells_a_truncated_file),
    TEST(test_region_end_and_give_back_leave_the_file_alone),
    TEST(test_region_give_back_under_a_limit_of_data),
    TEST(test_region_give_back_under_readers_shows_zeros_to_nobody),
    TEST(test_region_maps_in_a_child_of_fork_while_others_map),
};

TEST_MAIN(tests)
