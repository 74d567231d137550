/* Times to live, and a wall clock that somebody sets. */
#include <dlfcn.h>

#include "map/map.h"
#include "maps.h"

/* ---- a wall clock of the test's own ------------------------------------- */

static _Atomic int64_t wall_shift_s;

/* In place of libc's: the wall clock is off, the others are not. */
int clock_gettime(clockid_t clock, struct timespec *now) {
  static int (*_Atomic real)(clockid_t, struct timespec *);
  if (atomic_load(&real) == NULL) {
    int (*found)(clockid_t, struct timespec *);
    *(void **)&found = dlsym(RTLD_NEXT, "clock_gettime");
    atomic_store(&real, found);
  }
  int result = atomic_load(&real)(clock, now);
  if (clock == CLOCK_REALTIME) {
    now->tv_sec += (time_t)atomic_load(&wall_shift_s);
  }
  return result;
}

static int64_t ttl_of(struct sho_map *map, const char *key) {
  int64_t ttl_ms = -1;
  int code = sho_map_time_to_live(map, key, strlen(key), &ttl_ms);
  return code == SHO_OK ? ttl_ms : code;
}

#define CHECK_NEAR(actual, wanted, below)                                      \
  check_near(__FILE__, __LINE__, actual, wanted, below)

/* At most so much below, or a rounded millisecond above. Under emulation a
 * minute passes quickly. */
static void check_near(const char *file, int line, int64_t actual,
                       int64_t wanted, int64_t below) {
  below = is_slow() ? below + 60000 : below;
  if (actual > wanted + 1 || actual < wanted - below) {
    fail(file, line, "%lld is not %lld, or up to %lld below", (long long)actual,
         (long long)wanted, (long long)below);
  }
}

/* ---- times to live ------------------------------------------------------ */

static void test_map_entry_is_absent_once_expired(void) {
  struct sho_map *map = map_new("map", 64 * KIB, 0);
  int64_t since_ns = now_ns();
  put_text_for(map, "key", "value", 400);
  const char *text = text_of(map, "key");
  if (now_ns() - since_ns < 400000000) {
    CHECK_TEXT(text, "value");
  }
  WAIT_UNTIL(ttl_of(map, "key") == SHO_EABSENT);
  CHECK_TEXT(text_of(map, "key"), "(none)");
  CHECK_CODE(find_code(map, "key", 3), SHO_EABSENT);
  CHECK_CODE(sho_map_remove(map, "key", 3), SHO_EABSENT);
  CHECK_CODE(sho_map_expire(map, "key", 3, 1000), SHO_EABSENT);
  CHECK_OK(sho_map_compare_and_set(map, "key", 3, 0, "new", 3, 0, NULL));
  CHECK_TEXT(text_of(map, "key"), "new");
  CHECK_INT(ttl_of(map, "key"), 0);
}

static void test_map_add_to_an_expired_number_begins_anew(void) {
  struct sho_map *map = map_new("map", 64 * KIB, 0);
  int64_t number = 5;
  CHECK_OK(sho_map_set(map, "n", 1, &number, 8, 1, NULL));
  nap_us(3000);
  CHECK_OK(sho_map_add_and_get(map, "n", 1, 2, &number));
  CHECK_INT(number, 2);
  CHECK_INT(ttl_of(map, "n"), 0);
}

static void test_map_expire_changes_the_time_and_not_the_version(void) {
  struct sho_map *map = map_new("map", 64 * KIB, 0);
  CHECK_CODE(sho_map_expire(map, "key", 3, 1000), SHO_EABSENT);
  uint64_t version = put_text(map, "key", "value");
  CHECK_INT(ttl_of(map, "key"), 0);
  CHECK_OK(sho_map_expire(map, "key", 3, 100000));
  CHECK_NEAR(ttl_of(map, "key"), 100000, 5000);
  CHECK_HEX(version_of(map, "key"), version);
  CHECK_OK(sho_map_expire(map, "key", 3, 0));
  CHECK_INT(ttl_of(map, "key"), 0);
  CHECK_OK(sho_map_expire(map, "key", 3, 1));
  nap_us(3000);
  CHECK_TEXT(text_of(map, "key"), "(none)");
  CHECK_OK(sho_map_verify(map));
}

static void test_map_set_sets_the_time_anew(void) {
  struct sho_map *map = map_new("map", 64 * KIB, 0);
  put_text_for(map, "key", "value", 1000);
  put_text_for(map, "key", "value", 500000);
  CHECK_NEAR(ttl_of(map, "key"), 500000, 5000);
  put_text(map, "key", "value");
  CHECK_INT(ttl_of(map, "key"), 0);
}

static void test_map_time_to_live_may_be_as_long_as_anybody_likes(void) {
  struct sho_map *map = map_new("map", 64 * KIB, 0);
  put_text_for(map, "key", "value", INT64_MAX);
  CHECK(ttl_of(map, "key") > INT64_C(80) * 365 * 86400 * 1000);
  CHECK_TEXT(text_of(map, "key"), "value");
  CHECK_OK(sho_map_expire(map, "key", 3, INT64_MAX));
  CHECK_TEXT(text_of(map, "key"), "value");
}

static void test_map_remove_expired_gives_all_room_back(void) {
  struct sho_map *map = map_new("map", 256 * KIB, 0);
  for (int i = 0; i < 600; i++) {
    char key[16];
    snprintf(key, sizeof key, "key %d", i);
    put_text_for(map, key, "value", i % 3 == 0 ? 0 : i % 3 == 1 ? 1 : 3600000);
  }
  nap_us(3000);
  uint64_t removed = 0;
  CHECK_OK(sho_map_remove_expired(map, &removed));
  CHECK_INT(removed, 200);
  CHECK_OK(sho_map_remove_expired(map, &removed));
  CHECK_INT(removed, 0);
  CHECK_OK(sho_map_remove_expired(map, NULL));
  struct sho_map_stats stats = stats_of(map);
  CHECK_INT(stats.entries, 400);
  CHECK_INT(stats.expirations, 200);
  CHECK_OK(sho_map_verify(map));
}

static void test_map_full_makes_room_of_what_expired(void) {
  struct sho_map *map = map_new("map", 256 * KIB, SHO_EVICTION_NONE);
  static uint8_t value[5000];
  int filled = 0;
  for (;; filled++) {
    char key = (char)('a' + filled);
    if (sho_map_set(map, &key, 1, value, sizeof value, 0, NULL) != SHO_OK) {
      break;
    }
  }
  CHECK(filled >= 36);
  for (int i = 0; i < 8; i++) {
    char key = (char)('a' + i);
    CHECK_OK(sho_map_expire(map, &key, 1, 1));
  }
  nap_us(3000);
  int code = SHO_OK;
  int again = 0;
  for (char key = 'A'; code == SHO_OK; key++) {
    code = sho_map_set(map, &key, 1, value, sizeof value, 0, NULL);
    again += code == SHO_OK;
  }
  CHECK(again >= 5); /* what is to expire lies apart, so some fewer fit */
  CHECK_CODE(code, SHO_EFULL);
  CHECK_INT(stats_of(map).expirations, 8);
  CHECK_OK(sho_map_verify(map));
}

/* ---- the wall clock ----------------------------------------------------- */

static void test_map_wall_clock_set_back_prolongs_nothing(void) {
  struct sho_map *map = map_new("map", 64 * KIB, 0);
  put_text_for(map, "gone", "value", 1);
  put_text_for(map, "key", "value", 100000);
  nap_us(3000);
  for (int i = 0; i < 2; i++) {
    atomic_store(&wall_shift_s, i == 0 ? -86400 : 86400);
    CHECK_TEXT(text_of(map, "gone"), "(none)");
    CHECK_TEXT(text_of(map, "key"), "value");
    CHECK_NEAR(ttl_of(map, "key"), 100000, 5000);
    struct sho_map *other = map_again("map"); /* opened with that clock */
    CHECK_TEXT(text_of(other, "gone"), "(none)");
    CHECK_TEXT(text_of(other, "key"), "value");
    CHECK_NEAR(ttl_of(other, "key"), 100000, 5000);
    put_text_for(other, "new", "value", 200000);
    CHECK_NEAR(ttl_of(map, "new"), 200000, 5000);
    sho_map_free(other);
  }
}

static void forge_reboot(const char *path) {
  uint64_t boot[2] = {1, 2};
  file_patch(path, offsetof(struct sho__map_shm, boot_id), boot, 16);
}

static void test_map_times_go_on_over_a_reboot_by_the_wall_clock(void) {
  struct sho_map *map = map_new("map", 64 * KIB, 0);
  put_text_for(map, "short", "value", 50000);
  put_text_for(map, "long", "value", 200000);
  sho_map_free(map);
  forge_reboot("map");
  atomic_store(&wall_shift_s, 100); /* the machine was off for so long */
  map = map_again("map");
  CHECK_TEXT(text_of(map, "short"), "(none)");
  CHECK_NEAR(ttl_of(map, "long"), 100000, 5000);
  CHECK_OK(sho_map_verify(map));
}

static const struct test tests[] = {
    TEST(test_map_entry_is_absent_once_expired),
    TEST(test_map_add_to_an_expired_number_begins_anew),
    TEST(test_map_expire_changes_the_time_and_not_the_version),
    TEST(test_map_set_sets_the_time_anew),
    TEST(test_map_time_to_live_may_be_as_long_as_anybody_likes),
    TEST(test_map_remove_expired_gives_all_room_back),
    TEST(test_map_full_makes_room_of_what_expired),
    TEST(test_map_wall_clock_set_back_prolongs_nothing),
    TEST(test_map_times_go_on_over_a_reboot_by_the_wall_clock),
};

TEST_MAIN(tests)
