/*
 * A 64-bit hash of bytes, for the map's index and for checksums. The same
 * bytes and seed give the same hash on every platform: docs/format.md has the
 * definition and test vectors. After Wang Yi's wyhash (public domain): folded
 * 64x64 to 128 bit multiplications, 16 or 48 bytes a step.
 */
#ifndef SHO_HASH_H
#define SHO_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SHO__HASH_K0 UINT64_C(0xa0761d6478bd642f)
#define SHO__HASH_K1 UINT64_C(0xe7037ed1a0b428db)
#define SHO__HASH_K2 UINT64_C(0x8ebc6af09c88c6e3)
#define SHO__HASH_K3 UINT64_C(0x589965cc75374cc3)

static inline uint64_t sho__hash_mix(uint64_t a, uint64_t b) {
  __extension__ typedef unsigned __int128 uint128;
  uint128 product = (uint128)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t sho__hash_read8(const uint8_t *p) {
  uint64_t value;
  memcpy(&value, p, 8);
  return value;
}

static inline uint64_t sho__hash_read4(const uint8_t *p) {
  uint32_t value;
  memcpy(&value, p, 4);
  return value;
}

/* The last step: a and b hold the final up to 16 bytes. */
static inline uint64_t sho__hash_end(uint64_t a, uint64_t b, uint64_t h,
                                     size_t bytes) {
  return sho__hash_mix(SHO__HASH_K1 ^ (uint64_t)bytes,
                       sho__hash_mix(a ^ SHO__HASH_K1, b ^ h));
}

static inline uint64_t sho__hash(const void *data, size_t bytes,
                                 uint64_t seed) {
  const uint8_t *p = data;
  uint64_t h = seed ^ SHO__HASH_K0;
  if (bytes <= 16) {
    if (bytes >= 8) {
      return sho__hash_end(sho__hash_read8(p), sho__hash_read8(p + bytes - 8),
                           h, bytes);
    }
    if (bytes >= 4) {
      return sho__hash_end(sho__hash_read4(p), sho__hash_read4(p + bytes - 4),
                           h, bytes);
    }
    if (bytes == 0) {
      return sho__hash_end(0, 0, h, 0);
    }
    uint64_t a = (uint64_t)p[0] << 16 | (uint64_t)p[bytes / 2] << 8 |
                 (uint64_t)p[bytes - 1];
    return sho__hash_end(a, 0, h, bytes);
  }
  size_t left = bytes;
  if (left > 48) {
    uint64_t h1 = h;
    uint64_t h2 = h;
    do {
      h = sho__hash_mix(sho__hash_read8(p) ^ SHO__HASH_K1,
                        sho__hash_read8(p + 8) ^ h);
      h1 = sho__hash_mix(sho__hash_read8(p + 16) ^ SHO__HASH_K2,
                         sho__hash_read8(p + 24) ^ h1);
      h2 = sho__hash_mix(sho__hash_read8(p + 32) ^ SHO__HASH_K3,
                         sho__hash_read8(p + 40) ^ h2);
      p += 48;
      left -= 48;
    } while (left > 48);
    h ^= h1 ^ h2;
  }
  while (left > 16) {
    h = sho__hash_mix(sho__hash_read8(p) ^ SHO__HASH_K1,
                      sho__hash_read8(p + 8) ^ h);
    p += 16;
    left -= 16;
  }
  return sho__hash_end(sho__hash_read8(p + left - 16),
                       sho__hash_read8(p + left - 8), h, bytes);
}

#endif
