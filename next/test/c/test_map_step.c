/*
 * A writer that dies at any instruction. A child writes and is traced, one
 * instruction after the other. Whenever one has changed the map's memory, a
 * copy of the file is what the others would find if the child died there: its
 * lock word names a peer that nobody locks. In each copy the next writer goes
 * on, the map verifies, and all that was acknowledged is there.
 *
 * By default some of the copies, for 0.3 s in each scenario; 11 s with
 * SHO_LONG.
 */
#include "map_world.h"

#if defined(__linux__)
#include <sched.h>
#include <sys/ptrace.h>

static const char copy_path[] = "copy";

/* The file as it was last seen; shards and chunks are compared after each
 * instruction, the pool after some. */
struct watch {
  uint8_t *file;
  uint8_t *seen;
  uint64_t bytes;
  uint64_t small_off; /* generations, shards and chunks */
  uint64_t small_bytes;
  uint64_t steps;
  uint64_t states;
  uint64_t tried;
  uint64_t stride; /* so manieth state is tried */
  int64_t deadline_ns;
};

enum { POOL_EVERY = 64 };

static int has_changed(struct watch *watch) {
  uint64_t from = watch->small_off;
  uint64_t bytes = watch->small_bytes;
  if (memcmp(watch->file + from, watch->seen + from, bytes) == 0) {
    if (watch->steps % POOL_EVERY != 0) {
      return 0;
    }
    from += bytes;
    bytes = watch->bytes - from;
    if (memcmp(watch->file + from, watch->seen + from, bytes) == 0) {
      return 0;
    }
  }
  memcpy(watch->seen + from, watch->file + from, bytes);
  return 1;
}

/* What the others find if the child died here. */
static void try_state(const struct scenario *scenario, struct watch *watch,
                      const struct world *now) {
  static struct world world;
  char where[64];
  snprintf(where, sizeof where, "step %llu", (unsigned long long)watch->steps);
  struct victim victim = {scenario, &world, where, 0};
  int64_t wait_ns;
  memcpy(&world, now, sizeof world);
  world.traced = 0;
  file_put(copy_path, watch->file, watch->bytes);
  struct sho_map *map = map_again(copy_path);
  check_after(&victim, map, &wait_ns);
  sho_map_free(map);
  REQUIRE(unlink(copy_path) == 0);
  watch->tried++;
}

static void after_step(const struct scenario *scenario, struct watch *watch,
                       const struct world *world) {
  watch->steps++;
  if (has_changed(watch) && watch->states++ % watch->stride == 0 &&
      (watch->tried == 0 || now_ns() < watch->deadline_ns)) {
    try_state(scenario, watch, world);
  }
}

static void act_traced(void *context) {
  const struct victim *victim = context;
  struct sho_map *map = map_again("map");
  REQUIRE(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
  victim->world->traced = 1;
  victim->scenario->act(victim->world, map);
}

/* Steps through the calls, and lets the child run between them. */
static void trace(const struct scenario *scenario, struct watch *watch,
                  pid_t pid, const struct world *world) {
  int status;
  while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
    int stepping = *(const volatile int *)&world->stepping;
    if (stepping) {
      after_step(scenario, watch, world);
    }
    int step = stepping && now_ns() < watch->deadline_ns;
    if (ptrace(step ? PTRACE_SINGLESTEP : PTRACE_CONT, pid, NULL, NULL) != 0) {
      skip("no tracing here");
    }
  }
  CHECK_INT(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
}

static void watch_file(struct watch *watch, const struct sho_map *map) {
  watch->bytes = map->geometry.file_bytes;
  watch->small_off = map->geometry.gens_off;
  watch->small_bytes = map->geometry.ghosts_off - watch->small_off;
  int fd = open("map", O_RDONLY | O_CLOEXEC);
  REQUIRE(fd >= 0);
  watch->file = mmap(NULL, watch->bytes, PROT_READ, MAP_SHARED, fd, 0);
  REQUIRE(watch->file != MAP_FAILED);
  close(fd);
  watch->seen = malloc(watch->bytes);
  REQUIRE(watch->seen != NULL);
  memcpy(watch->seen, watch->file, watch->bytes);
}

static void run(const struct scenario *scenario, int64_t budget_ns) {
  struct world *world = new_world();
  struct victim victim = {.scenario = scenario, .world = world};
  struct watch watch = {.stride = (uint64_t)rounds(1, 5, 1),
                        .deadline_ns = now_ns() + budget_ns};
  struct sho_map *map = map_new("map", CAPACITY, scenario->eviction);
  scenario->prepare(world, map);
  watch_file(&watch, map);
  trace(scenario, &watch, child_start(act_traced, &victim), world);
  printf("  %-22s %8llu steps, %6llu states, %6llu tried\n", scenario->name,
         (unsigned long long)watch.steps, (unsigned long long)watch.states,
         (unsigned long long)watch.tried);
  CHECK(watch.tried > 0 || watch.states == 0);
  munmap(watch.file, watch.bytes);
  free(watch.seen);
  sho_map_free(map);
  REQUIRE(unlink("map") == 0);
}

/* Both on one processor: then each step is one change of processes. */
static void stay_here(void) {
  cpu_set_t one;
  int processor = sched_getcpu();
  CPU_ZERO(&one);
  CPU_SET(processor < 0 ? 0 : (size_t)processor, &one);
  sched_setaffinity(0, sizeof one, &one);
}

static void test_map_goes_on_after_a_death_at_any_instruction(void) {
  int64_t budget_ns = (int64_t)rounds(0, 300, 11000) * 1000000;
  if (is_slow()) {
    skip("single steps are for the plain build");
  }
  stay_here();
  for (size_t s = 0; s < SCENARIOS; s++) {
    run(&scenarios[s], budget_ns);
  }
}
#else
static void test_map_goes_on_after_a_death_at_any_instruction(void) {
  skip("needs Linux");
}
#endif

static const struct test tests[] = {
    TEST(test_map_goes_on_after_a_death_at_any_instruction),
};

TEST_MAIN(tests)
