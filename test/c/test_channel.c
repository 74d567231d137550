/* channel.c and socket.c: bytes, descriptors with them, and what those are. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "channel/channel.h"
#include "harness.h"

enum { NONE = -1, FOR_EVER = -1 };

/* Of the descriptors that the system passes at once, as many as musl does. */
enum { MANY = 250 };

static void pair(int ends[2]) { REQUIRE_OK(sho__channel_pair(ends)); }

static void send_all(int end, const char *text, int passed) {
  size_t sent = 0;
  REQUIRE_OK(sho__channel_send(end, text, strlen(text), passed, &sent));
  REQUIRE(sent == strlen(text));
}

static void receive(int end, char *text, size_t size,
                    struct sho__received *received) {
  REQUIRE_OK(sho__channel_receive(end, text, size - 1, FOR_EVER, received));
  text[received->bytes] = '\0';
}

static int is_open(int descriptor) { return fcntl(descriptor, F_GETFD) >= 0; }

static int is_close_on_exec(int descriptor) {
  return (fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0;
}

static int open_descriptors(void) {
  int count = 0;
  for (int i = 0; i < 1024; i++) {
    count += is_open(i);
  }
  return count;
}

/* ---- bytes --------------------------------------------------------------- */

static void test_channel_carries_bytes_both_ways(void) {
  int ends[2];
  char text[32];
  struct sho__received received;
  pair(ends);
  send_all(ends[0], "there", NONE);
  receive(ends[1], text, sizeof text, &received);
  CHECK_TEXT(text, "there");
  CHECK_INT(received.count, 0);
  CHECK_INT(received.lost, 0);
  send_all(ends[1], "back", NONE);
  receive(ends[0], text, sizeof text, &received);
  CHECK_TEXT(text, "back");
}

static void test_channel_ends_are_close_on_exec(void) {
  int ends[2];
  pair(ends);
  CHECK(is_close_on_exec(ends[0]));
  CHECK(is_close_on_exec(ends[1]));
  CHECK_OK(sho__descriptor_inherit(ends[1], 1));
  CHECK(!is_close_on_exec(ends[1]));
}

static void test_channel_send_never_waits(void) {
  int ends[2];
  static char bytes[1 << 20];
  pair(ends);
  size_t sent = 1;
  while (sent > 0) {
    REQUIRE_OK(sho__channel_send(ends[0], bytes, sizeof bytes, NONE, &sent));
  }
  int passed = open("/dev/null", O_RDONLY | O_CLOEXEC);
  CHECK_OK(sho__channel_send(ends[0], "x", 1, passed, &sent));
  CHECK_INT(sent, 0);
  CHECK_CODE(sho__channel_await_room(ends[0], 10), SHO_ETIMEDOUT);
}

static void test_channel_room_comes_back_as_the_other_side_reads(void) {
  int ends[2];
  static char bytes[1 << 20];
  struct sho__received received;
  pair(ends);
  size_t sent = 1;
  size_t total = 0;
  while (sent > 0) {
    REQUIRE_OK(sho__channel_send(ends[0], bytes, sizeof bytes, NONE, &sent));
    total += sent;
  }
  while (total > 0) {
    REQUIRE_OK(sho__channel_receive(ends[1], bytes, sizeof bytes, FOR_EVER,
                                    &received));
    total -= received.bytes;
  }
  CHECK_OK(sho__channel_await_room(ends[0], 10000));
}

static void test_channel_receive_times_out(void) {
  int ends[2];
  char text[8];
  struct sho__received received;
  pair(ends);
  CHECK_CODE(sho__channel_receive(ends[0], text, sizeof text, 0, &received),
             SHO_ETIMEDOUT);
  CHECK_CODE(sho__channel_receive(ends[0], text, sizeof text, 20, &received),
             SHO_ETIMEDOUT);
}

static void *send_later(void *end) {
  nap_us(20000);
  send_all(*(int *)end, "late", NONE);
  return NULL;
}

static void test_channel_receive_waits_on_a_socket_that_does_not_block(void) {
  int ends[2];
  char text[8];
  struct sho__received received;
  pthread_t thread;
  pair(ends);
  REQUIRE_OK(sho__socket_unblock(ends[0]));
  REQUIRE(pthread_create(&thread, NULL, send_later, &ends[1]) == 0);
  receive(ends[0], text, sizeof text, &received);
  CHECK_TEXT(text, "late");
  pthread_join(thread, NULL);
}

/* ---- the end ------------------------------------------------------------- */

static void test_channel_end_comes_after_all_bytes(void) {
  int ends[2];
  char text[8];
  struct sho__received received;
  pair(ends);
  send_all(ends[0], "last", NONE);
  sho__descriptor_close(ends[0]);
  receive(ends[1], text, sizeof text, &received);
  CHECK_TEXT(text, "last");
  receive(ends[1], text, sizeof text, &received);
  CHECK_INT(received.bytes, 0);
}

static void test_channel_reset_is_an_end(void) {
  int ends[2];
  char text[8];
  struct sho__received received;
  pair(ends);
  send_all(ends[0], "nobody reads this", NONE);
  sho__descriptor_close(ends[1]); /* ECONNRESET for the other side */
  receive(ends[0], text, sizeof text, &received);
  CHECK_INT(received.bytes, 0);
}

static void test_channel_send_tells_that_the_other_side_is_gone(void) {
  int ends[2];
  size_t sent = 0;
  pair(ends);
  sho__descriptor_close(ends[1]);
  CHECK_CODE(sho__channel_send(ends[0], "x", 1, NONE, &sent), SHO_ECLOSED);
  CHECK_OK(sho__channel_await_room(ends[0], 1000));
}

static void *end_later(void *end) {
  nap_us(20000);
  sho__channel_shutdown(*(int *)end);
  return NULL;
}

static void test_channel_shutdown_wakes_a_receiver(void) {
  int ends[2];
  char text[8];
  struct sho__received received;
  pthread_t thread;
  pair(ends);
  REQUIRE(pthread_create(&thread, NULL, end_later, &ends[0]) == 0);
  receive(ends[0], text, sizeof text, &received);
  CHECK_INT(received.bytes, 0);
  pthread_join(thread, NULL);
}

static void test_channel_shutdown_leaves_what_was_sent(void) {
  int ends[2];
  char text[8];
  struct sho__received received;
  pair(ends);
  send_all(ends[0], "there", NONE);
  send_all(ends[1], "back", NONE);
  sho__channel_shutdown(ends[0]);
  receive(ends[1], text, sizeof text, &received);
  CHECK_TEXT(text, "there");
  receive(ends[0], text, sizeof text, &received);
  CHECK_TEXT(text, "back");
  receive(ends[0], text, sizeof text, &received);
  CHECK_INT(received.bytes, 0);
}

/* ---- descriptors --------------------------------------------------------- */

static void test_channel_passes_a_descriptor(void) {
  int ends[2];
  char text[32];
  struct sho__received received;
  pair(ends);
  file_put("passed", "content", 7);
  int passed = open("passed", O_RDONLY | O_CLOEXEC);
  send_all(ends[0], "file", passed);
  close(passed);
  receive(ends[1], text, sizeof text, &received);
  CHECK_TEXT(text, "file");
  REQUIRE(received.count == 1);
  CHECK(is_close_on_exec(received.descriptors[0]));
  CHECK_INT(read(received.descriptors[0], text, sizeof text), 7);
}

/* As Node and ShareObject must know: earlier bytes come along. */
static void test_channel_descriptor_comes_with_earlier_bytes(void) {
  int ends[2];
  char text[32];
  struct sho__received received;
  pair(ends);
  int passed = open("/dev/null", O_RDONLY | O_CLOEXEC);
  send_all(ends[0], "one,", NONE);
  send_all(ends[0], "two,", passed);
  send_all(ends[0], "three", passed);
  receive(ends[1], text, sizeof text, &received);
  CHECK_TEXT(text, "one,two,");
  CHECK_INT(received.count, 1);
  receive(ends[1], text, sizeof text, &received);
  CHECK_TEXT(text, "three");
  CHECK_INT(received.count, 1);
}

static void test_channel_descriptor_comes_with_the_first_piece(void) {
  int ends[2];
  char text[3];
  struct sho__received received;
  pair(ends);
  int passed = open("/dev/null", O_RDONLY | O_CLOEXEC);
  send_all(ends[0], "abcd", passed);
  receive(ends[1], text, sizeof text, &received);
  CHECK_TEXT(text, "ab");
  CHECK_INT(received.count, 1);
  receive(ends[1], text, sizeof text, &received);
  CHECK_TEXT(text, "cd");
  CHECK_INT(received.count, 0);
}

static void send_many(int end, int count) {
  static union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int) * MANY)];
  } control;
  size_t bytes = sizeof(int) * (size_t)count;
  struct iovec piece = {.iov_base = "x", .iov_len = 1};
  struct msghdr message = {
      .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.bytes};
  /* C libraries have different types for these lengths. */
  message.msg_controllen =
      (__typeof__(message.msg_controllen))CMSG_SPACE(bytes);
  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  control.header.cmsg_len =
      (__typeof__(control.header.cmsg_len))CMSG_LEN(bytes);
  for (int i = 0; i < count; i++) {
    memcpy(CMSG_DATA(&control.header) + (size_t)i * sizeof(int), &end,
           sizeof end);
  }
  REQUIRE(sendmsg(end, &message, 0) == 1);
}

static void test_channel_takes_many_descriptors_at_once(void) {
  int ends[2];
  char text[8];
  struct sho__received received;
  pair(ends);
  send_many(ends[0], MANY);
  receive(ends[1], text, sizeof text, &received);
  CHECK_INT(received.count, MANY);
  CHECK_INT(received.lost, 0);
  for (int i = 0; i < received.count; i++) {
    CHECK(is_close_on_exec(received.descriptors[i]));
  }
}

static void test_channel_tells_of_descriptors_that_were_lost(void) {
  int ends[2];
  char text[8];
  struct sho__received received;
  pair(ends);
  send_many(ends[0], 10);
  int before = open_descriptors();
  struct rlimit limit;
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  rlim_t usual = limit.rlim_cur;
  limit.rlim_cur = (rlim_t)ends[1] + 4;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  receive(ends[1], text, sizeof text, &received);
  limit.rlim_cur = usual;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK_TEXT(text, "x");
  CHECK(received.lost);
  CHECK(received.count < 10);
  CHECK_INT(open_descriptors(), before + received.count);
}

static void test_channel_copy_is_refused_at_the_limit(void) {
  struct rlimit limit;
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  int copy = NONE;
  int ends[2] = {NONE, NONE};
  rlim_t usual = limit.rlim_cur;
  limit.rlim_cur = 3;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK_CODE(sho__descriptor_copy(1, &copy), SHO_ESYSTEM);
  CHECK_SAYS(strerror(EMFILE));
  CHECK_INT(copy, NONE);
  CHECK_CODE(sho__channel_pair(ends), SHO_ESYSTEM);
  CHECK_SAYS(strerror(EMFILE));
  CHECK_INT(ends[0], NONE);
  limit.rlim_cur = usual; /* leak checkers need descriptors too */
  REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

/* ---- adoption ------------------------------------------------------------ */

static void test_channel_adopts_an_inherited_end(void) {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  CHECK_OK(sho__channel_adopt(ends[0]));
  CHECK(is_close_on_exec(ends[0]));
}

static void test_channel_adopts_nothing_else(void) {
  int ends[2];
  CHECK_CODE(sho__channel_adopt(-1), SHO_EINVAL);
  CHECK_CODE(sho__channel_adopt(900), SHO_EINVAL);
  CHECK_SAYS("not open");
  int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
  CHECK_CODE(sho__channel_adopt(file), SHO_EINVAL);
  CHECK_SAYS("no Unix stream socket");
  REQUIRE(pipe(ends) == 0);
  CHECK_CODE(sho__channel_adopt(ends[0]), SHO_EINVAL);
  REQUIRE(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
  CHECK_CODE(sho__channel_adopt(ends[0]), SHO_EINVAL);
  CHECK_CODE(sho__channel_adopt(socket(AF_INET, SOCK_STREAM, 0)), SHO_EINVAL);
}

/* ---- sockets ------------------------------------------------------------- */

static void check_socket(int descriptor, enum sho__socket_family family,
                         enum sho__socket_kind kind) {
  struct sho__socket found;
  REQUIRE_OK(sho__socket_examine(descriptor, &found));
  CHECK_INT(found.family, family);
  CHECK_INT(found.kind, kind);
}

static int bound(int family) {
  int made = socket(family, SOCK_STREAM, 0);
  REQUIRE(made >= 0);
  union {
    struct sockaddr any;
    struct sockaddr_in inet;
    struct sockaddr_in6 inet6;
    struct sockaddr_un local;
  } address;
  memset(&address, 0, sizeof address);
  address.any.sa_family = (sa_family_t)family;
  socklen_t bytes = sizeof address.inet;
  if (family == AF_INET) {
    address.inet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  } else if (family == AF_INET6) {
    address.inet6.sin6_addr = in6addr_loopback;
    bytes = sizeof address.inet6;
  } else {
    strcpy(address.local.sun_path, "server");
    bytes = sizeof address.local;
  }
  if (bind(made, &address.any, bytes) != 0) {
    skip("this machine has no such address");
  }
  return made;
}

static int connected_to(int server, int family) {
  struct sockaddr_storage address;
  socklen_t bytes = sizeof address;
  REQUIRE(getsockname(server, (struct sockaddr *)&address, &bytes) == 0);
  int made = socket(family, SOCK_STREAM, 0);
  REQUIRE(connect(made, (struct sockaddr *)&address, bytes) == 0);
  return made;
}

static void check_family(int family, enum sho__socket_family expected) {
  int server = bound(family);
  check_socket(server, expected, SHO__KIND_IDLE);
  CHECK_OK(sho__socket_listen(server, 5));
  check_socket(server, expected, SHO__KIND_SERVER);
  check_socket(connected_to(server, family), expected, SHO__KIND_STREAM);
}

static void test_socket_kind_of_ipv4(void) {
  check_family(AF_INET, SHO__FAMILY_INET);
}

static void test_socket_kind_of_ipv6(void) {
  int made = socket(AF_INET6, SOCK_STREAM, 0);
  if (made < 0) {
    skip("no IPv6 here");
  }
  close(made);
  check_family(AF_INET6, SHO__FAMILY_INET6);
}

static void test_socket_kind_of_unix(void) {
  check_family(AF_UNIX, SHO__FAMILY_UNIX);
}

static void test_socket_kind_of_others(void) {
  struct sho__socket found;
  check_socket(socket(AF_INET, SOCK_DGRAM, 0), SHO__FAMILY_INET,
               SHO__KIND_DATAGRAM);
  check_socket(open("/dev/null", O_RDONLY), SHO__FAMILY_OTHER, SHO__KIND_OTHER);
  CHECK_CODE(sho__socket_examine(900, &found), SHO_ESYSTEM);
}

static void test_socket_unblock_is_for_all_holders(void) {
  int server = bound(AF_INET);
  int other = dup(server);
  CHECK_OK(sho__socket_unblock(server));
  CHECK(fcntl(other, F_GETFL) & O_NONBLOCK);
}

static void test_socket_remote_address(void) {
  char address[128];
  size_t length = 0;
  int server = bound(AF_INET);
  REQUIRE_OK(sho__socket_listen(server, 5));
  struct sockaddr_in name;
  socklen_t bytes = sizeof name;
  REQUIRE(getsockname(server, (struct sockaddr *)&name, &bytes) == 0);
  REQUIRE_OK(
      sho__socket_remote(connected_to(server, AF_INET), address, &length));
  REQUIRE(length == 10);
  CHECK(memcmp(address, &name.sin_port, 2) == 0);
  CHECK(memcmp(address + 6, &name.sin_addr, 4) == 0);
  CHECK_CODE(sho__socket_remote(server, address, &length), SHO_ENOENT);
}

static void test_socket_remote_path(void) {
  char address[128];
  size_t length = 0;
  int server = bound(AF_UNIX);
  REQUIRE_OK(sho__socket_listen(server, 5));
  int client = connected_to(server, AF_UNIX);
  REQUIRE_OK(sho__socket_remote(client, address, &length));
  REQUIRE(length == 6);
  CHECK(memcmp(address, "server", 6) == 0);
  int taken = accept(server, NULL, NULL);
  REQUIRE_OK(sho__socket_remote(taken, address, &length));
  CHECK_INT(length, 0);
}

static const struct test tests[] = {
    TEST(test_channel_carries_bytes_both_ways),
    TEST(test_channel_ends_are_close_on_exec),
    TEST(test_channel_send_never_waits),
    TEST(test_channel_room_comes_back_as_the_other_side_reads),
    TEST(test_channel_receive_times_out),
    TEST(test_channel_receive_waits_on_a_socket_that_does_not_block),
    TEST(test_channel_end_comes_after_all_bytes),
    TEST(test_channel_reset_is_an_end),
    TEST(test_channel_send_tells_that_the_other_side_is_gone),
    TEST(test_channel_shutdown_wakes_a_receiver),
    TEST(test_channel_shutdown_leaves_what_was_sent),
    TEST(test_channel_passes_a_descriptor),
    TEST(test_channel_descriptor_comes_with_earlier_bytes),
    TEST(test_channel_descriptor_comes_with_the_first_piece),
    TEST(test_channel_takes_many_descriptors_at_once),
    TEST(test_channel_tells_of_descriptors_that_were_lost),
    TEST(test_channel_copy_is_refused_at_the_limit),
    TEST(test_channel_adopts_an_inherited_end),
    TEST(test_channel_adopts_nothing_else),
    TEST(test_socket_kind_of_ipv4),
    TEST(test_socket_kind_of_ipv6),
    TEST(test_socket_kind_of_unix),
    TEST(test_socket_kind_of_others),
    TEST(test_socket_unblock_is_for_all_holders),
    TEST(test_socket_remote_address),
    TEST(test_socket_remote_path),
};

TEST_MAIN(tests)
