/*
 * From a key to its slot and entry, inline: the hot path of all reads and
 * writes. See layout.h, "A bucket of a shard's table".
 *
 * A reader takes no lock. In this order it reads the word of the shard's table,
 * a slot, the generation of the chunk that the slot names; then slot and word
 * again. If both are as before, then at that moment the slot was the key's, and
 * named an entry of that generation. After it has copied the entry it reads the
 * generation again: if that is as before, none of what it copied was
 * overwritten.
 */
#ifndef SHO_MAP_FIND_H
#define SHO_MAP_FIND_H

#include "base/assert.h"
#include "map/map_record.h"

/* A shard's table: checked, so that all its slots lie in one chunk. */
struct sho__table {
  struct sho__bucket_shm *first;
  uint64_t buckets; /* 0: there is none */
  uint64_t place;
};

struct sho__hit {
  _Atomic uint64_t *slot;
  uint64_t slot_value;
  uint64_t place;
  uint64_t gen;  /* of its chunk */
  uint64_t word; /* of the shard's table */
  _Atomic uint64_t *word_at;
  const uint8_t *at;
  struct sho__record record; /* a copy of its header */
};

enum sho__lookup { SHO__MISS = 0, SHO__HIT = 1, SHO__MOVED = 2 };

static inline uint64_t sho__table_place(uint64_t word) {
  return (word >> SHO__TABLE_BUCKETS_BITS &
          ((UINT64_C(1) << SHO__TABLE_PLACE_BITS) - 1))
         << SHO__TABLE_PLACE_SHIFT;
}

/* 0: damaged. */
static inline int sho__table_decode(const struct sho_map *map, uint64_t word,
                                    struct sho__table *table) {
  uint64_t place = sho__table_place(word);
  uint64_t buckets = word & ((1U << SHO__TABLE_BUCKETS_BITS) - 1);
  uint64_t off = sho__in_chunk(map, place);
  if (buckets == 0 || !sho__place_valid(map, place) || off < SHO__TABLE_OFF ||
      off + buckets * sizeof(struct sho__bucket_shm) > sho__chunk_bytes(map)) {
    *table = (struct sho__table){0};
    return place == 0 && buckets == 0;
  }
  *table = (struct sho__table){
      .first = (struct sho__bucket_shm *)(void *)(map->pool + place),
      .buckets = buckets,
      .place = place};
  return 1;
}

static inline uint64_t sho__bucket_of(const struct sho__table *table,
                                      uint64_t tag) {
  return tag * table->buckets >> SHO__SLOT_TAG_BITS;
}

/* The bucket where the search for a tag begins. NULL: there is no table. */
static inline struct sho__bucket_shm *
sho__bucket_home(const struct sho__table *table, uint64_t tag) {
  return table->buckets == 0 ? NULL : table->first + sho__bucket_of(table, tag);
}

static inline struct sho__bucket_shm *
sho__bucket_next(const struct sho__table *table,
                 struct sho__bucket_shm *bucket) {
  bucket++;
  return bucket == table->first + table->buckets ? table->first : bucket;
}

/* Whether what was copied of an entry is whole. Fences by itself. */
static inline int sho__hit_still(const struct sho_map *map,
                                 const struct sho__hit *hit) {
  sho__fence_after_copy();
  return sho__load_relaxed(&map->gens[sho__chunk_of(map, hit->place)]) ==
         hit->gen;
}

/* Whether the slot names what it named, and its table is the shard's. */
static inline int sho__hit_is_named(const struct sho__hit *hit) {
  uint64_t again = sho__load_acquire(hit->slot);
  return ((again ^ hit->slot_value) & ~SHO__SLOT_VISITED) == 0 &&
         sho__load_acquire(hit->word_at) == hit->word;
}

/* Whether what was copied of an entry and of its parts is whole: while a slot
 * names the entry, nobody uses its parts for something else. The slot first: if
 * it came to name the same place anew, the generation shows it. */
static inline int sho__hit_whole(const struct sho_map *map,
                                 const struct sho__hit *hit) {
  sho__fence_after_copy();
  return sho__hit_is_named(hit) && sho__hit_still(map, hit);
}

/* The header that a slot names, read without the lock. What is known of *hit
 * are slot, slot_value and word. MISS: damaged. */
static inline enum sho__lookup sho__hit_load(const struct sho_map *map,
                                             struct sho__hit *hit) {
  hit->place = sho__slot_place(hit->slot_value);
  if (!sho__place_valid(map, hit->place) ||
      sho__in_chunk(map, hit->place) + 24 > sho__chunk_bytes(map)) {
    return SHO__MISS; /* damaged */
  }
  hit->at = sho__record_at(map, hit->place);
  __builtin_prefetch(hit->at);
  __builtin_prefetch(hit->at + 64);
  hit->gen = sho__load_acquire(&map->gens[sho__chunk_of(map, hit->place)]);
  if (!sho__hit_is_named(hit)) {
    return SHO__MOVED;
  }
  sho__record_load(&hit->record, hit->at);
  if (sho__record_is_entry(&hit->record) &&
      sho__record_fits(map, hit->place, &hit->record)) {
    return SHO__HIT;
  }
  return sho__hit_still(map, hit) ? SHO__MISS : SHO__MOVED;
}

static inline enum sho__lookup sho__hit_match(const struct sho_map *map,
                                              const void *key, size_t key_bytes,
                                              struct sho__hit *hit) {
  enum sho__lookup found = sho__hit_load(map, hit);
  if (found != SHO__HIT) {
    return found;
  }
  if (sho__record_key_bytes(&hit->record) == key_bytes &&
      sho__equal_racy(hit->at + sho__record_key_off(&hit->record), key,
                      key_bytes)) {
    return SHO__HIT;
  }
  return sho__hit_still(map, hit) ? SHO__MISS : SHO__MOVED;
}

/* Where in a bucket the search for a tag begins. */
static inline unsigned sho__slot_home(uint64_t tag) {
  return (unsigned)((tag & 0xff) * SHO__BUCKET_SLOTS >> 8);
}

static inline unsigned sho__slot_next(unsigned slot) {
  return slot == SHO__BUCKET_SLOTS - 1 ? 0 : slot + 1;
}

/*
 * Looks a key up, with or without the lock, in the table that hit->word names.
 * HIT: the header in *hit was the key's when it was copied, and hit->slot named
 * it; what is read of the entry after that is to be believed only if
 * sho__hit_still then says so. MOVED (never under the lock): a writer was
 * faster, look again.
 */
static inline enum sho__lookup sho__find_in(const struct sho_map *map,
                                            const struct sho__table *table,
                                            uint64_t tag, const void *key,
                                            size_t key_bytes,
                                            struct sho__hit *hit) {
  uint64_t wanted = tag << SHO__SLOT_PLACE_BITS;
  struct sho__bucket_shm *bucket = sho__bucket_home(table, tag);
  for (uint64_t n = 0; n < table->buckets; n++) {
    unsigned i = sho__slot_home(tag);
    for (int k = 0; k < SHO__BUCKET_SLOTS; k++, i = sho__slot_next(i)) {
      uint64_t slot_value = sho__load_acquire(&bucket->slots[i]);
      if (((slot_value ^ wanted) & SHO__SLOT_TAG_MASK) != 0 ||
          (slot_value & SHO__SLOT_PLACE_MASK) == 0) {
        continue;
      }
      hit->slot = &bucket->slots[i];
      hit->slot_value = slot_value;
      enum sho__lookup found = sho__hit_match(map, key, key_bytes, hit);
      if (found != SHO__MISS) {
        return found;
      }
    }
    if (sho__load_acquire(&bucket->overflow) == 0) {
      break;
    }
    bucket = sho__bucket_next(table, bucket);
  }
  return sho__load_acquire(hit->word_at) == hit->word ? SHO__MISS : SHO__MOVED;
}

static inline enum sho__lookup sho__find(const struct sho_map *map,
                                         uint64_t hash, const void *key,
                                         size_t key_bytes,
                                         struct sho__hit *hit) {
  struct sho__table table;
  hit->word_at = &map->tables[sho__shard_of(map, hash)];
  hit->word = sho__load_acquire(hit->word_at);
  sho__table_decode(map, hit->word, &table);
  return sho__find_in(map, &table, sho__tag_of(map, hash), key, key_bytes, hit);
}

/* For who will look a key up, but has something else to do first: fetches its
 * shard and its bucket. Answers the shard's table. */
static inline struct sho__table sho__find_prepare(const struct sho_map *map,
                                                  uint64_t hash,
                                                  uint32_t number,
                                                  uint64_t tag) {
  struct sho__table table;
  __builtin_prefetch(&map->shards[number]);
  __builtin_prefetch(sho__wait_of(map, hash));
  sho__table_decode(map, sho__load_acquire(&map->tables[number]), &table);
  __builtin_prefetch(sho__bucket_home(&table, tag));
  return table;
}

/* A guess: the place of the first entry of the key's tag, which is fetched; ~0:
 * there is none. Memory of an old table may be something else by now, so the
 * place is only valid. */
static inline uint64_t sho__find_guess(const struct sho_map *map,
                                       const struct sho__table *table,
                                       uint64_t tag) {
  struct sho__bucket_shm *bucket = sho__bucket_home(table, tag);
  for (uint64_t n = 0; n < table->buckets; n++) {
    unsigned i = sho__slot_home(tag);
    for (int k = 0; k < SHO__BUCKET_SLOTS; k++, i = sho__slot_next(i)) {
      uint64_t slot = sho__load_relaxed(&bucket->slots[i]);
      uint64_t place = sho__slot_place(slot);
      if (((slot >> SHO__SLOT_PLACE_BITS ^ tag) &
           (SHO__SLOT_TAG_MASK >> SHO__SLOT_PLACE_BITS)) == 0 &&
          sho__place_valid(map, place)) {
        __builtin_prefetch(sho__record_at(map, place));
        __builtin_prefetch(sho__record_at(map, place) + 40);
        return place;
      }
    }
    if (sho__load_relaxed(&bucket->overflow) == 0) {
      break;
    }
    bucket = sho__bucket_next(table, bucket);
  }
  return UINT64_MAX;
}

#endif
