/*
 * Cleaning. All chunks are looked at now and then, a list of those that are
 * best to clean is kept, and one of it is cleaned at a time: each record in it
 * that something names is moved, or its entry is dropped.
 *
 * A kill at any step: what was moved is named by its new place, what was not by
 * its old one. A record that was copied and not named is dead.
 */
#include "map/map_clean.h"

#include "map/map_chunk.h"
#include "map/map_ghost.h"
#include "map/map_grow.h"
#include "map/map_large.h"
#include "map/map_pick.h"

enum {
  SHARD_SPINS = 1000,       /* some ten microseconds */
  MOST_SHARD_SPINS = 10000, /* of the cleaning of a chunk */
  MOST_LOOKS = 4,           /* of a call at all chunks */
  EVICTING_LOOKS = 16,
  MOST_DOUBTS = 16,  /* looks that found some: the next call goes on */
  ROUNDS = 64,       /* that drop large values, of a call */
  ENOUGH_CHUNKS = 2, /* bytes of large values that are dropped at a time */
  MOST_EXPIRED_SHARDS = 16,
  RECORDS_PER_LOOK = 32, /* at the clock */
  WARM = 4               /* records that are fetched early */
};

/* ---- one record --------------------------------------------------------- */

/* Tries for a while, and not for long: whoever holds the lock may be stopped. A
 * dead owner's lock is taken, and one that is kept for an heir who does not
 * come. */
static int shard_try(struct sho__cleaning *c, uint32_t number,
                     struct sho__shard *shard) {
  struct sho_map *map = c->map;
  struct sho__lock_shm *lock = &map->shards[number].lock;
  for (int i = 0; i == 0 || (i < SHARD_SPINS && c->spins < MOST_SHARD_SPINS);
       i++, c->spins++) {
    uint32_t seen = atomic_load_explicit(&lock->word, memory_order_relaxed);
    if (seen == 0 && sho__lock_try(&lock->word, 0, map->peers.word)) {
      sho__shard_enter(shard, map, number, 0);
      return 1;
    }
    sho__pause();
  }
  uint32_t seen = atomic_load(&lock->word);
  if (seen == SHO__LOCK_RESERVED) {
    atomic_store(&lock->heir, 0);
  }
  if (seen != 0 && !sho__peer_alive(&map->peers, seen) &&
      sho__lock_try(&lock->word, seen,
                    map->peers.word | (seen & SHO__LOCK_WAITERS))) {
    sho__shard_enter(shard, map, number, seen != SHO__LOCK_RESERVED);
    return 1;
  }
  return 0;
}

/* Room for so many bytes where what lives goes. 0: there is none. */
static int room_for(struct sho__cleaning *c, enum sho__class class,
                    uint64_t bytes) {
  if (c->room.at != NULL && c->room_class == class &&
      c->room.off + bytes <= sho__chunk_bytes(c->map)) {
    return 1;
  }
  sho__room_leave(&c->room);
  c->room_class = class;
  enum sho__need need =
      class == SHO__CLASS_TABLE ? SHO__NEED_CLEAN_LARGE : SHO__NEED_CLEAN;
  return sho__room_take(c->map, class, bytes, need, NULL, &c->room) == SHO_OK;
}

/* Has the entry's slot name its copy. */
static void move_entry(struct sho__cleaning *c, struct sho__shard *shard,
                       const struct sho__hit *hit) {
  uint64_t bytes = sho__record_size(c->map, &hit->record);
  uint64_t to = sho__room_place(&c->room);
  uint64_t slot = sho__load_relaxed(hit->slot);
  uint64_t visited = c->mode == SHO__MODE_MOVE ? slot & SHO__SLOT_VISITED : 0;
  sho__copy_racy(c->room.at, hit->at, bytes);
  sho__room_commit(&c->room, bytes, hit->record.expiry_ms);
  c->moved += bytes;
  sho__shard_retiring(shard, slot);
  sho__store_release(hit->slot, visited | (slot & SHO__SLOT_TAG_MASK) |
                                    sho__slot_named(to));
  SHO_CRASH_POINT("map: entry moved");
  sho__entry_retire(c->map, hit, 0);
  sho__shard_retiring(shard, 0);
}

/* Where what stays of the victim goes. */
static enum sho__class survivors_class(const struct sho__cleaning *c) {
  enum sho__class class = sho__chunk_class(c->map, c->victim);
  if (class < SHO__CLASS_SMALL) {
    return SHO__CLASS_SMALL; /* damaged: no entry belongs there */
  }
  return c->mode == SHO__MODE_EVICT && class < c->map->hottest ? class + 1
                                                               : class;
}

static int stays(const struct sho__cleaning *c, const struct sho__hit *hit) {
  return c->mode == SHO__MODE_MOVE ||
         (c->mode == SHO__MODE_EVICT &&
          (sho__load_relaxed(hit->slot) & SHO__SLOT_VISITED) != 0);
}

static void evict(struct sho__cleaning *c, struct sho__shard *shard,
                  uint64_t hash, const struct sho__hit *hit) {
  if (c->map->ghosts != NULL) {
    sho__ghost_leave(c->map, hash,
                     sho__chunk_class(c->map, c->victim) != SHO__CLASS_SMALL);
  }
  if (sho__record_is(&hit->record, SHO__RECORD_LARGE)) {
    c->dropped += hit->record.value_bytes;
  }
  sho__shard_drop(shard, hash, hit, SHO_CHANGE_EVICTED);
  sho__increment_owned(&shard->shm->evictions);
}

/* 1: nothing names the record any more. *changed: the hash of a key that is
 * gone by that. */
static int clean_entry(struct sho__cleaning *c, const struct sho__hit *record,
                       uint64_t *changed) {
  struct sho__hit hit = *record;
  struct sho__shard shard;
  uint64_t hash = sho__hit_hash(c->map, &hit);
  uint32_t number = sho__shard_of(c->map, hash);
  *changed = 0;
  /* Before the lock: no chunk is taken while it is held. */
  int has_room =
      c->mode == SHO__MODE_DROP ||
      room_for(c, survivors_class(c), sho__record_size(c->map, &hit.record));
  if (!shard_try(c, number, &shard)) {
    return 0;
  }
  int done = 1;
  hit.slot =
      sho__table_slot_of(&shard.table, sho__tag_of(c->map, hash), hit.place);
  if (hit.slot != NULL) {
    hit.slot_value = sho__load_relaxed(hit.slot);
    if (hit.record.expiry_ms != 0 && hit.record.expiry_ms <= c->now_ms) {
      sho__shard_drop(&shard, hash, &hit, SHO_CHANGE_EXPIRED);
      sho__increment_owned(&shard.shm->expirations);
      *changed = hash;
    } else if (!stays(c, &hit)) {
      evict(c, &shard, hash, &hit);
      *changed = hash;
    } else if (has_room) {
      move_entry(c, &shard, &hit);
    } else {
      done = 0;
    }
  }
  sho__shard_unlock(&shard);
  return done;
}

static int clean_table(struct sho__cleaning *c, uint64_t place,
                       const struct sho__record *record) {
  struct sho__shard shard;
  uint64_t number = record->number;
  uint64_t bytes = sho__record_size(c->map, record);
  if (number >> c->map->geometry.shard_bits != 0) {
    return 1; /* damaged */
  }
  int has_room = room_for(c, SHO__CLASS_TABLE, bytes);
  if (!shard_try(c, (uint32_t)number, &shard)) {
    return 0;
  }
  int done = 1;
  if (shard.table.buckets > 0 && shard.table.place == place + SHO__TABLE_OFF) {
    done = has_room && bytes == sho__table_bytes(shard.table.buckets);
    if (done) {
      sho__table_copy(&shard, &c->room, sho__table_fitting(&shard));
    }
  }
  sho__shard_unlock(&shard);
  return done;
}

/* 1: nothing names the part any more. */
static int clean_part(struct sho__cleaning *c, uint64_t place,
                      const struct sho__record *record) {
  struct sho__shard shard;
  struct sho__hit hit;
  uint64_t bytes = sho__part_bytes(c->map);
  int has_room = room_for(c, SHO__CLASS_PARTS, bytes);
  if (!shard_try(c, sho__shard_of(c->map, record->number), &shard)) {
    return 0;
  }
  int index = sho__large_owner(&shard, record->number, place, &hit);
  if (index >= 0 && has_room) {
    sho__large_move(&shard, &hit, index, &c->room);
    c->moved += bytes;
  }
  sho__shard_unlock(&shard);
  return index < 0 || has_room;
}

/* ---- one chunk ---------------------------------------------------------- */

/* The record at a place of the victim. 0: none lies there, which takes
 * damage. */
static int record_at(const struct sho_map *map, uint64_t place, uint64_t used,
                     struct sho__hit *hit) {
  uint64_t off = sho__in_chunk(map, place);
  if (off + 24 > sho__chunk_bytes(map) || off >= used) {
    return 0;
  }
  *hit = (struct sho__hit){
      .place = place,
      .gen = sho__load_relaxed(&map->gens[sho__chunk_of(map, place)]),
      .at = sho__record_at(map, place)};
  sho__record_load(&hit->record, hit->at);
  return sho__record_fits(map, place, &hit->record) &&
         off + sho__record_size(map, &hit->record) <= used;
}

/* A chunk whose records are damaged: what lies behind cannot be told. It stays,
 * and looks as if it were full and new. */
static int pass_over(struct sho_map *map, uint32_t chunk) {
  struct sho__chunk_shm *shm = &map->chunks[chunk];
  sho__chunk_set_dead(map, chunk, 0);
  sho__store_relaxed(&shm->latest_expiry_ms, UINT64_MAX);
  sho__store_relaxed(&shm->order, atomic_fetch_add(&map->header->order, 1));
  return 0;
}

/* Fetches what will be needed to clean the record at a place: its shard's lock,
 * and its bucket. Answers its size; 0: none lies there. */
static uint64_t warm(const struct sho_map *map, uint64_t place, uint64_t used) {
  struct sho__hit hit;
  struct sho__table table;
  if (!record_at(map, place, used, &hit)) {
    return 0;
  }
  if (!sho__record_is(&hit.record, SHO__RECORD_DEAD) &&
      sho__record_is_entry(&hit.record)) {
    uint64_t hash = sho__hit_hash(map, &hit);
    uint32_t number = sho__shard_of(map, hash);
    __builtin_prefetch(&map->shards[number].lock);
    sho__table_decode(map, sho__load_relaxed(&map->tables[number]), &table);
    __builtin_prefetch(sho__bucket_home(&table, sho__tag_of(map, hash)));
  }
  return sho__record_size(map, &hit.record);
}

/* Warms records, up to some in front of one. */
struct ahead {
  uint64_t off;
  int count;
};

static void warm_ahead(const struct sho__cleaning *c, uint64_t used,
                       struct ahead *ahead) {
  while (ahead->count < WARM && ahead->off < used) {
    uint64_t place = sho__place_in(c->map, c->victim, ahead->off);
    uint64_t bytes = warm(c->map, place, used);
    ahead->off = bytes == 0 ? used : ahead->off + bytes;
    ahead->count++;
  }
  ahead->count--;
}

/* 1: nothing names the record any more. */
static int clean_record(struct sho__cleaning *c, const struct sho__hit *hit) {
  uint64_t changed = 0;
  int done;
  if (sho__record_is_entry(&hit->record)) {
    done = clean_entry(c, hit, &changed);
  } else if (sho__record_is(&hit->record, SHO__RECORD_TABLE)) {
    done = clean_table(c, hit->place, &hit->record);
  } else {
    done = clean_part(c, hit->place, &hit->record);
  }
  if (changed != 0) {
    sho__map_changed(c->map, changed);
  }
  return done;
}

int sho__clean_records(struct sho__cleaning *c, uint64_t *off, uint64_t most) {
  struct sho_map *map = c->map;
  uint64_t used = sho__chunk_used(map, c->victim);
  int done = 1;
  int records = 0;
  struct ahead ahead = {*off, 0};
  used = used > sho__chunk_bytes(map) ? sho__chunk_bytes(map) : used;
  while (*off < used && most > 0) {
    struct sho__hit hit;
    warm_ahead(c, used, &ahead);
    if (!record_at(map, sho__place_in(map, c->victim, *off), used, &hit)) {
      *off = used;
      return pass_over(map, c->victim);
    }
    uint64_t bytes = sho__record_size(map, &hit.record);
    int dead = sho__record_is(&hit.record, SHO__RECORD_DEAD);
    done &= dead || clean_record(c, &hit);
    *off += bytes;
    if (c->search != NULL && ++records % RECORDS_PER_LOOK == 0 &&
        sho__search_ends(c->search)) {
      return 0;
    }
    uint64_t effort = dead ? bytes / SHO__DEAD_SHARE : bytes;
    most -= effort < most ? effort : most;
    /* The parts of one entry may be many chunks. */
    if (c->mode != SHO__MODE_MOVE &&
        sho__record_is(&hit.record, SHO__RECORD_LARGE) &&
        (sho__chunks_free(map) > c->enough ||
         c->dropped > ENOUGH_CHUNKS * sho__chunk_bytes(map))) {
      return 0;
    }
  }
  *off = *off < used ? *off : used;
  /* Who sees it free sees that no slot names what was marked dead. */
  sho__fence_after_copy();
  return done;
}

/* Records that follow each other are all that there are, unless one of them was
 * damaged by a power cut. Then the counts show that a slot names more. They
 * show too much as well while somebody marks the last record: who counts it
 * then, or cleans again, frees the chunk. Counts of another generation are
 * damaged. */
static int all_is_dead(const struct sho_map *map, uint32_t chunk) {
  uint32_t counted =
      (uint32_t)(sho__load_acquire(&map->chunks[chunk].dead) >> 32);
  return sho__chunk_live(map, chunk) == 0 ||
         counted != (uint32_t)sho__load_relaxed(&map->gens[chunk]) ||
         atomic_load_explicit(&map->chunks[chunk].doubt,
                              memory_order_relaxed) != 0;
}

int sho__clean_end(struct sho_map *map, uint32_t chunk, int done) {
  SHO_CRASH_POINT("map: chunk cleaned");
  if (done && all_is_dead(map, chunk)) {
    sho__chunk_free(map, chunk);
    return 1;
  }
  sho__chunk_leave(map, chunk);
  return 0;
}

struct sho__cleaning sho__cleaning_of(struct sho_map *map, uint32_t chunk,
                                      enum sho__mode mode, uint64_t enough) {
  enum sho__class class = sho__chunk_class(map, chunk);
  return (struct sho__cleaning){
      .map = map,
      .victim = chunk,
      .mode = class >= SHO__CLASS_SMALL ? mode : SHO__MODE_MOVE,
      .enough = enough,
      .now_ms = sho__map_now_ms(map)};
}

struct gain {
  struct sho__search *search;
  int cleaned;      /* chunks */
  int doubtful;     /* of these */
  uint64_t dropped; /* bytes of large values, from chunks all over the map */
};

/* 1: it was cleaned and is free; 0: another holds it, or what it names. */
static int clean_chunk(struct sho_map *map, uint32_t chunk, enum sho__mode mode,
                       uint64_t enough, struct gain *gain) {
  if (!sho__chunk_try(map, chunk)) {
    gain->search->holder = map->peers.word; /* somebody was faster */
    return 0;
  }
  int done = 0;
  if (sho__may_clean(map, chunk)) {
    struct sho__cleaning c = sho__cleaning_of(map, chunk, mode, enough);
    uint64_t off = 0;
    c.search = gain->search;
    done = sho__clean_records(&c, &off, UINT64_MAX);
    sho__room_leave(&c.room);
    gain->dropped += c.dropped;
  }
  return sho__clean_end(map, chunk, done);
}

/* ---- calls -------------------------------------------------------------- */

static int drops_enough(const struct sho_map *map, const struct gain *gain) {
  return gain->dropped > ENOUGH_CHUNKS * sho__chunk_bytes(map);
}

/* Until more than `keep` chunks are free: then 1. */
static int clean_list(struct sho_map *map, const struct sho__list *list,
                      enum sho__mode mode, uint64_t keep, struct gain *gain) {
  for (uint32_t i = 0; i < list->count && !drops_enough(map, gain); i++) {
    int done = clean_chunk(map, list->chunks[i], mode, keep, gain);
    gain->cleaned += done;
    /* Others may take what was dropped as soon as it is free. */
    if (sho__chunks_free(map) > keep || (done && mode == SHO__MODE_DROP)) {
      return 1;
    }
  }
  return 0;
}

/* The same with what is best to clean, and then with what is next to it, since
 * others may hold all of a list. */
static int clean_view(struct sho_map *map, struct sho__view *view, int try,
                      uint64_t keep, struct gain *gain) {
  struct sho__list *list;
  enum sho__mode mode;
  while (!drops_enough(map, gain) && !sho__search_ends(gain->search) &&
         (list = sho__pick(map, view, &mode)) != NULL) {
    int cleaned = gain->cleaned;
    /* Readers may visit faster than we move. */
    mode = try < 2 || mode == SHO__MODE_MOVE ? mode : SHO__MODE_DROP;
    if (clean_list(map, list, mode, keep, gain)) {
      return 1;
    }
    gain->doubtful += list == &view->doubtful ? gain->cleaned - cleaned : 0;
    list->count = 0;
  }
  return 0;
}

int sho__clean(struct sho_map *map, enum sho__need need,
               struct sho__search *search) {
  struct sho__view view;
  enum sho__mode mode;
  uint64_t before = sho__chunks_free(map);
  int evicts = map->geometry.eviction != SHO_EVICTION_NONE;
  int doubts = 0;
  int rounds = 0;
  for (int try = 0; try < (evicts ? EVICTING_LOOKS : MOST_LOOKS); try++) {
    struct gain gain = {.search = search};
    int code = sho__map_check(map);
    if (code == SHO_OK && sho__search_ends(search)) {
      code = sho__search_fail(map, search);
    }
    if (code != SHO_OK) {
      return code;
    }
    sho__look(map, need, &view);
    sho__view_note(map, &view, search);
    if (!evicts && sho__pick(map, &view, &mode) == NULL) {
      break;
    }
    if (clean_view(map, &view, try, before, &gain)) {
      return SHO_OK;
    }
    if (gain.doubtful > 0 && doubts < MOST_DOUBTS) {
      doubts++;
      try = -1; /* that gained nothing, but each is doubtful once */
    } else if (drops_enough(map, &gain)) {
      try -= rounds++ < ROUNDS; /* what is left moves together */
    } else if (evicts) {
      sho__close_queues(map);
    }
  }
  if (sho__chunks_free(map) > before) {
    return SHO_OK;
  }
  return sho__fail(
      SHO_EFULL,
      "%s is full: of %llu bytes %llu are in use; remove entries, or make the "
      "map anew with more capacity or with eviction S3_FIFO",
      map->region.path,
      (unsigned long long)(map->geometry.chunks << map->geometry.chunk_bits),
      (unsigned long long)view.live);
}

/* ---- what expired and lies among what did not --------------------------- */

int sho__clean_expired(struct sho_map *map, uint32_t first) {
  uint32_t shards = UINT32_C(1) << map->geometry.shard_bits;
  uint64_t now_ms = sho__map_now_ms(map);
  uint64_t dropped = 0;
  int tried = 0;
  struct sho__cleaning c = {.map = map};
  for (uint32_t i = 0; i < shards && tried < MOST_EXPIRED_SHARDS; i++) {
    uint32_t number = (first + i) & (shards - 1);
    struct sho__shard_shm *shm = &map->shards[number];
    uint64_t earliest = sho__load_relaxed(&shm->earliest_expiry_ms);
    struct sho__shard shard;
    if (earliest == 0 || earliest > now_ms) {
      continue;
    }
    tried++;
    if (shard_try(&c, number, &shard)) {
      uint64_t here = sho__shard_drop_entries(&shard, 0);
      sho__store_relaxed(&shm->expirations,
                         sho__load_relaxed(&shm->expirations) + here);
      sho__shard_unlock(&shard);
      sho__changes_told(map);
      dropped += here;
    }
  }
  return dropped > 0;
}
