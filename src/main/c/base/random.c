#include "base/random.h"

#include <sys/random.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/wait.h"

uint64_t sho__random(void) {
  uint64_t bits;
  if (getentropy(&bits, sizeof bits) != 0) {
    bits = sho__hash_mix((uint64_t)sho__now_ns(), (uint64_t)getpid());
  }
  return bits;
}
