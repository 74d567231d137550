#include "base/wait.h"

#include <limits.h>
#include <time.h>

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>

/* linux/futex.h, which musl's headers come without */
enum { FUTEX_WAIT = 0, FUTEX_WAKE = 1 };

void sho__wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns) {
  struct timespec timeout = {.tv_sec = (time_t)(timeout_ns / 1000000000),
                             .tv_nsec = (long)(timeout_ns % 1000000000)};
  syscall(SYS_futex, word, FUTEX_WAIT, expected, &timeout, NULL, 0);
}

void sho__wake_one(_Atomic uint32_t *word) {
  syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

void sho__wake_all(_Atomic uint32_t *word) {
  syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

#define SHO__CLOCK CLOCK_BOOTTIME
#define SHO__AWAKE_CLOCK CLOCK_MONOTONIC

#elif defined(__APPLE__)

extern int __ulock_wait(uint32_t operation, void *address, uint64_t value,
                        uint32_t timeout_us);
extern int __ulock_wake(uint32_t operation, void *address, uint64_t value);
enum { COMPARE_AND_WAIT_SHARED = 3, WAKE_ALL = 0x100 };

void sho__wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns) {
  int64_t us = timeout_ns / 1000 + 1; /* 0 would be no limit */
  uint32_t timeout_us = us > INT_MAX ? INT_MAX : (uint32_t)us;
  __ulock_wait(COMPARE_AND_WAIT_SHARED, (void *)word, expected, timeout_us);
}

void sho__wake_one(_Atomic uint32_t *word) {
  __ulock_wake(COMPARE_AND_WAIT_SHARED, (void *)word, 0);
}

void sho__wake_all(_Atomic uint32_t *word) {
  __ulock_wake(COMPARE_AND_WAIT_SHARED | WAKE_ALL, (void *)word, 0);
}

#define SHO__CLOCK CLOCK_MONOTONIC
#define SHO__AWAKE_CLOCK CLOCK_UPTIME_RAW

#else
#error "ShareObject needs a futex: Linux or macOS"
#endif

static int64_t read_clock(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t sho__now_ns(void) { return read_clock(SHO__CLOCK); }

int64_t sho__awake_ns(void) { return read_clock(SHO__AWAKE_CLOCK); }
