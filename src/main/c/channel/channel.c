#include "channel/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"

#if defined(MSG_NOSIGNAL)
enum { SEND_FLAGS = MSG_DONTWAIT | MSG_NOSIGNAL };
#else
enum { SEND_FLAGS = MSG_DONTWAIT };
#endif

#if defined(MSG_CMSG_CLOEXEC)
enum { RECEIVE_FLAGS = MSG_CMSG_CLOEXEC };
#else
enum { RECEIVE_FLAGS = 0 };
#endif

/* ---- life ---------------------------------------------------------------- */

int sho__descriptor_inherit(int descriptor, int inherit) {
  if (fcntl(descriptor, F_SETFD, inherit ? 0 : FD_CLOEXEC) != 0) {
    return sho__fail_errno(errno, "descriptor %d", descriptor);
  }
  return SHO_OK;
}

/* Where there is no MSG_NOSIGNAL, the socket says it once for all. */
static int prepare(int descriptor) {
#if !defined(MSG_NOSIGNAL) && defined(SO_NOSIGPIPE)
  int yes = 1;
  if (setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &yes, sizeof yes) != 0) {
    return sho__fail_errno(errno, "descriptor %d", descriptor);
  }
#endif
  return sho__descriptor_inherit(descriptor, 0);
}

static int make_pair(int ends[2]) {
#if defined(SOCK_CLOEXEC)
  return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
#else
  return socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
#endif
}

int sho__channel_pair(int ends[2]) {
  int made[2];
  if (make_pair(made) != 0) {
    return sho__fail_errno(errno, "no socket pair for a channel");
  }
  int code = prepare(made[0]);
  code = code == SHO_OK ? prepare(made[1]) : code;
  if (code != SHO_OK) {
    close(made[0]);
    close(made[1]);
    return code;
  }
  memcpy(ends, made, sizeof made);
  return SHO_OK;
}

int sho__channel_adopt(int descriptor) {
  struct stat file;
  if (descriptor < 0 || fstat(descriptor, &file) != 0) {
    return sho__fail(SHO_EINVAL, "descriptor %d is not open in this process",
                     descriptor);
  }
  struct sockaddr_storage address;
  socklen_t address_bytes = sizeof address;
  int type = 0;
  socklen_t type_bytes = sizeof type;
  if (!S_ISSOCK(file.st_mode) ||
      getsockname(descriptor, (struct sockaddr *)&address, &address_bytes) !=
          0 ||
      address.ss_family != AF_UNIX ||
      getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &type_bytes) != 0 ||
      type != SOCK_STREAM) {
    return sho__fail(SHO_EINVAL, "descriptor %d is no Unix stream socket",
                     descriptor);
  }
  return prepare(descriptor);
}

void sho__channel_shutdown(int descriptor) { shutdown(descriptor, SHUT_RDWR); }

void sho__descriptor_close(int descriptor) { close(descriptor); }

int sho__descriptor_copy(int descriptor, int *copy) {
  int made = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (made < 0) {
    return sho__fail_errno(errno, "descriptor %d cannot be duplicated",
                           descriptor);
  }
  *copy = made;
  return SHO_OK;
}

/* ---- waiting ------------------------------------------------------------- */

static int wait_for(int descriptor, short events, int timeout_ms) {
  struct pollfd poll_fd = {.fd = descriptor, .events = events};
  int ready;
  do {
    ready = poll(&poll_fd, 1, timeout_ms);
  } while (ready < 0 && errno == EINTR);
  if (ready < 0) {
    return sho__fail_errno(errno, "cannot wait for descriptor %d", descriptor);
  }
  return ready > 0 ? SHO_OK
                   : sho__fail(SHO_ETIMEDOUT,
                               "nothing came or went within %d ms", timeout_ms);
}

int sho__channel_await_room(int descriptor, int timeout_ms) {
  return wait_for(descriptor, POLLOUT, timeout_ms);
}

static int is_end(int error) {
  return error == EPIPE || error == ECONNRESET || error == ENOTCONN ||
         error == ESHUTDOWN;
}

static int would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK;
}

/* ---- send ---------------------------------------------------------------- */

/* Control messages need the alignment of their header. */
union control {
  struct cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int) * SHO__CHANNEL_DESCRIPTORS)];
};

static void attach(struct msghdr *message, union control *control, int passed) {
  memset(control, 0, CMSG_SPACE(sizeof passed));
  message->msg_control = control->bytes;
  message->msg_controllen = CMSG_SPACE(sizeof passed);
  struct cmsghdr *header = CMSG_FIRSTHDR(message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof passed);
  memcpy(CMSG_DATA(header), &passed, sizeof passed);
}

int sho__channel_send(int descriptor, const void *bytes, size_t length,
                      int passed, size_t *sent) {
  struct iovec piece = {.iov_base = (void *)(size_t)bytes, .iov_len = length};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
  union control control;
  if (length == 0) {
    return sho__fail(SHO_EINVAL, "there is nothing to send");
  }
  if (passed >= 0) {
    attach(&message, &control, passed);
  }
  ssize_t written;
  do {
    written = sendmsg(descriptor, &message, SEND_FLAGS);
  } while (written < 0 && errno == EINTR);
  if (written < 0 && is_end(errno)) {
    return sho__fail(SHO_ECLOSED, "the other side of the channel is gone");
  }
  if (written < 0 && !would_block(errno)) {
    return sho__fail_errno(errno, "a message cannot be sent");
  }
  *sent = written < 0 ? 0 : (size_t)written;
  return SHO_OK;
}

/* ---- receive ------------------------------------------------------------- */

static void take(struct sho__received *received, const struct cmsghdr *header) {
  size_t bytes = (size_t)header->cmsg_len - CMSG_LEN(0);
  int count = (int)(bytes / sizeof(int));
  for (int i = 0; i < count; i++) {
    int passed;
    memcpy(&passed, CMSG_DATA(header) + (size_t)i * sizeof passed,
           sizeof passed);
    if (received->count < SHO__CHANNEL_DESCRIPTORS) {
      if (RECEIVE_FLAGS == 0) {
        (void)fcntl(passed, F_SETFD, FD_CLOEXEC);
      }
      received->descriptors[received->count++] = passed;
    } else {
      close(passed);
    }
  }
}

/* CMSG_NXTHDR of some C libraries mixes numbers of different signs. */
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#endif
static struct cmsghdr *next_header(struct msghdr *message,
                                   struct cmsghdr *header) {
  return CMSG_NXTHDR(message, header);
}
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

static ssize_t receive_once(int descriptor, void *bytes, size_t size, int flags,
                            struct sho__received *received) {
  union control control;
  struct iovec piece = {.iov_base = bytes, .iov_len = size};
  struct msghdr message = {.msg_iov = &piece,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
  ssize_t count;
  do {
    count = recvmsg(descriptor, &message, flags | RECEIVE_FLAGS);
  } while (count < 0 && errno == EINTR);
  if (count < 0) {
    return count;
  }
  received->count = 0;
  received->lost = (message.msg_flags & MSG_CTRUNC) != 0;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL;
       header = next_header(&message, header)) {
    if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
      take(received, header);
    }
  }
  return count;
}

int sho__channel_receive(int descriptor, void *bytes, size_t size,
                         int timeout_ms, struct sho__received *received) {
  if (size == 0) {
    return sho__fail(SHO_EINVAL, "there is no room for what comes");
  }
  for (;;) {
    if (timeout_ms > 0) {
      int code = wait_for(descriptor, POLLIN, timeout_ms);
      if (code != SHO_OK) {
        return code;
      }
    }
    ssize_t count = receive_once(descriptor, bytes, size,
                                 timeout_ms >= 0 ? MSG_DONTWAIT : 0, received);
    if (count >= 0) {
      received->bytes = (size_t)count;
      return SHO_OK;
    }
    if (is_end(errno)) {
      received->bytes = 0;
      received->count = 0;
      received->lost = 0;
      return SHO_OK;
    }
    if (!would_block(errno)) {
      return sho__fail_errno(errno, "nothing can be received");
    }
    /* The socket may have been set not to block by whoever made it. */
    int code = wait_for(descriptor, POLLIN, timeout_ms);
    if (code != SHO_OK) {
      return code;
    }
  }
}
