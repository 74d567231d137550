/* A copy and its hash at once. */
#include "base/hash.h"

/* Word by word: whoever stores them as one struct waits for its parts. */
static inline void write48(uint8_t *p, struct sho__hash_block w) {
  memcpy(p, &w.a, 8);
  memcpy(p + 8, &w.b, 8);
  memcpy(p + 16, &w.c, 8);
  memcpy(p + 24, &w.d, 8);
  memcpy(p + 32, &w.e, 8);
  memcpy(p + 40, &w.f, 8);
}

uint64_t sho__hash_copy(void *to, const void *from, size_t bytes,
                        uint64_t seed) {
  uint8_t *out = to;
  const uint8_t *in = from;
  struct sho__hash_lanes lanes = sho__hash_lanes_init(seed ^ SHO__HASH_K0);
  size_t left = bytes;
  for (; left > 48; left -= 48, in += 48, out += 48) {
    struct sho__hash_block w = sho__hash_read48(in);
    /* In registers, and not to be read again. */
    __asm__(""
            : "+r"(w.a), "+r"(w.b), "+r"(w.c), "+r"(w.d), "+r"(w.e), "+r"(w.f));
    write48(out, w);
    sho__hash_step(&lanes, w);
  }
  memcpy(out, in, left);
  return sho__hash_rest(out, left, sho__hash_lanes_end(&lanes), bytes);
}
