/* All entries: scan, clear, size, statistics, verify. */
#include "map/map_grow.h"
#include "maps.h"

enum { MANY = 500 };

static void put_many(struct sho_map *map, int from, int to) {
  for (int i = from; i < to; i++) {
    char key[16];
    char value[32];
    snprintf(key, sizeof key, "key %d", i);
    snprintf(value, sizeof value, "value %d", i * 3);
    put_text(map, key, value);
  }
}

/* ---- scan --------------------------------------------------------------- */

/* How often each of the keys "key 0" to "key MANY - 1" came. */
struct seen {
  int times[MANY];
  int others;
};

static void see(struct seen *seen, const struct sho_map_record *record,
                const char *key) {
  char text[32];
  int number;
  snprintf(text, sizeof text, "%.*s", (int)record->key_bytes, key);
  if (sscanf(text, "key %d", &number) != 1 || number >= MANY) {
    seen->others++;
    return;
  }
  seen->times[number]++;
  snprintf(text, sizeof text, "value %d", number * 3);
  CHECK_INT(record->value_bytes, strlen(text));
  CHECK_BYTES(key + record->key_bytes, text, strlen(text));
}

/* One call of scan; the cursor is ~0 after the last. */
static void scan_step(struct sho_map *map, uint64_t *cursor, char *out,
                      size_t size, struct seen *seen) {
  size_t used = 0;
  REQUIRE_OK(sho_map_scan(map, cursor, out, size, &used));
  CHECK(used <= size);
  for (size_t at = 0; at < used;) {
    struct sho_map_record record;
    REQUIRE(used - at >= sizeof record);
    memcpy(&record, out + at, sizeof record);
    see(seen, &record, out + at + sizeof record);
    at += sizeof record + record.key_bytes + record.value_bytes;
    at = (at + 7) & ~(size_t)7;
    CHECK(at <= used);
  }
}

static void test_map_scan_gives_each_entry_once(void) {
  struct sho_map *map = map_new("map", 64 * KIB, 0);
  put_many(map, 0, MANY);
  for (size_t size = 64; size <= 8192; size *= 2) {
    char out[8192];
    struct seen seen = {0};
    uint64_t cursor = 0;
    while (cursor != UINT64_MAX) {
      scan_step(map, &cursor, out, size, &seen);
    }
    for (int i = 0; i < MANY; i++) {
      CHECK_INT(seen.times[i], 1);
    }
    CHECK_INT(seen.others, 0);
  }
}

static void test_map_scan_gives_what_stays_while_others_come_and_go(void) {
  struct sho_map *map = map_new("map", 64 * KIB, 0);
  put_many(map, 0, 100);
  uint64_t random = 1;
  for (int round = 0; round < rounds(3, 30, 300); round++) {
    char out[256];
    struct seen seen = {0};
    int puts[MANY] = {0}; /* each may make an entry that the scan gives too */
    uint64_t cursor = 0;
    while (cursor != UINT64_MAX) {
      scan_step(map, &cursor, out, sizeof out, &seen);
      int other = 100 + (int)random_below(&random, MANY - 100);
      put_many(map, other, other + 1);
      puts[other]++;
      char key[16];
      snprintf(key, sizeof key, "key %d",
               100 + (int)random_below(&random, MANY - 100));
      sho_map_remove(map, key, strlen(key));
      put_many(map, (int)random_below(&random, 100), 100);
    }
    for (int i = 0; i < MANY; i++) {
      CHECK(i < 100 ? seen.times[i] == 1 : seen.times[i] <= 1 + puts[i]);
    }
  }
  CHECK_OK(sho_map_verify(map));
}

static void test_map_scan_of_an_empty_map_ends_at_once(void) {
  struct sho_map *map = map_new("map", 64 * KIB, 0);
  uint64_t cursor = 0;
  size_t used = 7;
  CHECK_OK(sho_map_scan(map, &cursor, NULL, 0, &used));
  CHECK_HEX(cursor, UINT64_MAX);
  CHECK_INT(used, 0);
  CHECK_OK(sho_map_scan(map, &cursor, NULL, 0, &used)); /* and again */
  CHECK_HEX(cursor, UINT64_MAX);
}

static void test_map_scan_tells_what_does_not_fit(void) {
  struct sho_map *map = map_new("map", 64 * KIB, 0);
  char value[1000] = {0};
  CHECK_OK(sho_map_set(map, "key", 3, value, sizeof value, 0, NULL));
  uint64_t cursor = 0;
  size_t used = 0;
  char out[2000];
  CHECK_CODE(sho_map_scan(map, &cursor, out, 100, &used), SHO_ETOOBIG);
  CHECK_INT(used, (24 + 3 + 1000 + 7) / 8 * 8);
  CHECK_CODE(sho_map_scan(map, &cursor, NULL, 0, &used), SHO_ETOOBIG);
  CHECK_OK(sho_map_scan(map, &cursor, out, used, &used));
  CHECK_HEX(cursor, UINT64_MAX);
}

static void test_map_scan_tells_version_and_time_to_live(void) {
  struct sho_map *map = map_new("map", 64 * KIB, 0);
  uint64_t version = put_text_for(map, "key", "value", 3600000);
  put_text_for(map, "gone", "value", 1);
  nap_us(3000);
  uint64_t cursor = 0;
  size_t used = 0;
  char out[2000];
  struct sho_map_record record;
  CHECK_OK(sho_map_scan(map, &cursor, out, sizeof out, &used));
  CHECK_INT(used, 32);
  memcpy(&record, out, sizeof record);
  CHECK_HEX(record.version, version);
  CHECK(record.ttl_ms > 3590000 && record.ttl_ms <= 3600000);
}

/* ---- clear, size, statistics -------------------------------------------- */

static void test_map_clear_removes_all(void) {
  struct sho_map *map = map_new("map", 64 * KIB, 0);
  put_many(map, 0, MANY);
  CHECK_OK(sho_map_clear(map));
  uint64_t entries = 7;
  CHECK_OK(sho_map_size(map, &entries));
  CHECK_INT(entries, 0);
  CHECK_TEXT(text_of(map, "key 1"), "(none)");
  struct sho_map_stats stats = stats_of(map);
  CHECK_INT(stats.entries, 0);
  CHECK_INT(stats.live_bytes, 0);
  CHECK_INT(stats.removals, MANY);
  CHECK_OK(sho_map_verify(map));
  put_many(map, 0, MANY);
  CHECK_TEXT(text_of(map, "key 1"), "value 3");
  CHECK_OK(sho_map_clear(map));
  CHECK_OK(sho_map_clear(map));
}

static void test_map_size_counts_what_is_not_expired(void) {
  struct sho_map *map = map_new("map", 64 * KIB, 0);
  uint64_t entries = 7;
  CHECK_OK(sho_map_size(map, &entries));
  CHECK_INT(entries, 0);
  put_many(map, 0, 10);
  put_many(map, 0, 10);
  put_text_for(map, "long", "lived", 3600000);
  put_text_for(map, "short", "lived", 1);
  CHECK_OK(sho_map_remove(map, "key 3", 5));
  nap_us(3000);
  CHECK_OK(sho_map_size(map, &entries));
  CHECK_INT(entries, 10);
  CHECK_INT(stats_of(map).entries, 11);
}

static uint64_t bytes_of_tables(struct sho_map *map) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < stats_of(map).shards; i++) {
    struct sho__table table;
    sho__table_decode(map, atomic_load(&map->tables[i]), &table);
    bytes += table.buckets == 0 ? 0 : sho__table_bytes(table.buckets);
  }
  return bytes;
}

static void test_map_stats_count_each_thing(void) {
  struct sho_map *map = map_new("map", 64 * KIB, SHO_EVICTION_S3_FIFO);
  struct sho_map *other = map_again("map");
  put_many(map, 0, 10);
  put_many(other, 5, 15);
  CHECK_TEXT(text_of(map, "key 1"), "value 3");
  CHECK_TEXT(text_of(other, "key 1"), "value 3");
  CHECK_TEXT(text_of(other, "none"), "(none)");
  CHECK_OK(sho_map_remove(map, "key 1", 5));
  int64_t sum;
  CHECK_OK(sho_map_add_and_get(map, "n", 1, 1, &sum));
  struct sho_map_stats stats = stats_of(map);
  CHECK_INT(stats.sets, 21);
  CHECK_INT(stats.hits, 2);
  CHECK_INT(stats.misses, 1);
  CHECK_INT(stats.removals, 1);
  CHECK_INT(stats.entries, 15);
  /* 20, a key of 1, 5 or 6 and a value of 7 or 8, rounded up */
  CHECK_INT(stats.live_bytes, 4 * 32 + 11 * 40 + bytes_of_tables(map));
  CHECK_INT(stats.evictions, 0);
  CHECK_INT(stats.expirations, 0);
  CHECK_INT(stats.recoveries, 0);
  CHECK_INT(stats.damaged, 0);
  CHECK_INT(stats.peers, 2);
  CHECK(stats.shards > 1);
  sho_map_free(other);
  stats = stats_of(map);
  CHECK_INT(stats.peers, 1);
  CHECK_INT(stats.hits, 2); /* those of the dead count on */
  char value[10000] = {0};
  for (int i = 0; i < 20; i++) {
    char key = (char)('a' + i);
    CHECK_OK(sho_map_set(map, &key, 1, value, sizeof value, 0, NULL));
  }
  CHECK(stats_of(map).evictions >= 14);
}

/* ---- verify ------------------------------------------------------------- */

static void check_verify_finds(struct sho_map *map, void *at, uint64_t change,
                               const char *says) {
  _Atomic uint64_t *word = at;
  uint64_t was = atomic_load(word);
  atomic_store(word, was ^ change);
  CHECK_CODE(sho_map_verify(map), SHO_ECORRUPT);
  CHECK_SAYS(says);
  atomic_store(word, was);
}

static void test_map_verify_finds_what_is_wrong(void) {
  struct sho_map *map = map_new("map", 64 * KIB, 0);
  struct sho__hit hit;
  put_many(map, 0, 300);
  put_many(map, 100, 200);
  uint64_t hash = sho__map_hash(map, "key 7", 5);
  REQUIRE(sho__find(map, hash, "key 7", 5, &hit) == SHO__HIT);
  struct sho__shard_shm *shard = &map->shards[sho__shard_of(map, hash)];
  uint8_t *record = map->pool + hit.place;
  CHECK_OK(sho_map_verify(map));
  check_verify_finds(map, &shard->entries, 1, "entries and counts");
  check_verify_finds(map, &shard->version, shard->version,
                     "a version of the future");
  check_verify_finds(map, hit.slot, UINT64_C(1) << 50, "belongs elsewhere");
  check_verify_finds(map, hit.slot, UINT64_C(0x3ffffff000), "names no entry");
  check_verify_finds(map, record + 16, 1, "checksum is wrong");
  check_verify_finds(map, record + 24, UINT64_C(1) << 32, "checksum is wrong");
  check_verify_finds(map, record + 8, SHO__RECORD_DEAD, "marked dead");
  CHECK_OK(sho_map_verify(map));
}

static const struct test tests[] = {
    TEST(test_map_scan_gives_each_entry_once),
    TEST(test_map_scan_gives_what_stays_while_others_come_and_go),
    TEST(test_map_scan_of_an_empty_map_ends_at_once),
    TEST(test_map_scan_tells_what_does_not_fit),
    TEST(test_map_scan_tells_version_and_time_to_live),
    TEST(test_map_clear_removes_all),
    TEST(test_map_size_counts_what_is_not_expired),
    TEST(test_map_stats_count_each_thing),
    TEST(test_map_verify_finds_what_is_wrong),
};

TEST_MAIN(tests)
