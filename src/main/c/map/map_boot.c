#include "map/map_boot.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "base/error.h"
#include "map/map_chunk.h"
#include "map/map_grow.h"
#include "map/map_large.h"

/* ---- what is covered ---------------------------------------------------- */

/* The bits of a word from `from` to `to`. */
static uint64_t mask_of(uint64_t from, uint64_t to) {
  return (to == 64 ? UINT64_MAX : (UINT64_C(1) << to) - 1) &
         ~((UINT64_C(1) << from) - 1);
}

/* Sets or clears the bits of so many bytes. 0: one of them was set, and none
 * has changed. */
static int cover(const struct sho_map *map, struct sho__covered *covered,
                 uint64_t place, uint64_t bytes, int set) {
  uint64_t first = place / 8;
  uint64_t end = first + bytes / 8;
  for (int check = set; check >= 0; check--) {
    for (uint64_t at = first; at < end;) {
      uint64_t to = at / 64 * 64 + 64 < end ? at / 64 * 64 + 64 : end;
      uint64_t mask = mask_of(at % 64, to - at / 64 * 64);
      uint64_t *word = &covered->bits[at / 64];
      if (check && (*word & mask) != 0) {
        return 0;
      }
      *word = check ? *word : set ? *word | mask : *word & ~mask;
      at = to;
    }
  }
  covered->records[sho__chunk_of(map, place)] += set ? 1 : UINT32_MAX;
  return 1;
}

/* The parts of an entry from `from` to `to`. The number of the first that
 * cannot be. */
static uint64_t cover_parts(const struct sho_map *map,
                            struct sho__covered *covered,
                            const struct sho__hit *hit, uint64_t count,
                            int set) {
  uint64_t i = 0;
  while (i < count && cover(map, covered, sho__large_part(map, hit, i),
                            sho__part_bytes(map), set)) {
    i++;
  }
  return i;
}

static uint64_t parts_of(const struct sho_map *map,
                         const struct sho__hit *hit) {
  return sho__record_is(&hit->record, SHO__RECORD_LARGE)
             ? sho__parts_of(map, hit->record.value_bytes)
             : 0;
}

int sho__cover_entry(const struct sho_map *map, struct sho__covered *covered,
                     const struct sho__hit *hit) {
  uint64_t bytes = sho__record_size(map, &hit->record);
  uint64_t parts = parts_of(map, hit);
  if (!cover(map, covered, hit->place, bytes, 1)) {
    return 0;
  }
  uint64_t done = cover_parts(map, covered, hit, parts, 1);
  if (done < parts) {
    cover_parts(map, covered, hit, done, 0);
    cover(map, covered, hit->place, bytes, 0);
    return 0;
  }
  return 1;
}

void sho__uncover_entry(const struct sho_map *map, struct sho__covered *covered,
                        const struct sho__hit *hit) {
  cover_parts(map, covered, hit, parts_of(map, hit), 0);
  cover(map, covered, hit->place, sho__record_size(map, &hit->record), 0);
}

/* ---- shards ------------------------------------------------------------- */

static void cover_table(struct sho_map *map, uint32_t number,
                        struct sho__covered *covered) {
  struct sho__shard shard;
  sho__shard_init(&shard, map, number);
  sho__shard_find_table(&shard, 1);
  if (shard.table.buckets > 0 &&
      !cover(map, covered, shard.table.place - SHO__TABLE_OFF,
             sho__table_bytes(shard.table.buckets), 1)) {
    sho__shard_lose_table(&shard);
  }
}

/* Checks a shard, and tells of entries that are gone without a trace. */
static void rebuild_shard(struct sho_map *map, uint32_t number,
                          struct sho__covered *covered) {
  struct sho__shard shard;
  sho__shard_init(&shard, map, number);
  struct sho__shard_shm *shm = shard.shm;
  uint64_t had = shard.entries;
  uint64_t damaged = sho__load_relaxed(&shm->damaged);
  int sane = sho__shard_is_sane(&shard);
  /* A writer that was killed may have left one too many. */
  int counted = atomic_exchange(&shm->lock.word, 0) == 0;
  sho__shard_find_table(&shard, 0);
  sho__shard_recount(&shard, 1, covered);
  sho__store_relaxed(&shm->retiring, 0);
  uint64_t told = sho__load_relaxed(&shm->damaged) - damaged;
  uint64_t lost = had > shard.entries ? had - shard.entries : 0;
  lost = sane ? lost : lost > 0; /* no number to believe */
  if (counted && lost > told) {
    sho__store_relaxed(&shm->damaged, damaged + lost);
  }
}

/* ---- chunks ------------------------------------------------------------- */

/* The end of a run of bits that are all alike. */
static uint64_t run_end(const uint64_t *bits, uint64_t at, uint64_t end) {
  uint64_t flip = (bits[at / 64] >> at % 64 & 1) != 0 ? UINT64_MAX : 0;
  while (at < end) {
    uint64_t others = (bits[at / 64] ^ flip) >> at % 64;
    if (others != 0) {
      at += (uint64_t)__builtin_ctzll(others);
      break;
    }
    at = at / 64 * 64 + 64;
  }
  return at < end ? at : end;
}

/* Nothing names what lies there: has records follow each other to its end.
 * Answers how many. */
static uint32_t fill_gap(const struct sho_map *map, uint64_t place,
                         uint64_t bytes) {
  struct sho__record record;
  uint64_t off = 0;
  uint32_t records = 0;
  while (off + 24 <= bytes) {
    sho__record_load(&record, sho__record_at(map, place + off));
    uint64_t size = sho__record_size(map, &record);
    if (size > bytes - off) {
      break;
    }
    off += size;
    records++;
  }
  if (off == bytes || bytes < 24) {
    return records;
  }
  record =
      (struct sho__record){.kind_and_key = SHO__RECORD_DEAD,
                           .value_bytes = (uint32_t)bytes - SHO__RECORD_BYTES};
  sho__record_store(sho__record_at(map, place), &record);
  return 1;
}

/* What a chunk is like follows from what is named in it. */
static void rebuild_chunk(struct sho_map *map, uint32_t chunk,
                          const struct sho__covered *covered) {
  struct sho__chunk_shm *shm = &map->chunks[chunk];
  uint64_t first = sho__place_in(map, chunk, 0) / 8;
  uint64_t end = first + sho__chunk_bytes(map) / 8;
  uint64_t used = first;
  uint64_t live = 0;
  uint32_t records = covered->records[chunk];
  for (uint64_t at = first; at < end;) {
    uint64_t to = run_end(covered->bits, at, end);
    if ((covered->bits[at / 64] >> at % 64 & 1) != 0) {
      if (at > used) {
        records += fill_gap(map, used * 8, (at - used) * 8);
      }
      live += to - at;
      used = to;
    }
    at = to;
  }
  atomic_store(&shm->owner, 0);
  if (live == 0) {
    sho__chunk_free(map, chunk);
    return;
  }
  atomic_fetch_and(&map->free[chunk / 64], ~(UINT64_C(1) << chunk % 64));
  enum sho__class class = sho__chunk_class(map, chunk);
  atomic_store(&shm->class,
               class == SHO__CLASS_FREE ? SHO__CLASS_SMALL : class);
  atomic_store(&shm->used, (uint32_t)(used - first) * 8);
  atomic_store(&shm->records, records);
  sho__chunk_set_dead(map, chunk, (used - first - live) * 8);
  sho__store_relaxed(&shm->latest_expiry_ms, UINT64_MAX);
}

/* ---- all ---------------------------------------------------------------- */

/* Tells those who wait that it goes on: three parts, each of so many steps. */
static void progress(const struct sho_map *map, int part, uint64_t done,
                     uint64_t all) {
  sho__setup_progress(map->region.fd, (uint64_t)part * all + done, 3 * all);
}

/* Brings the file into memory in its order. What the tables name is in any. */
static void read_ahead(const struct sho_map *map) {
#if defined(MADV_POPULATE_READ)
  const uint64_t step = UINT64_C(64) << 20;
  uint64_t bytes = map->geometry.file_bytes;
  for (uint64_t at = 0; at < bytes; at += step) {
    size_t left = (size_t)(bytes - at < step ? bytes - at : step);
    if (madvise(map->region.base + at, left, MADV_POPULATE_READ) != 0) {
      return; /* an older kernel: it is read as it is needed */
    }
    progress(map, 0, at, bytes);
  }
#else
  (void)map;
#endif
}

static void rebuild(struct sho_map *map, struct sho__covered *covered) {
  uint64_t shards = UINT64_C(1) << map->geometry.shard_bits;
  uint64_t chunks = map->geometry.chunks;
  read_ahead(map);
  for (uint32_t s = 0; s < shards; s++) {
    cover_table(map, s, covered);
  }
  for (uint32_t s = 0; s < shards; s++) {
    rebuild_shard(map, s, covered);
    progress(map, 1, s + 1, shards);
  }
  for (uint32_t c = 0; c < chunks; c++) {
    rebuild_chunk(map, c, covered);
    if (c % 64 == 0) {
      progress(map, 2, c, chunks);
    }
  }
  for (int class = 0; class < SHO__CLASSES; class ++) {
    for (int i = 0; i < SHO__MAP_STRIPES; i++) {
      atomic_store(&map->header->open[class][i], 0);
    }
  }
}

int sho__map_rebuild_all(struct sho_map *map) {
  uint64_t words = map->geometry.chunks << map->geometry.chunk_bits >> 9;
  struct sho__covered covered = {
      .bits = calloc(words, sizeof *covered.bits),
      .records = calloc(map->geometry.chunks, sizeof *covered.records)};
  int enough = covered.bits != NULL && covered.records != NULL;
  if (enough) {
    rebuild(map, &covered);
  }
  free(covered.bits);
  free(covered.records);
  if (!enough) {
    return sho__fail(SHO_ENOMEM, "%s: out of memory to check the map",
                     map->region.path);
  }
  for (uint32_t i = 0; i < SHO__MAP_WAITS; i++) {
    atomic_store(&map->waits[i].sleepers, 0);
  }
  for (uint32_t i = 0; i < SHO__COMPUTE_BUCKETS; i++) {
    struct sho__compute_shm *bucket = &map->computes[i];
    for (uint32_t slot = 0; slot < SHO__COMPUTE_SLOTS; slot++) {
      atomic_store(&bucket->slots[slot].owner, 0);
    }
    atomic_store(&bucket->lock.word, 0);
  }
  return SHO_OK;
}
