/* Which boot of the machine this is. */
#ifndef SHO_BOOT_H
#define SHO_BOOT_H

#include <stdint.h>

/* 128 bits that differ from boot to boot and are the same in all containers of
 * a host; zeros where the system tells none. */
void sho__boot_id(uint64_t id[2]);

#endif
