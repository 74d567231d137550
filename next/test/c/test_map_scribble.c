/*
 * A peer that breaks all rules: a thread stores what it likes all over the file
 * while another one works with the map. Any answer is right, but each call ends
 * and nothing outside the mapping is touched: pages that nobody may touch lie
 * around it.
 */
#include <pthread.h>
#include <sys/mman.h>

#include "map/map.h"
#include "maps.h"

enum { KEYS = 200, LONGEST = 12 * KIB };

struct scribbler {
  uint8_t *file;
  const struct sho__geometry *geometry;
  _Atomic int stop;
};

/* Values that are likely to do harm where a place, a length, a slot or a
 * count is expected. */
static uint64_t harmful(uint64_t *state, const struct sho__geometry *g) {
  uint64_t random = next_random(state);
  uint64_t chunk = UINT64_C(1) << g->chunk_bits;
  switch (random >> 60) {
    case 0:
      return UINT64_MAX;
    case 1:
      return chunk - 8;
    case 2:
      return chunk;
    case 3:
      return (g->chunks << g->chunk_bits) - 8;
    case 4:
      return random & (UINT64_C(1) << 20) ? UINT64_C(1) << 62 : 0;
    case 5:
      return (random & 0xffff) << 3;
    case 6: /* a shard's table */
      return ((random >> 8) % (g->chunks * chunk / 64) + 1) << 16 |
             (random & 63);
    default:
      return random;
  }
}

/* Mostly the shards' and chunks' numbers, then records and tables; locks and
 * owners seldom, since each wrong one is waited for. */
static uint64_t place(uint64_t *state, const struct sho__geometry *g) {
  uint64_t random = next_random(state);
  uint64_t at = random >> 8;
  uint64_t number = (at >> 8) & ((1U << g->shard_bits) - 1);
  uint64_t shard = g->shards_off + number * sizeof(struct sho__shard_shm);
  uint64_t chunk =
      g->chunks_off + (at >> 8) % g->chunks * sizeof(struct sho__chunk_shm);
  switch (random & 15) {
    case 0:
      return (4096 + at % (g->file_bytes - 8 - 4096)) & ~UINT64_C(7);
    case 1: /* hints, open chunks */
      return (184 + at % (sizeof(struct sho__map_shm) - 184)) & ~UINT64_C(7);
    case 2: /* free chunks, generations */
      return g->free_off + (at % (g->tables_off - g->free_off) & ~UINT64_C(7));
    case 3:
    case 4:
      return g->tables_off + number * 8;
    case 5: /* behind the lock */
    case 6:
      return shard + 16 + at % 7 * 8;
    case 7: /* behind owner and class */
    case 8:
    case 9:
      return chunk + 8 + at % 5 * 8;
    default:
      return g->pool_off + (at % (g->chunks << g->chunk_bits) & ~UINT64_C(7));
  }
}

SHO_TEST void *scribble(void *context) {
  struct scribbler *scribbler = context;
  uint64_t state = 1;
  while (!atomic_load_explicit(&scribbler->stop, memory_order_relaxed)) {
    uint64_t at = place(&state, scribbler->geometry);
    uint64_t value = harmful(&state, scribbler->geometry);
    *(volatile uint64_t *)(void *)(scribbler->file + at) = value;
    for (uint64_t n = next_random(&state) % 20000; n > 0; n--) {
      sho__pause();
    }
  }
  return NULL;
}

/* 1: a value was stored or read. */
static int operate(struct sho_map *map, uint64_t *state) {
  static uint8_t value[2 * LONGEST];
  uint64_t random = next_random(state);
  uint64_t key = random % KEYS;
  size_t bytes = (random >> 32) % (random & 0x10000 ? LONGEST : 300);
  size_t length = 0;
  int64_t number;
  uint64_t count;
  uint64_t cursor = random;
  struct sho_map_stats stats = {.size = sizeof stats};
  struct sho_map_found found = {.size = sizeof found};
  switch (random >> 20 & 31) {
    case 0:
      sho_map_remove(map, &key, sizeof key);
      break;
    case 1:
      sho_map_add_and_get(map, &key, sizeof key, 1, &number);
      break;
    case 2:
      sho_map_expire(map, &key, sizeof key, 1);
      break;
    case 3:
      sho_map_scan(map, &cursor, value, sizeof value, &length);
      CHECK(length <= sizeof value);
      break;
    case 4:
      sho_map_time_to_live(map, &key, sizeof key, &number);
      break;
    case 5:
      sho_map_find(map, &key, sizeof key, &found);
      break;
    case 6:
      if (random >> 56 == 0) {
        sho_map_verify(map);
        sho_map_remove_expired(map, &count);
        sho_map_stats(map, &stats);
        sho_map_size(map, &count);
      }
      break;
    case 7:
      if (random >> 54 == 0) {
        sho_map_clear(map);
      }
      break;
    default:
      if (random & 0x20000) {
        return sho_map_set(map, &key, sizeof key, value, bytes, 0, NULL) ==
               SHO_OK;
      }
      if (sho_map_get(map, &key, sizeof key, value, sizeof value, &length,
                      NULL) == SHO_OK) {
        CHECK(length <= map->geometry.max_entry);
        return 1;
      }
  }
  return 0;
}

static void *forbid(uint8_t *at) {
  long page = sysconf(_SC_PAGESIZE);
  void *got =
      mmap(at, (size_t)page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (got != MAP_FAILED && got != at) { /* something lies there already */
    munmap(got, (size_t)page);
  }
  return got;
}

static void work_beside_a_scribbler(int eviction, int operations) {
#ifdef SHO_TSAN
  skip("the race is deliberate");
#endif
  CHECK_OK(sho_lock_timeout(1000000));
  struct sho_map *map = map_new("map", 64 * KIB, eviction);
  struct sho__geometry *g = &map->geometry;
  forbid(map->region.base + map->region.bytes);
  forbid(map->region.base - sysconf(_SC_PAGESIZE));
  int fd = open("map", O_RDWR);
  struct scribbler scribbler = {.geometry = g};
  scribbler.file =
      mmap(NULL, g->file_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  REQUIRE(scribbler.file != MAP_FAILED);
  pthread_t thread;
  REQUIRE(pthread_create(&thread, NULL, scribble, &scribbler) == 0);
  uint64_t state = (uint64_t)eviction;
  int good = 0;
  for (int i = 0; i < operations; i++) {
    good += operate(map, &state);
  }
  CHECK(good > operations / 500); /* the map was in use */
  printf("  %d of %d operations stored or read a value\n", good, operations);
  atomic_store(&scribbler.stop, 1);
  pthread_join(thread, NULL);
  close(fd);
  sho_map_free(map);
}

static void test_map_stays_inside_beside_a_scribbler(void) {
  work_beside_a_scribbler(SHO_EVICTION_NONE, rounds(20000, 200000, 5000000));
}

static void test_map_stays_inside_beside_a_scribbler_when_it_evicts(void) {
  work_beside_a_scribbler(SHO_EVICTION_S3_FIFO, rounds(20000, 200000, 5000000));
}

static const struct test tests[] = {
    TEST(test_map_stays_inside_beside_a_scribbler),
    TEST(test_map_stays_inside_beside_a_scribbler_when_it_evicts),
};

TEST_MAIN(tests)
