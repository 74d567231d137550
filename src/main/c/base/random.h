/* Random numbers from the system, for ids and hash seeds. */
#ifndef SHO_RANDOM_H
#define SHO_RANDOM_H

#include <stdint.h>

/* 64 random bits; from the clock and the pid where the system gives none. */
uint64_t sho__random(void);

#endif
