/* Secrets. */
#include "base/hash.h"

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
