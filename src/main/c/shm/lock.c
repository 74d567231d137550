#include "shm/lock.h"

#include "base/error.h"

enum {
  SPINS = 200,       /* some microseconds: longer than most owners need */
  DOUBT_NS = 5000000 /* sleep before the owner's life is doubted */
};

static int spin(struct sho__peers *peers, _Atomic uint32_t *word) {
  for (int i = 0; i < SPINS; i++) {
    if (atomic_load_explicit(word, memory_order_relaxed) == 0 &&
        sho__lock_try(word, 0, peers->word)) {
      return 1;
    }
    sho__pause();
  }
  return 0;
}

static int busy(struct sho__peers *peers, uint32_t seen) {
  return sho__fail(SHO_EBUSY,
                   "%s: process %u holds its lock and does not go on; resume "
                   "or kill that process",
                   peers->region->path, sho__peer_pid(peers, seen));
}

/* Sleeps on the word. 1: it stayed as it was for DOUBT_NS, however often a
 * signal or a stray wake-up ended the sleep. */
static int stayed(struct sho__peers *peers, _Atomic uint32_t *word,
                  uint32_t marked) {
  int64_t end = sho__now_ns() + DOUBT_NS;
  for (int64_t left = DOUBT_NS; left > 0; left = end - sho__now_ns()) {
    sho__wait(word, marked, left);
    if (atomic_load(word) != marked ||
        atomic_load(&peers->region->state) != SHO_OK) {
      return 0;
    }
  }
  return 1;
}

/*
 * Who has slept leaves the waiters bit behind when it locks: others may sleep
 * on. A wake-up may get lost with a killed process; nobody sleeps longer than
 * DOUBT_NS at a time, so it costs that much and no more.
 */
int sho__lock_turn(struct sho__peers *peers, _Atomic uint32_t *word,
                   int *recover, uint32_t *holder) {
  uint32_t ours = peers->word | SHO__LOCK_WAITERS;
  int code = sho__region_check(peers->region);
  if (code != SHO_OK) {
    return code;
  }
  uint32_t seen = atomic_load_explicit(word, memory_order_relaxed);
  *holder = seen;
  if (seen == 0) {
    if (!sho__lock_try(word, 0, ours)) {
      return 1;
    }
    *recover = 0;
    return SHO_OK;
  }
  uint32_t marked = seen | SHO__LOCK_WAITERS;
  if (seen != marked && !atomic_compare_exchange_strong(word, &seen, marked)) {
    return 1;
  }
  if (!stayed(peers, word, marked) || sho__peer_alive(peers, marked) ||
      !sho__lock_try(word, marked, ours)) {
    return 1;
  }
  *recover = 1;
  return SHO_OK;
}

/* The timeout is for an owner who does not go on. One who unlocked meanwhile
 * and locked again did: it left no waiters bit. */
static int lock_slowly(struct sho__peers *peers, _Atomic uint32_t *word,
                       int *recover) {
  uint32_t stuck = 0; /* its word with the waiters bit, and since when */
  int64_t since = 0;
  for (;;) {
    uint32_t holder;
    int code = sho__lock_turn(peers, word, recover, &holder);
    if (code <= SHO_OK) {
      return code;
    }
    int64_t now = sho__now_ns();
    if (holder == 0 || holder != stuck) {
      stuck = holder | SHO__LOCK_WAITERS;
      since = now;
    } else if (now - since > sho__lock_timeout_ns()) {
      return busy(peers, holder);
    }
  }
}

int sho__lock_contended(struct sho__peers *peers, _Atomic uint32_t *word,
                        int *recover) {
  *recover = 0;
  return spin(peers, word) ? SHO_OK : lock_slowly(peers, word, recover);
}
