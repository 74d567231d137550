/* Which of a handle's counter lines a thread counts on. */
#ifndef SHO_COUNTERS_H
#define SHO_COUNTERS_H

#include "layout.h"

/* UNKNOWN until the thread first counts. */
#define SHO__STRIPE_UNKNOWN SHO__MAP_STRIPES
extern _Thread_local unsigned sho__stripe_own;
unsigned sho__stripe_take(void);

/* A line of the handle's own, 1 to 7, that no other living thread has; or 0,
 * the one that all further threads share. The same for all handles. */
static inline unsigned sho__stripe(void) {
  unsigned own = sho__stripe_own;
  return __builtin_expect(own != SHO__STRIPE_UNKNOWN, 1) ? own
                                                         : sho__stripe_take();
}

static inline void sho__count(_Atomic uint64_t *counter, unsigned stripe) {
  if (stripe == 0) {
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
  } else {
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, value + 1, memory_order_relaxed);
  }
}

#endif
