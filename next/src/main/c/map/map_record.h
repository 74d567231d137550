/* Records: what lies in a chunk. See layout.h, "A record". */
#ifndef SHO_MAP_RECORD_H
#define SHO_MAP_RECORD_H

#include <string.h>

#include "base/assert.h"
#include "map/map.h"

/* A record's header, and where it lies. */
struct sho__record {
  uint64_t number;
  uint32_t kind_and_key;
  uint32_t value_bytes;
  uint32_t checksum;
  uint64_t expiry_ms; /* 0: never */
};

static inline uint32_t sho__record_key_bytes(const struct sho__record *r) {
  return r->kind_and_key & SHO__MAX_KEY_BYTES;
}

static inline int sho__record_is(const struct sho__record *r, uint32_t kind) {
  return (r->kind_and_key & kind) != 0;
}

static inline int sho__record_is_entry(const struct sho__record *r) {
  return !sho__record_is(r, SHO__RECORD_PART | SHO__RECORD_TABLE);
}

/* Where the key begins, from the record's first byte on. */
static inline uint32_t sho__record_key_off(const struct sho__record *r) {
  return SHO__RECORD_BYTES + (sho__record_is(r, SHO__RECORD_EXPIRES) ? 8 : 0);
}

static inline unsigned sho__part_bits(const struct sho_map *map) {
  return map->geometry.chunk_bits - SHO__PARTS_OF_CHUNK_BITS;
}

/* Bytes of the value in each part. */
static inline uint64_t sho__part_payload(const struct sho_map *map) {
  return (UINT64_C(1) << sho__part_bits(map)) - SHO__RECORD_BYTES;
}

static inline uint64_t sho__parts_of(const struct sho_map *map,
                                     uint64_t value_bytes) {
  return value_bytes / sho__part_payload(map);
}

/* Where a large entry's list of parts begins. */
static inline uint64_t sho__record_list_off(const struct sho__record *r) {
  return (sho__record_key_off(r) + sho__record_key_bytes(r) + 3) & ~UINT64_C(3);
}

/* Header, expiry, key, list of parts, what of the value is no part, padding. No
 * overflow: lengths have 32 bits at most. */
static inline uint64_t sho__record_size(const struct sho_map *map,
                                        const struct sho__record *r) {
  uint64_t bytes = (uint64_t)sho__record_key_off(r) + sho__record_key_bytes(r) +
                   r->value_bytes;
  if (sho__record_is(r, SHO__RECORD_LARGE)) {
    uint64_t parts = sho__parts_of(map, r->value_bytes);
    bytes = sho__record_list_off(r) + parts * sizeof(uint32_t) +
            r->value_bytes - parts * sho__part_payload(map);
  }
  return (bytes + 7) & ~UINT64_C(7);
}

/* Whether a record of that header may lie there; else its numbers are not to be
 * used. */
static inline int sho__record_fits(const struct sho_map *map, uint64_t place,
                                   const struct sho__record *r) {
  return sho__in_chunk(map, place) + sho__record_size(map, r) <=
             sho__chunk_bytes(map) &&
         (!sho__record_is(r, SHO__RECORD_LARGE) ||
          r->value_bytes <= map->geometry.max_entry);
}

static inline uint32_t sho__load4_racy(const uint8_t *from) {
  uint32_t value;
  sho__copy_racy(&value, from, sizeof value);
  return value;
}

/* Copies a header. The place is valid, and no less than 24 bytes before the
 * pool's end, which records are not. */
static inline void sho__record_load(struct sho__record *r, const uint8_t *at) {
  r->number = sho__load8_racy(at);
  uint64_t lengths = sho__load8_racy(at + 8);
  r->kind_and_key = (uint32_t)lengths;
  r->value_bytes = (uint32_t)(lengths >> 32);
  r->checksum = sho__load4_racy(at + 16);
  r->expiry_ms = sho__record_is(r, SHO__RECORD_EXPIRES)
                     ? sho__load8_racy(at + SHO__RECORD_BYTES)
                     : 0;
}

static inline void sho__record_store(uint8_t *at, const struct sho__record *r) {
  sho__copy_racy(at, &r->number, 8);
  sho__copy_racy(at + 8, &r->kind_and_key, 4);
  sho__copy_racy(at + 12, &r->value_bytes, 4);
  sho__copy_racy(at + 16, &r->checksum, 4);
  if (sho__record_is(r, SHO__RECORD_EXPIRES)) {
    sho__copy_racy(at + SHO__RECORD_BYTES, &r->expiry_ms, 8);
  }
}

static inline uint8_t *sho__record_at(const struct sho_map *map,
                                      uint64_t place) {
  return map->pool + place;
}

static inline int sho__record_expired(const struct sho_map *map,
                                      const struct sho__record *r) {
  return r->expiry_ms != 0 && r->expiry_ms <= sho__map_now_ms(map);
}

/* The version's part of a checksum, apart: it is known last. */
static inline uint32_t sho__number_checksum(uint64_t number) {
  return (uint32_t)sho__hash_mix(number ^ SHO__HASH_S0, SHO__HASH_S1);
}

static inline uint32_t sho__value_checksum(const struct sho__record *r,
                                           uint64_t key_hash, const void *bytes,
                                           size_t count) {
  return (uint32_t)sho__hash(bytes, count, key_hash ^ r->expiry_ms);
}

/* The bytes that the checksum covers: what of the value is in the record. */
static inline uint64_t sho__record_own_value(const struct sho_map *map,
                                             const struct sho__record *r,
                                             uint64_t *off) {
  if (!sho__record_is(r, SHO__RECORD_LARGE)) {
    *off = sho__record_key_off(r) + sho__record_key_bytes(r);
    return r->value_bytes;
  }
  uint64_t parts = sho__parts_of(map, r->value_bytes);
  *off = sho__record_list_off(r) + parts * sizeof(uint32_t);
  return r->value_bytes - parts * sho__part_payload(map);
}

/* Marks a record that nothing names any more, under its shard's lock. Release:
 * who sees the mark sees that. 0: it was marked, which takes damage: its bytes
 * count as dead already. */
static inline int sho__record_mark_dead(const struct sho_map *map,
                                        uint64_t place) {
  void *word = sho__record_at(map, place) + 8;
  _Atomic uint32_t *kind = word;
  uint32_t was = atomic_load_explicit(kind, memory_order_relaxed);
  atomic_store_explicit(kind, was | SHO__RECORD_DEAD, memory_order_release);
  return (was & SHO__RECORD_DEAD) == 0;
}

/* The opposite, for a record that a power cut left marked and named. */
static inline void sho__record_unmark(const struct sho_map *map,
                                      uint64_t place) {
  void *word = sho__record_at(map, place) + 8;
  _Atomic uint32_t *kind = word;
  uint32_t was = atomic_load_explicit(kind, memory_order_relaxed);
  if ((was & SHO__RECORD_DEAD) != 0) {
    atomic_store_explicit(kind, was & ~SHO__RECORD_DEAD, memory_order_release);
  }
}

/* Where a table's buckets begin, from the record's first byte on. */
enum { SHO__TABLE_OFF = 64 };

static inline uint64_t sho__part_bytes(const struct sho_map *map) {
  return UINT64_C(1) << sho__part_bits(map);
}

#endif
