/* A process dies at each step of a write and of opening: the others go on. */
#include "base/crash.h"
#include "cells.h"
#include "harness.h"
#include "shm/lock.h"

/* The steps of a write, and whether the new version exists from there on. */
static const struct step {
  const char *point;
  int done;
  int locked; /* the dead one still has the lock */
} steps[] = {
    {"cell: locked", 0, 1},         {"cell: shadow half written", 0, 1},
    {"cell: shadow written", 0, 1}, {"cell: sequence odd", 1, 1},
    {"cell: text copied", 1, 1},    {"cell: sequence even", 1, 1},
    {"cell: unlocked", 1, 0},
};
enum { STEPS = sizeof steps / sizeof *steps };

/* The steps of opening and of recovery. */
static const char *const others[] = {
    "file: reserved",   "cell: reserved",   "cell: grown",     "cell: adopted",
    "cell: made ready", "cell: taken over", "cell: recovered",
};
enum { OTHERS = sizeof others / sizeof *others };

static const char old_text[] = "an old text that is longer than the new one";
static const char new_text[] = "the new text";

/* ---- dying -------------------------------------------------------------- */

struct death {
  const char *point;
  unsigned count;
};

static void set_and_die(void *context) {
  const struct death *death = context;
  struct sho_object *cell = cell_open("cell");
  sho__crash_at(death->point, death->count);
  cell_set(cell, new_text);
  CHECK(!"alive");
}

static void die_in_set(const char *point) {
  struct death death = {.point = point, .count = 1};
  CHECK_INT(child_wait(child_start(set_and_die, &death)), 128 + SIGKILL);
}

/* A cell with old_text as version 1, and the death of a writer at the step. */
static struct sho_object *cell_after(const struct step *step) {
  unlink("cell");
  struct sho_object *cell = cell_open("cell");
  REQUIRE_OK(cell_set(cell, old_text));
  die_in_set(step->point);
  return cell;
}

static const char *expected_text(const struct step *step) {
  return step->done ? new_text : old_text;
}

static int expected_version(const struct step *step) { return 1 + step->done; }

static long long recoveries(struct sho_object *cell) {
  struct sho_object_info info = {.size = sizeof info};
  CHECK_OK(sho_object_info(cell, &info));
  return (long long)info.recoveries;
}

/* ---- each step ---------------------------------------------------------- */

static void test_object_get_does_not_wait_for_a_dead_writer(void) {
  for (int i = 0; i < STEPS; i++) {
    struct sho_object *cell = cell_after(&steps[i]);
    CHECK_TEXT(cell_text(cell), expected_text(&steps[i]));
    CHECK_INT(cell_version(cell), expected_version(&steps[i]));
    CHECK_TEXT(cell_text(cell), expected_text(&steps[i])); /* and stays */
    CHECK_INT(recoveries(cell), 0); /* readers repair nothing */
    struct sho_object *later = cell_open("cell");
    CHECK_TEXT(cell_text(later), expected_text(&steps[i]));
    sho_object_free(later);
    sho_object_free(cell);
  }
}

static void test_object_set_goes_on_after_a_dead_writer(void) {
  for (int i = 0; i < STEPS; i++) {
    struct sho_object *cell = cell_after(&steps[i]);
    uint64_t version = 0;
    struct stopwatch watch = stopwatch();
    CHECK_OK(sho_object_set(cell, "next", 4, &version));
    CHECK_WITHIN_MS(100, watch);
    CHECK_INT(version, expected_version(&steps[i]) + 1);
    CHECK_TEXT(cell_text(cell), "next");
    CHECK_INT(recoveries(cell), steps[i].locked);
    watch = stopwatch();
    CHECK_OK(cell_set(cell, "and so on"));
    CHECK_WITHIN_MS(100, watch);
    CHECK_INT(recoveries(cell), steps[i].locked);
    sho_object_free(cell);
  }
}

static void test_object_compare_and_set_goes_by_what_the_dead_left(void) {
  for (int i = 0; i < STEPS; i++) {
    struct sho_object *cell = cell_after(&steps[i]);
    uint64_t version = (uint64_t)expected_version(&steps[i]);
    CHECK_CODE(sho_object_compare_and_set(cell, version - 1, "next", 4, NULL),
               SHO_ECHANGED);
    CHECK_TEXT(cell_text(cell), expected_text(&steps[i]));
    CHECK_OK(sho_object_compare_and_set(cell, version, "next", 4, &version));
    CHECK_INT(version, expected_version(&steps[i]) + 1);
    sho_object_free(cell);
  }
}

/* Recovered, the file holds what it held before. */
static void test_object_recovery_changes_no_byte_of_the_window(void) {
  for (int i = 0; i < STEPS; i++) {
    struct sho_object *cell = cell_after(&steps[i]);
    uint8_t before[1024];
    uint8_t after[1024];
    CHECK_OK(sho__object_read_area(cell, before, sizeof before));
    struct stopwatch watch = stopwatch();
    CHECK_CODE(sho_object_compare_and_set(cell, 99, "", 0, NULL), SHO_ECHANGED);
    CHECK_WITHIN_MS(100, watch);
    file_peek("cell", 0, after, sizeof after);
    CHECK_BYTES(after, before, sizeof after);
    uint8_t expected[1024] = {0};
    memcpy(expected, old_text, sizeof old_text);
    if (steps[i].done) {
      memcpy(expected, new_text, sizeof new_text); /* and the stale tail */
    }
    CHECK_BYTES(after, expected, sizeof after);
    sho_object_free(cell);
  }
}

static void await_version_2(void *unused) {
  (void)unused;
  struct sho_object *cell = cell_open("cell");
  uint64_t newer = 0;
  CHECK_OK(sho_object_await(cell, 1, -1, &newer));
  CHECK_INT(newer, 2);
}

static void test_object_await_wakes_though_the_writer_died(void) {
  for (int i = 0; i < STEPS; i++) {
    unlink("cell");
    struct sho_object *cell = cell_open("cell");
    REQUIRE_OK(cell_set(cell, old_text));
    pid_t pid = child_start(await_version_2, NULL);
    WAIT_UNTIL(atomic_load(&cell->cell->sleepers) == 1);
    die_in_set(steps[i].point);
    struct stopwatch watch = stopwatch();
    if (!steps[i].done) {
      CHECK_OK(cell_set(cell, new_text));
    }
    CHECK_INT(child_wait(pid), 0);
    CHECK_WITHIN_MS(100, watch);
    sho_object_free(cell);
  }
}

/* The dead one's slot belongs to the next who opens, or to nobody. */
static void test_object_recovers_with_the_dead_ones_slot_used_again(void) {
  for (int i = 0; i < STEPS; i++) {
    unlink("cell");
    sho_object_free(cell_open("cell"));
    die_in_set(steps[i].point); /* alone: it had slot 0 */
    struct sho_object *heir = cell_open("cell");
    CHECK_TEXT(cell_text(heir), steps[i].done ? new_text : "");
    struct stopwatch watch = stopwatch();
    CHECK_OK(cell_set(heir, "next"));
    CHECK_WITHIN_MS(100, watch);
    CHECK_INT(cell_version(heir), 1 + steps[i].done);
    sho_object_free(heir);
  }
}

/* ---- dying in recovery -------------------------------------------------- */

static void test_object_recovery_may_die_and_die_again(void) {
  static const char *const deaths[] = {"cell: taken over", "cell: text copied",
                                       "cell: taken over", "cell: recovered"};
  struct sho_object *cell = cell_after(&steps[3]);
  for (int i = 0; i < 4; i++) {
    die_in_set(deaths[i]); /* in recovery, before its own write */
    CHECK_TEXT(cell_text(cell), new_text);
    CHECK_INT(cell_version(cell), 2);
  }
  struct stopwatch watch = stopwatch();
  CHECK_OK(cell_set(cell, "next"));
  CHECK_WITHIN_MS(100, watch);
  CHECK_INT(cell_version(cell), 3);
  CHECK_INT(recoveries(cell), 2);
}

/* ---- dying while opening ------------------------------------------------ */

static void open_and_die(void *context) {
  sho__crash_at(context, 1);
  cell_open("cell");
  CHECK(!"alive");
}

static void die_in_open(const char *point) {
  CHECK_INT(child_wait(child_start(open_and_die, (void *)(uintptr_t)point)),
            128 + SIGKILL);
}

static void test_object_open_goes_on_after_a_dead_creator(void) {
  die_in_open("file: reserved");
  CHECK_INT(file_bytes("cell"), -1);
  die_in_open("cell: reserved");
  CHECK_INT(file_bytes("cell"), -1);
  die_in_open("cell: made ready");
  CHECK_INT(file_bytes("cell"), FILE_BYTES);
  CHECK_TEXT(cell_text(cell_open("cell")), "");
}

static void test_object_open_goes_on_after_a_dead_adopter(void) {
  static const char *const points[] = {"cell: grown", "cell: adopted",
                                       "cell: made ready"};
  for (int i = 0; i < 3; i++) {
    char window[1024] = "Hello";
    file_put("cell", window, sizeof window);
    die_in_open(points[i]);
    struct stopwatch watch = stopwatch();
    struct sho_object *cell = cell_open("cell");
    CHECK_WITHIN_MS(100, watch);
    CHECK_TEXT(cell_text(cell), "Hello");
    CHECK_INT(cell_version(cell), 0);
    sho_object_free(cell);
  }
}

/* ---- a writer that is stopped ------------------------------------------- */

static void lock_and_stop(void *unused) {
  (void)unused;
  struct sho_object *cell = cell_open("cell");
  int recover;
  REQUIRE_OK(sho__lock(&cell->peers, &cell->cell->lock, &recover));
  raise(SIGSTOP);
  sho__unlock(&cell->cell->lock);
}

static void test_object_set_tells_the_pid_of_a_stopped_writer(void) {
  struct sho_object *cell = cell_open("cell");
  REQUIRE_OK(cell_set(cell, old_text));
  pid_t pid = child_start(lock_and_stop, NULL);
  REQUIRE(waitpid(pid, NULL, WUNTRACED) == pid);
  REQUIRE_OK(sho_lock_timeout(30000000));
  uint64_t version = 4711;
  CHECK_CODE(sho_object_set(cell, "next", 4, &version), SHO_EBUSY);
  char words[96];
  snprintf(words, sizeof words,
           "cell: process %d holds its lock and does not go on", (int)pid);
  CHECK_SAYS(words);
  CHECK_INT(version, 4711);
  CHECK_TEXT(cell_text(cell), old_text);
  REQUIRE_OK(sho_lock_timeout(INT64_C(10000000000)));
  kill(pid, SIGCONT);
  CHECK_OK(cell_set(cell, "next"));
  CHECK_INT(child_wait(pid), 0);
  CHECK_INT(recoveries(cell), 0);
}

/* ---- the list is whole -------------------------------------------------- */

static int is_listed(const char *point) {
  for (int i = 0; i < STEPS; i++) {
    if (strcmp(steps[i].point, point) == 0) {
      return 1;
    }
  }
  for (int i = 0; i < OTHERS; i++) {
    if (strcmp(others[i], point) == 0) {
      return 1;
    }
  }
  return 0;
}

static void test_object_crash_points_are_all_listed(void) {
  file_put("adopted", "", 0);
  sho_object_free(cell_open("adopted"));
  struct sho_object *cell = cell_after(&steps[0]);
  CHECK_OK(cell_set(cell, "one"));
  CHECK_OK(sho_object_compare_and_set(cell, 2, "two", 3, NULL));
  CHECK_TEXT(cell_text(cell), "two");
  uint64_t newer;
  CHECK_OK(sho_object_await(cell, 0, 0, &newer));
  struct sho_object_info info = {.size = sizeof info};
  CHECK_OK(sho_object_info(cell, &info));
  sho_object_free(cell);
  unsigned reached = 0;
  for (const char *point; (point = sho__crash_reached(reached)) != NULL;) {
    if (!is_listed(point)) {
      fail(__FILE__, __LINE__, "no test dies at \"%s\"", point);
    }
    reached++;
  }
  CHECK_INT(reached, STEPS + OTHERS); /* each in the list is reached */
}

static const struct test tests[] = {
    TEST(test_object_get_does_not_wait_for_a_dead_writer),
    TEST(test_object_set_goes_on_after_a_dead_writer),
    TEST(test_object_compare_and_set_goes_by_what_the_dead_left),
    TEST(test_object_recovery_changes_no_byte_of_the_window),
    TEST(test_object_await_wakes_though_the_writer_died),
    TEST(test_object_recovers_with_the_dead_ones_slot_used_again),
    TEST(test_object_recovery_may_die_and_die_again),
    TEST(test_object_open_goes_on_after_a_dead_creator),
    TEST(test_object_open_goes_on_after_a_dead_adopter),
    TEST(test_object_set_tells_the_pid_of_a_stopped_writer),
    TEST(test_object_crash_points_are_all_listed),
};

TEST_MAIN(tests)
