/* What the calls on a key promise: get, set, compare, remove, add, find. */
#include "map/map.h"

#include "maps.h"

static struct sho_map *map_here(void) {
  return map_new("map", 64 * KIB, SHO_EVICTION_NONE);
}

/* ---- get and set -------------------------------------------------------- */

static void test_map_get_gives_what_was_set(void) {
  struct sho_map *map = map_here();
  CHECK_TEXT(text_of(map, "key"), "(none)");
  uint64_t version = put_text(map, "key", "Hello World!");
  CHECK(version > 0);
  CHECK_TEXT(text_of(map, "key"), "Hello World!");
  CHECK_HEX(version_of(map, "key"), version);
  sho_map_free(map);
}

static void test_map_get_of_an_absent_key_changes_nothing(void) {
  struct sho_map *map = map_here();
  char out[4] = "abc";
  size_t length = 77;
  uint64_t version = 78;
  CHECK_CODE(sho_map_get(map, "key", 3, out, 4, &length, &version),
             SHO_EABSENT);
  CHECK_SAYS("map has no such key");
  CHECK_INT(length, 77);
  CHECK_INT(version, 78);
  CHECK_TEXT(out, "abc");
}

static void test_map_get_copies_only_what_fits(void) {
  struct sho_map *map = map_here();
  put_text(map, "key", "12345");
  char out[6] = "-----";
  size_t length = 0;
  CHECK_OK(sho_map_get(map, "key", 3, out, 4, &length, NULL));
  CHECK_INT(length, 5);
  CHECK_TEXT(out, "-----");
  CHECK_OK(sho_map_get(map, "key", 3, out, 5, &length, NULL));
  CHECK_TEXT(out, "12345");
  CHECK_OK(sho_map_get(map, "key", 3, NULL, 0, &length, NULL));
  CHECK_INT(length, 5);
}

static void test_map_set_overwrites_and_raises_the_version(void) {
  struct sho_map *map = map_here();
  uint64_t last = 0;
  for (int i = 0; i < 5000; i++) { /* chunks are used again */
    char text[64];
    snprintf(text, sizeof text, "value %d %.*s", i, i % 40,
             "........................................");
    uint64_t version = put_text(map, "key", text);
    CHECK(version > last);
    last = version;
    CHECK_TEXT(text_of(map, "key"), text);
  }
  CHECK_OK(sho_map_verify(map));
  CHECK_INT(stats_of(map).sets, 5000);
}

static void test_map_version_grows_over_removal_and_clear(void) {
  struct sho_map *map = map_here();
  uint64_t one = put_text(map, "key", "1");
  CHECK_OK(sho_map_remove(map, "key", 3));
  CHECK_HEX(version_of(map, "key"), 0);
  uint64_t two = put_text(map, "key", "2");
  CHECK(two > one);
  CHECK_OK(sho_map_clear(map));
  CHECK(put_text(map, "key", "3") > two);
}

static void test_map_keys_and_values_may_be_empty(void) {
  struct sho_map *map = map_here();
  CHECK_TEXT(text_of(map, ""), "(none)");
  put_text(map, "", "empty key");
  put_text(map, "empty value", "");
  CHECK_TEXT(text_of(map, ""), "empty key");
  CHECK_TEXT(text_of(map, "empty value"), "");
  CHECK_OK(sho_map_set(map, NULL, 0, NULL, 0, 0, NULL));
  CHECK_TEXT(text_of(map, ""), "");
  size_t length = 7;
  CHECK_OK(sho_map_get(map, NULL, 0, NULL, 0, &length, NULL));
  CHECK_INT(length, 0);
  CHECK(find_code(map, NULL, 0) >= 0);
  CHECK_OK(sho_map_verify(map));
  CHECK_OK(sho_map_remove(map, NULL, 0));
  CHECK_TEXT(text_of(map, ""), "(none)");
}

static void test_map_keys_are_bytes(void) {
  struct sho_map *map = map_here();
  char out[8];
  size_t length;
  CHECK_OK(sho_map_set(map, "a\0b", 3, "one", 3, 0, NULL));
  CHECK_OK(sho_map_set(map, "a", 1, "two", 3, 0, NULL));
  CHECK_OK(sho_map_set(map, "a\0", 2, "six", 3, 0, NULL));
  CHECK_OK(sho_map_get(map, "a\0b", 3, out, 8, &length, NULL));
  CHECK_BYTES(out, "one", 3);
  CHECK_OK(sho_map_get(map, "a", 1, out, 8, &length, NULL));
  CHECK_BYTES(out, "two", 3);
  CHECK_OK(sho_map_get(map, "a\0", 2, out, 8, &length, NULL));
  CHECK_BYTES(out, "six", 3);
}

static void test_map_handles_share_one_map(void) {
  struct sho_map *one = map_here();
  struct sho_map *other = map_again("map");
  put_text(one, "key", "1");
  CHECK_TEXT(text_of(other, "key"), "1");
  put_text(other, "key", "2");
  CHECK_TEXT(text_of(one, "key"), "2");
  sho_map_free(one);
  CHECK_TEXT(text_of(other, "key"), "2");
  sho_map_free(other);
  CHECK_TEXT(text_of(map_again("map"), "key"), "2");
}

/* ---- sizes -------------------------------------------------------------- */

static void test_map_set_refuses_too_large_and_names_the_sizes(void) {
  struct sho_map *map = map_here();
  static uint8_t big[17 * KIB];
  CHECK_INT(stats_of(map).max_entry, 16 * KIB);
  size_t most = 16 * KIB - 32 - 3;
  CHECK_OK(sho_map_set(map, "key", 3, big, most, 0, NULL));
  CHECK_CODE(sho_map_set(map, "key", 3, big, most + 1, 0, NULL), SHO_ETOOBIG);
  CHECK_SAYS("together at most 16352 bytes");
  CHECK_SAYS("these have 3 and 16350");
  CHECK_CODE(sho_map_set(map, big, 16 * KIB, NULL, 0, 0, NULL), SHO_ETOOBIG);
  CHECK_CODE(sho_map_set(map, "key", 3, big, SIZE_MAX, 0, NULL), SHO_ETOOBIG);
  CHECK_CODE(sho_map_set(map, big, SIZE_MAX, "", 0, 0, NULL), SHO_ETOOBIG);
  CHECK_CODE(sho_map_remove(map, big, 17 * KIB), SHO_ETOOBIG);
  size_t length;
  CHECK_CODE(sho_map_get(map, big, 17 * KIB, NULL, 0, &length, NULL),
             SHO_EABSENT);
  CHECK_OK(sho_map_get(map, "key", 3, NULL, 0, &length, NULL));
  CHECK_INT(length, most); /* as it was */
}

static void test_map_takes_keys_of_a_quarter_of_a_chunk(void) {
  struct sho_map *map = map_with(
      "map", (struct sho_map_options){.size = sizeof(struct sho_map_options),
                                      .capacity = 32 * MIB,
                                      .max_entry = 8 * MIB});
  size_t most = 16 * KIB;
  uint8_t *key = calloc(1, most + 1);
  REQUIRE(key != NULL);
  CHECK_OK(sho_map_set(map, key, most, "value", 5, 0, NULL));
  CHECK_CODE(sho_map_set(map, key, most + 1, "value", 5, 0, NULL), SHO_ETOOBIG);
  CHECK_SAYS("(keys 16384)");
  char out[8];
  size_t length;
  CHECK_OK(sho_map_get(map, key, most, out, 8, &length, NULL));
  CHECK_BYTES(out, "value", 5);
  CHECK_OK(sho_map_verify(map));
  free(key);
}

/* ---- arguments ---------------------------------------------------------- */

static void test_map_refuses_missing_arguments(void) {
  struct sho_map *map = map_here();
  size_t length;
  uint64_t number = 0;
  int64_t signed_number;
  uint32_t ticket;
  CHECK_CODE(sho_map_get(NULL, "k", 1, NULL, 0, &length, NULL), SHO_EINVAL);
  CHECK_CODE(sho_map_get(map, NULL, 1, NULL, 0, &length, NULL), SHO_EINVAL);
  CHECK_CODE(sho_map_get(map, "k", 1, NULL, 1, &length, NULL), SHO_EINVAL);
  CHECK_CODE(sho_map_get(map, "k", 1, NULL, 0, NULL, NULL), SHO_EINVAL);
  CHECK_CODE(find_code(NULL, "k", 1), SHO_EINVAL);
  CHECK_CODE(find_code(map, NULL, 1), SHO_EINVAL);
  CHECK_CODE(sho_map_set(NULL, "k", 1, "v", 1, 0, NULL), SHO_EINVAL);
  CHECK_CODE(sho_map_set(map, NULL, 1, "v", 1, 0, NULL), SHO_EINVAL);
  CHECK_CODE(sho_map_set(map, "k", 1, NULL, 1, 0, NULL), SHO_EINVAL);
  CHECK_CODE(sho_map_set(map, "k", 1, "v", 1, -1, NULL), SHO_EINVAL);
  CHECK_SAYS("a time to live cannot be -1 ms");
  CHECK_CODE(sho_map_compare_and_set(map, "k", 1, 0, NULL, 1, 0, NULL),
             SHO_EINVAL);
  CHECK_CODE(sho_map_remove(NULL, "k", 1), SHO_EINVAL);
  CHECK_CODE(sho_map_remove(map, NULL, 1), SHO_EINVAL);
  CHECK_CODE(sho_map_compare_and_remove(map, NULL, 1, 0), SHO_EINVAL);
  CHECK_CODE(sho_map_add_and_get(map, "k", 1, 1, NULL), SHO_EINVAL);
  CHECK_CODE(sho_map_add_and_get(NULL, "k", 1, 1, &signed_number), SHO_EINVAL);
  CHECK_CODE(sho_map_time_to_live(map, "k", 1, NULL), SHO_EINVAL);
  CHECK_CODE(sho_map_expire(map, "k", 1, -1), SHO_EINVAL);
  CHECK_CODE(sho_map_await(map, "k", 1, 0, 0, NULL), SHO_EINVAL);
  CHECK_CODE(sho_map_await(NULL, "k", 1, 0, 0, &number), SHO_EINVAL);
  CHECK_CODE(sho_map_scan(map, NULL, NULL, 0, &length), SHO_EINVAL);
  CHECK_CODE(sho_map_scan(map, &number, NULL, 0, NULL), SHO_EINVAL);
  CHECK_CODE(sho_map_scan(map, &number, NULL, 1, &length), SHO_EINVAL);
  CHECK_CODE(sho_map_clear(NULL), SHO_EINVAL);
  CHECK_CODE(sho_map_size(NULL, &number), SHO_EINVAL);
  CHECK_CODE(sho_map_size(map, NULL), SHO_EINVAL);
  CHECK_CODE(sho_map_stats(map, NULL), SHO_EINVAL);
  CHECK_CODE(sho_map_remove_expired(NULL, NULL), SHO_EINVAL);
  CHECK_CODE(sho_map_verify(NULL), SHO_EINVAL);
  CHECK_CODE(sho_map_view(map, NULL), SHO_EINVAL);
  CHECK_CODE(sho_map_descriptor(map, NULL), SHO_EINVAL);
  CHECK_CODE(sho_map_compute_lock(map, NULL, 1, NULL, 0, &ticket), SHO_EINVAL);
  CHECK_CODE(sho_map_compute_lock(map, "k", 1, NULL, 1, &ticket), SHO_EINVAL);
  CHECK_CODE(sho_map_compute_lock(map, "k", 1, NULL, 0, NULL), SHO_EINVAL);
  ticket = 1 << 20;
  CHECK_CODE(sho_map_compute_wait(map, "k", 1, &ticket, 1), SHO_EINVAL);
  CHECK_CODE(sho_map_compute_go_on(map, &ticket, 1), SHO_EINVAL);
  CHECK_CODE(sho_map_compute_try(map, "k", 1, NULL), SHO_EINVAL);
  CHECK_CODE(sho_map_compute_busy(map, "k", 1, 0, NULL), SHO_EINVAL);
  CHECK_CODE(sho_map_compute_unlock(map, ticket), SHO_EINVAL);
  CHECK_CODE(sho_map_compute_unlock(map, 1), SHO_EINVAL); /* nobody has it */
  CHECK_CODE(sho_map_watch(map, "k", 1, NULL, NULL), SHO_EINVAL);
  CHECK_CODE(sho_map_sleep(map, NULL, 0), SHO_EINVAL);
  sho_map_close(NULL);
  sho_map_free(NULL);
  CHECK_INT(stats_of(map).entries, 0);
}

/* ---- compare ------------------------------------------------------------ */

static void test_map_compare_and_set_needs_the_version(void) {
  struct sho_map *map = map_here();
  uint64_t one = put_text(map, "key", "1");
  uint64_t two = 0;
  CHECK_OK(sho_map_compare_and_set(map, "key", 3, one, "2", 1, 0, &two));
  CHECK(two > one);
  CHECK_CODE(sho_map_compare_and_set(map, "key", 3, one, "3", 1, 0, &two),
             SHO_ECHANGED);
  CHECK_SAYS("the key has version");
  CHECK_CODE(sho_map_compare_and_set(map, "key", 3, 0, "3", 1, 0, NULL),
             SHO_ECHANGED);
  CHECK_TEXT(text_of(map, "key"), "2");
  CHECK_HEX(version_of(map, "key"), two);
}

static void test_map_compare_and_set_with_0_puts_if_absent(void) {
  struct sho_map *map = map_here();
  uint64_t version = 0;
  CHECK_OK(sho_map_compare_and_set(map, "key", 3, 0, "1", 1, 0, &version));
  CHECK_TEXT(text_of(map, "key"), "1");
  CHECK_CODE(sho_map_compare_and_set(map, "key", 3, 0, "2", 1, 0, &version),
             SHO_ECHANGED);
  CHECK_OK(sho_map_remove(map, "key", 3));
  CHECK_CODE(sho_map_compare_and_set(map, "key", 3, version, "2", 1, 0, NULL),
             SHO_ECHANGED);
  CHECK_SAYS("the key has version 0");
  CHECK_TEXT(text_of(map, "key"), "(none)");
}

static void test_map_version_stays_while_the_entry_moves(void) {
  struct sho_map *map = map_here();
  uint64_t version = put_text(map, "key", "here");
  for (int i = 0; i < 10000; i++) { /* the log is used again, "key" moves */
    put_text(map, "other", "...........................................");
  }
  CHECK_HEX(version_of(map, "key"), version);
  CHECK_OK(sho_map_compare_and_set(map, "key", 3, version, "2", 1, 0, NULL));
  CHECK_TEXT(text_of(map, "key"), "2");
}

/* ---- remove ------------------------------------------------------------- */

static void test_map_remove_removes_once(void) {
  struct sho_map *map = map_here();
  put_text(map, "key", "1");
  put_text(map, "other", "2");
  CHECK_OK(sho_map_remove(map, "key", 3));
  CHECK_CODE(sho_map_remove(map, "key", 3), SHO_EABSENT);
  CHECK_TEXT(text_of(map, "key"), "(none)");
  CHECK_TEXT(text_of(map, "other"), "2");
  CHECK_INT(stats_of(map).removals, 1);
  CHECK_INT(stats_of(map).entries, 1);
}

static void test_map_compare_and_remove_needs_the_version(void) {
  struct sho_map *map = map_here();
  uint64_t one = put_text(map, "key", "1");
  uint64_t two = put_text(map, "key", "2");
  CHECK_CODE(sho_map_compare_and_remove(map, "key", 3, one), SHO_ECHANGED);
  CHECK_CODE(sho_map_compare_and_remove(map, "key", 3, 0), SHO_ECHANGED);
  CHECK_TEXT(text_of(map, "key"), "2");
  CHECK_OK(sho_map_compare_and_remove(map, "key", 3, two));
  CHECK_CODE(sho_map_compare_and_remove(map, "key", 3, two), SHO_ECHANGED);
  CHECK_CODE(sho_map_compare_and_remove(map, "key", 3, 0), SHO_EABSENT);
}

/* ---- add ---------------------------------------------------------------- */

static void test_map_add_counts_from_0_and_wraps(void) {
  struct sho_map *map = map_here();
  int64_t result = 0;
  CHECK_OK(sho_map_add_and_get(map, "n", 1, 5, &result));
  CHECK_INT(result, 5);
  CHECK_OK(sho_map_add_and_get(map, "n", 1, -7, &result));
  CHECK_INT(result, -2);
  CHECK_OK(sho_map_add_and_get(map, "n", 1, INT64_MIN, &result));
  CHECK_INT(result, INT64_MAX - 1);
  int64_t stored;
  size_t length;
  CHECK_OK(sho_map_get(map, "n", 1, &stored, 8, &length, NULL));
  CHECK_INT(length, 8);
  CHECK_INT(stored, INT64_MAX - 1);
}

static void test_map_add_refuses_what_is_no_number(void) {
  struct sho_map *map = map_here();
  int64_t result = 42;
  put_text(map, "key", "1234567");
  CHECK_CODE(sho_map_add_and_get(map, "key", 3, 1, &result), SHO_ETYPE);
  CHECK_SAYS("the key's value has 7 bytes");
  CHECK_INT(result, 42);
  CHECK_TEXT(text_of(map, "key"), "1234567");
}

static void test_map_add_keeps_the_time_to_live(void) {
  struct sho_map *map = map_here();
  int64_t number = 1;
  int64_t ttl;
  CHECK_OK(sho_map_set(map, "n", 1, &number, 8, 3600000, NULL));
  CHECK_OK(sho_map_add_and_get(map, "n", 1, 1, &number));
  CHECK_INT(number, 2);
  CHECK_OK(sho_map_time_to_live(map, "n", 1, &ttl));
  CHECK(ttl > 3500000 && ttl <= 3600000);
}

/* ---- find and view ------------------------------------------------------ */

static void test_map_find_tells_where_the_value_is(void) {
  struct sho_map *map = map_here();
  struct sho_map_view view = {.size = sizeof view};
  struct sho_map_found found = {.size = sizeof found};
  CHECK_OK(sho_map_view(map, &view));
  CHECK_CODE(sho_map_find(map, "key", 3, &found), SHO_EABSENT);
  uint64_t version = put_text(map, "key", "value");
  const uint64_t *gens =
      (const uint64_t *)(const void *)(view.base + view.gens_off);
  const uint8_t *pool = view.base + view.pool_off;
  for (int i = 0; i < 3000; i++) {
    REQUIRE_OK(sho_map_find(map, "key", 3, &found));
    CHECK_HEX(found.version, version);
    REQUIRE(found.value != NULL && found.value > pool);
    CHECK_INT(found.value_bytes, 5);
    CHECK_BYTES(found.value, "value", 5);
    uint64_t chunk = (uint64_t)(found.value - pool) >> view.chunk_bits;
    REQUIRE(chunk < view.chunks);
    CHECK(found.generation_at == gens + chunk);
    CHECK_HEX(*found.generation_at, found.generation);
    CHECK_HEX(*view.end, view.creation_id);
    put_text(map, "other", "...........................................");
  }
  struct sho_map_stats stats = stats_of(map);
  CHECK_INT(stats.hits, 3000);
  CHECK_INT(stats.misses, 1);
  sho_map_close(map);
  CHECK(*view.end != view.creation_id);
  CHECK_CODE(sho_map_find(map, "key", 3, &found), SHO_ECLOSED);
}

static void test_map_find_leaves_a_value_in_parts_to_get(void) {
  struct sho_map *map = map_here();
  struct sho_map_found found = {.size = sizeof found};
  static uint8_t value[10000];
  static uint8_t out[10000];
  size_t length = 0;
  memset(value, 'v', sizeof value);
  CHECK_OK(sho_map_set(map, "key", 3, value, sizeof value, 0, NULL));
  REQUIRE_OK(sho_map_find(map, "key", 3, &found));
  CHECK(found.value == NULL);
  CHECK_INT(found.value_bytes, sizeof value);
  CHECK_OK(sho_map_get(map, "key", 3, out, sizeof out, &length, NULL));
  CHECK_INT(length, sizeof value);
  CHECK_BYTES(out, value, sizeof value);
}

/* ---- close -------------------------------------------------------------- */

static void test_map_calls_on_a_closed_map_say_so(void) {
  struct sho_map *map = map_here();
  uint64_t number = 0;
  int64_t signed_number;
  size_t length;
  int descriptor;
  put_text(map, "key", "value");
  sho_map_close(map);
  sho_map_close(map);
  CHECK_CODE(sho_map_get(map, "key", 3, NULL, 0, &length, NULL), SHO_ECLOSED);
  CHECK_SAYS("map is closed; open it again");
  CHECK_CODE(find_code(map, "key", 3), SHO_ECLOSED);
  CHECK_CODE(sho_map_set(map, "key", 3, "v", 1, 0, NULL), SHO_ECLOSED);
  CHECK_CODE(sho_map_compare_and_set(map, "key", 3, 0, "v", 1, 0, NULL),
             SHO_ECLOSED);
  CHECK_CODE(sho_map_remove(map, "key", 3), SHO_ECLOSED);
  CHECK_CODE(sho_map_compare_and_remove(map, "key", 3, 1), SHO_ECLOSED);
  CHECK_CODE(sho_map_add_and_get(map, "key", 3, 1, &signed_number),
             SHO_ECLOSED);
  CHECK_CODE(sho_map_time_to_live(map, "key", 3, &signed_number), SHO_ECLOSED);
  CHECK_CODE(sho_map_expire(map, "key", 3, 1), SHO_ECLOSED);
  CHECK_CODE(sho_map_await(map, "key", 3, 0, -1, &number), SHO_ECLOSED);
  CHECK_CODE(sho_map_scan(map, &number, NULL, 0, &length), SHO_ECLOSED);
  CHECK_CODE(sho_map_clear(map), SHO_ECLOSED);
  CHECK_CODE(sho_map_size(map, &number), SHO_ECLOSED);
  CHECK_CODE(sho_map_remove_expired(map, &number), SHO_ECLOSED);
  struct sho_map_stats stats = {.size = sizeof stats};
  CHECK_CODE(sho_map_stats(map, &stats), SHO_ECLOSED);
  CHECK_CODE(sho_map_verify(map), SHO_ECLOSED);
  CHECK_CODE(sho_map_descriptor(map, &descriptor), SHO_ECLOSED);
  CHECK_CODE(sho_map_compute_lock(map, "k", 1, NULL, 0, &(uint32_t){0}),
             SHO_ECLOSED);
  CHECK_CODE(sho_map_compute_unlock(map, 1), SHO_ECLOSED);
  sho_map_free(map);
  CHECK_TEXT(text_of(map_again("map"), "key"), "value");
}

static const struct test tests[] = {
    TEST(test_map_get_gives_what_was_set),
    TEST(test_map_get_of_an_absent_key_changes_nothing),
    TEST(test_map_get_copies_only_what_fits),
    TEST(test_map_set_overwrites_and_raises_the_version),
    TEST(test_map_version_grows_over_removal_and_clear),
    TEST(test_map_keys_and_values_may_be_empty),
    TEST(test_map_keys_are_bytes),
    TEST(test_map_handles_share_one_map),
    TEST(test_map_set_refuses_too_large_and_names_the_sizes),
    TEST(test_map_takes_keys_of_a_quarter_of_a_chunk),
    TEST(test_map_refuses_missing_arguments),
    TEST(test_map_compare_and_set_needs_the_version),
    TEST(test_map_compare_and_set_with_0_puts_if_absent),
    TEST(test_map_version_stays_while_the_entry_moves),
    TEST(test_map_remove_removes_once),
    TEST(test_map_compare_and_remove_needs_the_version),
    TEST(test_map_add_counts_from_0_and_wraps),
    TEST(test_map_add_refuses_what_is_no_number),
    TEST(test_map_add_keeps_the_time_to_live),
    TEST(test_map_find_tells_where_the_value_is),
    TEST(test_map_find_leaves_a_value_in_parts_to_get),
    TEST(test_map_calls_on_a_closed_map_say_so),
};

TEST_MAIN(tests)
