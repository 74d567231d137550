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

/* Up to 16 bytes, and none before them. */
static inline uint64_t sho__hash_few(const uint8_t *p, size_t bytes,
                                     uint64_t h) {
  if (bytes >= 8) {
    return sho__hash_end(sho__hash_read8(p), sho__hash_read8(p + bytes - 8), h,
                         bytes);
  }
  if (bytes >= 4) {
    return sho__hash_end(sho__hash_read4(p), sho__hash_read4(p + bytes - 4), h,
                         bytes);
  }
  if (bytes == 0) {
    return sho__hash_end(0, 0, h, 0);
  }
  uint64_t a = (uint64_t)p[0] << 16 | (uint64_t)p[bytes / 2] << 8 |
               (uint64_t)p[bytes - 1];
  return sho__hash_end(a, 0, h, bytes);
}

/* The last 1 to 48 of more than 16 bytes; those before them lie before p. */
static inline uint64_t sho__hash_rest(const uint8_t *p, size_t left, uint64_t h,
                                      size_t bytes) {
  while (left > 16) {
    h = sho__hash_mix(sho__hash_read8(p) ^ SHO__HASH_K1,
                      sho__hash_read8(p + 8) ^ h);
    p += 16;
    left -= 16;
  }
  return sho__hash_end(sho__hash_read8(p + left - 16),
                       sho__hash_read8(p + left - 8), h, bytes);
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
                                  struct sho__hash_block w) {
  uint64_t *h = lanes->h;
  h[0] = sho__hash_mix(w.a ^ SHO__HASH_K1, w.b ^ h[0]);
  h[1] = sho__hash_mix(w.c ^ SHO__HASH_K2, w.d ^ h[1]);
  h[2] = sho__hash_mix(w.e ^ SHO__HASH_K3, w.f ^ h[2]);
}

static inline uint64_t
sho__hash_lanes_end(const struct sho__hash_lanes *lanes) {
  return lanes->h[0] ^ lanes->h[1] ^ lanes->h[2];
}

static inline uint64_t sho__hash(const void *data, size_t bytes,
                                 uint64_t seed) {
  const uint8_t *p = data;
  uint64_t h = seed ^ SHO__HASH_K0;
  if (bytes <= 16) {
    return sho__hash_few(p, bytes, h);
  }
  size_t left = bytes;
  if (left > 48) {
    struct sho__hash_lanes lanes = sho__hash_lanes_init(h);
    for (; left > 48; left -= 48, p += 48) {
      sho__hash_step(&lanes, sho__hash_read48(p));
    }
    h = sho__hash_lanes_end(&lanes);
  }
  return sho__hash_rest(p, left, h, bytes);
}

/*
 * Copies more than 48 bytes, and answers the hash of the copy, also if somebody
 * changes the original meanwhile: each byte is read from there once.
 */
uint64_t sho__hash_copy(void *to, const void *from, size_t bytes,
                        uint64_t seed);

#endif
