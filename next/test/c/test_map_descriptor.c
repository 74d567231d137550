/* Maps that others get by a descriptor: of memory without a file, or of a file.
 */
#include <sys/socket.h>

#include "channel/channel.h"
#include "map/map_shard.h"
#include "maps.h"

static const struct sho_map_options read_only = {.size = sizeof read_only,
                                                 .read_only = 1};

/* ---- memory without a file ---------------------------------------------- */

static void test_map_anonymous_is_shared_by_its_descriptor(void) {
  struct sho_map *one = NULL;
  struct sho_map *other = NULL;
  struct sho_map_options options = {.size = sizeof options,
                                    .capacity = 128 * KIB};
  int descriptor = -1;
  REQUIRE_OK(sho_map_open_anonymous(&options, &one));
  REQUIRE_OK(sho_map_descriptor(one, &descriptor));
  REQUIRE_OK(sho_map_open_descriptor(descriptor, NULL, &other));
  put_text(one, "key", "value");
  CHECK_TEXT(text_of(other, "key"), "value");
  CHECK_INT(stats_of(one).peers, 2);
  CHECK_INT(stats_of(other).capacity, 128 * KIB);
  CHECK(ftruncate(descriptor, 0) != 0); /* sealed */
  CHECK(fcntl(descriptor, F_GETFD) & FD_CLOEXEC);
  close(descriptor);
  sho_map_free(one);
  put_text(other, "key", "on");
  CHECK_TEXT(text_of(other, "key"), "on");
  CHECK_OK(sho_map_verify(other));
  sho_map_free(other);
}

static void use_inherited(void *context) {
  struct sho_map *map = NULL;
  REQUIRE_OK(sho_map_open_descriptor(*(int *)context, NULL, &map));
  CHECK_TEXT(text_of(map, "key"), "parent");
  put_text(map, "key", "child");
}

static void test_map_anonymous_is_used_by_a_child(void) {
  struct sho_map *map = NULL;
  int descriptor = -1;
  REQUIRE_OK(sho_map_open_anonymous(NULL, &map));
  REQUIRE_OK(sho_map_descriptor(map, &descriptor));
  put_text(map, "key", "parent");
  CHECK_INT(child_wait(child_start(use_inherited, &descriptor)), 0);
  CHECK_TEXT(text_of(map, "key"), "child");
}

static void test_map_descriptor_of_a_file_opens_it_again(void) {
  struct sho_map *map = map_new("map", 64 * KIB, 0);
  struct sho_map *other = NULL;
  int descriptor = -1;
  put_text(map, "key", "value");
  REQUIRE(unlink("map") == 0);
  REQUIRE_OK(sho_map_descriptor(map, &descriptor));
  REQUIRE_OK(sho_map_open_descriptor(descriptor, &read_only, &other));
  CHECK_TEXT(text_of(other, "key"), "value");
  CHECK_CODE(sho_map_open_descriptor(-1, NULL, &other), SHO_EINVAL);
  int pipe_ends[2];
  REQUIRE(pipe(pipe_ends) == 0);
  CHECK_CODE(sho_map_open_descriptor(pipe_ends[0], &read_only, &other),
             SHO_EACCESS);
  CHECK_CODE(sho_map_open_anonymous(&read_only, &other), SHO_EINVAL);
  CHECK_CODE(sho_map_open_anonymous(NULL, NULL), SHO_EINVAL);
}

/* ---- passed on ----------------------------------------------------------- */

static int ends[2];

/* Sends the descriptor, and dies with a shard's lock. */
static void send_and_hold_a_lock(void *context) {
  struct sho_map *map = map_again("map");
  struct sho__shard shard;
  int descriptor = -1;
  size_t sent = 0;
  (void)context;
  REQUIRE_OK(sho_map_descriptor(map, &descriptor));
  REQUIRE_OK(sho__channel_send(ends[1], "x", 1, descriptor, &sent));
  REQUIRE_OK(sho__shard_lock(map, 0, &shard));
  kill(getpid(), SIGKILL);
}

static int receive_descriptor(void) {
  static struct sho__received received;
  char byte;
  REQUIRE_OK(sho__channel_receive(ends[0], &byte, 1, -1, &received));
  REQUIRE(received.count == 1);
  return received.descriptors[0];
}

static void test_map_descriptor_kept_by_a_receiver_keeps_no_lock(void) {
  struct sho_map *map = map_new("map", 64 * KIB, 0);
  REQUIRE_OK(sho__channel_pair(ends));
  pid_t sender = child_start(send_and_hold_a_lock, NULL);
  int descriptor = receive_descriptor();
  CHECK_INT(child_wait(sender), 128 + SIGKILL);
  CHECK_INT(stats_of(map).peers, 1);
  put_text(map, "key", "value");
  struct sho_map *other = NULL;
  REQUIRE_OK(sho_map_open_descriptor(descriptor, NULL, &other));
  CHECK_TEXT(text_of(other, "key"), "value");
  sho_map_free(other);
  sho_map_free(map);
  close(descriptor);
}

static void test_map_descriptor_is_the_callers(void) {
  struct sho_map *map = map_new("map", 64 * KIB, 0);
  int one = -1;
  int other = -1;
  REQUIRE_OK(sho_map_descriptor(map, &one));
  REQUIRE_OK(sho_map_descriptor(map, &other));
  CHECK(one != other);
  CHECK(fcntl(one, F_GETFD) & FD_CLOEXEC);
  CHECK_INT(close(one), 0);
  CHECK_INT(close(other), 0);
  put_text(map, "key", "value");
  CHECK_TEXT(text_of(map, "key"), "value");
  sho_map_close(map);
  CHECK_CODE(sho_map_descriptor(map, &one), SHO_ECLOSED);
  sho_map_free(map);
}

static const struct test tests[] = {
    TEST(test_map_anonymous_is_shared_by_its_descriptor),
    TEST(test_map_anonymous_is_used_by_a_child),
    TEST(test_map_descriptor_of_a_file_opens_it_again),
    TEST(test_map_descriptor_kept_by_a_receiver_keeps_no_lock),
    TEST(test_map_descriptor_is_the_callers),
};

TEST_MAIN(tests)
