/*
 * Crash points: places at which a test has the process killed, to prove that
 * the others go on. They exist only where SHO_TEST_HOOKS is defined, which no
 * released library is.
 */
#ifndef SHO_CRASH_H
#define SHO_CRASH_H

#ifdef SHO_TEST_HOOKS

/* The process kills itself (SIGKILL) when it reaches the named point for the
 * count-th time, 1 for the first; NULL: it does not. */
void sho__crash_at(const char *point, unsigned count);

/* The name of the index-th point that was ever reached, or NULL. */
const char *sho__crash_reached(unsigned index);

void sho__crash_point(const char *point);

#define SHO_CRASH_POINT(point) sho__crash_point(point)
#else
#define SHO_CRASH_POINT(point) ((void)0)
#endif

#endif
