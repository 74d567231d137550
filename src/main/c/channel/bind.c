/* Sockets that are bound here rather than by the JDK, which tells the system's
 * refusals apart only by words. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "channel/channel.h"

union address {
  struct sockaddr any;
  struct sockaddr_in inet;
  struct sockaddr_in6 inet6;
  struct sockaddr_un local;
};

static int set(int descriptor, int level, int name, int value) {
  return setsockopt(descriptor, level, name, &value, sizeof value);
}

static int set_options(int descriptor, int family,
                       const struct sho__binding *wanted) {
  int failed = fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  if (!failed && family != AF_UNIX && (wanted->reuse || !wanted->datagrams)) {
    failed = set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
  }
  if (!failed && family == AF_INET6) {
    failed = set(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, wanted->ipv6_only);
  }
  return failed;
}

/* Answers the descriptor, or the system's number negated. */
static int bind_to(const union address *address, socklen_t bytes,
                   const struct sho__binding *wanted) {
  int family = address->any.sa_family;
  int descriptor =
      socket(family, wanted->datagrams ? SOCK_DGRAM : SOCK_STREAM, 0);
  if (descriptor < 0) {
    return -errno;
  }
  if (set_options(descriptor, family, wanted) != 0 ||
      bind(descriptor, &address->any, bytes) != 0 ||
      (!wanted->datagrams && listen(descriptor, wanted->backlog) != 0)) {
    int error = errno;
    close(descriptor);
    return -error;
  }
  return descriptor;
}

int sho__socket_bind_inet(const uint8_t *bytes, size_t length, uint16_t port,
                          uint32_t scope, const struct sho__binding *wanted) {
  union address address;
  memset(&address, 0, sizeof address);
  if (length == sizeof address.inet.sin_addr) {
    address.inet.sin_family = AF_INET;
    address.inet.sin_port = htons(port);
    memcpy(&address.inet.sin_addr, bytes, length);
    return bind_to(&address, sizeof address.inet, wanted);
  }
  if (length != sizeof address.inet6.sin6_addr) {
    return -EINVAL;
  }
  address.inet6.sin6_family = AF_INET6;
  address.inet6.sin6_port = htons(port);
  address.inet6.sin6_scope_id = scope;
  memcpy(&address.inet6.sin6_addr, bytes, length);
  return bind_to(&address, sizeof address.inet6, wanted);
}

#if defined(__linux__)
static int bind_abstract(const char *name, size_t length,
                         const struct sho__binding *wanted) {
  union address address;
  memset(&address, 0, sizeof address);
  address.local.sun_family = AF_UNIX;
  if (length > sizeof address.local.sun_path) {
    return -ENAMETOOLONG;
  }
  memcpy(address.local.sun_path, name, length);
  size_t bytes = offsetof(struct sockaddr_un, sun_path) + length;
  return bind_to(&address, (socklen_t)bytes, wanted);
}
#else
static int bind_abstract(const char *name, size_t length,
                         const struct sho__binding *wanted) {
  (void)name;
  (void)length;
  (void)wanted;
  return -EINVAL;
}
#endif

int sho__socket_bind_unix(const char *path, size_t length,
                          const struct sho__binding *wanted) {
  union address address;
  memset(&address, 0, sizeof address);
  address.local.sun_family = AF_UNIX;
  if (length > 1 && path[0] == '\0') {
    return bind_abstract(path, length, wanted);
  }
  if (length == 0 || memchr(path, 0, length) != NULL) {
    return -EINVAL;
  }
  if (length >= sizeof address.local.sun_path) {
    return -ENAMETOOLONG;
  }
  memcpy(address.local.sun_path, path, length);
  return bind_to(&address, sizeof address.local, wanted);
}
