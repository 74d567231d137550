/*
 * A lock of one word in shared memory that a dead owner cannot keep.
 * See layout.h, "lock word".
 *
 * The owner is a handle (a peer), not a thread: threads of one handle exclude
 * each other as processes do, and whichever of them has it may unlock. Not
 * reentrant. Unlocking stores 0 with release, locking reads with acquire.
 */
#ifndef SHO_LOCK_H
#define SHO_LOCK_H

#include "peer.h"

/*
 * Locks. *recover is set to 1 if the lock was taken over from a dead owner:
 * the caller then repairs what the lock protects before it does anything else
 * (if it dies in that, the next owner is told the same), else to 0.
 * An owner that dies is found out within some 5 ms. One that lives but does
 * not go on: SHO_EBUSY with its pid after the lock timeout. SHO_ECLOSED,
 * SHO_EIO: the region's state says so.
 */
int sho__lock(struct sho__peers *peers, _Atomic uint32_t *word, int *recover);

/*
 * One turn of waiting for a lock: tries, and if it is held sleeps some 5 ms at
 * most, and asks whether the owner lives. Answers SHO_OK: locked; 1: not yet;
 * SHO_ECLOSED, SHO_EIO. *holder: the word as it was found, if not yet.
 */
int sho__lock_turn(struct sho__peers *peers, _Atomic uint32_t *word,
                   int *recover, uint32_t *holder);

/* Unlocks and wakes one who sleeps, if any may. */
void sho__unlock(_Atomic uint32_t *word);

#endif
