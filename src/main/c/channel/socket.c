/* What a descriptor is that came through a channel, or is to go through. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "channel/channel.h"

static enum sho__socket_family family_of(int descriptor) {
  struct sockaddr_storage address;
  socklen_t bytes = sizeof address;
  memset(&address, 0, sizeof address);
  if (getsockname(descriptor, (struct sockaddr *)&address, &bytes) != 0) {
    return SHO__FAMILY_OTHER;
  }
  switch (address.ss_family) {
    case AF_INET:
      return SHO__FAMILY_INET;
    case AF_INET6:
      return SHO__FAMILY_INET6;
    case AF_UNIX:
      return SHO__FAMILY_UNIX;
    default:
      return SHO__FAMILY_OTHER;
  }
}

static int option(int descriptor, int name) {
  int value = 0;
  socklen_t bytes = sizeof value;
  return getsockopt(descriptor, SOL_SOCKET, name, &value, &bytes) == 0 ? value
                                                                       : -1;
}

static int has_peer(int descriptor) {
  struct sockaddr_storage address;
  socklen_t bytes = sizeof address;
  return getpeername(descriptor, (struct sockaddr *)&address, &bytes) == 0;
}

static enum sho__socket_kind kind_of(int descriptor) {
  switch (option(descriptor, SO_TYPE)) {
    case SOCK_DGRAM:
      return SHO__KIND_DATAGRAM;
    case SOCK_STREAM:
      if (option(descriptor, SO_ACCEPTCONN) > 0) {
        return SHO__KIND_SERVER;
      }
      return has_peer(descriptor) ? SHO__KIND_STREAM : SHO__KIND_IDLE;
    default:
      return SHO__KIND_OTHER;
  }
}

int sho__socket_examine(int descriptor, struct sho__socket *found) {
  if (fcntl(descriptor, F_GETFD) < 0) {
    return sho__fail_errno(errno, "descriptor %d", descriptor);
  }
  found->family = family_of(descriptor);
  found->kind = found->family == SHO__FAMILY_OTHER ? SHO__KIND_OTHER
                                                   : kind_of(descriptor);
  return SHO_OK;
}

int sho__socket_unblock(int descriptor) {
  int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0) {
    return sho__fail_errno(errno, "descriptor %d", descriptor);
  }
  return SHO_OK;
}

int sho__socket_listen(int descriptor, int backlog) {
  if (listen(descriptor, backlog) != 0) {
    return sho__fail_errno(errno, "the shared port cannot be listened on");
  }
  return SHO_OK;
}

/* ---- addresses ----------------------------------------------------------- */

static size_t put(char *out, size_t at, const void *bytes, size_t count) {
  memcpy(out + at, bytes, count);
  return at + count;
}

static size_t inet_address(char *out, const struct sockaddr_in *address) {
  uint32_t scope = 0;
  size_t at = put(out, 0, &address->sin_port, 2);
  at = put(out, at, &scope, 4);
  return put(out, at, &address->sin_addr, 4);
}

static size_t inet6_address(char *out, const struct sockaddr_in6 *address) {
  uint32_t scope = htonl(address->sin6_scope_id);
  size_t at = put(out, 0, &address->sin6_port, 2);
  at = put(out, at, &scope, 4);
  return put(out, at, &address->sin6_addr, 16);
}

static size_t unix_address(char *out, const struct sockaddr_un *address,
                           socklen_t bytes) {
  size_t before = offsetof(struct sockaddr_un, sun_path);
  size_t most = (size_t)bytes > before ? (size_t)bytes - before : 0;
  size_t length = most > 0 ? strnlen(address->sun_path, most) : 0;
  return put(out, 0, address->sun_path, length);
}

int sho__socket_remote(int descriptor, char out[128], size_t *length) {
  union {
    struct sockaddr any;
    struct sockaddr_in inet;
    struct sockaddr_in6 inet6;
    struct sockaddr_un local;
    struct sockaddr_storage room;
  } address;
  socklen_t bytes = sizeof address;
  memset(&address, 0, sizeof address);
  if (getpeername(descriptor, &address.any, &bytes) != 0) {
    return sho__fail(SHO_ENOENT, "descriptor %d has no other side: %s",
                     descriptor, strerror(errno));
  }
  switch (address.any.sa_family) {
    case AF_INET:
      *length = inet_address(out, &address.inet);
      return SHO_OK;
    case AF_INET6:
      *length = inet6_address(out, &address.inet6);
      return SHO_OK;
    case AF_UNIX:
      *length = unix_address(out, &address.local, bytes);
      return SHO_OK;
    default:
      return sho__fail(SHO_EINVAL, "descriptor %d is of family %d", descriptor,
                       (int)address.any.sa_family);
  }
}
