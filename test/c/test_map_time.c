/* Times to live where clocks differ: time namespaces, and a wall clock that is
 * wrong after a reboot. */
#include <sched.h>
#include <time.h>

#include "map/map.h"
#include "maps.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

enum { HOUR_MS = 3600000, SLACK_MS = 60000 };

static int64_t ttl_of(struct sho_map *map, const char *key) {
  int64_t ttl_ms = -1;
  CHECK_OK(sho_map_time_to_live(map, key, strlen(key), &ttl_ms));
  return ttl_ms;
}

static void check_hours(struct sho_map *map, const char *key, int hours) {
  int64_t off_ms = ttl_of(map, key) - (int64_t)hours * HOUR_MS;
  /* Two clocks that are cut to milliseconds differ by one. */
  CHECK(off_ms > -SLACK_MS && off_ms <= 2);
}

static void use_in_the_namespace(void *context) {
  (void)context;
  struct sho_map *map = map_again("map");
  check_hours(map, "of the host", 1);
  put_text_for(map, "of the namespace", "value", HOUR_MS);
  map_with("made there",
           (struct sho_map_options){.size = sizeof(struct sho_map_options)});
}

/* Its children have a boot clock that is two hours ahead. */
static int enter_namespace(void) {
  int fd = unshare(CLONE_NEWTIME) == 0
               ? open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC)
               : -1;
  static const char offset[] = "boottime 7200 0";
  ssize_t put = fd < 0 ? -1 : write(fd, offset, sizeof offset - 1);
  if (fd >= 0) {
    close(fd);
  }
  return put > 0;
}

enum { NO_NAMESPACE = 77 };

static void start_in_a_namespace(void *context) {
  (void)context;
  if (!enter_namespace()) {
    _exit(NO_NAMESPACE);
  }
  struct sho_map *map = NULL;
  CHECK_CODE(sho_map_open("map", NULL, &map), SHO_ESYSTEM);
  CHECK_SAYS("open the map in a child, or before");
  CHECK_INT(child_wait(child_start(use_in_the_namespace, NULL)), 0);
}

static void test_map_times_are_the_same_in_time_namespaces(void) {
  struct sho_map *map = map_new("map", 64 * KIB, SHO_EVICTION_NONE);
  put_text_for(map, "of the host", "value", HOUR_MS);
  int status = child_wait(child_start(start_in_a_namespace, NULL));
  if (status == NO_NAMESPACE) {
    skip("no time namespace can be made here");
  }
  CHECK_INT(status, 0);
  check_hours(map, "of the namespace", 1);
  struct sho_map *other = map_again("made there");
  put_text_for(other, "key", "value", HOUR_MS);
  check_hours(other, "key", 1);
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  int64_t ahead_ms = (int64_t)sho__map_now_ms(other) - now.tv_sec * 1000;
  CHECK(ahead_ms > -SLACK_MS && ahead_ms < SLACK_MS);
  sho_map_free(other);
  sho_map_free(map);
}

/* As after a reboot: with a wall clock that is so much behind map time. */
static struct sho_map *reboot(uint64_t latest_ms) {
  uint64_t boot = 4711;
  file_patch("map", offsetof(struct sho__map_shm, boot_id), &boot, sizeof boot);
  file_patch("map", offsetof(struct sho__map_shm, latest_ms), &latest_ms,
             sizeof latest_ms);
  return map_again("map");
}

static void test_map_time_never_goes_back(void) {
  struct sho_map *map = map_new("map", 64 * KIB, SHO_EVICTION_NONE);
  put_text_for(map, "short", "value", HOUR_MS);
  put_text_for(map, "long", "value", 3 * HOUR_MS);
  uint64_t now_ms = sho__map_now_ms(map);
  CHECK(atomic_load(&map->header->latest_ms) <= now_ms);
  CHECK(atomic_load(&map->header->latest_ms) + SLACK_MS > now_ms);
  sho_map_free(map);
  map = reboot(now_ms + 2 * HOUR_MS);
  CHECK_TEXT(text_of(map, "short"), "(none)");
  check_hours(map, "long", 1);
  sho_map_free(map);
}

static void test_map_time_that_is_damaged_is_not_believed(void) {
  struct sho_map *map = map_new("map", 64 * KIB, SHO_EVICTION_NONE);
  put_text_for(map, "key", "value", HOUR_MS);
  sho_map_free(map);
  map = reboot(UINT64_MAX - 7);
  check_hours(map, "key", 1);
  sho_map_free(map);
}

static const struct test tests[] = {
    TEST(test_map_times_are_the_same_in_time_namespaces),
    TEST(test_map_time_never_goes_back),
    TEST(test_map_time_that_is_damaged_is_not_believed),
};

TEST_MAIN(tests)
