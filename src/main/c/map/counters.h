/* Which of a handle's counter lines a thread counts on. */
#ifndef SHO_COUNTERS_H
#define SHO_COUNTERS_H

#include "layout.h"

/* A line of the handle's own, 1 to 7, that no other living thread has; or 0,
 * the one that all further threads share. The same for all handles. */
unsigned sho__stripe(void);

static inline void sho__count(_Atomic uint64_t *counter, unsigned stripe) {
  if (stripe == 0) {
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
  } else {
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, value + 1, memory_order_relaxed);
  }
}

#endif
