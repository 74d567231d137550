#include "shm/lock.h"

#include "base/error.h"

enum {
  SPINS = 200,            /* some microseconds: longer than most owners need */
  DOUBT_NS = 5000000,     /* sleep before the owner's life is doubted */
  STARVING_NS = 10000000, /* wait after which nobody may pass */
  RESERVED_NS = 20000000  /* sleep before the heir's life is */
};

/* Somebody who waits. */
struct waiter {
  struct sho__peers *peers;
  struct sho__lock_shm *lock;
  uint32_t token; /* what heir says if it is this one; never 0 */
  uint32_t seen;  /* the word before the last sleep */
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

static int busy(struct sho__peers *peers, uint32_t owner) {
  uint32_t pid = sho__peer_pid(peers, owner);
  return (owner & ~SHO__LOCK_WAITERS) == peers->word
             ? sho__fail(SHO_EBUSY,
                         "%s: a thread of this process, %u, holds its lock and "
                         "does not go on",
                         peers->region->path, pid)
             : sho__fail(SHO_EBUSY,
                         "%s: process %u holds its lock and does not go on; "
                         "resume or kill that process",
                         peers->region->path, pid);
}

/* ---- who is next -------------------------------------------------------- */

static uint32_t new_token(const struct sho__peers *peers,
                          struct sho__lock_shm *lock) {
  static _Atomic uint32_t waits;
  uint32_t wait = atomic_fetch_add_explicit(&waits, 1, memory_order_relaxed);
  uint32_t who = (wait ^ peers->self << 10) & 0xffff;
  return atomic_load(&lock->turns) << 16 | (who == 0 ? 1 : who);
}

/* Whether one came before the other. The halves of turns wrap: who has been
 * passed 32,768 times counts as one who came just now. */
static int came_before(uint32_t one, uint32_t other) {
  return (int16_t)(uint16_t)((one >> 16) - (other >> 16)) < 0;
}

/* Becomes the heir, unless that is somebody who came before. */
static void claim(const struct waiter *waiter) {
  uint32_t heir = atomic_load(&waiter->lock->heir);
  if (heir == 0 ||
      (heir != waiter->token && came_before(waiter->token, heir))) {
    atomic_compare_exchange_strong(&waiter->lock->heir, &heir, waiter->token);
  }
}

static void give_up_claim(struct sho__lock_shm *lock, uint32_t token) {
  atomic_compare_exchange_strong(&lock->heir, &token, 0);
}

void sho__unlock_contended(struct sho__lock_shm *lock, int given_up) {
  atomic_fetch_add(&lock->turns, 1);
  if (!given_up) {
    if (atomic_load(&lock->heir) != 0) {
      /* Which of the sleepers is the heir the kernel does not know. */
      atomic_store(&lock->word, SHO__LOCK_RESERVED);
      sho__wake_all(&lock->word);
      return;
    }
    atomic_store(&lock->word, 0);
  }
  sho__wake_one(&lock->word);
}

/* ---- one turn ----------------------------------------------------------- */

/* Sleeps on the word. 1: it stayed as it was for that long, however often a
 * signal or a stray wake-up ended the sleep. */
static int stayed(const struct waiter *waiter, uint32_t seen, int64_t most_ns) {
  _Atomic uint32_t *word = &waiter->lock->word;
  int64_t end = sho__awake_ns() + most_ns;
  for (int64_t left = most_ns; left > 0; left = end - sho__awake_ns()) {
    sho__wait(word, seen, left < DOUBT_NS ? left : DOUBT_NS);
    if (atomic_load(word) != seen ||
        atomic_load(&waiter->peers->region->state) != SHO_OK) {
      return 0;
    }
  }
  return 1;
}

/* A reserved lock is nobody's, so that an heir who is not there any more, or
 * stopped, costs a short sleep and no more. */
static int take_reserved(const struct waiter *waiter) {
  struct sho__lock_shm *lock = waiter->lock;
  uint32_t heir = atomic_load(&lock->heir);
  if ((heir != waiter->token &&
       !stayed(waiter, SHO__LOCK_RESERVED, RESERVED_NS)) ||
      !sho__lock_try(&lock->word, SHO__LOCK_RESERVED,
                     waiter->peers->word | SHO__LOCK_WAITERS)) {
    return 0;
  }
  give_up_claim(lock, heir);
  return 1;
}

/*
 * Tries, and if the lock is held sleeps DOUBT_NS at most, and asks whether the
 * owner lives. Answers SHO_OK: locked; 1: not yet; SHO_ECLOSED, SHO_EIO.
 *
 * Who has slept leaves the waiters bit behind when it locks: others may sleep
 * on. A wake-up may get lost with a killed process; nobody sleeps longer than
 * DOUBT_NS at a time, so it costs that much and no more.
 */
static int take_turn(struct waiter *waiter, int *recover) {
  struct sho__peers *peers = waiter->peers;
  _Atomic uint32_t *word = &waiter->lock->word;
  uint32_t ours = peers->word | SHO__LOCK_WAITERS;
  int code = sho__region_check(peers->region);
  if (code != SHO_OK) {
    return code;
  }
  uint32_t seen = atomic_load_explicit(word, memory_order_relaxed);
  waiter->seen = seen;
  if (seen == 0 || seen == SHO__LOCK_RESERVED) {
    *recover = 0;
    return (seen == 0 ? sho__lock_try(word, 0, ours) : take_reserved(waiter))
               ? SHO_OK
               : 1;
  }
  uint32_t marked = seen | SHO__LOCK_WAITERS;
  if (seen != marked && !atomic_compare_exchange_strong(word, &seen, marked)) {
    return 1;
  }
  if (!stayed(waiter, marked, DOUBT_NS) || sho__peer_alive(peers, marked) ||
      !sho__lock_try(word, marked, ours)) {
    return 1;
  }
  *recover = 1;
  return SHO_OK;
}

/* The timeout is for an owner who does not go on. One who unlocked meanwhile
 * did, whoever locked then: it left no waiters bit, or raised turns. */
static int lock_slowly(struct waiter *waiter, int *recover) {
  struct sho__patience whole = sho__patience_begin();
  struct sho__patience stuck = whole;
  uint32_t owner = 0; /* its word with the waiters bit */
  uint32_t turns = 0;
  for (;;) {
    int code = take_turn(waiter, recover);
    if (code <= SHO_OK) {
      return code;
    }
    if (sho__patience_look(&whole, DOUBT_NS) >= STARVING_NS) {
      claim(waiter);
    }
    uint32_t seen = waiter->seen;
    uint32_t turns_now = atomic_load(&waiter->lock->turns);
    if (seen == 0 || seen == SHO__LOCK_RESERVED || seen != owner ||
        turns_now != turns) {
      owner = seen | SHO__LOCK_WAITERS;
      turns = turns_now;
      stuck = sho__patience_begin();
    } else if (sho__patience_look(&stuck, DOUBT_NS) > sho__lock_timeout_ns()) {
      return busy(waiter->peers, owner);
    }
  }
}

int sho__lock_contended(struct sho__peers *peers, struct sho__lock_shm *lock,
                        int *recover) {
  *recover = 0;
  if (spin(peers, &lock->word)) {
    return SHO_OK;
  }
  struct waiter waiter = {
      .peers = peers, .lock = lock, .token = new_token(peers, lock)};
  int code = lock_slowly(&waiter, recover);
  give_up_claim(lock, waiter.token);
  return code;
}
