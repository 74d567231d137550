/*
 * Structs of the API begin with their size, which the caller sets: so programs
 * and libraries of different versions know how much of one both have.
 */
#ifndef SHO_SIZED_H
#define SHO_SIZED_H

#include <stddef.h>

/*
 * Copies the caller's options over the defaults in *own, which has own_size
 * bytes and begins with a size_t size. SHO_EINVAL: the size is not set, or a
 * newer program asks for what this library does not know.
 */
int sho__options_take(void *own, size_t own_size, const void *options);

/*
 * Copies results, which have own_size bytes, to the caller's struct: as many of
 * the first bytes as both know. SHO_EINVAL: the size is not set.
 */
int sho__results_give(void *results, const void *own, size_t own_size);

#endif
