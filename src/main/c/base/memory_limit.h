/* How much memory the cgroups of this process leave to it. */
#ifndef SHO_MEMORY_LIMIT_H
#define SHO_MEMORY_LIMIT_H

#include <stdint.h>

/* Bytes that can be charged before the kernel ends a process: the least of the
 * process's own cgroup and those above it, page cache counted as free. proc:
 * "/proc/self/cgroup"; root: "/sys/fs/cgroup". UINT64_MAX: no limit is known.
 */
uint64_t sho__memory_room(const char *proc, const char *root);

#endif
