/* Error codes are in shareobject.h; this is how the library sets their words.
 */
#ifndef SHO_ERROR_H
#define SHO_ERROR_H

#include "shareobject.h"

/* Keeps the sentence for sho_last_message and answers code, so that a failure
 * reads `return sho__fail(SHO_EFULL, "...", ...)`. Truncates at 511 bytes. */
__attribute__((cold, format(printf, 2, 3))) int
sho__fail(int code, const char *format, ...);

/* SHO_EABSENT: "name has no such key". Formats nothing: misses are frequent. */
int sho__fail_absent(const char *name);

/* As sho__fail, with the system's words for errno behind it. ENOSPC and EDQUOT
 * become SHO_ENOSPC, EACCES, EPERM and EROFS SHO_EACCESS, ENOENT SHO_ENOENT,
 * ENOMEM SHO_ENOMEM, anything else SHO_ESYSTEM. */
__attribute__((format(printf, 2, 3))) int
sho__fail_errno(int error, const char *format, ...);

#endif
