/* Three runs of tool_map_hammer on one map at once. */
#include "maps.h"

enum { RUNS = 3 };

/* Starts the tool as the test itself was started. */
static void start_tool(void *context) {
  char **arguments = context;
  const char *tools = getenv("SHO_TOOLS");
  const char *emulator = getenv("SHO_EMULATOR");
  char command[PATH_MAX];
  snprintf(command, sizeof command, "exec %s %s/tool_map_hammer map %s %s",
           emulator == NULL ? "" : emulator, tools, arguments[0], arguments[1]);
  execl("/bin/sh", "sh", "-c", command, (char *)NULL);
  REQUIRE(!"the tool was started");
}

static pid_t run_tool(const char *first, const char *second) {
  const char *arguments[2] = {first, second};
  return child_start(start_tool, arguments);
}

static void test_map_of_three_tools_answers_right(void) {
  if (getenv("SHO_TOOLS") == NULL) {
    skip("SHO_TOOLS does not name the folder of tool_map_hammer");
  }
  int operations = rounds(200, 5000, 500000);
  char text[16];
  pid_t runs[RUNS];
  snprintf(text, sizeof text, "%d", operations);
  for (int i = 0; i < RUNS; i++) {
    char seed[2] = {(char)('1' + i), '\0'};
    runs[i] = run_tool(text, seed);
  }
  for (int i = 0; i < RUNS; i++) {
    CHECK_INT(child_wait(runs[i]), 0);
  }
  snprintf(text, sizeof text, "%d", RUNS * operations);
  CHECK_INT(child_wait(run_tool("sum", text)), 0);
}

static const struct test tests[] = {
    TEST(test_map_of_three_tools_answers_right),
};

TEST_MAIN(tests)
