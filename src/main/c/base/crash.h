/*
 * Crash points: places at which a test has the process killed, to prove that
 * the others go on. They exist only where SHO_TEST_HOOKS is defined, which no
 * released library is.
 */
#ifndef SHO_CRASH_H
#define SHO_CRASH_H

#ifdef SHO_TEST_HOOKS

#include <stdatomic.h>

/* The process kills itself (SIGKILL) when it reaches the named point for the
 * count-th time, 1 for the first; NULL: it does not. */
void sho__crash_at(const char *point, unsigned count);

/* The name of the index-th point that was ever reached, or NULL. */
const char *sho__crash_reached(unsigned index);

extern _Atomic int sho__crash_is_armed;
void sho__crash_point(const char *point);

/* Takes a mutex only the first time, or if some point is to kill: it would
 * order what the map has in no order, and so hide races. */
#define SHO_CRASH_POINT(point)                                                 \
  do {                                                                         \
    static _Atomic int known;                                                  \
    if (atomic_load_explicit(&known, memory_order_relaxed) == 0 ||             \
        atomic_load_explicit(&sho__crash_is_armed, memory_order_relaxed)) {    \
      atomic_store_explicit(&known, 1, memory_order_relaxed);                  \
      sho__crash_point(point);                                                 \
    }                                                                          \
  } while (0)
#else
#define SHO_CRASH_POINT(point) ((void)0)
#endif

#endif
