#include "base/sized.h"

#include <stdint.h>
#include <string.h>

#include "base/error.h"

/* What was never set, or is no size of a struct of ours, of whatever version.
 */
enum { LARGEST = 4096 };

static int size_of(const void *given, size_t *size) {
  memcpy(size, given, sizeof *size);
  if (*size <= sizeof *size || *size > LARGEST) {
    return sho__fail(SHO_EINVAL,
                     "a struct begins with its size, which is not %zu: set "
                     "the field to the struct's sizeof",
                     *size);
  }
  return SHO_OK;
}

int sho__options_take(void *own, size_t own_size, const void *options) {
  const uint8_t *bytes = options;
  size_t size;
  int code = size_of(options, &size);
  if (code != SHO_OK) {
    return code;
  }
  for (size_t i = own_size; i < size; i++) {
    if (bytes[i] != 0) {
      return sho__fail(SHO_EINVAL,
                       "the options ask for something that this library does "
                       "not know; use a newer one");
    }
  }
  memcpy(own, options, size < own_size ? size : own_size);
  return SHO_OK;
}

int sho__results_give(void *results, const void *own, size_t own_size) {
  size_t size;
  int code = size_of(results, &size);
  if (code == SHO_OK) {
    size_t both = size < own_size ? size : own_size;
    memcpy((uint8_t *)results + sizeof size, (const uint8_t *)own + sizeof size,
           both - sizeof size);
  }
  return code;
}
