/*
 * Asserts what this process alone can break: arguments of internal calls,
 * private state, results that were checked. Never what is read from shared
 * memory, where a peer may have stored anything: that is validated, and an
 * error. Checked where SHO_TEST_HOOKS is on, in all C tests and fuzzers; a
 * library that users load never aborts.
 */
#ifndef SHO_ASSERT_H
#define SHO_ASSERT_H

#ifdef SHO_TEST_HOOKS
#include <assert.h>
#define SHO_ASSERT(condition) assert(condition)
#else
#define SHO_ASSERT(condition) ((void)sizeof(condition))
#endif

#endif
