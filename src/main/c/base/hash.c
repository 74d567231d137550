/* A copy and its hash at once; secrets. */
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
  struct sho__hash_secret s = sho__hash_published();
  struct sho__hash_lanes lanes = sho__hash_lanes_init(sho__hash_start(seed, s));
  size_t left = bytes;
  for (; left > 48; left -= 48, in += 48, out += 48) {
    struct sho__hash_block w = sho__hash_read48(in);
    /* In registers, and not to be read again. */
    __asm__(""
            : "+r"(w.a), "+r"(w.b), "+r"(w.c), "+r"(w.d), "+r"(w.e), "+r"(w.f));
    write48(out, w);
    sho__hash_step(&lanes, w, s);
  }
  memcpy(out, in, left);
  return sho__hash_rest(out, left, sho__hash_lanes_end(&lanes), s);
}

static uint64_t next_secret(uint64_t *state) {
  uint64_t word;
  do {
    *state += UINT64_C(0x9e3779b97f4a7c15);
    word = *state;
    word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
    word ^= word >> 31;
  } while (__builtin_popcountll(word) != 32);
  return word;
}

struct sho__hash_key sho__hash_key_of(uint64_t seed) {
  struct sho__hash_key key;
  uint64_t state = seed;
  key.secret.s0 = next_secret(&state);
  key.secret.s1 = next_secret(&state);
  key.secret.s2 = next_secret(&state);
  key.secret.s7 = next_secret(&state);
  key.start = sho__hash_start(seed, key.secret);
  return key;
}
