/* Sleeping on a word in shared memory, and waking the sleepers: futex(2) on
 * Linux, __ulock on macOS; keyed by the file's page, so it works between
 * processes, PID namespaces and C libraries. */
#ifndef SHO_WAIT_H
#define SHO_WAIT_H

#include "base/atomics.h"

/* Sleeps while *word is expected, until a wake, a signal, a spurious wake-up,
 * or timeout_ns nanoseconds (0 or more) have passed. The caller looks again. */
void sho__wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns);

/* Wakes one sleeper, or all. */
void sho__wake_one(_Atomic uint32_t *word);
void sho__wake_all(_Atomic uint32_t *word);

/* Nanoseconds of a clock that never goes back; it runs on in suspend where the
 * system has such a clock. Of one boot, the same in all processes. */
int64_t sho__now_ns(void);

#endif
