/* The cell's functions, one handle or two of one process. */
#include <pthread.h>

#include "cells.h"
#include "harness.h"

/* ---- set and get -------------------------------------------------------- */

static void test_object_get_returns_what_was_set(void) {
  struct sho_object *cell = cell_open("cell");
  struct sho_object *other = cell_open("cell");
  CHECK_OK(cell_set(cell, "Hello World!"));
  CHECK_TEXT(cell_text(other), "Hello World!");
  CHECK_OK(cell_set(other, "h\xc3\xa9 \xf0\x9f\x98\x80"));
  CHECK_TEXT(cell_text(cell), "h\xc3\xa9 \xf0\x9f\x98\x80");
  CHECK_OK(cell_set(cell, ""));
  CHECK_TEXT(cell_text(other), "");
}

static void test_object_set_answers_versions_that_count(void) {
  struct sho_object *cell = cell_open("cell");
  for (uint64_t i = 1; i <= 10; i++) {
    uint64_t version = 0;
    CHECK_OK(sho_object_set(cell, "text", 4, &version));
    CHECK_INT(version, i);
    CHECK_INT(cell_version(cell), i);
  }
  CHECK_OK(sho_object_set(cell, NULL, 0, NULL));
  CHECK_INT(cell_version(cell), 11);
}

static void test_object_set_leaves_bytes_behind_the_text(void) {
  struct sho_object *cell = cell_open("cell");
  CHECK_OK(cell_set(cell, "Hello World!"));
  CHECK_OK(cell_set(cell, "Hi"));
  char window[16];
  file_peek("cell", 0, window, sizeof window);
  CHECK_BYTES(window, "Hi\0lo World!\0\0\0", 16);
}

static void test_object_get_copies_only_what_fits(void) {
  struct sho_object *cell = cell_open("cell");
  CHECK_OK(cell_set(cell, "12345"));
  char out[8];
  size_t length = 0;
  uint64_t version = 0;
  memset(out, '-', sizeof out);
  CHECK_OK(sho_object_get(cell, out, 4, &length, &version));
  CHECK_INT(length, 5);
  CHECK_INT(version, 1);
  CHECK_BYTES(out, "--------", 8);
  CHECK_OK(sho_object_get(cell, out, 5, &length, NULL));
  CHECK_INT(length, 5);
  CHECK_BYTES(out, "12345---", 8); /* no NUL is added */
  length = 0;
  CHECK_OK(sho_object_get(cell, NULL, 0, &length, NULL));
  CHECK_INT(length, 5);
  CHECK_OK(cell_set(cell, ""));
  CHECK_OK(sho_object_get(cell, NULL, 0, &length, NULL));
  CHECK_INT(length, 0);
}

static void test_object_set_refuses_a_text_that_does_not_fit(void) {
  struct sho_object *cell = cell_open("cell");
  char text[2000];
  memset(text, 'x', sizeof text);
  memcpy(text + 1022, "\xc3\xa9", 2); /* one byte too long, within a letter */
  uint64_t version = 4711;
  CHECK_OK(cell_set(cell, "old"));
  CHECK_CODE(sho_object_set(cell, text, 1024, &version), SHO_ETOOBIG);
  CHECK_SAYS("cell holds at most 1023 bytes of text and this one has 1024");
  CHECK_CODE(sho_object_set(cell, text, 2000, &version), SHO_ETOOBIG);
  CHECK_CODE(sho_object_set(cell, text, SIZE_MAX, &version), SHO_ETOOBIG);
  CHECK_INT(version, 4711);
  CHECK_TEXT(cell_text(cell), "old");
  CHECK_INT(cell_version(cell), 1);
  text[1022] = 'x';
  CHECK_OK(sho_object_set(cell, text, 1023, &version));
  CHECK_INT(strlen(cell_text(cell)), 1023);
}

static void test_object_set_refuses_a_nul(void) {
  struct sho_object *cell = cell_open("cell");
  CHECK_CODE(sho_object_set(cell, "a\0b", 3, NULL), SHO_EINVAL);
  CHECK_SAYS("cell: the text has a NUL in it, which would end it");
  CHECK_CODE(sho_object_set(cell, "a", 2, NULL), SHO_EINVAL);
  CHECK_INT(cell_version(cell), 0);
}

static void test_object_refuses_null_arguments(void) {
  struct sho_object *cell = cell_open("cell");
  struct sho_object_info info = {.size = sizeof info};
  uint64_t version;
  size_t length;
  char out[4];
  CHECK_CODE(sho_object_set(NULL, "a", 1, NULL), SHO_EINVAL);
  CHECK_CODE(sho_object_set(cell, NULL, 1, NULL), SHO_EINVAL);
  CHECK_SAYS("a handle and a text are needed");
  CHECK_CODE(sho_object_compare_and_set(NULL, 0, "a", 1, NULL), SHO_EINVAL);
  CHECK_CODE(sho_object_get(NULL, out, 4, &length, NULL), SHO_EINVAL);
  CHECK_CODE(sho_object_get(cell, NULL, 4, &length, NULL), SHO_EINVAL);
  CHECK_CODE(sho_object_get(cell, out, 4, NULL, NULL), SHO_EINVAL);
  CHECK_CODE(sho_object_version(NULL, &version), SHO_EINVAL);
  CHECK_CODE(sho_object_version(cell, NULL), SHO_EINVAL);
  CHECK_CODE(sho_object_await(NULL, 0, 0, &version), SHO_EINVAL);
  CHECK_CODE(sho_object_await(cell, 0, 0, NULL), SHO_EINVAL);
  CHECK_CODE(sho_object_info(NULL, &info), SHO_EINVAL);
  CHECK_CODE(sho_object_info(cell, NULL), SHO_EINVAL);
  CHECK_SAYS("a handle and a place to put are needed");
  sho_object_close(NULL);
  sho_object_free(NULL);
}

static void test_object_compare_and_set_goes_by_the_version(void) {
  struct sho_object *cell = cell_open("cell");
  uint64_t version = 4711;
  CHECK_OK(sho_object_compare_and_set(cell, 0, "one", 3, &version));
  CHECK_INT(version, 1);
  CHECK_CODE(sho_object_compare_and_set(cell, 0, "two", 3, &version),
             SHO_ECHANGED);
  CHECK_SAYS("cell holds version 1, not 0");
  CHECK_CODE(sho_object_compare_and_set(cell, 2, "two", 3, &version),
             SHO_ECHANGED);
  CHECK_INT(version, 1);
  CHECK_TEXT(cell_text(cell), "one");
  CHECK_OK(sho_object_compare_and_set(cell, 1, "two", 3, NULL));
  CHECK_TEXT(cell_text(cell), "two");
  CHECK_CODE(sho_object_compare_and_set(cell, 2, "a\0b", 3, NULL), SHO_EINVAL);
}

static void test_object_info_tells_geometry_and_state(void) {
  struct sho_object *cell = cell_open("cell");
  struct sho_object *other = cell_open("cell");
  CHECK_OK(cell_set(cell, "text"));
  struct sho_object_info info = {.size = sizeof info};
  CHECK_OK(sho_object_info(cell, &info));
  CHECK_INT(info.layout_version, SHO__CELL_LAYOUT_VERSION);
  CHECK_INT(info.capacity, 1024);
  CHECK_INT(info.file_bytes, FILE_BYTES);
  CHECK_INT(info.control_off, 1024);
  CHECK_INT(info.version, 1);
  CHECK_INT(info.recoveries, 0);
  CHECK_INT(info.peers, 2);
  CHECK_INT(info.peer_slots, 128);
  sho_object_free(other);
  CHECK_OK(sho_object_info(cell, &info));
  CHECK_INT(info.peers, 1);
}

static void *add_one_often(void *context) {
  for (int i = 0; i < rounds(200, 5000, 100000); i++) {
    int code;
    do {
      char text[32];
      size_t length;
      uint64_t version;
      CHECK_OK(sho_object_get(context, text, sizeof text, &length, &version));
      text[length] = '\0';
      int bytes = snprintf(text, sizeof text, "%ld", atol(text) + 1);
      code = sho_object_compare_and_set(context, version, text, (size_t)bytes,
                                        NULL);
    } while (code == SHO_ECHANGED);
    CHECK_OK(code);
  }
  return NULL;
}

static void test_object_compare_and_set_loses_no_update(void) {
  struct sho_object *cell = cell_open("cell");
  struct sho_object *other = cell_open("cell");
  CHECK_OK(cell_set(cell, "0"));
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) {
    REQUIRE(pthread_create(&threads[i], NULL, add_one_often,
                           i % 2 ? cell : other) == 0);
  }
  for (int i = 0; i < 4; i++) {
    pthread_join(threads[i], NULL);
  }
  CHECK_INT(atol(cell_text(cell)), 4L * rounds(200, 5000, 100000));
  CHECK_INT(cell_version(cell), 4L * rounds(200, 5000, 100000) + 1);
}

/* ---- await -------------------------------------------------------------- */

static void test_object_await_answers_a_version_that_is_there(void) {
  struct sho_object *cell = cell_open("cell");
  CHECK_OK(cell_set(cell, "one"));
  CHECK_OK(cell_set(cell, "two"));
  uint64_t newer = 0;
  CHECK_OK(sho_object_await(cell, 0, 0, &newer));
  CHECK_INT(newer, 2);
  CHECK_OK(sho_object_await(cell, 1, -1, &newer));
  CHECK_INT(newer, 2);
}

static void test_object_await_times_out(void) {
  struct sho_object *cell = cell_open("cell");
  uint64_t newer = 4711;
  struct stopwatch watch = stopwatch();
  CHECK_CODE(sho_object_await(cell, 0, 0, &newer), SHO_ETIMEDOUT);
  CHECK_CODE(sho_object_await(cell, 0, 1, &newer), SHO_ETIMEDOUT);
  CHECK_CODE(sho_object_await(cell, 7, 120000000, &newer), SHO_ETIMEDOUT);
  CHECK_SAYS("cell still has version 0 after 120000000 ns");
  CHECK(now_ns() - watch.begin_ns >= 120000000);
  CHECK_INT(newer, 4711);
  CHECK_CODE(sho_object_await(cell, UINT64_MAX, 1000, &newer), SHO_ETIMEDOUT);
}

struct waiter {
  struct sho_object *cell;
  uint64_t version;
  int64_t timeout_ns;
  _Atomic int begun;
  int code;
  uint64_t newer;
  char words[256];
};

static void *await_in_thread(void *context) {
  struct waiter *waiter = context;
  atomic_store(&waiter->begun, 1);
  waiter->code = sho_object_await(waiter->cell, waiter->version,
                                  waiter->timeout_ns, &waiter->newer);
  snprintf(waiter->words, sizeof waiter->words, "%s", sho_last_message());
  return NULL;
}

static pthread_t start_waiter(struct waiter *waiter) {
  pthread_t thread;
  REQUIRE(pthread_create(&thread, NULL, await_in_thread, waiter) == 0);
  WAIT_UNTIL(atomic_load(&waiter->begun));
  nap_us(20000);
  return thread;
}

static void test_object_await_wakes_all_sleepers_at_a_set(void) {
  struct sho_object *cell = cell_open("cell");
  struct sho_object *other = cell_open("cell");
  struct waiter waiters[4];
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) {
    waiters[i] = (struct waiter){.cell = i % 2 ? cell : other,
                                 .timeout_ns = i < 2 ? -1 : 10000000000};
    threads[i] = start_waiter(&waiters[i]);
  }
  CHECK_OK(cell_set(cell, "new"));
  for (int i = 0; i < 4; i++) {
    pthread_join(threads[i], NULL);
    CHECK_CODE(waiters[i].code, SHO_OK);
    CHECK_INT(waiters[i].newer, 1);
  }
}

static void test_object_await_sleeps_on_until_its_version(void) {
  struct sho_object *cell = cell_open("cell");
  struct waiter waiter = {.cell = cell, .version = 3, .timeout_ns = -1};
  pthread_t thread = start_waiter(&waiter);
  for (int i = 0; i < 4; i++) {
    nap_us(3000);
    CHECK_OK(cell_set(cell, "new"));
  }
  pthread_join(thread, NULL);
  CHECK_CODE(waiter.code, SHO_OK);
  CHECK_INT(waiter.newer, 4);
}

static void test_object_await_survives_a_lost_wake_up(void) {
  struct sho_object *cell = cell_open("cell");
  struct waiter waiter = {.cell = cell, .timeout_ns = -1};
  pthread_t thread = start_waiter(&waiter);
  struct stopwatch watch = stopwatch();
  atomic_store(&cell->cell->sequence, 2); /* killed before it wakes anybody */
  pthread_join(thread, NULL);
  CHECK_CODE(waiter.code, SHO_OK);
  CHECK_WITHIN_MS(100, watch);
}

/* ---- close -------------------------------------------------------------- */

static void check_closed(struct sho_object *cell) {
  struct sho_object_info info = {.size = sizeof info};
  uint64_t version = 4711;
  size_t length = 4711;
  char out[8] = "-------";
  CHECK_CODE(sho_object_get(cell, out, 8, &length, &version), SHO_ECLOSED);
  CHECK_SAYS("cell is closed; open it again");
  CHECK_CODE(sho_object_set(cell, "new", 3, &version), SHO_ECLOSED);
  CHECK_CODE(sho_object_compare_and_set(cell, 1, "new", 3, &version),
             SHO_ECLOSED);
  CHECK_CODE(sho_object_compare_and_set(cell, 0, "new", 3, &version),
             SHO_ECLOSED);
  CHECK_CODE(sho_object_version(cell, &version), SHO_ECLOSED);
  CHECK_CODE(sho_object_await(cell, 0, -1, &version), SHO_ECLOSED);
  CHECK_CODE(sho_object_info(cell, &info), SHO_ECLOSED);
  CHECK_INT(version, 4711);
  CHECK_INT(length, 4711);
}

static void test_object_close_ends_later_calls(void) {
  struct sho_object *cell = cell_open("cell");
  CHECK_OK(cell_set(cell, "old"));
  sho_object_close(cell);
  check_closed(cell);
  sho_object_close(cell); /* again */
  check_closed(cell);
  struct sho_object *other = cell_open("cell");
  CHECK_TEXT(cell_text(other), "old");
  struct sho_object_info info = {.size = sizeof info};
  CHECK_OK(sho_object_info(other, &info));
  CHECK_INT(info.peers, 1);
  CHECK_INT(info.recoveries, 0);
  sho_object_free(cell);
  sho_object_free(other);
}

static void test_object_close_ends_those_who_await(void) {
  struct sho_object *cell = cell_open("cell");
  struct waiter waiter = {.cell = cell, .timeout_ns = -1};
  pthread_t thread = start_waiter(&waiter);
  struct stopwatch watch = stopwatch();
  sho_object_close(cell);
  pthread_join(thread, NULL);
  CHECK_CODE(waiter.code, SHO_ECLOSED);
  CHECK_TEXT(waiter.words, "cell is closed; open it again");
  CHECK_WITHIN_MS(100, watch);
  sho_object_free(cell);
}

static void use_in_child(void *context) {
  struct sho_object *cell = context;
  check_closed(cell);
  struct sho_object *own = cell_open("cell");
  CHECK_TEXT(cell_text(own), "old");
  CHECK_OK(cell_set(own, "from the child"));
  sho_object_close(cell);
  sho_object_free(cell);
  sho_object_free(own);
}

static void test_object_is_closed_in_a_forked_child(void) {
  struct sho_object *cell = cell_open("cell");
  CHECK_OK(cell_set(cell, "old"));
  CHECK_INT(child_wait(child_start(use_in_child, cell)), 0);
  CHECK_TEXT(cell_text(cell), "from the child");
  struct sho_object_info info = {.size = sizeof info};
  CHECK_OK(sho_object_info(cell, &info));
  CHECK_INT(info.peers, 1);
}

struct worker {
  struct sho_object *cell;
  _Atomic int calls;
};

static void *set_and_get_until_closed(void *context) {
  struct worker *worker = context;
  char text[700];
  char got[1024];
  memset(text, 'x', sizeof text);
  for (;;) {
    size_t length = 0;
    int code = sho_object_set(worker->cell, text, sizeof text, NULL);
    if (code == SHO_OK) {
      code = sho_object_get(worker->cell, got, sizeof got, &length, NULL);
    }
    if (code == SHO_ECLOSED) {
      return NULL;
    }
    CHECK_OK(code);
    CHECK_INT(length, sizeof text);
    CHECK_BYTES(got, text, sizeof text);
    atomic_fetch_add(&worker->calls, 1);
  }
}

/* Closing under four busy threads harms neither them nor the next. */
static void test_object_close_ends_calls_in_flight(void) {
  for (int round = 0; round < rounds(5, 50, 1000); round++) {
    struct worker worker = {.cell = cell_open("cell")};
    struct sho_object *next = cell_open("cell");
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
      REQUIRE(pthread_create(&threads[i], NULL, set_and_get_until_closed,
                             &worker) == 0);
    }
    while (atomic_load(&worker.calls) < 50) {
      nap_us(20);
    }
    sho_object_close(worker.cell);
    struct stopwatch watch = stopwatch();
    CHECK_OK(cell_set(next, "next"));
    CHECK_WITHIN_MS(100, watch);
    for (int i = 0; i < 4; i++) {
      pthread_join(threads[i], NULL);
    }
    CHECK_TEXT(cell_text(next), "next");
    sho_object_free(worker.cell);
    sho_object_free(next);
  }
}

static const struct test tests[] = {
    TEST(test_object_get_returns_what_was_set),
    TEST(test_object_set_answers_versions_that_count),
    TEST(test_object_set_leaves_bytes_behind_the_text),
    TEST(test_object_get_copies_only_what_fits),
    TEST(test_object_set_refuses_a_text_that_does_not_fit),
    TEST(test_object_set_refuses_a_nul),
    TEST(test_object_refuses_null_arguments),
    TEST(test_object_compare_and_set_goes_by_the_version),
    TEST(test_object_info_tells_geometry_and_state),
    TEST(test_object_compare_and_set_loses_no_update),
    TEST(test_object_await_answers_a_version_that_is_there),
    TEST(test_object_await_times_out),
    TEST(test_object_await_wakes_all_sleepers_at_a_set),
    TEST(test_object_await_sleeps_on_until_its_version),
    TEST(test_object_await_survives_a_lost_wake_up),
    TEST(test_object_close_ends_later_calls),
    TEST(test_object_close_ends_those_who_await),
    TEST(test_object_close_ends_calls_in_flight),
    TEST(test_object_is_closed_in_a_forked_child),
};

TEST_MAIN(tests)
