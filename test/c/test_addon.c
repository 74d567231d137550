/* The addon's module: what Node sees byte for byte, and what it never saw. */
#include <pthread.h>

#include "cells.h"
#include "harness.h"

static int write_text(const char *text) {
  return share_write(text, strlen(text));
}

/* The window as share_read gives it, which is what the file has. */
static const uint8_t *window(void) {
  static uint8_t read[1024];
  uint8_t stored[1024];
  memset(read, '?', sizeof read);
  CHECK_INT(share_read((char *)read, sizeof read), 1024);
  file_peek("share-data", 0, stored, sizeof stored);
  CHECK_BYTES(read, stored, 1024);
  return read;
}

static char *xs(size_t count, const char *end) {
  static char text[4096];
  memset(text, 'x', count);
  snprintf(text + count, sizeof text - count, "%s", end);
  return text;
}

/* ---- what write leaves in the file -------------------------------------- */

static void test_addon_write_stores_text_and_nul(void) {
  uint8_t expected[1024] = "Hello World!";
  CHECK_INT(write_text("Hello World!"), 12);
  CHECK_BYTES(window(), expected, 1024);
  struct stat file;
  REQUIRE(stat("share-data", &file) == 0);
  CHECK_INT(file.st_mode & 07777, 0600);
}

static void test_addon_write_leaves_the_stale_tail(void) {
  write_text("Hello World!");
  CHECK_INT(write_text("Hi"), 2);
  CHECK_BYTES(window(), "Hi\0lo World!\0\0", 14);
  CHECK_INT(write_text(""), 0);
  CHECK_BYTES(window(), "\0i\0lo World!\0\0", 14);
  CHECK_INT(share_write(NULL, 0), 0);
}

static void test_addon_write_cuts_at_1023_bytes(void) {
  static const size_t lengths[] = {2000, 1024, 1023};
  for (size_t i = 0; i < 3; i++) {
    char *text = xs(lengths[i], "");
    CHECK_INT(write_text(text), 1023);
    CHECK_BYTES(window(), text, 1023);
    CHECK_INT(window()[1023], 0);
  }
  CHECK_INT(write_text(xs(1022, "")), 1022);
}

static void test_addon_write_drops_a_character_that_does_not_fit(void) {
  static const char *const characters[] = {"\xc3\xa9", "\xe2\x82\xac",
                                           "\xf0\x9f\x98\x80"};
  for (size_t i = 0; i < 3; i++) {
    size_t bytes = strlen(characters[i]);
    for (size_t before = 1024 - bytes; before < 1024; before++) {
      uint8_t old[1024];
      write_text(xs(1023, ""));
      memcpy(old, window(), 1024);
      char text[2048];
      snprintf(text, sizeof text, "%s%s", xs(before, characters[i]), "yyy");
      old[before] = 0;
      CHECK_INT(write_text(text), before);
      CHECK_BYTES(window(), old, 1024); /* later bytes untouched */
    }
    char *fits = xs(1023 - bytes, characters[i]);
    CHECK_INT(write_text(fits), 1023);
    CHECK_BYTES(window(), fits, 1024);
  }
}

static void test_addon_write_cuts_what_is_no_utf8_anywhere(void) {
  char text[2000];
  memset(text, '\x80', sizeof text);
  CHECK_INT(share_write(text, sizeof text), 1023);
  memset(text, '\xff', sizeof text);
  CHECK_INT(share_write(text, sizeof text), 1023);
  CHECK_BYTES(window(), text, 1023);
}

static void test_addon_write_stores_any_byte(void) {
  CHECK_INT(share_write("a\0b", 3), 3);
  CHECK_BYTES(window(), "a\0b\0", 4);
  CHECK_INT(share_write("\xef\xbf\xbd", 3), 3);
  CHECK_BYTES(window(), "\xef\xbf\xbd\0", 4);
}

static void test_addon_refuses_null_arguments(void) {
  CHECK_CODE(share_write(NULL, 5), SHO_EINVAL);
  CHECK_SAYS("a text is needed");
  CHECK_CODE(share_read(NULL, 5), SHO_EINVAL);
  CHECK_SAYS("a place to put the window is needed");
  CHECK_INT(file_bytes("share-data"), -1);
  write_text("text");
  CHECK_INT(share_read(NULL, 0), 0);
}

static void test_addon_read_copies_at_most_the_window(void) {
  char out[2000];
  write_text("Hello World!");
  memset(out, '?', sizeof out);
  CHECK_INT(share_read(out, 5), 5);
  CHECK_BYTES(out, "Hello?", 6);
  CHECK_INT(share_read(out, sizeof out), 1024);
  CHECK_INT(out[1023], 0);
  CHECK_INT(out[1024], '?');
}

/* ---- files -------------------------------------------------------------- */

static void test_addon_read_tells_a_missing_file(void) {
  char out[1024];
  CHECK_CODE(share_read(out, sizeof out), SHO_ENOENT);
  CHECK_SAYS("share-data: no such file; write to it first");
  CHECK_CODE(get_share_adress(1024, 0), SHO_ENOENT);
  CHECK_INT(file_bytes("share-data"), -1);
}

static void test_addon_adopts_bare_files(void) {
  static const size_t sizes[] = {0, 5, 1023, 1024};
  for (size_t i = 0; i < 4; i++) {
    char *text = xs(sizes[i], "");
    file_put("share-data", text, sizes[i]);
    uint8_t expected[1024] = {0};
    memcpy(expected, text, sizes[i]);
    CHECK_BYTES(window(), expected, 1024);
    CHECK_INT(file_bytes("share-data"), FILE_BYTES);
    CHECK_INT(write_text("new"), 3);
    unlink("share-data");
  }
}

static void test_addon_refuses_foreign_files(void) {
  file_put("share-data", xs(3000, ""), 3000);
  char out[1024];
  CHECK_CODE(share_read(out, sizeof out), SHO_EFORMAT);
  CHECK_SAYS("share-data is not a ShareObject file: 3000 bytes");
  CHECK_CODE(write_text("text"), SHO_EFORMAT);
  CHECK_CODE(get_share_adress(1024, 1), SHO_EFORMAT);
  CHECK_INT(file_bytes("share-data"), 3000);
  /* but the caller may call the first 3000 bytes its own */
  char *address = (char *)get_share_adress(3000, 0);
  REQUIRE((long)address > 0);
  CHECK_BYTES(address, xs(3000, ""), 3000);
  unlink("share-data");
  REQUIRE(symlink("/dev/null", "share-data") == 0);
  CHECK_CODE(share_read(out, sizeof out), SHO_EACCESS);
  unlink("share-data");
  REQUIRE(mkdir("share-data", 0700) == 0);
  CHECK_CODE(write_text("text"), SHO_EACCESS);
  CHECK_SAYS("share-data is a folder");
}

static void test_addon_uses_a_cell_of_any_capacity(void) {
  struct sho_object *large = cell_open_sized("share-data", 5000);
  CHECK_OK(sho_object_set(large, xs(3000, ""), 3000, NULL));
  CHECK_BYTES(window(), xs(1024, ""), 1024);
  CHECK_INT(write_text("Hello"), 5);
  CHECK_TEXT(cell_text(large), "Hello");
  CHECK_INT(cell_version(large), 2);
}

static void test_addon_path_can_be_chosen(void) {
  char out[1024];
  CHECK_INT(write_text("default"), 7);
  CHECK_OK(sho_share_path("other"));
  CHECK_INT(write_text("other"), 5);
  CHECK_OK(sho_share_path("other")); /* again */
  CHECK_INT(share_read(out, sizeof out), 1024);
  CHECK_TEXT(out, "other");
  CHECK_OK(sho_share_path(NULL));
  CHECK_INT(share_read(out, sizeof out), 1024);
  CHECK_TEXT(out, "default");
  CHECK_OK(sho_share_path("other"));
  CHECK_OK(sho_share_path(""));
  CHECK_INT(share_read(out, sizeof out), 1024);
  CHECK_TEXT(out, "default");
  CHECK_OK(sho_share_path("none/other"));
  CHECK_CODE(write_text("text"), SHO_ENOENT);
}

static void test_addon_follows_a_removed_file(void) {
  char out[1024];
  write_text("old");
  REQUIRE(unlink("share-data") == 0);
  CHECK_CODE(share_read(out, sizeof out), SHO_ENOENT);
  CHECK_INT(write_text("new"), 3);
  CHECK_BYTES(window(), "new", 4);
}

static void test_addon_follows_a_replaced_file(void) {
  write_text("old");
  file_put("next", "replaced", 8);
  REQUIRE(rename("next", "share-data") == 0);
  CHECK_BYTES(window(), "replaced", 9);
  CHECK_INT(write_text("new"), 3);
  CHECK_BYTES(window(), "new\0aced", 9);
}

static void test_addon_follows_a_truncated_file(void) {
  write_text("Hello World!");
  REQUIRE(truncate("share-data", 5) == 0);
  CHECK_BYTES(window(), "Hello\0\0\0", 8);
  REQUIRE(truncate("share-data", 0) == 0);
  CHECK_BYTES(window(), "\0\0\0\0\0\0\0\0", 8);
  CHECK_INT(write_text("new"), 3);
  CHECK_BYTES(window(), "new", 4);
}

/* Each time the address that was told stays mapped; its handle must not. */
static void test_addon_follows_a_file_truncated_often(void) {
  int first = dup(0);
  close(first);
  for (int i = 0; i < 300; i++) {
    char *address = (char *)get_share_adress(1024, 1);
    REQUIRE((long)address > 0);
    CHECK_INT(write_text("Hello"), 5);
    CHECK_TEXT(address, "Hello");
    REQUIRE(truncate("share-data", 0) == 0);
    int next = dup(0);
    CHECK(next < first + 10);
    close(next);
  }
}

/* ---- get_share_adress --------------------------------------------------- */

static void test_addon_address_is_made_once_and_shared(void) {
  long first = get_share_adress(1024, 1);
  REQUIRE(first > 0);
  CHECK_INT(get_share_adress(1024, 1), first);
  CHECK_INT(get_share_adress(1024, 0), first);
  CHECK_INT(get_share_adress(0, 0), first);
  CHECK_INT(get_share_adress(1, 0), first);
  write_text("Hello World!");
  CHECK_TEXT((char *)first, "Hello World!");
  memcpy((char *)first, "stored!", 8);
  CHECK_BYTES(window(), "stored!\0rld!", 13);
  CHECK_CODE(get_share_adress(SIZE_MAX, 1), SHO_EINVAL);
  CHECK_CODE(get_share_adress((1U << 30) + 1, 1), SHO_EINVAL);
  CHECK_SAYS("1073741825 bytes are too many: at most 1 GiB is possible");
}

static void check_all_backed(long address, uint64_t before, uint64_t min_size) {
  uint64_t covered = before | min_size;
  REQUIRE_OK(address > 0 ? SHO_OK : (int)address);
  CHECK((uint64_t)file_bytes("share-data") >= covered);
  CHECK(has_no_holes("share-data"));
  volatile char *bytes = (volatile char *)address;
  bytes[min_size > 0 ? min_size - 1 : 0] = 'x';
  (void)bytes[covered > 0 ? covered - 1 : 0];
}

static void test_addon_address_covers_size_or_min_size(void) {
  static const size_t sizes[] = {0, 5, 1024, 2000, 2048, 100000};
  static const size_t minima[] = {0, 1, 1024, 1025, 2048, 5000, 200000};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    for (size_t k = 0; k < sizeof minima / sizeof *minima; k++) {
      size_t own = minima[k] < 1024 ? 1024 : minima[k];
      if (sizes[i] > own) {
        continue; /* a foreign file */
      }
      unlink("share-data");
      file_put("share-data", "", 0);
      REQUIRE(truncate("share-data", (off_t)sizes[i]) == 0);
      check_all_backed(get_share_adress(minima[k], 0), sizes[i], minima[k]);
      uint64_t size = (uint64_t)file_bytes("share-data");
      uint64_t more = minima[k] + 3000;
      CHECK_OK(sho_share_path(NULL)); /* as another process would begin */
      check_all_backed(get_share_adress(more, 0), size, more);
    }
  }
}

static void test_addon_address_moves_when_more_is_asked_for(void) {
  char *first = (char *)get_share_adress(1024, 1);
  char *second = (char *)get_share_adress(100000, 0);
  REQUIRE((long)second > 0);
  CHECK(first != second);
  CHECK_INT(get_share_adress(50000, 0), (long)second);
  memcpy(second, "seen", 5);
  CHECK_TEXT(first, "seen"); /* answered before, mapped for good */
}

static void test_addon_address_moves_with_the_file(void) {
  char *first = (char *)get_share_adress(1024, 1);
  memcpy(first, "first", 6);
  unlink("share-data");
  CHECK_CODE(get_share_adress(1024, 0), SHO_ENOENT);
  char *second = (char *)get_share_adress(1024, 1);
  REQUIRE((long)second > 0);
  CHECK(first != second);
  CHECK_TEXT(second, "");
  CHECK_TEXT(first, "first");
  file_put("next", "third", 5);
  REQUIRE(rename("next", "share-data") == 0);
  char *third = (char *)get_share_adress(1024, 0);
  REQUIRE((long)third > 0);
  CHECK_TEXT(third, "third");
  CHECK_OK(sho_share_path("elsewhere"));
  CHECK_TEXT(third, "third");
}

static void test_addon_address_survives_a_truncation(void) {
  char *address = (char *)get_share_adress(100000, 1);
  REQUIRE((long)address > 0);
  memset(address, 'x', 100000);
  REQUIRE(truncate("share-data", 0) == 0);
  address[99999] = 'y'; /* goes nowhere, and ends no process */
  CHECK_INT(address[50000], 0);
  char *next = (char *)get_share_adress(100000, 0);
  REQUIRE((long)next > 0);
  CHECK(next != address);
  CHECK_INT(next[99999], 0);
}

/* ---- two processes ------------------------------------------------------- */

static void write_patterns(void *context) {
  _Atomic int *stop = context;
  for (int i = 0; !atomic_load(stop); i++) {
    char text[1023];
    memset(text, 'a' + i % 26, sizeof text);
    CHECK_INT(share_write(text, sizeof text), 1023);
  }
}

static void test_addon_read_sees_one_write_of_another_process(void) {
  _Atomic int *stop = shared_bytes(sizeof *stop);
  write_text(xs(1023, ""));
  pid_t pid = child_start(write_patterns, stop);
  for (int i = 0; i < rounds(2000, 50000, 1000000); i++) {
    char out[1024];
    CHECK_INT(share_read(out, sizeof out), 1024);
    char same[1023];
    memset(same, out[0], sizeof same);
    CHECK_BYTES(out, same, sizeof same);
  }
  atomic_store(stop, 1);
  CHECK_INT(child_wait(pid), 0);
}

/* ---- threads ------------------------------------------------------------ */

static void *write_once(void *code) {
  *(int *)code = write_text("late");
  return NULL;
}

static void test_addon_read_does_not_wait_for_a_write_that_waits(void) {
  write_text("Hello");
  struct sho_object *stopped = cell_open("share-data");
  int recover;
  REQUIRE_OK(sho__lock(&stopped->peers, &stopped->cell->lock, &recover));
  pthread_t thread;
  int code = 0;
  REQUIRE(pthread_create(&thread, NULL, write_once, &code) == 0);
  WAIT_UNTIL(atomic_load(&stopped->cell->lock.word) & SHO__LOCK_WAITERS);
  struct stopwatch watch = stopwatch();
  CHECK_BYTES(window(), "Hello", 6);
  CHECK_WITHIN_MS(100, watch);
  sho__unlock(&stopped->cell->lock);
  pthread_join(thread, NULL);
  CHECK_INT(code, 4);
  CHECK_BYTES(window(), "late", 5);
}

static void *use_at_random(void *context) {
  unsigned random = *(unsigned *)context;
  for (int i = 0; i < rounds(100, 1000, 20000); i++) {
    random = random * 1103515245 + 12345;
    char out[1024] = {0};
    int code;
    switch ((random >> 16) % 8) {
      case 0:
        code = sho_share_path((random >> 20) % 2 ? "one" : "two");
        break;
      case 1:
        code = (int)(get_share_adress(1024, 1) > 0);
        break;
      case 2:
        unlink((random >> 20) % 2 ? "one" : "two");
        code = 0;
        break;
      case 3:
      case 4:
        code = write_text("Hello World!");
        break;
      default:
        code = share_read(out, sizeof out);
        CHECK(code == SHO_ENOENT || out[0] == 'H' || out[0] == '\0');
    }
    CHECK(code >= 0 || code == SHO_ENOENT || code == SHO_EPEERS);
  }
  return NULL;
}

static void test_addon_serves_threads_that_change_the_file(void) {
  unsigned seeds[4] = {1, 2, 3, 4};
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) {
    REQUIRE(pthread_create(&threads[i], NULL, use_at_random, &seeds[i]) == 0);
  }
  for (int i = 0; i < 4; i++) {
    pthread_join(threads[i], NULL);
  }
}

static void use_in_child(void *address) {
  CHECK_BYTES(window(), "Hello", 6); /* by a handle of its own */
  CHECK_INT(write_text("child"), 5);
  CHECK_TEXT((char *)address, "child"); /* addresses are inherited */
}

static void test_addon_works_on_in_a_forked_child(void) {
  write_text("Hello");
  CHECK_INT(
      child_wait(child_start(use_in_child, (void *)get_share_adress(1024, 1))),
      0);
  CHECK_BYTES(window(), "child", 6);
}

static const struct test tests[] = {
    TEST(test_addon_write_stores_text_and_nul),
    TEST(test_addon_write_leaves_the_stale_tail),
    TEST(test_addon_write_cuts_at_1023_bytes),
    TEST(test_addon_write_drops_a_character_that_does_not_fit),
    TEST(test_addon_write_cuts_what_is_no_utf8_anywhere),
    TEST(test_addon_write_stores_any_byte),
    TEST(test_addon_refuses_null_arguments),
    TEST(test_addon_read_copies_at_most_the_window),
    TEST(test_addon_read_tells_a_missing_file),
    TEST(test_addon_adopts_bare_files),
    TEST(test_addon_refuses_foreign_files),
    TEST(test_addon_uses_a_cell_of_any_capacity),
    TEST(test_addon_path_can_be_chosen),
    TEST(test_addon_follows_a_removed_file),
    TEST(test_addon_follows_a_replaced_file),
    TEST(test_addon_follows_a_truncated_file),
    TEST(test_addon_follows_a_file_truncated_often),
    TEST(test_addon_address_is_made_once_and_shared),
    TEST(test_addon_address_covers_size_or_min_size),
    TEST(test_addon_address_moves_when_more_is_asked_for),
    TEST(test_addon_address_moves_with_the_file),
    TEST(test_addon_address_survives_a_truncation),
    TEST(test_addon_read_sees_one_write_of_another_process),
    TEST(test_addon_read_does_not_wait_for_a_write_that_waits),
    TEST(test_addon_serves_threads_that_change_the_file),
    TEST(test_addon_works_on_in_a_forked_child),
};

TEST_MAIN(tests)
