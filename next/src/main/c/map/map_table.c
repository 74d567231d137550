/* A shard's table, for the owner of its lock. */
#include <stdlib.h>

#include "map/map_shard.h"

_Atomic uint64_t *sho__table_slot_of(const struct sho__table *table,
                                     uint64_t tag, uint64_t place) {
  uint64_t wanted = tag << SHO__SLOT_PLACE_BITS | sho__slot_named(place);
  struct sho__bucket_shm *bucket = sho__bucket_home(table, tag);
  for (uint64_t n = 0; n < table->buckets; n++) {
    for (int i = 0; i < SHO__BUCKET_SLOTS; i++) {
      if ((sho__load_relaxed(&bucket->slots[i]) & ~SHO__SLOT_VISITED) ==
          wanted) {
        return &bucket->slots[i];
      }
    }
    if (sho__load_relaxed(&bucket->overflow) == 0) {
      return NULL;
    }
    bucket = sho__bucket_next(table, bucket);
  }
  return NULL;
}

uint64_t sho__table_count_tag(const struct sho__table *table, uint64_t tag) {
  uint64_t wanted = tag << SHO__SLOT_PLACE_BITS;
  uint64_t count = 0;
  struct sho__bucket_shm *bucket = sho__bucket_home(table, tag);
  for (uint64_t n = 0; n < table->buckets; n++) {
    for (int i = 0; i < SHO__BUCKET_SLOTS; i++) {
      uint64_t slot = sho__load_relaxed(&bucket->slots[i]);
      count += ((slot ^ wanted) & SHO__SLOT_TAG_MASK) == 0 &&
               (slot & SHO__SLOT_PLACE_MASK) != 0;
    }
    if (sho__load_relaxed(&bucket->overflow) == 0) {
      break;
    }
    bucket = sho__bucket_next(table, bucket);
  }
  return count;
}

/* The first from the home slot on. */
static _Atomic uint64_t *free_slot(struct sho__bucket_shm *bucket,
                                   uint64_t tag) {
  unsigned i = sho__slot_home(tag);
  for (int k = 0; k < SHO__BUCKET_SLOTS; k++, i = sho__slot_next(i)) {
    if (sho__load_relaxed(&bucket->slots[i]) == 0) {
      return &bucket->slots[i];
    }
  }
  return NULL;
}

int sho__table_insert(const struct sho__table *table, uint64_t tag,
                      uint64_t slot_value) {
  struct sho__bucket_shm *home = sho__bucket_home(table, tag);
  struct sho__bucket_shm *bucket = home;
  for (uint64_t n = 0; n < table->buckets; n++) {
    _Atomic uint64_t *slot = free_slot(bucket, tag);
    if (slot != NULL) {
      for (struct sho__bucket_shm *b = home; b != bucket;
           b = sho__bucket_next(table, b)) {
        sho__increment_owned(&b->overflow);
        SHO_CRASH_POINT("map: overflow counted");
      }
      sho__store_release(slot, slot_value);
      return 0;
    }
    bucket = sho__bucket_next(table, bucket);
  }
  return -1;
}

void sho__table_remove(const struct sho__table *table, uint64_t tag,
                       _Atomic uint64_t *slot) {
  struct sho__bucket_shm *home = sho__bucket_home(table, tag);
  struct sho__bucket_shm *bucket =
      table->first + sho__table_bucket(table, slot);
  sho__store_release(slot, 0);
  SHO_CRASH_POINT("map: slot emptied");
  for (struct sho__bucket_shm *b = home; b != bucket;
       b = sho__bucket_next(table, b)) {
    uint64_t overflow = sho__load_relaxed(&b->overflow);
    /* Release: who sees the count sees that the slot is empty. */
    sho__store_release(&b->overflow, overflow - (overflow > 0));
    SHO_CRASH_POINT("map: overflow discounted");
  }
}

void sho__table_count(const struct sho__table *table, uint32_t *overflow) {
  for (uint64_t i = 0; i < sho__table_slots(table); i++) {
    uint64_t slot = sho__load_relaxed(sho__table_slot(table, i));
    if (slot != 0) {
      uint64_t tag = (slot & SHO__SLOT_TAG_MASK) >> SHO__SLOT_PLACE_BITS;
      uint64_t to = i / SHO__BUCKET_SLOTS;
      for (uint64_t b = sho__bucket_of(table, tag); b != to;
           b = b + 1 == table->buckets ? 0 : b + 1) {
        overflow[b]++;
      }
    }
  }
}

int sho__table_recount(const struct sho__table *table) {
  uint32_t *overflow = calloc(table->buckets, sizeof *overflow);
  if (overflow == NULL) {
    return 0;
  }
  sho__table_count(table, overflow);
  for (uint64_t b = 0; b < table->buckets; b++) {
    _Atomic uint64_t *count = &table->first[b].overflow;
    if (sho__load_relaxed(count) != overflow[b]) { /* no page is made dirty */
      sho__store_relaxed(count, overflow[b]);
    }
  }
  free(overflow);
  return 1;
}
