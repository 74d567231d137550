/* All entries: scan, clear, size, remove expired, statistics. */
#include <stdlib.h>

#include "base/crash.h"
#include "base/error.h"
#include "base/sized.h"
#include "map/map_grow.h"
#include "map/map_large.h"

enum { READ_ATTEMPTS = 256 };

static const uint64_t end_cursor = ~UINT64_C(0);

static int check_map(const struct sho_map *map, const void *place) {
  return map == NULL || place == NULL
             ? sho__fail(SHO_EINVAL, "a handle and a place to put are needed")
             : SHO_OK;
}

static uint32_t shards_of(const struct sho_map *map) {
  return UINT32_C(1) << map->geometry.shard_bits;
}

/* ---- scan ---------------------------------------------------------------
 *
 * Entries come in the order of their keys' hashes, which no change of a table
 * changes; the cursor is the least hash that has not come. */

struct scan {
  struct sho_map *map;
  uint8_t *key; /* of a chunk's size: a copy of the key that is hashed */
  uint8_t *out;
  size_t size;
  size_t filled;
  size_t needed; /* by the record that does not fit */
  uint64_t cursor;
};

/* The slots of a shard from the cursor on, by their tags. */
struct snapshot {
  uint64_t word; /* of the table */
  struct sho__table table;
  struct tagged {
    uint64_t tag;
    uint32_t slot;
  } * slots;
  size_t count;
};

enum got { GOT_NOTHING, GOT_RECORD, GOT_MOVED, GOT_NO_ROOM };

static int compare_tags(const void *left, const void *right) {
  uint64_t a = ((const struct tagged *)left)->tag;
  uint64_t b = ((const struct tagged *)right)->tag;
  return a < b ? -1 : a > b;
}

/* SHO_ENOMEM. */
static int take_snapshot(struct sho_map *map, uint32_t shard, uint64_t from,
                         struct snapshot *s) {
  *s = (struct snapshot){.word = sho__load_acquire(&map->tables[shard])};
  sho__table_decode(map, s->word, &s->table);
  uint64_t slots = s->table.buckets * SHO__BUCKET_SLOTS;
  s->slots = slots == 0 ? NULL : malloc(slots * sizeof *s->slots);
  if (s->slots == NULL) {
    return slots == 0 ? SHO_OK
                      : sho__fail(SHO_ENOMEM, "%s: out of memory to list it",
                                  map->region.path);
  }
  for (uint64_t i = 0; i < slots; i++) {
    uint64_t slot = sho__load_acquire(sho__table_slot(&s->table, i));
    uint64_t tag = (slot & SHO__SLOT_TAG_MASK) >> SHO__SLOT_PLACE_BITS;
    if ((slot & SHO__SLOT_PLACE_MASK) != 0 && tag >= from) {
      s->slots[s->count++] = (struct tagged){tag, (uint32_t)i};
    }
  }
  qsort(s->slots, s->count, sizeof *s->slots, compare_tags);
  return SHO_OK;
}

static int64_t ttl_of(const struct sho_map *map, uint64_t expiry_ms) {
  uint64_t now_ms = expiry_ms == 0 ? 0 : sho__map_now_ms(map);
  return expiry_ms <= now_ms ? expiry_ms != 0 : (int64_t)(expiry_ms - now_ms);
}

static enum sho__lookup copy_content(const struct sho_map *map,
                                     const struct sho__hit *hit, uint8_t *to) {
  uint32_t key_bytes = sho__record_key_bytes(&hit->record);
  const uint8_t *key = hit->at + sho__record_key_off(&hit->record);
  sho__copy_racy(to, key, key_bytes);
  if (sho__record_is(&hit->record, SHO__RECORD_LARGE)) {
    return sho__large_copy(map, hit, to + key_bytes);
  }
  sho__copy_racy(to + key_bytes, key + key_bytes, hit->record.value_bytes);
  return SHO__HIT;
}

/* One try at a slot's record. *hash: of its key; *bytes: what it needs. */
static enum got try_record(struct scan *scan, const struct snapshot *s,
                           const struct tagged *tagged, uint64_t *hash,
                           size_t *bytes) {
  struct sho_map *map = scan->map;
  _Atomic uint64_t *slot = sho__table_slot(&s->table, tagged->slot);
  uint32_t shard = sho__shard_of(map, scan->cursor);
  struct sho__hit hit = {.slot = slot,
                         .slot_value = sho__load_acquire(slot),
                         .word = s->word,
                         .word_at = &map->tables[shard]};
  if ((hit.slot_value & SHO__SLOT_PLACE_MASK) == 0) {
    return GOT_NOTHING;
  }
  enum sho__lookup found = sho__hit_load(map, &hit);
  if (found != SHO__HIT) {
    return found == SHO__MISS ? GOT_NOTHING : GOT_MOVED;
  }
  size_t content =
      (size_t)sho__record_key_bytes(&hit.record) + hit.record.value_bytes;
  struct sho_map_record record = {.version = hit.record.number,
                                  .ttl_ms = ttl_of(map, hit.record.expiry_ms),
                                  .key_bytes =
                                      sho__record_key_bytes(&hit.record),
                                  .value_bytes = hit.record.value_bytes};
  sho__copy_racy(scan->key, hit.at + sho__record_key_off(&hit.record),
                 record.key_bytes);
  *hash = sho__map_hash(map, scan->key, record.key_bytes);
  int belongs = sho__shard_of(map, *hash) == shard &&
                sho__tag_of(map, *hash) == tagged->tag;
  *bytes = (sizeof record + content + 7) & ~(size_t)7;
  int fits = *bytes <= scan->size - scan->filled;
  if (fits) {
    uint8_t *to = scan->out + scan->filled;
    memcpy(to, &record, sizeof record);
    found = copy_content(map, &hit, to + sizeof record);
  }
  if (found == SHO__MOVED || !sho__hit_whole(map, &hit)) {
    return GOT_MOVED;
  }
  if (found == SHO__MISS || !belongs || sho__record_expired(map, &hit.record)) {
    return GOT_NOTHING;
  }
  return fits ? GOT_RECORD : GOT_NO_ROOM;
}

/* The same, until what is read is whole. MOVED: the table is another. */
static enum got read_record(struct scan *scan, const struct snapshot *s,
                            const struct tagged *tagged, uint64_t *hash,
                            size_t *bytes, int *code) {
  struct sho_map *map = scan->map;
  uint32_t number = sho__shard_of(map, scan->cursor);
  _Atomic uint64_t *word = &map->tables[number];
  for (int i = 0; i < READ_ATTEMPTS; i++) {
    enum got got = try_record(scan, s, tagged, hash, bytes);
    if (got != GOT_MOVED || sho__load_acquire(word) != s->word) {
      return got;
    }
  }
  struct sho__shard shard;
  *code = map->read_only ? sho__map_fail_overtaken(map)
                         : sho__shard_lock(map, number, &shard);
  if (*code != SHO_OK) {
    return GOT_NOTHING;
  }
  enum got got = try_record(scan, s, tagged, hash, bytes);
  sho__shard_unlock(&shard);
  return got;
}

/* The entries of one tag, in the order of their hashes. Nearly always one. */
static enum got scan_tag(struct scan *scan, const struct snapshot *s,
                         size_t first, size_t end, int *code) {
  for (;;) {
    size_t least = end;
    uint64_t least_hash = 0;
    size_t bytes = 0;
    for (size_t i = first; i < end; i++) {
      uint64_t hash = 0;
      enum got got = read_record(scan, s, &s->slots[i], &hash, &bytes, code);
      if (got == GOT_MOVED || *code != SHO_OK) {
        return GOT_MOVED;
      }
      if (got != GOT_NOTHING && hash >= scan->cursor &&
          (least == end || hash < least_hash)) {
        least = i;
        least_hash = hash;
      }
    }
    if (least == end) {
      return GOT_NOTHING;
    }
    uint64_t hash;
    enum got got = read_record(scan, s, &s->slots[least], &hash, &bytes, code);
    if (got == GOT_NO_ROOM) {
      scan->needed = bytes;
      return got;
    }
    if (got == GOT_MOVED || *code != SHO_OK) {
      return GOT_MOVED;
    }
    if (got == GOT_RECORD && hash == least_hash) {
      scan->filled += bytes;
      scan->cursor = hash + (hash != end_cursor);
    }
    if (hash == least_hash && end - first == 1) {
      return GOT_RECORD;
    }
  }
}

/* NOTHING: the shard has no more. MOVED: it has another table. */
static enum got scan_shard(struct scan *scan, uint32_t number, int *code) {
  struct sho_map *map = scan->map;
  struct snapshot s;
  enum got got = GOT_NOTHING;
  *code = take_snapshot(map, number, sho__tag_of(map, scan->cursor), &s);
  for (size_t i = 0; *code == SHO_OK && i < s.count;) {
    size_t end = i + 1;
    while (end < s.count && s.slots[end].tag == s.slots[i].tag) {
      end++;
    }
    got = scan_tag(scan, &s, i, end, code);
    if (got == GOT_NO_ROOM || got == GOT_MOVED) {
      break;
    }
    i = end;
  }
  free(s.slots);
  if (*code == SHO_OK && got != GOT_NO_ROOM && got != GOT_MOVED &&
      sho__load_acquire(&map->tables[number]) != s.word) {
    return GOT_MOVED; /* what was read after that may be another's bytes */
  }
  return got == GOT_NO_ROOM || got == GOT_MOVED ? got : GOT_NOTHING;
}

static uint64_t first_hash(const struct sho_map *map, uint32_t shard) {
  return (uint64_t)shard << 32 << (32 - map->geometry.shard_bits);
}

static int scan_on(struct scan *scan) {
  struct sho_map *map = scan->map;
  enum got got = GOT_NOTHING;
  int code = SHO_OK;
  while (code == SHO_OK && got != GOT_NO_ROOM && scan->cursor != end_cursor) {
    uint32_t shard = sho__shard_of(map, scan->cursor);
    got = scan_shard(scan, shard, &code);
    if (code == SHO_OK && got == GOT_NOTHING) {
      scan->cursor =
          shard + 1 == shards_of(map) ? end_cursor : first_hash(map, shard + 1);
    }
    if (code == SHO_OK) {
      code = sho__map_check(map);
    }
  }
  if (code == SHO_OK && got == GOT_NO_ROOM && scan->filled == 0) {
    return sho__fail(SHO_ETOOBIG, "%s: the next entry needs %zu bytes",
                     map->region.path, scan->needed);
  }
  return code;
}

int sho_map_scan(struct sho_map *map, uint64_t *cursor, void *out, size_t size,
                 size_t *used) {
  int code = check_map(map, cursor);
  if (code != SHO_OK || used == NULL || (out == NULL && size > 0)) {
    return code != SHO_OK ? code : sho__fail(SHO_EINVAL, "a place is needed");
  }
  uint8_t none;
  struct scan scan = {.map = map,
                      .key = malloc(sho__chunk_bytes(map)),
                      .out = out == NULL ? &none : out,
                      .size = size,
                      .cursor = *cursor};
  if (scan.key == NULL) {
    return sho__fail(SHO_ENOMEM, "%s: out of memory to list it",
                     map->region.path);
  }
  code = scan_on(&scan);
  free(scan.key);
  if (code == SHO_ETOOBIG) {
    *used = scan.needed;
  } else if (code == SHO_OK) {
    *used = scan.filled;
    *cursor = scan.cursor;
  }
  return code;
}

/* ---- clear, expire ------------------------------------------------------ */

static void add(_Atomic uint64_t *counter, uint64_t number) {
  sho__store_relaxed(counter, sho__load_relaxed(counter) + number);
}

/* Whoever awaits any key looks again. */
static void wake_all(struct sho_map *map) {
  sho__fence_after_unlock();
  for (uint32_t i = 0; i < SHO__MAP_WAITS; i++) {
    if (atomic_load_explicit(&map->waits[i].sleepers, memory_order_relaxed) !=
        0) {
      sho__wait_wake(map, &map->waits[i], UINT32_MAX);
    }
  }
}

static int drop_of_shard(struct sho_map *map, uint32_t number, int all,
                         uint64_t *dropped) {
  struct sho__shard shard;
  int code = sho__shard_lock(map, number, &shard);
  if (code == SHO_OK) {
    *dropped = sho__shard_drop_entries(&shard, all);
    if (all && shard.entries == 0) {
      sho__table_drop(&shard);
    }
    add(all ? &shard.shm->removals : &shard.shm->expirations, *dropped);
    sho__shard_unlock(&shard);
    code = sho__map_check(map);
  }
  return code;
}

static int drop_of_all(struct sho_map *map, int all, uint64_t *dropped) {
  int code = sho__map_writable(map);
  *dropped = 0;
  for (uint32_t s = 0; code == SHO_OK && s < shards_of(map); s++) {
    uint64_t earliest = sho__load_relaxed(&map->shards[s].earliest_expiry_ms);
    uint64_t here = 0;
    if (all || (earliest != 0 && earliest <= sho__map_now_ms(map))) {
      code = drop_of_shard(map, s, all, &here);
    }
    *dropped += here;
  }
  if (*dropped > 0) {
    wake_all(map);
  }
  return code == SHO_OK ? sho__map_check(map) : code;
}

int sho_map_clear(struct sho_map *map) {
  uint64_t removed;
  return drop_of_all(map, 1, &removed);
}

int sho_map_remove_expired(struct sho_map *map, uint64_t *removed) {
  uint64_t sum;
  int code = drop_of_all(map, 0, &sum);
  if (code == SHO_OK && removed != NULL) {
    *removed = sum;
  }
  return code;
}

/* ---- size, statistics --------------------------------------------------- */

/* Counts those of a shard that are not expired, without its lock. */
static uint64_t count_live(struct sho_map *map, uint32_t number) {
  struct sho__shard shard;
  struct sho__hit hit;
  uint64_t live = 0;
  sho__shard_init(&shard, map, number);
  if (!sho__shard_is_sane(&shard)) {
    return 0;
  }
  for (uint64_t i = 0; i < sho__table_slots(&shard.table); i++) {
    live += sho__shard_entry(&shard, sho__table_slot(&shard.table, i), &hit) &&
            !sho__record_expired(map, &hit.record);
  }
  return live;
}

int sho_map_size(struct sho_map *map, uint64_t *entries) {
  int code = check_map(map, entries);
  if (code != SHO_OK) {
    return code;
  }
  uint64_t sum = 0;
  for (uint32_t s = 0; s < shards_of(map); s++) {
    struct sho__shard_shm *shm = &map->shards[s];
    uint64_t earliest = sho__load_relaxed(&shm->earliest_expiry_ms);
    sum += earliest != 0 && earliest <= sho__map_now_ms(map)
               ? count_live(map, s)
               : sho__load_relaxed(&shm->entries);
  }
  code = sho__map_check(map);
  if (code == SHO_OK) {
    *entries = sum;
  }
  return code;
}

static void add_shard(struct sho_map *map, uint32_t number,
                      struct sho_map_stats *stats) {
  struct sho__shard_shm *shm = &map->shards[number];
  stats->sets += sho__load_relaxed(&shm->sets);
  stats->removals += sho__load_relaxed(&shm->removals);
  stats->evictions += sho__load_relaxed(&shm->evictions);
  stats->expirations += sho__load_relaxed(&shm->expirations);
  stats->recoveries += sho__load_relaxed(&shm->recoveries);
  stats->damaged += sho__load_relaxed(&shm->damaged);
  stats->entries += sho__load_relaxed(&shm->entries);
}

static void add_chunks(struct sho_map *map, struct sho_map_stats *stats) {
  for (uint32_t i = 0; i < map->geometry.chunks; i++) {
    if (sho__chunk_class(map, i) != SHO__CLASS_FREE) {
      stats->live_bytes += sho__chunk_live(map, i);
      stats->used_bytes += sho__chunk_used(map, i);
    }
  }
}

int sho_map_stats(struct sho_map *map, struct sho_map_stats *stats) {
  int code = check_map(map, stats);
  if (code != SHO_OK) {
    return code;
  }
  const struct sho__geometry *g = &map->geometry;
  struct sho_map_stats sum = {.capacity = g->chunks << g->chunk_bits,
                              .max_entry = g->max_entry,
                              .file_bytes = g->file_bytes,
                              .shards = shards_of(map),
                              .eviction = g->eviction,
                              .peer_slots = SHO__MAP_PEERS};
  for (uint32_t s = 0; s < shards_of(map); s++) {
    add_shard(map, s, &sum);
  }
  add_chunks(map, &sum);
  struct sho__counters_shm *counters =
      (struct sho__counters_shm *)(map->region.base + g->counters_off);
  for (uint32_t i = 0; i < SHO__MAP_PEERS * SHO__MAP_STRIPES; i++) {
    sum.hits += sho__load_relaxed(&counters[i].hits);
    sum.misses += sho__load_relaxed(&counters[i].misses);
  }
  sum.peers = sho__peers_alive(&map->peers);
  code = sho__map_check(map);
  return code == SHO_OK ? sho__results_give(stats, &sum, sizeof sum) : code;
}
