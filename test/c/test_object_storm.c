/* Many writers, many readers, many deaths. */
#include "cells.h"
#include "harness.h"
#include "storm.h"

enum { LARGE = 65536, SMALL = 1024 };

static struct storm *storm;

static void check_whole(const char *text, size_t length, size_t most) {
  if (length > 0 && !storm_is_whole(text, length, most)) {
    fail(__FILE__, __LINE__, "a mixture: %zu bytes, %c to %c", length, text[0],
         text[length - 1]);
  }
}

/* ---- kills -------------------------------------------------------------- */

static void write_until_killed(void *context) {
  unsigned number = *(unsigned *)context;
  struct sho_object *cell = cell_open_sized("cell", LARGE);
  char text[LARGE];
  while (!atomic_load(&storm->stop)) {
    size_t length = storm_text(text, number++, LARGE);
    struct stopwatch watch = stopwatch();
    int code = sho_object_set(cell, text, length, NULL);
    storm_count(storm, watch, &storm->longest_set_ns);
    CHECK_OK(code);
  }
}

static void read_until_stopped(void *unused) {
  (void)unused;
  struct sho_object *cell = cell_open_sized("cell", LARGE);
  char text[LARGE];
  uint64_t last = 0;
  while (!atomic_load(&storm->stop)) {
    size_t length = 0;
    uint64_t version = 0;
    struct stopwatch watch = stopwatch();
    int code = sho_object_get(cell, text, sizeof text, &length, &version);
    storm_count(storm, watch, &storm->longest_get_ns);
    CHECK_OK(code);
    CHECK(version >= last);
    last = version;
    check_whole(text, length, LARGE);
  }
}

static void test_object_storm_of_kills_makes_no_mixture_and_no_wait(void) {
  enum { WRITERS = 3, LAST = WRITERS - 1 };
  int kills = rounds(10, 30, 200);
  storm = shared_bytes(sizeof *storm);
  struct sho_object *cell = cell_open_sized("cell", LARGE);
  unsigned number = (unsigned)getpid();
  unsigned random = number;
  pid_t writers[WRITERS];
  for (int i = 0; i < WRITERS; i++) {
    number += 9;
    writers[i] = child_start(write_until_killed, &number);
  }
  pid_t reader = child_start(read_until_stopped, NULL);
  for (int i = 0; i < kills; i++) {
    random = random * 1103515245 + 12345;
    nap_us(1000 + (random >> 16) % 9000);
    int victim = (int)((random >> 8) % LAST); /* the last one survives */
    CHECK_INT(child_kill(writers[victim]), 128 + SIGKILL);
    number += 9;
    writers[victim] = child_start(write_until_killed, &number);
  }
  atomic_store(&storm->stop, 1);
  for (int i = 0; i < WRITERS; i++) {
    CHECK_INT(child_wait(writers[i]), 0);
  }
  CHECK_INT(child_wait(reader), 0);
  const char *text = cell_text(cell);
  check_whole(text, strlen(text), LARGE);
  struct sho_object_info info = {.size = sizeof info};
  CHECK_OK(sho_object_info(cell, &info));
  CHECK_INT(info.peers, 1);
  printf("     %d kills, %llu locks taken over, version %llu\n", kills,
         (unsigned long long)info.recoveries, (unsigned long long)info.version);
  storm_judge("kills", storm);
}

/* ---- writes ------------------------------------------------------------- */

static int sets(void) { return rounds(2000, 50000, 1000000); }

static void set_often(void *context) {
  unsigned number = *(unsigned *)context;
  struct sho_object *cell = cell_open_sized("cell", SMALL);
  char text[SMALL];
  uint64_t last = 0;
  for (int i = 0; i < sets(); i++) {
    uint64_t version = 0;
    size_t length = storm_text(text, number++, SMALL);
    CHECK_OK(sho_object_set(cell, text, length, &version));
    CHECK(version > last);
    last = version;
  }
}

static void test_object_storm_of_sets_tears_no_text(void) {
  storm = shared_bytes(sizeof *storm);
  struct sho_object *cell = cell_open_sized("cell", SMALL);
  unsigned numbers[2] = {0, 13};
  pid_t pids[2] = {child_start(set_often, &numbers[0]),
                   child_start(set_often, &numbers[1])};
  uint64_t end = 2 * (uint64_t)sets();
  uint64_t version = 0;
  uint64_t reads = 0;
  while (version < end) {
    char text[SMALL];
    size_t length = 0;
    uint64_t last = version;
    CHECK_OK(sho_object_get(cell, text, sizeof text, &length, &version));
    CHECK(version >= last);
    check_whole(text, length, SMALL);
    reads++;
  }
  CHECK_INT(child_wait(pids[0]), 0);
  CHECK_INT(child_wait(pids[1]), 0);
  CHECK_INT(cell_version(cell), end);
  printf("     %llu sets, %llu gets\n", (unsigned long long)end,
         (unsigned long long)reads);
}

/* ---- stops -------------------------------------------------------------- */

static void set_though_stopped(void *context) {
  unsigned number = *(unsigned *)context;
  struct sho_object *cell = cell_open_sized("cell", LARGE);
  char text[LARGE];
  REQUIRE_OK(sho_lock_timeout(20000000));
  while (!atomic_load(&storm->stop)) {
    size_t length = storm_text(text, number++, LARGE);
    int code = sho_object_set(cell, text, length, NULL);
    CHECK(code == SHO_OK || code == SHO_EBUSY);
  }
}

/* A stopped owner is not robbed: what it goes on with harms nobody. */
static void test_object_storm_of_stops_makes_no_mixture(void) {
  storm = shared_bytes(sizeof *storm);
  struct sho_object *cell = cell_open_sized("cell", LARGE);
  unsigned numbers[2] = {0, 13};
  pid_t writers[2] = {child_start(set_though_stopped, &numbers[0]),
                      child_start(set_though_stopped, &numbers[1])};
  pid_t reader = child_start(read_until_stopped, NULL);
  for (int i = 0; i < rounds(3, 10, 100); i++) {
    nap_us(3000);
    kill(writers[i % 2], SIGSTOP);
    nap_us(30000);
    kill(writers[i % 2], SIGCONT);
  }
  atomic_store(&storm->stop, 1);
  CHECK_INT(child_wait(writers[0]), 0);
  CHECK_INT(child_wait(writers[1]), 0);
  CHECK_INT(child_wait(reader), 0);
  struct sho_object_info info = {.size = sizeof info};
  CHECK_OK(sho_object_info(cell, &info));
  CHECK_INT(info.recoveries, 0);
}

static const struct test tests[] = {
    TEST(test_object_storm_of_kills_makes_no_mixture_and_no_wait),
    TEST(test_object_storm_of_sets_tears_no_text),
    TEST(test_object_storm_of_stops_makes_no_mixture),
};

TEST_MAIN(tests)
