/* Which boot of the machine this is. */
#ifndef SHO_BOOT_H
#define SHO_BOOT_H

#include <stdint.h>

/* 128 bits that differ from boot to boot and are the same in all containers of
 * a host; zeros where the system tells none. */
void sho__boot_id(uint64_t id[2]);

/*
 * Milliseconds that this process's boot clock (sho__now_ns) is ahead of the
 * host's: a time namespace may have a boot clock of its own. 0 where the system
 * has none. Answers 0, or -1: not known, since the process is in one namespace
 * and its children are to be in another.
 */
int sho__boot_clock_ahead_ms(int64_t *ahead_ms);

#endif
