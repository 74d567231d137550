/* What cgroups of either version leave, read from files of the test's own. */
#include "base/memory_limit.h"

#include "harness.h"

static void put(const char *path, const char *text) {
  char folder[256];
  for (size_t i = 1; path[i] != '\0'; i++) {
    if (path[i] == '/') {
      snprintf(folder, sizeof folder, "%.*s", (int)i, path);
      (void)mkdir(folder, 0700);
    }
  }
  file_put(path, text, strlen(text));
}

static void test_memory_room_is_the_least_of_all_cgroups_above(void) {
  put("proc", "0::/pod/app\n");
  put("root/pod/app/memory.max", "max\n");
  put("root/pod/app/memory.current", "500\n");
  put("root/pod/memory.max", "1000\n");
  put("root/pod/memory.current", "900\n");
  put("root/pod/memory.stat", "anon 1\ninactive_file 100\nactive_file 50\n");
  CHECK_INT(sho__memory_room("proc", "root"), 250);
  put("root/pod/app/memory.max", "600\n");
  CHECK_INT(sho__memory_room("proc", "root"), 100);
  put("root/pod/app/memory.current", "700\n");
  CHECK_INT(sho__memory_room("proc", "root"), 0);
}

static void test_memory_room_of_the_first_version(void) {
  put("proc", "5:cpu:/x\n4:hugetlb,memory:/docker/1\n0::/\n");
  put("root/memory/memory.limit_in_bytes", "2000\n");
  put("root/memory/memory.usage_in_bytes", "500\n");
  put("root/memory/memory.stat", "active_file 7\ntotal_active_file 20\n");
  CHECK_INT(sho__memory_room("proc", "root"), 1520); /* the path is not there */
}

static void test_memory_room_is_unknown_where_nothing_tells(void) {
  CHECK(sho__memory_room("none", "none") == UINT64_MAX);
  put("proc", "0::/a\nnonsense\n:\n");
  CHECK(sho__memory_room("proc", "none") == UINT64_MAX);
}

static const struct test tests[] = {
    TEST(test_memory_room_is_the_least_of_all_cgroups_above),
    TEST(test_memory_room_of_the_first_version),
    TEST(test_memory_room_is_unknown_where_nothing_tells),
};

TEST_MAIN(tests)
