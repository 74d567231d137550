#include "map/map_boot.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "base/error.h"
#include "map/map_changes.h"
#include "map/map_chunk.h"
#include "map/map_grow.h"

/* ---- what is named, in the order of the pool --------------------------- */

/*
 * An item is a slot that names something in a chunk, with all that it takes to
 * check the record without a look at the table:
 *
 *  63      62        44      26    1       0
 *  +------+-----------+-------+-----+-------+
 *  | zero | place / 8 | shard | tag | twins |
 *  +------+-----------+-------+-----+-------+
 *
 * place: in its chunk. twins: another slot of the shard has the same tag.
 */
enum {
  ITEM_TAG_SHIFT = 1,
  ITEM_SHARD_SHIFT = ITEM_TAG_SHIFT + SHO__SLOT_TAG_BITS,
  ITEM_PLACE_SHIFT = 44,
  SORTED_BITS = 8 /* of a pass */
};

/* The items of some chunks, one chunk's behind the other's. */
struct plan {
  uint32_t *counts; /* of each chunk, how many slots name something in it */
  uint64_t *starts; /* where its items begin, and the last one's end */
  uint64_t *items;
  uint64_t *sorted; /* room for those of one chunk */
  uint64_t size;    /* how many fit */
  uint32_t from;    /* chunks */
  uint32_t to;
};

static uint64_t tag_named(uint64_t slot) {
  return (slot & SHO__SLOT_TAG_MASK) >> SHO__SLOT_PLACE_BITS;
}

/* The chunk that a slot names something in; ~0: none. */
static uint32_t chunk_named(const struct sho_map *map, uint64_t slot) {
  uint64_t place = sho__slot_place(slot);
  return (slot & SHO__SLOT_PLACE_MASK) != 0 && sho__place_valid(map, place)
             ? sho__chunk_of(map, place)
             : UINT32_MAX;
}

static uint32_t shards_of(const struct sho_map *map) {
  return UINT32_C(1) << map->geometry.shard_bits;
}

static void init_shard(struct sho__shard *shard, struct sho_map *map,
                       uint32_t number) {
  sho__shard_init(shard, map, number);
  sho__shard_decode_table(shard);
}

static uint64_t item_of(const struct sho__shard *shard, uint64_t slot) {
  uint64_t place = sho__in_chunk(shard->map, sho__slot_place(slot));
  uint64_t tag = tag_named(slot);
  return place / 8 << ITEM_PLACE_SHIFT |
         (uint64_t)shard->number << ITEM_SHARD_SHIFT | tag << ITEM_TAG_SHIFT |
         (uint64_t)(sho__table_count_tag(&shard->table, tag) > 1);
}

static uint64_t item_place(uint64_t item) {
  return item >> ITEM_PLACE_SHIFT << 3;
}

static uint64_t item_tag(uint64_t item) {
  return item >> ITEM_TAG_SHIFT & ((UINT64_C(1) << SHO__SLOT_TAG_BITS) - 1);
}

static uint32_t item_shard(uint64_t item) {
  return (
      uint32_t)(item >> ITEM_SHARD_SHIFT &
                ((UINT64_C(1) << (ITEM_PLACE_SHIFT - ITEM_SHARD_SHIFT)) - 1));
}

/* Makes a shard ready to be checked; tells of entries that are gone without a
 * trace, and empties slots that name no place. */
static void begin_shard(struct sho_map *map, uint32_t number,
                        struct sho__covered *covered, struct plan *plan) {
  struct sho__shard shard;
  sho__shard_init(&shard, map, number);
  struct sho__shard_shm *shm = shard.shm;
  uint64_t had = shard.entries;
  uint64_t damaged = sho__load_relaxed(&shm->damaged);
  int sane = sho__shard_is_sane(&shard);
  /* A writer that was killed may have left one too many. */
  int counted = atomic_exchange(&shm->lock.word, 0) == 0;
  atomic_store(&shm->listened, 0);
  sho__shard_find_table(&shard, 1);
  if (shard.table.buckets > 0 &&
      !sho__cover(map, covered, shard.table.place - SHO__TABLE_OFF,
                  sho__table_bytes(shard.table.buckets), 1)) {
    sho__shard_lose_table(&shard);
  }
  sho__shard_recount(&shard);
  sho__store_relaxed(&shm->retiring, 0);
  sho__store_relaxed(&shm->earliest_expiry_ms, 0);
  uint64_t told = sho__load_relaxed(&shm->damaged) - damaged;
  uint64_t lost = had > shard.entries ? had - shard.entries : 0;
  lost = sane ? lost : lost > 0; /* no number to believe */
  if (counted && lost > told) {
    sho__store_relaxed(&shm->damaged, damaged + lost);
  }
  for (uint64_t i = 0; i < sho__table_slots(&shard.table); i++) {
    _Atomic uint64_t *slot = sho__table_slot(&shard.table, i);
    uint32_t chunk = chunk_named(map, sho__load_relaxed(slot));
    if (chunk != UINT32_MAX) {
      plan->counts[chunk]++;
    } else {
      sho__shard_check_slot(&shard, slot, covered); /* it is empty, or bad */
    }
  }
}

/* Fills in the items of the chunks from..to. */
static void fill_plan(struct sho_map *map, struct plan *plan) {
  uint64_t *starts = plan->starts;
  starts[plan->from] = 0;
  for (uint32_t c = plan->from; c < plan->to; c++) {
    starts[c + 1] = starts[c] + plan->counts[c];
    plan->counts[c] = 0; /* some slots may be empty by now */
  }
  for (uint32_t s = 0; s < shards_of(map); s++) {
    struct sho__shard shard;
    init_shard(&shard, map, s);
    for (uint64_t i = 0; i < sho__table_slots(&shard.table); i++) {
      uint64_t slot = sho__load_relaxed(sho__table_slot(&shard.table, i));
      uint32_t chunk = chunk_named(map, slot);
      if (chunk >= plan->from && chunk < plan->to &&
          starts[chunk] + plan->counts[chunk] < starts[chunk + 1]) {
        plan->items[starts[chunk] + plan->counts[chunk]++] =
            item_of(&shard, slot);
      }
    }
  }
}

/* Sorts the items of a chunk by their places. */
static void sort(const struct sho_map *map, struct plan *plan, uint64_t *items,
                 uint32_t count) {
  enum { VALUES = 1 << SORTED_BITS };
  unsigned end = ITEM_PLACE_SHIFT + map->geometry.chunk_bits - 3;
  for (unsigned shift = ITEM_PLACE_SHIFT; shift < end; shift += SORTED_BITS) {
    uint32_t next[VALUES + 1] = {0};
    for (uint32_t i = 0; i < count; i++) {
      next[(items[i] >> shift) % VALUES + 1]++;
    }
    for (int v = 1; v < VALUES; v++) {
      next[v] += next[v - 1];
    }
    for (uint32_t i = 0; i < count; i++) {
      plan->sorted[next[(items[i] >> shift) % VALUES]++] = items[i];
    }
    memcpy(items, plan->sorted, count * sizeof *items);
  }
}

/* Covers what an item names, if there is nothing but good to say of it. The
 * table need not be looked at then. */
static int check_item(struct sho_map *map, uint32_t chunk, uint64_t item,
                      struct sho__covered *covered) {
  uint64_t place = sho__place_in(map, chunk, item_place(item));
  struct sho__hit hit = {.place = place, .at = sho__record_at(map, place)};
  if ((item & 1) != 0 || item_place(item) + 24 > sho__chunk_bytes(map)) {
    return 0;
  }
  sho__record_load(&hit.record, hit.at);
  if ((hit.record.kind_and_key & ~SHO__RECORD_EXPIRES) > SHO__MAX_KEY_BYTES ||
      hit.record.number >> 62 != 0 ||
      !sho__record_fits(map, place, &hit.record)) {
    return 0;
  }
  uint64_t hash = sho__hit_hash(map, &hit);
  uint32_t shard = item_shard(item);
  if (sho__shard_of(map, hash) != shard ||
      sho__tag_of(map, hash) != item_tag(item) ||
      !sho__entry_is_whole(map, &hit, hash) ||
      !sho__cover_entry(map, covered, &hit)) {
    return 0;
  }
  sho__shard_note(&map->shards[shard], &hit.record);
  return 1;
}

static void check_chunk(struct sho_map *map, uint32_t chunk,
                        const uint64_t *items, uint32_t count,
                        struct sho__covered *covered) {
  enum { AHEAD = 8, LINE = 64 };
  for (uint32_t i = 0; i < count; i++) {
    if (i + AHEAD < count) {
      uint64_t item = items[i + AHEAD];
      const uint8_t *at =
          sho__record_at(map, sho__place_in(map, chunk, item_place(item)));
      __builtin_prefetch(&map->shards[item_shard(item)].version);
      __builtin_prefetch(at);
      __builtin_prefetch(at + LINE);
    }
    if (check_item(map, chunk, items[i], covered)) {
      continue;
    }
    struct sho__shard shard;
    init_shard(&shard, map, item_shard(items[i]));
    _Atomic uint64_t *slot =
        sho__table_slot_of(&shard.table, item_tag(items[i]),
                           sho__place_in(map, chunk, item_place(items[i])));
    if (slot != NULL) { /* it is not empty by now */
      sho__shard_check_slot(&shard, slot, covered);
    }
  }
}

static void check_plan(struct sho_map *map, struct plan *plan,
                       struct sho__covered *covered) {
  for (uint32_t c = plan->from; c < plan->to; c++) {
    uint64_t *items = plan->items + plan->starts[c];
    sort(map, plan, items, plan->counts[c]);
    check_chunk(map, c, items, plan->counts[c], covered);
  }
}

/* In huge pages, where there are some: items are written all over them. */
static uint64_t *room_for(uint64_t items) {
  const size_t huge = 2 << 20;
  size_t bytes = items * sizeof items;
  if (bytes < huge) {
    return malloc(bytes);
  }
  bytes = (bytes + huge - 1) / huge * huge;
  uint64_t *room = aligned_alloc(huge, bytes);
#if defined(MADV_HUGEPAGE)
  if (room != NULL) {
    madvise(room, bytes, MADV_HUGEPAGE);
  }
#endif
  return room;
}

/* So that the items of some chunks take a 16th of the map's memory, but for one
 * chunk that more slots name. 0: there is no memory. */
static int allocate(const struct sho_map *map, struct plan *plan) {
  uint64_t chunks = map->geometry.chunks;
  uint64_t most = 1; /* of a chunk */
  uint64_t all = 1;
  for (uint64_t c = 0; c < chunks; c++) {
    all += plan->counts[c];
    most = plan->counts[c] > most ? plan->counts[c] : most;
  }
  plan->size = (chunks << map->geometry.chunk_bits) / 16 / sizeof *plan->items;
  plan->size = all < plan->size ? all : plan->size;
  plan->size = most > plan->size ? most : plan->size;
  plan->items = room_for(plan->size);
  plan->sorted = malloc(most * sizeof *plan->sorted);
  plan->starts = malloc((chunks + 1) * sizeof *plan->starts);
  return plan->items != NULL && plan->sorted != NULL && plan->starts != NULL;
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
               class == SHO__CLASS_FREE || class == SHO__CLASS_CHANGES
                   ? SHO__CLASS_SMALL
                   : class);
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

static void check_slots(struct sho_map *map, struct plan *plan,
                        struct sho__covered *covered) {
  uint32_t chunks = (uint32_t)map->geometry.chunks;
  for (plan->from = 0; plan->from < chunks; plan->from = plan->to) {
    uint64_t count = 0;
    plan->to = plan->from;
    while (plan->to < chunks && count + plan->counts[plan->to] <= plan->size) {
      count += plan->counts[plan->to++];
    }
    fill_plan(map, plan);
    check_plan(map, plan, covered);
    progress(map, 1, plan->to, chunks);
  }
}

static void rebuild_chunks(struct sho_map *map,
                           const struct sho__covered *covered) {
  uint64_t chunks = map->geometry.chunks;
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

/* 0: there is no memory for it. */
static int rebuild(struct sho_map *map, struct sho__covered *covered,
                   struct plan *plan) {
  read_ahead(map);
  for (uint32_t s = 0; s < shards_of(map); s++) {
    begin_shard(map, s, covered, plan);
  }
  if (!allocate(map, plan)) {
    return 0;
  }
  check_slots(map, plan, covered);
  rebuild_chunks(map, covered);
  return 1;
}

int sho__map_rebuild_all(struct sho_map *map) {
  uint64_t chunks = map->geometry.chunks;
  uint64_t words = chunks << map->geometry.chunk_bits >> 9;
  struct sho__covered covered = {.bits = calloc(words, sizeof *covered.bits),
                                 .records =
                                     calloc(chunks, sizeof *covered.records)};
  struct plan plan = {.counts = calloc(chunks, sizeof *plan.counts)};
  int enough = covered.bits != NULL && covered.records != NULL &&
               plan.counts != NULL && rebuild(map, &covered, &plan);
  free(covered.bits);
  free(covered.records);
  free(plan.counts);
  free(plan.starts);
  free(plan.items);
  free(plan.sorted);
  if (!enough) {
    return sho__fail(SHO_ENOMEM, "%s: out of memory to check the map",
                     map->region.path);
  }
  for (uint32_t i = 0; i < SHO__MAP_WAITS; i++) {
    atomic_store(&map->waits[i].sleepers, 0);
  }
  sho__changes_reset(map);
  for (uint32_t i = 0; i < SHO__COMPUTE_BUCKETS; i++) {
    struct sho__compute_shm *bucket = &map->computes[i];
    for (uint32_t slot = 0; slot < SHO__COMPUTE_SLOTS; slot++) {
      atomic_store(&bucket->slots[slot].owner, 0);
    }
    atomic_store(&bucket->lock.word, 0);
  }
  return SHO_OK;
}
