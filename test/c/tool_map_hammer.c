/*
 * Uses a map that others use at the same time, and checks each answer.
 *
 *   tool_map_hammer FILE OPERATIONS SEED    creates the map if there is none
 *   tool_map_hammer FILE sum EXPECTED       verifies, and checks the counter
 *
 * Each run has keys of its own, named after SEED, which nobody else may
 * change: they are held to a model. Keys of all runs have values that say what
 * they are, and versions that only grow. Each operation adds 1 to one counter.
 * Ends with 1 at the first wrong answer. Builds for other C libraries and
 * processors make the same bytes.
 */
#include "map_model.h"

enum { OWN_KEYS = 40, COMMON_KEYS = 8, LONGEST_VALUE = 900 };

static const char counter[] = "counter";

/* The model's names begin with a hexadecimal number: those of one seed do not
 * meet another's. */
static uint32_t first_key(uint64_t seed) {
  return (uint32_t)(seed % 4096) * OWN_KEYS;
}

static void count_up(struct sho_map *map) {
  int64_t sum = 0;
  REQUIRE_OK(sho_map_add_and_get(map, counter, strlen(counter), 1, &sum));
  REQUIRE(sum > 0);
}

/* Writes or reads a key that all runs write. */
static void use_common(struct sho_map *map, uint64_t *random,
                       uint64_t *versions) {
  uint8_t value[LONGEST_VALUE];
  uint64_t key = random_below(random, COMMON_KEYS);
  char name[16];
  size_t bytes = (size_t)snprintf(name, sizeof name, "all %d", (int)key);
  size_t length =
      SIGNED_MIN + (size_t)random_below(random, sizeof value - SIGNED_MIN);
  uint64_t version = 0;
  uint64_t stamp = 0;
  if (random_below(random, 3) == 0) {
    sign_value(value, length, key, next_random(random));
    REQUIRE_OK(sho_map_set(map, name, bytes, value, length, 0, &version));
    REQUIRE(version > versions[key]);
  } else {
    int code =
        sho_map_get(map, name, bytes, value, sizeof value, &length, &version);
    if (code == SHO_EABSENT) {
      REQUIRE(versions[key] == 0);
      return;
    }
    REQUIRE_OK(code);
    REQUIRE(version >= versions[key]);
    REQUIRE(value_is_whole(value, length, key, &stamp));
  }
  versions[key] = version;
}

/* The model's operations but those on all keys, which others have too. */
static void use_own(struct model *model, uint32_t first) {
  uint32_t key = first + (uint32_t)random_below(&model->random, OWN_KEYS);
  model->operations++;
  switch (random_below(&model->random, 8)) {
    case 0:
      model_remove(model, key);
      break;
    case 1:
      model_add(model, key);
      break;
    case 2:
      model_expire(model, key);
      break;
    case 3:
      model_check(model, key);
      break;
    default:
      model_set(model, key);
      break;
  }
}

/* What an earlier run left of the keys would not be the model's. */
static void remove_own(struct model *model, uint32_t first) {
  for (uint32_t key = first; key < first + OWN_KEYS; key++) {
    char name[32];
    size_t bytes = model_name(key, name);
    int code = sho_map_remove(model->map, name, bytes);
    REQUIRE(code == SHO_OK || code == SHO_EABSENT);
  }
}

static void hammer(struct sho_map *map, uint64_t operations, uint64_t seed) {
  struct model model;
  uint64_t versions[COMMON_KEYS] = {0};
  uint32_t first = first_key(seed);
  model_open(&model, map, first + OWN_KEYS, LONGEST_VALUE, seed);
  remove_own(&model, first);
  for (uint64_t i = 0; i < operations; i++) {
    count_up(map);
    use_own(&model, first);
    use_common(map, &model.random, versions);
    if (i % 1000 == 0) {
      REQUIRE_OK(sho_map_verify(map));
    }
    REQUIRE(atomic_load(&failures) == 0);
  }
  model_close(&model);
}

static void check_sum(struct sho_map *map, int64_t expected) {
  int64_t sum = 0;
  REQUIRE_OK(sho_map_verify(map));
  REQUIRE_OK(sho_map_add_and_get(map, counter, strlen(counter), 0, &sum));
  CHECK_INT(sum, expected);
  struct sho_map_stats stats = stats_of(map);
  CHECK_INT(stats.damaged, 0);
  printf("%lld operations, %llu sets, %llu removals, %llu entries\n",
         (long long)sum, (unsigned long long)stats.sets,
         (unsigned long long)stats.removals, (unsigned long long)stats.entries);
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: tool_map_hammer FILE OPERATIONS SEED\n"
                    "       tool_map_hammer FILE sum EXPECTED\n");
    return 2;
  }
  struct sho_map *map = map_with(
      argv[1], (struct sho_map_options){.size = sizeof(struct sho_map_options),
                                        .capacity = 256 * KIB});
  if (strcmp(argv[2], "sum") == 0) {
    check_sum(map, strtoll(argv[3], NULL, 10));
  } else {
    hammer(map, strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10));
  }
  sho_map_free(map);
  return atomic_load(&failures) != 0;
}
