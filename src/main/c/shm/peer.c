#include "shm/peer.h"
#include "base/assert.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"

static struct flock lock_of(const struct sho__peers *peers, uint32_t slot,
                            uint32_t slots) {
  return (struct flock){.l_type = F_WRLCK,
                        .l_whence = SEEK_SET,
                        .l_start = (off_t)(peers->slots_off +
                                           slot * sizeof(struct sho__peer_shm)),
                        .l_len = (off_t)(slots * sizeof(struct sho__peer_shm))};
}

static uint32_t word_of(uint32_t slot, uint32_t generation) {
  SHO_ASSERT(slot < SHO__MAX_PEERS);
  return (slot + 1) << SHO__LOCK_SLOT_SHIFT |
         (generation & SHO__LOCK_GENERATION_MASK);
}

void sho__peers_observe(struct sho__peers *peers, struct sho__region *region,
                        uint64_t slots_off, uint32_t count) {
  SHO_ASSERT(count > 0 && count <= SHO__MAX_PEERS);
  SHO_ASSERT(slots_off % sizeof(struct sho__peer_shm) == 0);
  peers->region = region;
  peers->slots = (struct sho__peer_shm *)(region->base + slots_off);
  peers->slots_off = slots_off;
  peers->count = count;
  peers->self = count;
  peers->word = 0;
}

int sho__peers_attach(struct sho__peers *peers, struct sho__region *region,
                      uint64_t slots_off, uint32_t count) {
  sho__peers_observe(peers, region, slots_off, count);
  for (uint32_t slot = 0; slot < count; slot++) {
    struct flock lock = lock_of(peers, slot, 1);
    if (fcntl(region->fd, F_OFD_SETLK, &lock) == 0) {
      struct sho__peer_shm *peer = &peers->slots[slot];
      uint32_t generation = atomic_load(&peer->generation) + 1;
      atomic_store(&peer->generation, generation);
      atomic_store(&peer->pid, (uint32_t)getpid());
      peers->self = slot;
      peers->word = word_of(slot, generation);
      return SHO_OK;
    }
    if (errno != EAGAIN && errno != EACCES) {
      return sho__fail_errno(errno, "%s: cannot be locked", region->path);
    }
  }
  return sho__fail(SHO_EPEERS,
                   "%s is open %u times, which is the most it can be; close "
                   "one of them",
                   region->path, count);
}

static uint32_t slot_of(uint32_t word) {
  return ((word & ~SHO__LOCK_WAITERS) >> SHO__LOCK_SLOT_SHIFT) - 1;
}

int sho__peer_alive(struct sho__peers *peers, uint32_t word) {
  uint32_t slot = slot_of(word);
  if (slot >= peers->count) {
    return 0; /* no peer ever wrote that */
  }
  uint32_t generation = atomic_load(&peers->slots[slot].generation);
  if (word_of(slot, generation) != (word & ~SHO__LOCK_WAITERS)) {
    return 0; /* the slot has a later holder */
  }
  if (slot == peers->self) {
    return 1;
  }
  struct flock lock = lock_of(peers, slot, 1);
  if (fcntl(peers->region->fd, F_OFD_GETLK, &lock) != 0) {
    return 1; /* not known: rather wait */
  }
  return lock.l_type != F_UNLCK;
}

uint32_t sho__peer_pid(struct sho__peers *peers, uint32_t word) {
  uint32_t slot = slot_of(word);
  return slot < peers->count ? atomic_load(&peers->slots[slot].pid) : 0;
}

/* Of the slots [from, end), those that others hold. The kernel tells one lock
 * of those it finds, not the first. */
static uint32_t held_slots(const struct sho__peers *peers, uint32_t from,
                           uint32_t end) {
  uint32_t held = 0;
  while (from < end) {
    struct flock lock = lock_of(peers, from, end - from);
    if (fcntl(peers->region->fd, F_OFD_GETLK, &lock) != 0 ||
        lock.l_type == F_UNLCK) {
      break;
    }
    uint64_t at = ((uint64_t)lock.l_start - peers->slots_off) /
                  sizeof(struct sho__peer_shm);
    if ((uint64_t)lock.l_start < peers->slots_off || at < from || at >= end) {
      break; /* no peer's lock */
    }
    held += held_slots(peers, from, (uint32_t)at) + 1;
    from = (uint32_t)at + 1;
  }
  return held;
}

uint32_t sho__peers_alive(struct sho__peers *peers) {
  /* and ourselves, whom the kernel does not tell us of */
  return held_slots(peers, 0, peers->count) + (peers->self < peers->count);
}
