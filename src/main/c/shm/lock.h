/*
 * A lock in shared memory that a dead owner does not keep. See layout.h,
 * "lock".
 *
 * The owner is a handle (a peer), not a thread: threads of one handle exclude
 * each other as processes do, and whichever of them has it may unlock. Not
 * reentrant. Unlocking stores with release, locking reads with acquire. A free
 * lock is taken, and one that nobody waits for given back, inline.
 *
 * A thread that arrives may be faster than one that wakes up, which makes a
 * lock fast that changes hands often. But only earlier waiters may pass one
 * that has waited some 10 ms: the next owner that unlocks reserves the lock for
 * it.
 */
#ifndef SHO_LOCK_H
#define SHO_LOCK_H

#include "base/assert.h"
#include "base/wait.h"
#include "shareobject.h"
#include "shm/peer.h"

/* sho__lock for a lock that was found held. */
int sho__lock_contended(struct sho__peers *peers, struct sho__lock_shm *lock,
                        int *recover);

/* sho__unlock for a lock on which somebody may sleep; still held, or, if
 * `given_up` is not 0, unlocked just now. */
void sho__unlock_contended(struct sho__lock_shm *lock, int given_up);

static inline int sho__lock_try(_Atomic uint32_t *word, uint32_t expected,
                                uint32_t wanted) {
  return atomic_compare_exchange_strong_explicit(
      word, &expected, wanted, memory_order_acquire, memory_order_relaxed);
}

/* Unlocks, and wakes a sleeper if there may be one. */
static inline void sho__unlock(struct sho__lock_shm *lock) {
  uint32_t was = atomic_load_explicit(&lock->word, memory_order_relaxed);
  if (__builtin_expect((was & SHO__LOCK_WAITERS) != 0, 0)) {
    sho__unlock_contended(lock, 0);
    return;
  }
  was = atomic_exchange_explicit(&lock->word, 0, memory_order_release);
  if (__builtin_expect((was & SHO__LOCK_WAITERS) != 0, 0)) {
    sho__unlock_contended(lock, 1);
  }
}

/*
 * Locks. *recover is set to 1 if the lock was taken over from a dead owner: the
 * caller then repairs what the lock protects before it does anything else (if
 * it dies while it does so, *recover is 1 for the next owner as well), else to
 * 0. The death of an owner is noticed within some 5 ms. If the owner lives but
 * is stopped: SHO_EBUSY with its pid after the lock timeout, which counts
 * neither the time in which the lock changes hands nor that in which the caller
 * itself was stopped. SHO_ECLOSED, SHO_EIO: the region's state says so.
 */
static inline int sho__lock(struct sho__peers *peers,
                            struct sho__lock_shm *lock, int *recover) {
  int dead = 0;
  SHO_ASSERT(peers->word != 0); /* attached, and not only observing */
  if (__builtin_expect(!sho__lock_try(&lock->word, 0, peers->word), 0)) {
    int code = sho__lock_contended(peers, lock, &dead);
    if (code != SHO_OK) {
      return code;
    }
  }
  int code = sho__region_check(peers->region);
  if (__builtin_expect(code != SHO_OK, 0)) {
    /* In a region that ended meanwhile the lock was a zero page's, and others
     * may think they have it. One taken over is left to the next, who will
     * recover. */
    if (!dead) {
      sho__unlock(lock);
    }
    return code;
  }
  *recover = dead;
  return SHO_OK;
}

#endif
