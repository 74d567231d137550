/* Waits for many descriptors by one thread. Each is reported once, and then
 * not again until it is armed again: by epoll on Linux, by kqueue elsewhere. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/epoll.h>
#else
#include <fcntl.h>
#include <sys/event.h>
#include <sys/time.h>
#include <sys/types.h>
#endif

#include "base/error.h"
#include "channel/channel.h"

#if defined(__linux__)

int sho__poller_open(int *poller) {
  int made = epoll_create1(EPOLL_CLOEXEC);
  if (made < 0) {
    return sho__fail_errno(errno, "channels cannot be waited for");
  }
  *poller = made;
  return SHO_OK;
}

int sho__poller_arm(int poller, int descriptor, uint64_t token, int events) {
  struct epoll_event event = {.events = EPOLLONESHOT, .data.u64 = token};
  event.events |= (events & SHO__READABLE) != 0 ? EPOLLIN | EPOLLRDHUP : 0U;
  event.events |= (events & SHO__WRITABLE) != 0 ? EPOLLOUT : 0U;
  int failed = epoll_ctl(poller, EPOLL_CTL_MOD, descriptor, &event);
  if (failed != 0 && errno == ENOENT) {
    failed = epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event);
  }
  return failed == 0 ? SHO_OK
                     : sho__fail_errno(errno, "cannot wait for descriptor %d",
                                       descriptor);
}

void sho__poller_forget(int poller, int descriptor) {
  epoll_ctl(poller, EPOLL_CTL_DEL, descriptor, NULL);
}

static int events_of(uint32_t events) {
  const uint32_t end = EPOLLHUP | EPOLLERR;
  return ((events & (EPOLLIN | EPOLLRDHUP | end)) != 0 ? SHO__READABLE : 0) |
         ((events & (EPOLLOUT | end)) != 0 ? SHO__WRITABLE : 0);
}

int sho__poller_wait(int poller, struct sho__ready ready[SHO__POLLER_READY],
                     size_t *count) {
  struct epoll_event events[SHO__POLLER_READY];
  int came;
  do {
    came = epoll_wait(poller, events, SHO__POLLER_READY, -1);
  } while (came < 0 && errno == EINTR);
  if (came < 0) {
    return sho__fail_errno(errno, "channels cannot be waited for");
  }
  for (int i = 0; i < came; i++) {
    ready[i].token = events[i].data.u64;
    ready[i].events = events_of(events[i].events);
  }
  *count = (size_t)came;
  return SHO_OK;
}

#else

int sho__poller_open(int *poller) {
  int made = kqueue();
  if (made < 0 || fcntl(made, F_SETFD, FD_CLOEXEC) != 0) {
    return sho__fail_errno(errno, "channels cannot be waited for");
  }
  *poller = made;
  return SHO_OK;
}

/* Arming a filter that is armed changes nothing. */
int sho__poller_arm(int poller, int descriptor, uint64_t token, int events) {
  struct kevent changes[2];
  int count = 0;
  void *data = (void *)(uintptr_t)token;
  if ((events & SHO__READABLE) != 0) {
    EV_SET(&changes[count++], (uintptr_t)descriptor, EVFILT_READ,
           EV_ADD | EV_ONESHOT, 0, 0, data);
  }
  if ((events & SHO__WRITABLE) != 0) {
    EV_SET(&changes[count++], (uintptr_t)descriptor, EVFILT_WRITE,
           EV_ADD | EV_ONESHOT, 0, 0, data);
  }
  if (kevent(poller, changes, count, NULL, 0, NULL) != 0) {
    return sho__fail_errno(errno, "cannot wait for descriptor %d", descriptor);
  }
  return SHO_OK;
}

/* Closing the descriptor removes its filters. */
void sho__poller_forget(int poller, int descriptor) {
  (void)poller;
  (void)descriptor;
}

int sho__poller_wait(int poller, struct sho__ready ready[SHO__POLLER_READY],
                     size_t *count) {
  struct kevent events[SHO__POLLER_READY];
  int came;
  do {
    came = kevent(poller, NULL, 0, events, SHO__POLLER_READY, NULL);
  } while (came < 0 && errno == EINTR);
  if (came < 0) {
    return sho__fail_errno(errno, "channels cannot be waited for");
  }
  for (int i = 0; i < came; i++) {
    ready[i].token = (uint64_t)(uintptr_t)events[i].udata;
    ready[i].events =
        events[i].filter == EVFILT_READ ? SHO__READABLE : SHO__WRITABLE;
  }
  *count = (size_t)came;
  return SHO_OK;
}

#endif
