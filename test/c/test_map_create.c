/* Many processes that create one map at once. */
#include <dirent.h>

#include "base/crash.h"
#include "maps.h"
#include "mounts.h"

enum { CREATORS = 8, CAPACITY_MIB = 40, ROOM_MIB = 64 };

static struct shared {
  _Atomic int ready;
  _Atomic int go;
  _Atomic int opened;
} * shared;

static void create_and_count(void *context) {
  int *dies = context;
  struct sho_map_options options = {.size = sizeof options,
                                    .capacity = CAPACITY_MIB * MIB};
  struct sho_map *map = NULL;
  if (dies != NULL) {
    sho__crash_at("file: reserved", 1);
  }
  atomic_fetch_add(&shared->ready, 1);
  while (!atomic_load(&shared->go)) {
    nap_us(100);
  }
  REQUIRE_OK(sho_map_open("small/map", &options, &map));
  int64_t sum;
  CHECK_OK(sho_map_add_and_get(map, "opened", 6, 1, &sum));
  atomic_fetch_add(&shared->opened, 1);
  sho_map_free(map);
}

/* Only the map is left, with all that was counted in it. */
static void check_folder(int opened) {
  int files = 0;
  DIR *folder = opendir("small");
  REQUIRE(folder != NULL);
  for (struct dirent *e = readdir(folder); e != NULL; e = readdir(folder)) {
    files += e->d_name[0] != '.' || strncmp(e->d_name, ".sho", 4) == 0;
  }
  closedir(folder);
  CHECK_INT(files, 1);
  struct sho_map *map = map_again("small/map");
  int64_t sum = 0;
  CHECK_OK(sho_map_add_and_get(map, "opened", 6, 0, &sum));
  CHECK_INT(sum, opened);
  CHECK_OK(sho_map_verify(map));
  sho_map_free(map);
}

static void create_at_once(int killed) {
  char size[32];
  snprintf(size, sizeof size, "size=%dm,mode=0700", ROOM_MIB);
  mount_tmpfs("small", size);
  for (int round = 0; round < rounds(1, 5, 50); round++) {
    pid_t pids[CREATORS];
    int dies = 1;
    shared = shared_bytes(sizeof *shared);
    for (int i = 0; i < CREATORS; i++) {
      pids[i] = child_start(create_and_count, i < killed ? &dies : NULL);
    }
    WAIT_UNTIL(atomic_load(&shared->ready) == CREATORS);
    atomic_store(&shared->go, 1);
    for (int i = 0; i < CREATORS; i++) {
      int status = child_wait(pids[i]);
      CHECK(status == 0 || (i < killed && status == 128 + SIGKILL));
    }
    CHECK(atomic_load(&shared->opened) >= CREATORS - killed);
    check_folder(atomic_load(&shared->opened));
    REQUIRE(unlink("small/map") == 0);
  }
}

static void test_map_is_created_by_one_where_there_is_no_room_for_two(void) {
  create_at_once(0);
}

static void test_map_whose_creators_are_killed_is_created_by_another(void) {
  create_at_once(CREATORS / 2);
}

static const struct test tests[] = {
    TEST(test_map_is_created_by_one_where_there_is_no_room_for_two),
    TEST(test_map_whose_creators_are_killed_is_created_by_another),
};

TEST_MAIN(tests)
