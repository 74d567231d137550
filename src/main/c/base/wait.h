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

/* Nanoseconds of the clock for waiting: it stands still in suspend. */
int64_t sho__awake_ns(void);

/*
 * How long somebody has waited, so that a limit counts only time in which the
 * waiter could see that the wait is over. If a waiter that looks each slice
 * finds that its last look was long ago, it was stopped or frozen: that counts
 * as two slices.
 */
struct sho__patience {
  int64_t looked_ns; /* by sho__awake_ns */
  int64_t waited_ns;
};

static inline struct sho__patience sho__patience_begin(void) {
  return (struct sho__patience){.looked_ns = sho__awake_ns()};
}

/* To be called each slice. Answers how long the wait is by now. */
static inline int64_t sho__patience_look(struct sho__patience *patience,
                                         int64_t slice_ns) {
  int64_t now_ns = sho__awake_ns();
  int64_t passed_ns = now_ns - patience->looked_ns;
  patience->looked_ns = now_ns;
  patience->waited_ns += passed_ns < 2 * slice_ns ? passed_ns : 2 * slice_ns;
  return patience->waited_ns;
}

#endif
