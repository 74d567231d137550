/*
 * Unix stream sockets that carry bytes and, with them, file descriptors: what
 * org.shareobject.ipc is made of. Not part of the public API.
 *
 * A descriptor is attached to the first byte of what is sent with it. The
 * kernel hands it out together with that byte, and perhaps earlier ones: a
 * receive ends within the piece that its descriptors were sent with.
 *
 * One thread may send while another receives; two senders or two receivers
 * mix up their bytes. Nothing raises SIGPIPE.
 */
#ifndef SHO_CHANNEL_H
#define SHO_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

/* What Linux takes in one message. */
#define SHO__CHANNEL_DESCRIPTORS 253

struct sho__received {
  size_t bytes; /* 0: the other side is gone, and all it wrote is read */
  int lost;     /* not 0: descriptors came for which this process, or the whole
                 * system, has no room; they are gone */
  int count;
  int descriptors[SHO__CHANNEL_DESCRIPTORS]; /* close-on-exec */
};

/* What a descriptor is. */
enum sho__socket_family {
  SHO__FAMILY_OTHER = 0,
  SHO__FAMILY_INET = 1,
  SHO__FAMILY_INET6 = 2,
  SHO__FAMILY_UNIX = 3
};
enum sho__socket_kind {
  SHO__KIND_OTHER = 0,
  SHO__KIND_SERVER = 1, /* stream, listening */
  SHO__KIND_STREAM = 2, /* stream, connected */
  SHO__KIND_DATAGRAM = 3,
  SHO__KIND_IDLE = 4 /* stream, not connected: yet, or any more */
};
struct sho__socket {
  enum sho__socket_family family;
  enum sho__socket_kind kind;
};

/* Two connected ends, both close-on-exec. SHO_ESYSTEM: as for EMFILE. */
int sho__channel_pair(int ends[2]);

/* Takes a descriptor that this process was started with: it must be a Unix
 * stream socket (SHO_EINVAL), and becomes close-on-exec. */
int sho__channel_adopt(int descriptor);

/*
 * Writes what fits now, with a descriptor unless passed is negative. Never
 * waits. *sent: bytes written; 0: nothing fits, and the descriptor is not
 * sent. SHO_ECLOSED: the other side is gone.
 */
int sho__channel_send(int descriptor, const void *bytes, size_t length,
                      int passed, size_t *sent);

/* Waits until something fits, or the other side is gone; at most timeout_ms
 * milliseconds (negative: without a limit), else SHO_ETIMEDOUT. */
int sho__channel_await_room(int descriptor, int timeout_ms);

/* Waits for bytes, at most timeout_ms milliseconds (negative: without a limit),
 * else SHO_ETIMEDOUT. A connection that was reset has ended; that is not an
 * error. */
int sho__channel_receive(int descriptor, void *bytes, size_t size,
                         int timeout_ms, struct sho__received *received);

/* What a descriptor is waited for. */
enum { SHO__READABLE = 1, SHO__WRITABLE = 2, SHO__POLLER_READY = 64 };

struct sho__ready {
  uint64_t token;
  int events; /* the end of the channel is both */
};

/* Waits for many descriptors. Each is armed for events, and reported once by
 * its token; then it is armed for nothing until it is armed again. Any thread
 * may arm while one waits, without a limit. Forget it before it is closed. */
int sho__poller_open(int *poller);
int sho__poller_arm(int poller, int descriptor, uint64_t token, int events);
void sho__poller_forget(int poller, int descriptor);
int sho__poller_wait(int poller, struct sho__ready ready[SHO__POLLER_READY],
                     size_t *count);

/* Ends both directions for every holder of either end, and wakes every waiter.
 * What the other side wrote before can still be read. */
void sho__channel_shutdown(int descriptor);

/* Closes, plainly: other holders of the socket do not notice. */
void sho__descriptor_close(int descriptor);

/* Another descriptor of the same open file, close-on-exec. */
int sho__descriptor_copy(int descriptor, int *copy);

/* Sets whether new programs inherit the descriptor. */
int sho__descriptor_inherit(int descriptor, int inherit);

/* What kind of socket a descriptor is; no socket: both are OTHER. */
int sho__socket_examine(int descriptor, struct sho__socket *found);

/* O_NONBLOCK belongs to the open file: all holders share it, and those that
 * run on libuv need it set. */
int sho__socket_unblock(int descriptor);

/* Makes a bound stream socket accept connections. */
int sho__socket_listen(int descriptor, int backlog);

/* What a socket that is bound is to be. */
struct sho__binding {
  int datagrams; /* not 0: datagrams, else a stream socket that listens */
  int ipv6_only;
  int reuse; /* of datagrams: SO_REUSEADDR, which streams have always */
  int backlog;
};

/* Make a socket, close-on-exec, and bind it, to an address of 4 or 16 bytes or
 * to a path that is made; one that begins with a zero is a name outside of the
 * file system, which only Linux has. Answer the descriptor, or the system's
 * errno negated. */
int sho__socket_bind_inet(const uint8_t *bytes, size_t length, uint16_t port,
                          uint32_t scope, const struct sho__binding *wanted);
int sho__socket_bind_unix(const char *path, size_t length,
                          const struct sho__binding *wanted);

/*
 * The address of the other side of a stream socket. Internet: port, scope and
 * address go to out in network order, 2 + 4 + 4 or 16 bytes. Unix: the path,
 * no byte if it has none. *length: bytes in out, which takes 128. SHO_ENOENT:
 * there is no other side any more.
 */
int sho__socket_remote(int descriptor, char out[128], size_t *length);

#endif
