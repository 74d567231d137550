/*
 * A 64-bit hash of bytes, for the map's index and for checksums. The same
 * bytes, seed and secret give the same hash on every platform: docs/format.md
 * has the definition and test vectors. It is rapidhashNano of rapidhash V3
 * (Nicolas De Carli, MIT licence; after Wang Yi's wyhash), which passes all
 * tests of SMHasher and SMHasher3: folded 64x64 to 128 bit multiplications, 16
 * or 48 bytes a step.
 *
 * A factor of such a multiplication that is 0 takes the other one out of the
 * result. With the published secret anybody can choose bytes that make it 0. So
 * keys are hashed with a secret that is derived from the file's seed, which an
 * attacker has to guess: 64 bits. Checksums, which guard against accidents, use
 * the published secret.
 */
#ifndef SHO_HASH_H
#define SHO_HASH_H

#include "base/atomics.h"
#include <stddef.h>
#include <stdint.h>

/* Words 0, 1, 2 and 7 of the published secret; the others are not used. */
#define SHO__HASH_S0 UINT64_C(0x2d358dccaa6c78a5)
#define SHO__HASH_S1 UINT64_C(0x8bb84b93962eacc9)
#define SHO__HASH_S2 UINT64_C(0x4b33a62ed433d4a3)
#define SHO__HASH_S7 UINT64_C(0xaaaaaaaaaaaaaaaa)

struct sho__hash_secret {
  uint64_t s0, s1, s2, s7;
};

/* A secret of one's own, and what a seed makes of it. */
struct sho__hash_key {
  struct sho__hash_secret secret;
  uint64_t start;
};

static inline struct sho__hash_secret sho__hash_published(void) {
  return (struct sho__hash_secret){SHO__HASH_S0, SHO__HASH_S1, SHO__HASH_S2,
                                   SHO__HASH_S7};
}

static inline uint64_t sho__hash_mix(uint64_t a, uint64_t b) {
  __extension__ typedef unsigned __int128 uint128;
  uint128 product = (uint128)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The bytes may be shared, and another record's by now. */
static inline uint64_t sho__hash_read8(const uint8_t *p) {
  return sho__load8_racy(p);
}

static inline uint64_t sho__hash_read4(const uint8_t *p) {
  uint32_t value;
  sho__copy_racy(&value, p, sizeof value);
  return value;
}

static inline uint64_t sho__hash_start(uint64_t seed,
                                       struct sho__hash_secret s) {
  return seed ^ sho__hash_mix(seed ^ s.s2, s.s1);
}

/* The last step: a and b hold the final up to 16 of so many bytes. */
static inline uint64_t sho__hash_end(uint64_t a, uint64_t b, uint64_t h,
                                     size_t bytes, struct sho__hash_secret s) {
  __extension__ typedef unsigned __int128 uint128;
  uint128 product = (uint128)(a ^ s.s1) * (b ^ h);
  return sho__hash_mix((uint64_t)product ^ s.s7,
                       (uint64_t)(product >> 64) ^ s.s1 ^ (uint64_t)bytes);
}

/* Up to 16 bytes, and none before them. */
static inline uint64_t sho__hash_few(const uint8_t *p, size_t bytes, uint64_t h,
                                     struct sho__hash_secret s) {
  if (bytes >= 8) {
    return sho__hash_end(sho__hash_read8(p), sho__hash_read8(p + bytes - 8),
                         h ^ (uint64_t)bytes, bytes, s);
  }
  if (bytes >= 4) {
    return sho__hash_end(sho__hash_read4(p), sho__hash_read4(p + bytes - 4),
                         h ^ (uint64_t)bytes, bytes, s);
  }
  if (bytes == 0) {
    return sho__hash_end(0, 0, h, 0, s);
  }
  return sho__hash_end((uint64_t)p[0] << 45 | (uint64_t)p[bytes - 1],
                       p[bytes / 2], h, bytes, s);
}

/* The last 1 to 48 of more than 16 bytes; those before them lie before p. */
static inline uint64_t sho__hash_rest(const uint8_t *p, size_t left, uint64_t h,
                                      struct sho__hash_secret s) {
  if (left > 16) {
    h = sho__hash_mix(sho__hash_read8(p) ^ s.s2, sho__hash_read8(p + 8) ^ h);
  }
  if (left > 32) {
    h = sho__hash_mix(sho__hash_read8(p + 16) ^ s.s2,
                      sho__hash_read8(p + 24) ^ h);
  }
  return sho__hash_end(sho__hash_read8(p + left - 16) ^ (uint64_t)left,
                       sho__hash_read8(p + left - 8), h, left, s);
}

/* Three hashes side by side, of every third 16 bytes each. */
struct sho__hash_lanes {
  uint64_t h[3];
};

static inline struct sho__hash_lanes sho__hash_lanes_init(uint64_t h) {
  return (struct sho__hash_lanes){{h, h, h}};
}

/* 48 bytes, in numbers. */
struct sho__hash_block {
  uint64_t a, b, c, d, e, f;
};

static inline struct sho__hash_block sho__hash_read48(const uint8_t *p) {
  return (struct sho__hash_block){
      sho__hash_read8(p),      sho__hash_read8(p + 8),
      sho__hash_read8(p + 16), sho__hash_read8(p + 24),
      sho__hash_read8(p + 32), sho__hash_read8(p + 40)};
}

static inline void sho__hash_step(struct sho__hash_lanes *lanes,
                                  struct sho__hash_block w,
                                  struct sho__hash_secret s) {
  uint64_t *h = lanes->h;
  h[0] = sho__hash_mix(w.a ^ s.s0, w.b ^ h[0]);
  h[1] = sho__hash_mix(w.c ^ s.s1, w.d ^ h[1]);
  h[2] = sho__hash_mix(w.e ^ s.s2, w.f ^ h[2]);
}

static inline uint64_t
sho__hash_lanes_end(const struct sho__hash_lanes *lanes) {
  return lanes->h[0] ^ lanes->h[1] ^ lanes->h[2];
}

static inline uint64_t sho__hash_with(const void *data, size_t bytes,
                                      uint64_t h, struct sho__hash_secret s) {
  const uint8_t *p = data;
  if (bytes <= 16) {
    return sho__hash_few(p, bytes, h, s);
  }
  size_t left = bytes;
  if (left > 48) {
    struct sho__hash_lanes lanes = sho__hash_lanes_init(h);
    for (; left > 48; left -= 48, p += 48) {
      sho__hash_step(&lanes, sho__hash_read48(p), s);
    }
    h = sho__hash_lanes_end(&lanes);
  }
  return sho__hash_rest(p, left, h, s);
}

/* With the published secret: for checksums. */
static inline uint64_t sho__hash(const void *data, size_t bytes,
                                 uint64_t seed) {
  struct sho__hash_secret s = sho__hash_published();
  return sho__hash_with(data, bytes, sho__hash_start(seed, s), s);
}

/* With a secret of one's own: for keys, which an adversary may choose. */
static inline uint64_t sho__hash_keyed(const void *data, size_t bytes,
                                       const struct sho__hash_key *key) {
  return sho__hash_with(data, bytes, key->start, key->secret);
}

/*
 * The secret that follows from a seed: the first four numbers of the sequence
 * SplitMix64 that have 32 bits set, as wyhash and rapidhash ask of a secret.
 */
struct sho__hash_key sho__hash_key_of(uint64_t seed);

#endif
