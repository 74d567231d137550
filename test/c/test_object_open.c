/* Opening the cell: what is created, adopted, kept and refused. */
#include <sys/resource.h>

#include "cells.h"
#include "harness.h"
#include "mounts.h"

/* ---- created ------------------------------------------------------------ */

static void test_object_open_creates_a_private_file(void) {
  umask(0);
  struct sho_object *cell = cell_open("cell");
  struct stat file;
  REQUIRE(stat("cell", &file) == 0);
  CHECK_INT(file.st_size, FILE_BYTES);
  CHECK_INT(file.st_mode & 07777, 0600);
  CHECK(has_no_holes("cell"));
  CHECK_TEXT(cell_text(cell), "");
  CHECK_INT(cell_version(cell), 0);
  sho_object_free(cell);
}

static void test_object_open_lays_the_documented_bytes(void) {
  sho_object_free(cell_open("cell"));
  uint8_t bytes[FILE_BYTES];
  file_peek("cell", 0, bytes, sizeof bytes);
  const uint8_t *control = bytes + 1024;
  CHECK_BYTES(control, "SHOCELL\0\3\0\0\0\0\0\0\0\0\4\0\0\0\0\0\0", 24);
  CHECK_BYTES(control + 32, "\200\0\0\0", 4);
  uint32_t checksum;
  memcpy(&checksum, control + 36, 4);
  CHECK_INT(checksum, (uint32_t)sho__hash(control, 36, 0));
  memset(bytes + 1024, 0, 40); /* zeros but for the first peer's slot */
  CHECK_INT(control[256], 1);
  memset(bytes + 1024 + 256, 0, 8);
  for (size_t i = 0; i < FILE_BYTES; i++) {
    CHECK_INT(bytes[i], 0);
  }
}

static void test_object_open_keeps_text_and_version(void) {
  struct sho_object *cell = cell_open("cell");
  CHECK_OK(cell_set(cell, "one"));
  CHECK_OK(cell_set(cell, "two"));
  sho_object_free(cell);
  cell = cell_open("cell");
  CHECK_TEXT(cell_text(cell), "two");
  CHECK_INT(cell_version(cell), 2);
  sho_object_free(cell);
}

static void test_object_open_takes_capacities_from_2_to_1_gib(void) {
  static const uint32_t wrong[] = {0, 1, (1U << 30) + 1, UINT32_MAX};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    CHECK_CODE(cell_refused("cell", wrong[i]), SHO_EINVAL);
    CHECK_SAYS("cell: the capacity must be 2 to 1073741824 bytes, not ");
  }
  CHECK_INT(file_bytes("cell"), -1);
  static const uint32_t right[] = {2, 63, 1024, 1025, 65536, 100001};
  for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
    char name[32];
    snprintf(name, sizeof name, "cell%u", right[i]);
    struct sho_object *cell = cell_open_sized(name, right[i]);
    struct sho_object_info info = {.size = sizeof info};
    CHECK_OK(sho_object_info(cell, &info));
    CHECK_INT(info.capacity, right[i]);
    uint64_t area = right[i] < 1024 ? 1024 : (right[i] + 63) / 64 * 64;
    CHECK_INT(info.control_off, area);
    CHECK_INT(info.file_bytes, 2 * area + CONTROL_BYTES);
    CHECK_INT(file_bytes(name), info.file_bytes);
    char *text = malloc(right[i]);
    REQUIRE(text != NULL);
    memset(text, 'x', right[i]);
    CHECK_OK(sho_object_set(cell, text, right[i] - 1, NULL));
    CHECK_INT(strlen(cell_text(cell)), right[i] - 1);
    sho_object_free(cell);
    sho_object_free(cell_open_sized(name, right[i]));
    free(text);
  }
}

static void test_object_open_refuses_no_path(void) {
  struct sho_object *cell;
  CHECK_CODE(sho_object_open(NULL, 1024, &cell), SHO_EINVAL);
  CHECK_CODE(sho_object_open("", 1024, &cell), SHO_EINVAL);
  CHECK_CODE(sho_object_open("cell", 1024, NULL), SHO_EINVAL);
  CHECK_SAYS("a path and a place for the handle are needed");
  CHECK_INT(file_bytes("cell"), -1);
}

struct race {
  _Atomic int round;
  _Atomic int done;
};

static void race_to_open(void *context) {
  struct race *race = context;
  for (int round = 1; round <= 100; round++) {
    char name[32];
    snprintf(name, sizeof name, "cell%d", round);
    while (atomic_load(&race->round) < round) {
    }
    struct sho_object *cell = cell_open(name);
    uint64_t version;
    CHECK_OK(sho_object_set(cell, "text", 4, &version));
    CHECK(version == 1 || version == 2);
    sho_object_free(cell);
    atomic_fetch_add(&race->done, 1);
  }
}

static void test_object_open_by_two_at_once_makes_one_cell(void) {
  struct race *race = shared_bytes(sizeof *race);
  pid_t pids[2] = {child_start(race_to_open, race),
                   child_start(race_to_open, race)};
  for (int round = 1; round <= 100; round++) {
    char name[32];
    snprintf(name, sizeof name, "cell%d", round);
    atomic_store(&race->round, round);
    WAIT_UNTIL(atomic_load(&race->done) == 2 * round);
    struct sho_object *cell = cell_open(name);
    CHECK_INT(cell_version(cell), 2);
    sho_object_free(cell);
  }
  CHECK_INT(child_wait(pids[0]), 0);
  CHECK_INT(child_wait(pids[1]), 0);
}

static void test_object_open_tells_a_full_file_system(void) {
  mount_tmpfs("small", "size=64k,mode=0700");
  CHECK_CODE(cell_refused("small/cell", 1 << 20), SHO_ENOSPC);
  CHECK_SAYS("small/cell: no room for 2098432 bytes on its file system; free "
             "some, enlarge it (docker: --shm-size), or ask for less");
  CHECK_INT(file_bytes("small/cell"), -1);
  int ballast = open("small/ballast", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  file_put("small/bare", "", 0);
  static const char page[65536] = {1};
  while (write(ballast, page, sizeof page) > 0) {
  }
  CHECK_CODE(cell_refused("small/cell", 1024), SHO_ENOSPC);
  CHECK_REFUSED("small/bare", 1024, SHO_ENOSPC);
  REQUIRE(ftruncate(ballast, 4096) == 0);
  CHECK_OK(cell_refused("small/bare", 1024));
  CHECK_OK(cell_refused("small/cell", 1024));
}

/* As `cp --sparse` makes them: reserved at the latest when it is opened. */
static void test_object_open_fills_the_holes_of_a_copied_cell(void) {
  sho_object_free(cell_open_sized("cell", 100000));
  size_t bytes;
  uint8_t *content = file_content("cell", &bytes);
  file_put("copy", "", 0);
  REQUIRE(truncate("copy", (off_t)bytes) == 0);
  file_patch("copy", 100032, content + 100032, CONTROL_BYTES);
  free(content);
  sho_object_free(cell_open_sized("copy", 100000));
  CHECK(has_no_holes("copy"));
}

/* ---- adopted ------------------------------------------------------------ */

static void check_adopted(const char *path, const char *text, size_t bytes) {
  struct sho_object *cell = cell_open(path);
  CHECK_INT(file_bytes(path), FILE_BYTES);
  char got[1025] = {0};
  size_t length = 4711;
  uint64_t version = 4711;
  CHECK_OK(sho_object_get(cell, got, sizeof got, &length, &version));
  CHECK_INT(length, bytes);
  CHECK_BYTES(got, text, bytes);
  CHECK_INT(version, 0);
  CHECK_OK(cell_set(cell, "new"));
  CHECK_TEXT(cell_text(cell), "new");
  sho_object_free(cell);
  CHECK_TEXT(cell_text(cell_open(path)), "new");
}

static void test_object_open_adopts_a_bare_file_of_0_bytes(void) {
  file_put("bare", "", 0);
  check_adopted("bare", "", 0);
}

static void test_object_open_refuses_other_bare_files_untouched(void) {
  static const size_t sizes[] = {1, 5, 1023};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    char text[1024];
    memset(text, 'x', sizeof text);
    file_put("bare", text, sizes[i]);
    CHECK_REFUSED("bare", 1024, SHO_EFORMAT);
    CHECK_SAYS("without a control block; name another file, or adopt this one");
    CHECK_REFUSED("bare", 5000, SHO_EFORMAT);
  }
}

static void test_object_adopt_takes_any_bare_file(void) {
  file_put("bare", "Hello", 5);
  struct sho_object *cell = NULL;
  REQUIRE_OK(sho_object_adopt("bare", 1024, &cell));
  sho_object_free(cell);
  check_adopted("bare", "Hello", 5);
  REQUIRE_OK(sho_object_adopt("bare", 1024, &cell)); /* is a cell by now */
  CHECK_TEXT(cell_text(cell), "new");
  sho_object_free(cell);
  REQUIRE_OK(sho_object_adopt("missing", 1024, &cell));
  sho_object_free(cell);
  CHECK_CODE(sho_object_adopt("bare", 1025, &cell), SHO_EGEOMETRY);
  char text[1025];
  memset(text, 'x', sizeof text);
  file_put("long", text, sizeof text);
  CHECK_CODE(sho_object_adopt("long", 1024, &cell), SHO_EFORMAT);
  CHECK_INT(file_bytes("long"), sizeof text);
}

static void test_object_open_existing_neither_makes_nor_adopts(void) {
  static const size_t sizes[] = {0, 5, 1024, FILE_BYTES};
  struct sho_object *cell = NULL;
  CHECK_CODE(sho_object_open_existing("cell", &cell), SHO_ENOENT);
  CHECK_INT(file_bytes("cell"), -1);
  char text[FILE_BYTES] = {0}; /* FILE_BYTES of it: a half adopted file */
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    file_put("cell", text, sizes[i]);
    CHECK_CODE(sho_object_open_existing("cell", &cell), SHO_EFORMAT);
    size_t bytes;
    uint8_t *content = file_content("cell", &bytes);
    CHECK_INT(bytes, sizes[i]);
    CHECK_BYTES(content, text, bytes);
    free(content);
  }
  sho_object_free(cell_open_sized("large", 5000));
  REQUIRE_OK(sho_object_open_existing("large", &cell));
  struct sho_object_info info = {.size = sizeof info};
  CHECK_OK(sho_object_info(cell, &info));
  CHECK_INT(info.capacity, 5000);
  sho_object_free(cell);
}

static void test_object_open_adopts_a_bare_file_of_1024_bytes(void) {
  char text[1024];
  memset(text, 'x', sizeof text);
  file_put("full", text, sizeof text); /* without a NUL */
  check_adopted("full", text, 1024);
  text[12] = '\0';
  file_put("window", text, sizeof text);
  check_adopted("window", text, 12);
}

static void test_object_open_adopts_for_a_capacity_of_its_own(void) {
  file_put("bare", "Hello", 5);
  struct sho_object *cell = NULL;
  REQUIRE_OK(sho_object_adopt("bare", 5000, &cell));
  CHECK_TEXT(cell_text(cell), "Hello");
  CHECK_INT(file_bytes("bare"), 2 * 5056 + CONTROL_BYTES);
  sho_object_free(cell);
}

/* Killed between growing it and laying the control block. */
static void test_object_open_adopts_what_was_half_adopted(void) {
  file_put("bare", "Hello", 5);
  REQUIRE(truncate("bare", FILE_BYTES) == 0);
  check_adopted("bare", "Hello", 5);
  CHECK(has_no_holes("bare")); /* though it came with some */
}

static void test_object_open_keeps_the_addons_mapping_alive(void) {
  char content[1024] = "Hello";
  file_put("bare", content, sizeof content);
  int fd = open("bare", O_RDWR | O_CLOEXEC);
  char *window = mmap(NULL, 1024, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  REQUIRE(window != MAP_FAILED);
  struct sho_object *cell = cell_open("bare");
  CHECK_OK(cell_set(cell, "from us"));
  CHECK_TEXT(window, "from us");
  memcpy(window, "from it", 8);
  CHECK_TEXT(cell_text(cell), "from it");
}

/* ---- refused ------------------------------------------------------------ */

static void put_filled(const char *path, int value, size_t bytes) {
  char *content = malloc(bytes);
  REQUIRE(content != NULL);
  memset(content, value, bytes);
  file_put(path, content, bytes);
  free(content);
}

static void test_object_open_refuses_foreign_files_untouched(void) {
  static const size_t sizes[] = {1025,           FILE_BYTES - 1, FILE_BYTES,
                                 FILE_BYTES + 1, 5000,           200000};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    put_filled("foreign", 'x', sizes[i]);
    CHECK_REFUSED("foreign", 1024, SHO_EFORMAT);
    char words[96];
    snprintf(words, sizeof words,
             "foreign is not a ShareObject file: %zu bytes without a control",
             sizes[i]);
    CHECK_SAYS(words);
  }
  CHECK_SAYS("without a control block; name another file");
  put_filled("zeros", 0, 5000);
  CHECK_REFUSED("zeros", 1024, SHO_EFORMAT);
  put_filled("late", 0, FILE_BYTES); /* zeros, but for its last byte */
  file_patch("late", FILE_BYTES - 1, "x", 1);
  CHECK_REFUSED("late", 1024, SHO_EFORMAT);
}

static void test_object_open_refuses_what_is_no_file(void) {
  file_put("file", "Hello", 5);
  REQUIRE(symlink("file", "link") == 0);
  REQUIRE(mkdir("folder", 0700) == 0);
  REQUIRE(mkfifo("fifo", 0600) == 0);
  CHECK_CODE(cell_refused("link", 1024), SHO_EACCESS);
  CHECK_SAYS("link is a symbolic link");
  CHECK_CODE(cell_refused("folder", 1024), SHO_EACCESS);
  CHECK_SAYS("folder is a folder");
  CHECK_CODE(cell_refused("fifo", 1024), SHO_EACCESS);
  CHECK_SAYS("fifo is not a regular file");
  CHECK_CODE(cell_refused("none/cell", 1024), SHO_ENOENT);
  CHECK_INT(file_bytes("file"), 5);
}

static void test_object_open_refuses_another_capacity(void) {
  sho_object_free(cell_open_sized("cell", 2000));
  CHECK_REFUSED("cell", 1024, SHO_EGEOMETRY);
  CHECK_SAYS("cell has a capacity of 2000 bytes and 1024 were requested; "
             "request 2000, or remove the file");
  CHECK_REFUSED("cell", 1999, SHO_EGEOMETRY);
  CHECK_REFUSED("cell", 1 << 30, SHO_EGEOMETRY);
  sho_object_free(cell_open_sized("cell", 2000));
}

static void test_object_open_refuses_another_layout_version(void) {
  sho_object_free(cell_open("cell"));
  uint32_t version = 4;
  file_patch("cell", CONTROL_OFF(layout_version), &version, 4);
  CHECK_REFUSED("cell", 1024, SHO_EVERSION);
  control_sign("cell", 1024);
  CHECK_REFUSED("cell", 1024, SHO_EVERSION);
  CHECK_SAYS("cell has layout version 4 and this library reads 3; use the "
             "library that made it, or remove the file");
}

static void check_damaged(void) {
  CHECK_REFUSED("cell", 1024, SHO_ECORRUPT);
  CHECK_SAYS(
      "cell: its control block at byte 1024 is damaged; remove the file");
  unlink("cell");
  sho_object_free(cell_open("cell"));
}

static void test_object_open_refuses_a_damaged_control_block(void) {
  sho_object_free(cell_open("cell"));
  for (uint64_t at = 12; at < 40; at++) { /* each byte behind the version */
    uint8_t byte;
    file_peek("cell", 1024 + at, &byte, 1);
    byte ^= 0x10;
    file_patch("cell", 1024 + at, &byte, 1);
    check_damaged();
  }
  static const uint64_t capacities[] = {
      0, 1, 1088, 1089, UINT64_C(1) << 32, UINT64_MAX};
  for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
    file_patch("cell", CONTROL_OFF(capacity), &capacities[i], 8);
    control_sign("cell", 1024);
    check_damaged();
  }
  uint32_t slots = 1000;
  file_patch("cell", CONTROL_OFF(peer_slots), &slots, 4);
  control_sign("cell", 1024);
  check_damaged();
}

static void test_object_open_refuses_a_file_that_lost_its_end(void) {
  sho_object_free(cell_open("cell"));
  REQUIRE(truncate("cell", FILE_BYTES - 1) == 0);
  CHECK_REFUSED("cell", 1024, SHO_ECORRUPT);
  REQUIRE(truncate("cell", 1024 + 64) == 0);
  CHECK_REFUSED("cell", 1024, SHO_ECORRUPT);
  REQUIRE(truncate("cell", 1024 + 63) == 0);
  CHECK_REFUSED("cell", 1024, SHO_EFORMAT);
}

static void test_object_open_ignores_what_lies_behind(void) {
  struct sho_object *cell = cell_open("cell");
  CHECK_OK(cell_set(cell, "text"));
  sho_object_free(cell);
  REQUIRE(truncate("cell", 1000000) == 0);
  CHECK_TEXT(cell_text(cell_open("cell")), "text");
}

/* A text with its NUL may look like the begin of a control block. */
static void test_object_open_is_not_misled_by_a_text(void) {
  struct sho_object *cell = cell_open_sized("cell", 4096);
  char text[4096];
  memset(text, 'x', sizeof text);
  memcpy(text + 2048, "SHOCELL", 7);
  CHECK_OK(sho_object_set(cell, text, 2048 + 7, NULL));
  sho_object_free(cell);
  cell = cell_open_sized("cell", 4096);
  CHECK_INT(strlen(cell_text(cell)), 2048 + 7);
  /* worse: a whole block, as several texts may leave it */
  struct sho__cell_shm forged = {.magic = SHO__CELL_MAGIC,
                                 .layout_version = SHO__CELL_LAYOUT_VERSION,
                                 .capacity = 1024,
                                 .peer_slots = 128};
  forged.checksum = (uint32_t)sho__hash(&forged, 36, 0);
  memcpy(cell->text + 1024, &forged, sizeof forged);
  sho_object_free(cell);
  sho_object_free(cell_open_sized("cell", 4096));
  /* who asks for another capacity is still refused */
  CHECK_CODE(cell_refused("cell", 5000), SHO_EGEOMETRY);
}

static void test_object_open_of_129_handles_is_refused(void) {
  struct sho_object *cells[128];
  for (int i = 0; i < 128; i++) {
    cells[i] = cell_open("cell");
  }
  CHECK_CODE(cell_refused("cell", 1024), SHO_EPEERS);
  CHECK_SAYS("cell is open 128 times, which is the most it can be");
  struct sho_object_info info = {.size = sizeof info};
  CHECK_OK(sho_object_info(cells[77], &info));
  CHECK_INT(info.peers, 128);
  CHECK_INT(info.peer_slots, 128);
  sho_object_close(cells[5]);
  CHECK_OK(cell_refused("cell", 1024));
}

/* Failures leave no descriptor behind, nor does a mapping that is refused. */
static void test_object_open_leaks_nothing_when_it_fails(void) {
  put_filled("foreign", 'x', 5000);
  sho_object_free(cell_open_sized("cell", 2000));
  int before = dup(0);
  close(before);
  for (int i = 0; i < 5; i++) {
    CHECK_CODE(cell_refused("foreign", 1024), SHO_EFORMAT);
    CHECK_CODE(cell_refused("cell", 1024), SHO_EGEOMETRY);
    CHECK_CODE(cell_refused("none/cell", 1024), SHO_ENOENT);
    sho_object_free(cell_open_sized("cell", 2000));
  }
#if defined(__linux__)
  long pages = 0; /* of address space that are in use */
  FILE *file = fopen("/proc/self/statm", "re");
  REQUIRE(file != NULL && fscanf(file, "%ld", &pages) == 1);
  fclose(file);
  struct rlimit much;
  REQUIRE(getrlimit(RLIMIT_AS, &much) == 0);
  struct rlimit little = much;
  little.rlim_cur = (rlim_t)(pages * sysconf(_SC_PAGESIZE)) + (2 << 20);
  sho_object_free(cell_open_sized("large", 4 << 20));
  REQUIRE(setrlimit(RLIMIT_AS, &little) == 0);
  void *probe =
      mmap(NULL, 4 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (probe == MAP_FAILED) { /* an emulator does not limit */
    CHECK_CODE(cell_refused("large", 4 << 20), SHO_ENOMEM);
    CHECK_SAYS("large cannot be mapped");
  }
  REQUIRE(setrlimit(RLIMIT_AS, &much) == 0);
#endif
  int after = dup(0);
  CHECK_INT(after, before);
}

static const struct test tests[] = {
    TEST(test_object_open_creates_a_private_file),
    TEST(test_object_open_lays_the_documented_bytes),
    TEST(test_object_open_keeps_text_and_version),
    TEST(test_object_open_takes_capacities_from_2_to_1_gib),
    TEST(test_object_open_refuses_no_path),
    TEST(test_object_open_by_two_at_once_makes_one_cell),
    TEST(test_object_open_tells_a_full_file_system),
    TEST(test_object_open_fills_the_holes_of_a_copied_cell),
    TEST(test_object_open_adopts_a_bare_file_of_0_bytes),
    TEST(test_object_open_refuses_other_bare_files_untouched),
    TEST(test_object_adopt_takes_any_bare_file),
    TEST(test_object_open_existing_neither_makes_nor_adopts),
    TEST(test_object_open_adopts_a_bare_file_of_1024_bytes),
    TEST(test_object_open_adopts_for_a_capacity_of_its_own),
    TEST(test_object_open_adopts_what_was_half_adopted),
    TEST(test_object_open_keeps_the_addons_mapping_alive),
    TEST(test_object_open_refuses_foreign_files_untouched),
    TEST(test_object_open_refuses_what_is_no_file),
    TEST(test_object_open_refuses_another_capacity),
    TEST(test_object_open_refuses_another_layout_version),
    TEST(test_object_open_refuses_a_damaged_control_block),
    TEST(test_object_open_refuses_a_file_that_lost_its_end),
    TEST(test_object_open_ignores_what_lies_behind),
    TEST(test_object_open_is_not_misled_by_a_text),
    TEST(test_object_open_of_129_handles_is_refused),
    TEST(test_object_open_leaks_nothing_when_it_fails),
};

TEST_MAIN(tests)
