/*
 * A process dies at each crash point of the map, in each way of writing. Then
 * the next writer goes on at once, the map verifies, and all that was
 * acknowledged is there.
 *
 * For each point of the sources and each scenario of map_world.h a child acts
 * and dies when it comes to the point for the first, second, ... time.
 */
#include "crash_points.h"
#include "map_world.h"

struct tally {
  int deaths;
  int64_t longest_ns;
  char where[256];
};

static int run(const struct scenario *scenario, const char *point,
               unsigned count, struct tally *tally) {
  struct world *world = new_world();
  struct victim victim = {scenario, world, point, count};
  int64_t wait_ns = 0;
  struct sho_map *map = map_new(path, CAPACITY, scenario->eviction);
  scenario->prepare(world, map);
  int died = kill_at(scenario, world, point, count);
  if (died) {
    check_after(&victim, map, &wait_ns);
    tally->deaths++;
    tally->longest_ns =
        wait_ns > tally->longest_ns ? wait_ns : tally->longest_ns;
    if (strstr(tally->where, scenario->name) == NULL) {
      size_t used = strlen(tally->where);
      snprintf(tally->where + used, sizeof tally->where - used, "%s%s",
               used > 0 ? "; " : "", scenario->name);
    }
  }
  sho_map_free(map);
  REQUIRE(unlink(path) == 0);
  munmap(world, sizeof *world);
  return died;
}

static void test_map_goes_on_after_a_death_at_each_crash_point(void) {
  struct points points;
  points_read("map/map_*.[ch]", &points);
  int64_t longest_ns = 0;
  int deaths = 0;
  for (size_t p = 0; p < points.count; p++) {
    struct tally tally = {0};
    for (size_t s = 0; s < SCENARIOS; s++) {
      int deep = rounds(1, scenarios[s].deep, 1000);
      for (int n = 1; n <= deep; n++) {
        if (!run(&scenarios[s], points.names[p], (unsigned)n, &tally)) {
          break;
        }
      }
    }
    printf("%-32s %4d deaths, next write within %lld ms: %s\n", points.names[p],
           tally.deaths, (long long)(tally.longest_ns / 1000000), tally.where);
    CHECK(tally.deaths > 0);
    deaths += tally.deaths;
    longest_ns = tally.longest_ns > longest_ns ? tally.longest_ns : longest_ns;
  }
  printf("%zu points, %d deaths, longest wait %lld ms\n", points.count, deaths,
         (long long)(longest_ns / 1000000));
  CHECK(longest_ns <= bound_ns(100));
}

static const struct test tests[] = {
    TEST(test_map_goes_on_after_a_death_at_each_crash_point),
};

TEST_MAIN(tests)
