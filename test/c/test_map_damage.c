/*
 * Damaged maps: whatever the bytes say, every call ends in good time with an
 * error or a right answer. An answer that is wrong, or a key that is missing,
 * is allowed only where the map tells of its damage: by verify, or by the
 * counts of recoveries and damaged entries.
 *
 * SHO_SEED=n repeats one copy.
 */
#include <sys/time.h>

#include "map_copies.h"

enum {
  BATCH = 500, /* copies in one child */
  MOST_CALL_MS = 1000,
  MOST_COPY_S = 20 /* of a processor; a usual copy takes a few ms */
};

static _Atomic int64_t *longest_ns;

/* ---- what is asked of a copy -------------------------------------------- */

static int wrong(const struct copy *copy, const char *what, int key) {
  char damage[256];
  size_t used = 0;
  for (int i = 0; i < copy->pieces; i++) {
    used += (size_t)snprintf(damage + used, sizeof damage - used, " %llu+%llu",
                             (unsigned long long)copy->damage[i].off,
                             (unsigned long long)copy->damage[i].bytes);
  }
  return fail(__FILE__, __LINE__, "SHO_SEED=%llu%s: %s, key %d; damage at%s",
              (unsigned long long)copy->seed,
              copy->rebooted ? ", rebooted" : "", what, key, damage);
}

/* Judges the time since the call before, in which little else was done. */
#define TIMED(call) timed(copy, (call), #call)

static int64_t mark_ns;
static int64_t mark_delay_ns; /* as the copy began */

static int timed(const struct copy *copy, int code, const char *what) {
  int64_t ns = now_ns() - mark_ns;
  mark_ns += ns;
  if (ns > atomic_load(longest_ns)) {
    atomic_store(longest_ns, ns);
  }
  if (ns > bound_ns(MOST_CALL_MS) &&
      ns - (processor_delay_ns() - mark_delay_ns) > bound_ns(MOST_CALL_MS)) {
    wrong(copy, what, -1);
  }
  return code;
}

/* 1: as it was. 0: absent. -1: something else. */
static int look_at(struct sho_map *map, const struct copy *copy,
                   const struct image *image, int key) {
  static uint8_t value[64 * KIB];
  char name[32];
  size_t length = 0;
  uint64_t version = 0;
  uint64_t stamp = 0;
  int code = TIMED(sho_map_get(map, name, key_name(key, name), value,
                               sizeof value, &length, &version));
  if (code == SHO_EABSENT) {
    return 0;
  }
  return code == SHO_OK && length == image->length[key] &&
                 version == image->version[key] &&
                 value_is_whole(value, length, (uint64_t)key, &stamp)
             ? 1
             : -1;
}

/* How many keys are wrong; of them, how many are only missing. */
struct review {
  int wrong;
  int missing;
  int first;
};

static struct review review(struct sho_map *map, const struct copy *copy,
                            const struct image *image) {
  struct review review = {.first = -1};
  for (int i = 0; i < KEYS; i++) {
    int is = look_at(map, copy, image, i);
    int should = image->length[i] > 0;
    if (is != should) {
      review.first = review.first < 0 ? i : review.first;
      review.wrong += is != 0;
      review.missing += is == 0;
    }
  }
  return review;
}

static void scan_all(struct sho_map *map, const struct copy *copy) {
  static uint8_t out[64 * KIB];
  uint64_t cursor = 0;
  size_t used;
  for (int i = 0; i < 5000 && cursor != UINT64_MAX; i++) {
    if (TIMED(sho_map_scan(map, &cursor, out, sizeof out, &used)) != SHO_OK) {
      return;
    }
  }
  if (cursor != UINT64_MAX) {
    wrong(copy, "the scan does not end", -1);
  }
}

/* Whether what would tell of a lost entry is damaged itself: a lock word, a
 * count of entries, the counts of what was repaired. */
static int is_mute(const struct copy *copy, const struct image *image) {
  const struct sho__geometry *g = &image->geometry;
  for (uint64_t i = 0; i < UINT64_C(1) << g->shard_bits; i++) {
    uint64_t at = g->shards_off + i * sizeof(struct sho__shard_shm);
    const struct piece lock = {at, 4};
    const struct piece entries = {at + 24, 8};
    const struct piece repairs = {at + 96, 16};
    if (is_hit(copy, &lock) || is_hit(copy, &entries) ||
        is_hit(copy, &repairs)) {
      return 1;
    }
  }
  return 0;
}

static int is_told(struct sho_map *map, const struct copy *copy,
                   const struct image *image) {
  struct sho_map_stats stats = {.size = sizeof stats};
  return is_mute(copy, image) || sho_map_stats(map, &stats) != SHO_OK ||
         stats.damaged > 0 || stats.recoveries > 0;
}

/* If verify finds nothing, all is there, except what is reported as lost. */
static void check_verified(struct sho_map *map, struct copy *copy,
                           const struct image *image) {
  struct review now = review(map, copy, image);
  copy->told = is_told(map, copy, image);
  if (now.wrong > 0) {
    wrong(copy, "a wrong value in a map that verifies", now.first);
  }
  if (now.missing > 0 && !copy->told) {
    wrong(copy, "a missing key in a map that verifies", now.first);
  }
}

/* After a reboot only what was hit is gone. */
static void check_rebooted(struct sho_map *map, const struct copy *copy,
                           const struct image *image) {
  for (int i = 0; i < KEYS; i++) {
    int hit = 0;
    for (int n = 0; n < image->count[i]; n++) {
      hit |= is_hit(copy, &image->pieces[i][n]);
    }
    if (image->length[i] > 0 && !hit && look_at(map, copy, image, i) != 1) {
      wrong(copy, "a whole entry is gone", i);
      return;
    }
  }
}

/* What was written is read, or the map tells of its damage. */
static void write_some(struct sho_map *map, struct copy *copy,
                       const struct image *image) {
  static uint8_t value[16 * KIB];
  uint64_t random = copy->seed;
  int64_t sum;
  char name[32];
  for (int i = 0; i < 30; i++) {
    int key = (int)random_below(&random, KEYS);
    size_t bytes = key_name(key, name);
    size_t length = SIGNED_MIN + (size_t)random_below(&random, 6000);
    size_t got = 0;
    uint64_t stamp = 0;
    sign_value(value, length, (uint64_t)key, 5000 + (uint64_t)i);
    int code = TIMED(sho_map_set(map, name, bytes, value, length, 0, NULL));
    if (code == SHO_OK) {
      code =
          TIMED(sho_map_get(map, name, bytes, value, sizeof value, &got, NULL));
      if (code != SHO_OK ||
          !value_is_whole(value, got, (uint64_t)key, &stamp) ||
          stamp != 5000 + (uint64_t)i) {
        /* A chunk in use that seems to be free is overwritten. */
        code = sho_map_verify(map);
        mark_ns = now_ns();
        if (code == SHO_OK && !is_told(map, copy, image)) {
          wrong(copy, "what was set is not what is read", key);
        }
      }
    }
    bytes = key_name((key + 1) % KEYS, name);
    TIMED(sho_map_remove(map, name, bytes));
    TIMED(sho_map_add_and_get(map, "number", 6, 1, &sum));
    TIMED(sho_map_expire(map, name, bytes, 100000));
  }
}

static void write_and_verify(struct sho_map *map, struct copy *copy,
                             const struct image *image) {
  uint64_t entries;
  TIMED(sho_map_size(map, &entries));
  write_some(map, copy, image);
  TIMED(sho_map_remove_expired(map, NULL));
  int before = TIMED(sho_map_verify(map));
  if (copy->told && before != SHO_OK && copy->rebooted) {
    wrong(copy, "a checked map does not verify after writes", -1);
  }
  if (TIMED(sho_map_clear(map)) == SHO_OK) {
    int code = TIMED(sho_map_set(map, "key", 3, "value", 5, 0, NULL));
    if (code == SHO_OK) {
      CHECK_TEXT(text_of(map, "key"), "value");
    }
  }
}

static void try_copy(struct image *image, uint64_t seed) {
  struct copy copy_made;
  struct copy *copy = &copy_made;
  struct sho_map_options options = {.size = sizeof options,
                                    .read_only = seed / 2 % 10 == 9};
  struct sho_map *map = NULL;
  make_copy(image, copy, seed);
  mark_ns = now_ns();
  mark_delay_ns = processor_delay_ns();
  int code = TIMED(sho_map_open(copy_path, &options, &map));
  if (code != SHO_OK) {
    CHECK(map == NULL);
    return;
  }
  struct review before = review(map, copy, image);
  scan_all(map, copy);
  if (!options.read_only) {
    code = TIMED(sho_map_verify(map));
    int told = code != SHO_OK || is_told(map, copy, image);
    if (before.wrong + before.missing > 0 && !told) {
      wrong(copy, "a wrong answer, and nothing tells of damage", before.first);
    }
    if (code == SHO_OK) {
      check_verified(map, copy, image);
    }
    if (copy->rebooted) {
      if (code != SHO_OK) {
        wrong(copy, sho_last_message(), -1);
      }
      check_rebooted(map, copy, image);
    }
    write_and_verify(map, copy, image);
  }
  sho_map_free(map);
}

/* ---- many --------------------------------------------------------------- */

struct batch {
  struct image image;
  uint64_t from;
  uint64_t to;
  _Atomic uint64_t *at;
};

static void try_batch(void *context) {
  struct batch *batch = context;
  const struct itimerval most = {.it_value = {.tv_sec = MOST_COPY_S}};
  REQUIRE_OK(sho_lock_timeout(1000000)); /* a damaged word may be ours */
  for (uint64_t seed = batch->from; seed < batch->to; seed += 2) {
    atomic_store(batch->at, seed);
    REQUIRE(setitimer(ITIMER_PROF, &most, NULL) == 0);
    try_copy(&batch->image, seed);
  }
}

/* Even seeds damage a map of eviction NONE, odd ones of S3_FIFO. */
static void run_batches(uint64_t from, uint64_t to) {
  struct batch batch = {.at = shared_bytes(sizeof(_Atomic uint64_t))};
  make_image(&batch.image,
             from % 2 == 0 ? SHO_EVICTION_NONE : SHO_EVICTION_S3_FIFO);
  for (uint64_t at = from; at < to; at += BATCH) {
    batch.from = at;
    batch.to = at + BATCH < to ? at + BATCH : to;
    int status = child_wait(child_start(try_batch, &batch));
    if (status != 0) {
      fail(__FILE__, __LINE__, "SHO_SEED=%llu: the child ended with %d",
           (unsigned long long)atomic_load(batch.at), status);
    }
  }
  munmap(batch.image.file, batch.image.bytes);
  free(batch.image.good);
  REQUIRE(unlink(copy_path) == 0);
}

static void try_copies(uint64_t first) {
  const char *seed = getenv("SHO_SEED");
  longest_ns = shared_bytes(sizeof *longest_ns);
  if (seed != NULL && *seed != '\0') {
    uint64_t one = strtoull(seed, NULL, 10);
    if (one % 2 == first) {
      run_batches(one, one + 1);
    }
    return;
  }
  uint64_t copies = (uint64_t)rounds(300, 4000, 100000);
  int64_t since_ns = now_ns();
  run_batches(first, copies);
  printf("  %llu copies in %lld ms, longest call %lld ms\n",
         (unsigned long long)copies / 2,
         (long long)((now_ns() - since_ns) / 1000000),
         (long long)(atomic_load(longest_ns) / 1000000));
}

static void test_map_damaged_answers_right_or_not_at_all(void) {
  try_copies(0);
}

static void test_map_damaged_evicting_answers_right_or_not_at_all(void) {
  try_copies(1);
}

/* A chunk that is open for another class than its own. */
static void test_map_damaged_that_evicts_from_an_open_chunk(void) {
  longest_ns = shared_bytes(sizeof *longest_ns);
  run_batches(900129, 900130);
}

static const struct test tests[] = {
    TEST(test_map_damaged_answers_right_or_not_at_all),
    TEST(test_map_damaged_evicting_answers_right_or_not_at_all),
    TEST(test_map_damaged_that_evicts_from_an_open_chunk),
};

TEST_MAIN(tests)
