/*
 * A fault inside a mapping becomes a state that its owner reads.
 *
 * Another process may truncate a file that we have mapped; the next access
 * behind its new end raises SIGBUS. The handler looks for the address in the
 * guarded ranges. If one contains it, the handler puts zero pages from the
 * faulting page to the range's end, sets the range's state to SHO_EIO, and lets
 * the access continue, in whatever thread and language it is. Every operation
 * checks the state before it returns, so what was read from, or written to,
 * those zero pages is never reported as a success. Any other fault goes to the
 * previous handler, for instance the JVM's.
 *
 * The handler is installed by sigaction when the first range is guarded, and
 * stays. Under libjsig it is the JVM's handler that calls ours.
 */
#ifndef SHO_GUARD_H
#define SHO_GUARD_H

#include "base/atomics.h"

struct sho__guard;

/* Guards [base, base + bytes). state: SHO_OK now, set to SHO_EIO by a fault.
 * SHO_ENOMEM or SHO_ESYSTEM on failure. Ranges must not overlap. */
int sho__guard_add(void *base, size_t bytes, _Atomic int *state,
                   struct sho__guard **guard);

/* Lays zero pages of our own over mapped pages, at once for all threads that
 * read and write there. Async-signal-safe. They count in no limit of data or
 * commitment. A child made by fork() shares them. Answers 1, or 0 if it
 * cannot. */
int sho__lay_zero_pages(void *base, size_t bytes);

/* Calls visit with the state of each range that is guarded. Takes no lock. */
void sho__guard_each(void (*visit)(_Atomic int *state));

/* Ends it. To be called before the range is unmapped. */
void sho__guard_remove(struct sho__guard *guard);

/* Held while ranges are added and removed; around a fork(), so that the child
 * finds it free. */
void sho__guard_lock(void);
void sho__guard_unlock(void);

#endif
