#include "map/counters.h"

#include <pthread.h>

_Thread_local unsigned sho__stripe_own = SHO__STRIPE_UNKNOWN;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static int have_key;
static _Atomic unsigned taken; /* bit i: line i has a thread */

static void give_back(void *stripe) {
  atomic_fetch_and(&taken, ~(1u << (uintptr_t)stripe));
}

static void make_key(void) {
  have_key = pthread_key_create(&key, give_back) == 0;
}

static unsigned take(void) {
  pthread_once(&once, make_key);
  for (unsigned i = 1; have_key && i < SHO__MAP_STRIPES; i++) {
    unsigned bit = 1u << i;
    if ((atomic_fetch_or(&taken, bit) & bit) == 0) {
      if (pthread_setspecific(key, (void *)(uintptr_t)i) == 0) {
        return i;
      }
      atomic_fetch_and(&taken, ~bit);
    }
  }
  return 0;
}

unsigned sho__stripe_take(void) {
  sho__stripe_own = take();
  return sho__stripe_own;
}
