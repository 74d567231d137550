/*
 * Which handles have a file open, and whether their processes still live. See
 * layout.h, "peers".
 *
 * Alive means: the peer's byte is locked. The kernel unlocks it on any death,
 * so no heartbeat, no pid that is used again, and no PID namespace can fool it.
 */
#ifndef SHO_PEER_H
#define SHO_PEER_H

#include "layout.h"
#include "shm/region.h"

struct sho__peers {
  struct sho__region *region;
  struct sho__peer_shm *slots;
  uint64_t slots_off; /* of slots in the file */
  uint32_t count;
  uint32_t self;
  uint32_t word; /* the lock word that says: we */
};

/* Takes a slot. count is at most SHO__MAX_PEERS. SHO_EPEERS: none is free. */
int sho__peers_attach(struct sho__peers *peers, struct sho__region *region,
                      uint64_t slots_off, uint32_t count);

/* Only looks: for handles that are read-only and take no lock. */
void sho__peers_observe(struct sho__peers *peers, struct sho__region *region,
                        uint64_t slots_off, uint32_t count);

/* Whether the owner that a lock word names lives; our own words do. */
int sho__peer_alive(struct sho__peers *peers, uint32_t word);

/* The pid that the owner's slot shows; 0 if there is no such slot. */
uint32_t sho__peer_pid(struct sho__peers *peers, uint32_t word);

/* How many handles have the file open now. */
uint32_t sho__peers_alive(struct sho__peers *peers);

#endif
