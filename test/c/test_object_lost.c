/* The file is truncated, made anew, removed or damaged while it is open. */
#include <pthread.h>

#include "cells.h"
#include "harness.h"

static void check_lost(struct sho_object *cell) {
  struct sho_object_info info = {.size = sizeof info};
  uint64_t version = 4711;
  size_t length = 4711;
  char out[8];
  CHECK_CODE(sho_object_get(cell, out, 8, &length, &version), SHO_EIO);
  CHECK_CODE(sho_object_set(cell, "new", 3, &version), SHO_EIO);
  CHECK_CODE(sho_object_compare_and_set(cell, 1, "new", 3, &version), SHO_EIO);
  CHECK_CODE(sho_object_version(cell, &version), SHO_EIO);
  CHECK_CODE(sho_object_await(cell, 1, -1, &version), SHO_EIO);
  CHECK_CODE(sho_object_info(cell, &info), SHO_EIO);
  CHECK_SAYS("was truncated");
  CHECK_SAYS("while it was open; close it, remove the file and open it again");
  CHECK_INT(version, 4711);
  CHECK_INT(length, 4711);
}

static void lose(uint32_t capacity, uint64_t left) {
  unlink("cell");
  struct sho_object *cell = cell_open_sized("cell", capacity);
  CHECK_OK(cell_set(cell, "old"));
  REQUIRE(truncate("cell", (off_t)left) == 0);
  check_lost(cell);
  check_lost(cell);
  CHECK_INT(file_bytes("cell"), left);
  sho_object_close(cell);
  CHECK_CODE(cell_set(cell, "new"), SHO_ECLOSED);
  sho_object_free(cell);
}

static void test_object_tells_that_its_file_was_truncated(void) {
  lose(1024, 0);
  lose(1024, 1);
  lose(1024, 1024);      /* text alone is left, in the same page */
  lose(1024, 1024 + 20); /* and a piece of the control block */
  lose(100000, 0);
  lose(100000, 4096);
  lose(100000, 100032);
}

static void test_object_set_tells_that_its_shadow_was_truncated(void) {
  struct sho_object *cell = cell_open_sized("cell", 100000);
  CHECK_OK(cell_set(cell, "old"));
  REQUIRE(truncate("cell", 100032 + CONTROL_BYTES) == 0);
  CHECK_TEXT(cell_text(cell), "old"); /* all of that is there */
  char text[50000];
  memset(text, 'x', sizeof text);
  CHECK_CODE(sho_object_set(cell, text, sizeof text, NULL), SHO_EIO);
  check_lost(cell);
}

static void test_object_tells_that_its_file_was_made_anew_in_place(void) {
  struct sho_object *cell = cell_open("cell");
  CHECK_OK(cell_set(cell, "old"));
  REQUIRE(truncate("cell", 0) == 0);
  struct sho_object *other = cell_open("cell"); /* adopts it */
  CHECK_OK(cell_set(other, "theirs"));
  check_lost(cell);
  CHECK_TEXT(cell_text(other), "theirs");
  CHECK_INT(cell_version(other), 1);
}

static void test_object_goes_on_with_a_removed_file(void) {
  struct sho_object *cell = cell_open("cell");
  struct sho_object *other = cell_open("cell");
  REQUIRE(unlink("cell") == 0);
  struct sho_object *next = cell_open("cell");
  CHECK_OK(cell_set(cell, "old file"));
  CHECK_OK(cell_set(next, "new file"));
  CHECK_TEXT(cell_text(other), "old file");
  CHECK_TEXT(cell_text(next), "new file");
}

static void test_object_goes_on_with_a_replaced_file(void) {
  struct sho_object *cell = cell_open("cell");
  file_put("foreign", "foreign", 7);
  REQUIRE(rename("foreign", "cell") == 0);
  CHECK_OK(cell_set(cell, "old file"));
  CHECK_TEXT(cell_text(cell), "old file");
  CHECK_INT(file_bytes("cell"), 7);
}

struct worker {
  struct sho_object *cell;
  _Atomic int calls;
  int awaits;
};

static void *work_until_eio(void *context) {
  struct worker *worker = context;
  char text[600];
  char got[1024];
  memset(text, 'x', sizeof text);
  for (;;) {
    size_t length = sizeof text;
    uint64_t newer;
    int code = worker->awaits
                   ? sho_object_await(worker->cell, 1, -1, &newer)
                   : sho_object_set(worker->cell, text, sizeof text, NULL);
    if (code == SHO_OK) {
      code = sho_object_get(worker->cell, got, sizeof got, &length, NULL);
    }
    if (code == SHO_EIO) {
      return NULL;
    }
    CHECK_OK(code);
    CHECK_INT(length, sizeof text);
    atomic_fetch_add(&worker->calls, 1);
  }
}

static void test_object_calls_in_flight_survive_a_truncation(void) {
  for (int round = 0; round < rounds(5, 50, 1000); round++) {
    unlink("cell");
    struct worker worker = {.cell = cell_open("cell")};
    struct worker waiter = {.cell = worker.cell, .awaits = 1};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
      REQUIRE(pthread_create(&threads[i], NULL, work_until_eio,
                             i < 3 ? &worker : &waiter) == 0);
    }
    while (atomic_load(&worker.calls) < 20) {
      nap_us(20);
    }
    /* Not within the text: the page is zeroed upwards, and who reads in that
     * instant may find the text cut off and creation_id still there. */
    REQUIRE(truncate("cell", round % 2 ? 0 : 1024 + 8) == 0);
    for (int i = 0; i < 4; i++) {
      pthread_join(threads[i], NULL);
    }
    sho_object_free(worker.cell);
  }
}

/* A sleeper is told within its time slice, though nobody wakes it. */
static void test_object_await_ends_when_the_file_is_truncated(void) {
  struct worker waiter = {.cell = cell_open("cell"), .awaits = 1};
  pthread_t thread;
  REQUIRE(pthread_create(&thread, NULL, work_until_eio, &waiter) == 0);
  nap_us(20000);
  struct stopwatch watch = stopwatch();
  REQUIRE(truncate("cell", 0) == 0);
  pthread_join(thread, NULL);
  CHECK_WITHIN_MS(100, watch);
}

/* ---- damage ------------------------------------------------------------- */

/* The writable part of the control block may hold anything. */
static void test_object_survives_any_word_in_the_control_block(void) {
  static const uint64_t words[] = {0,
                                   1,
                                   3,
                                   0x80000000,
                                   0x7fffffff,
                                   0xffffffff,
                                   0x0020000000200001,
                                   0x7fffffffffffffff,
                                   0x8000000000000000,
                                   UINT64_MAX - 1,
                                   UINT64_MAX};
  sho_object_free(cell_open("cell"));
  REQUIRE_OK(sho_lock_timeout(1000000));
  for (size_t at = 64; at < CONTROL_BYTES; at += at < 96 ? 4 : 116) {
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
      struct sho_object *cell = cell_open("cell");
      char out[2000];
      size_t length = 0;
      uint64_t version;
      memcpy((uint8_t *)cell->cell + at, &words[i], 8);
      CHECK_OK(sho_object_get(cell, out, sizeof out, &length, &version));
      CHECK(length <= 1024);
      int code = cell_set(cell, "Hello World!");
      CHECK(code == SHO_OK || code == SHO_EBUSY); /* a living owner's word */
      if (code == SHO_OK) {
        CHECK_TEXT(cell_text(cell), "Hello World!");
      }
      struct sho_object_info info = {.size = sizeof info};
      CHECK_OK(sho_object_info(cell, &info));
      CHECK_OK(sho_object_version(cell, &version));
      sho_object_free(cell);
    }
  }
  struct sho_object *cell = cell_open("cell");
  CHECK_OK(cell_set(cell, "as ever"));
  CHECK_TEXT(cell_text(cell), "as ever");
}

static void test_object_get_never_reads_behind_the_areas(void) {
  struct sho_object *cell = cell_open("cell");
  char out[5000];
  size_t length = 0;
  memset(cell->text, 'x', 1024);
  memset(cell->shadow, 'y', 1024);
  CHECK_OK(sho_object_get(cell, out, sizeof out, &length, NULL));
  CHECK_INT(length, 1024);
  atomic_store(&cell->cell->shadow_bytes, UINT32_MAX);
  atomic_store(&cell->cell->sequence, 7);
  CHECK_OK(sho_object_get(cell, out, sizeof out, &length, NULL));
  CHECK_INT(length, 1024);
  CHECK_INT(out[1023], 'y');
  CHECK_OK(cell_set(cell, "new")); /* finishes the odd write first */
  CHECK_INT(cell->text[1023], 'y');
  CHECK_INT(cell_version(cell), 5);
}

static const struct test tests[] = {
    TEST(test_object_tells_that_its_file_was_truncated),
    TEST(test_object_set_tells_that_its_shadow_was_truncated),
    TEST(test_object_tells_that_its_file_was_made_anew_in_place),
    TEST(test_object_goes_on_with_a_removed_file),
    TEST(test_object_goes_on_with_a_replaced_file),
    TEST(test_object_calls_in_flight_survive_a_truncation),
    TEST(test_object_await_ends_when_the_file_is_truncated),
    TEST(test_object_survives_any_word_in_the_control_block),
    TEST(test_object_get_never_reads_behind_the_areas),
};

TEST_MAIN(tests)
