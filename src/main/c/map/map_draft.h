/*
 * What a write does before it locks its shard: takes room, and lays a draft of
 * the record there. Inline: all of it is part of map_write.c's hot path.
 */
#ifndef SHO_MAP_DRAFT_H
#define SHO_MAP_DRAFT_H

#include "base/crash.h"
#include "base/error.h"
#include "map/map_changes.h"
#include "map/map_large.h"
#include "map/map_pick.h"

enum {
  SHO__MOST_FINDS = 256,
  SHO__AGAIN = 1,           /* what was prepared does not fit what is there */
  SHO__TTL_CLASS_SHIFT = 2, /* times to live of one class: up to 4 times one */
  SHO__TTL_FIRST_CLASS_BITS = 12 /* the first: up to 4 seconds */
};

/* Under the lock. An expired entry that is still there counts as absent, and
 * hit names it all the same. */
struct sho__state {
  struct sho__hit hit;
  int there; /* a slot names an entry of the key */
  int live;  /* and it is not expired */
};

/* What to write. */
struct sho__write {
  const void *key;
  size_t key_bytes;
  struct sho__source value;
  size_t value_bytes;
  uint32_t checksum;  /* of the value, if that is bytes that nobody changes */
  uint64_t expiry_ms; /* 0: never expires */
  int keep_value;     /* the value and version that are there */
  int replaces;       /* there is an entry that gives room back */
  struct sho__search *search;
  /* Under the lock: refuses, or fills in what could not be known before. */
  int (*decide)(const struct sho_map *map, const struct sho__state *state,
                struct sho__write *write);
  uint64_t expected; /* for decide */
  uint64_t sum;      /* by decide */
  int64_t delta;
};

/* A write that is prepared: its record lies in a room. */
struct sho__draft {
  struct sho__room room;
  struct sho__parts parts;
  struct sho__record record;
  uint64_t hash;
  uint64_t tag;
  uint64_t bytes;
  int is_large;
  uint64_t guess;         /* the place of the entry that is there; ~0: none */
  struct sho__hit copied; /* keep_value: from where */
};

/* ---- where to ----------------------------------------------------------- */

/* What expires together lies together. */
static inline enum sho__class sho__class_of_expiry(const struct sho_map *map,
                                                   uint64_t expiry_ms) {
  if (expiry_ms == 0) {
    return SHO__CLASS_SMALL;
  }
  uint64_t now_ms = sho__map_now_ms(map);
  uint64_t ttl = expiry_ms > now_ms ? expiry_ms - now_ms : 1;
  int class = SHO__CLASS_TTL;
  for (uint64_t most = UINT64_C(1) << SHO__TTL_FIRST_CLASS_BITS;
       ttl > most && class < SHO__CLASS_LONGEST;
       most <<= SHO__TTL_CLASS_SHIFT) {
    class ++;
  }
  return (enum sho__class) class;
}

/* Which chunk the entry goes to. A guess, without the lock: nothing depends on
 * it but how well chunks are used. */
static inline enum sho__class sho__draft_class(struct sho_map *map,
                                               const struct sho__write *write,
                                               const struct sho__draft *draft) {
  if (map->geometry.eviction == SHO_EVICTION_NONE) {
    return sho__class_of_expiry(map, write->expiry_ms);
  }
  if (draft->guess == UINT64_MAX) {
    return sho__queue_for_new(map, draft->hash);
  }
  enum sho__class class =
      sho__chunk_class(map, sho__chunk_of(map, draft->guess));
  return class > SHO__CLASS_SMALL && class <= SHO__CLASS_HOTTEST
             ? class
             : SHO__CLASS_SMALL;
}

/* What takes another entry's place gives room back. */
static inline enum sho__need sho__draft_need(const struct sho__write *write,
                                             const struct sho__draft *draft) {
  return draft->guess == UINT64_MAX && !write->replaces ? SHO__NEED_NEW
                                                        : SHO__NEED_REPLACE;
}

/* ---- drafts ------------------------------------------------------------- */

static inline void sho__draft_discard(struct sho__draft *draft) {
  sho__room_leave(&draft->room);
  if (draft->parts.map != NULL) {
    sho__large_leave(&draft->parts, 0);
  }
}

/* Takes room for the record, and writes all of it but version and checksum. */
static inline int sho__draft_write(struct sho_map *map,
                                   const struct sho__write *write,
                                   struct sho__draft *draft) {
  enum sho__need need = sho__draft_need(write, draft);
  struct sho__record *record = &draft->record;
  *record = (struct sho__record){
      .kind_and_key = (uint32_t)write->key_bytes |
                      (write->expiry_ms != 0 ? SHO__RECORD_EXPIRES : 0),
      .value_bytes = (uint32_t)write->value_bytes,
      .expiry_ms = write->expiry_ms};
  int code = SHO_OK;
  uint64_t in_parts = 0;
  if (draft->is_large) {
    record->kind_and_key |= SHO__RECORD_LARGE;
    code = sho__large_write(map, draft->hash, &write->value, write->value_bytes,
                            need, write->search, &draft->parts);
    in_parts = draft->parts.count * sho__part_payload(map);
  }
  draft->bytes = sho__record_size(map, record);
  code = code == SHO_OK
             ? sho__room_take(map, sho__draft_class(map, write, draft),
                              draft->bytes, need, write->search, &draft->room)
             : code;
  if (code != SHO_OK) {
    sho__draft_discard(draft);
    return code;
  }
  uint8_t *to = draft->room.at + sho__record_key_off(record);
  sho__copy_racy(to, write->key, write->key_bytes);
  to += write->key_bytes;
  record->checksum = 0;
  if (in_parts > 0) {
    to = draft->room.at + sho__record_list_off(record);
    sho__copy_racy(to, draft->parts.ids, draft->parts.count * sizeof(uint32_t));
    to += draft->parts.count * sizeof(uint32_t);
    record->checksum = draft->parts.checksum;
  }
  uint64_t rest = write->value_bytes - in_parts;
  sho__source_copy(&write->value, to, in_parts, rest);
  record->checksum ^= write->value.at != NULL && in_parts == 0
                          ? write->checksum
                          : sho__value_checksum(record, draft->hash, to, rest);
  SHO_CRASH_POINT("map: entry written");
  return SHO_OK;
}

/* The same for a copy of the entry that is there, with another expiry. */
static inline int sho__draft_copy(struct sho_map *map,
                                  const struct sho__write *write,
                                  struct sho__draft *draft) {
  struct sho__hit *hit = &draft->copied;
  enum sho__lookup found = SHO__MOVED;
  for (int i = 0; i < SHO__MOST_FINDS && found == SHO__MOVED; i++) {
    found = sho__find(map, draft->hash, write->key, write->key_bytes, hit);
    if (found == SHO__HIT && !sho__hit_still(map, hit)) {
      found = SHO__MOVED; /* the header may be another record's */
    }
  }
  if (found == SHO__MOVED) {
    return SHO__AGAIN;
  }
  if (found == SHO__MISS || sho__record_expired(map, &hit->record)) {
    return sho__fail_absent(map->region.path);
  }
  uint32_t from = sho__record_key_off(&hit->record);
  uint64_t size = sho__record_size(map, &hit->record);
  draft->record = hit->record;
  draft->record.expiry_ms = write->expiry_ms;
  draft->record.kind_and_key &= ~SHO__RECORD_EXPIRES;
  if (write->expiry_ms != 0) {
    draft->record.kind_and_key |= SHO__RECORD_EXPIRES;
  }
  draft->bytes = sho__record_size(map, &draft->record);
  if (draft->bytes > sho__chunk_bytes(map)) {
    return sho__fail(SHO_ECORRUPT, "%s: the entry is damaged; remove the key",
                     map->region.path);
  }
  int code = sho__room_take(map, sho__draft_class(map, write, draft),
                            draft->bytes, sho__draft_need(write, draft),
                            write->search, &draft->room);
  if (code != SHO_OK) {
    return code;
  }
  if (!sho__hit_still(map, hit)) {
    sho__draft_discard(draft); /* the entry made room for its own copy */
    return SHO__AGAIN;
  }
  uint64_t off;
  uint64_t rest = sho__record_own_value(map, &draft->record, &off);
  uint64_t most = draft->bytes - sho__record_key_off(&draft->record);
  uint64_t has = size - from;
  sho__copy_racy(draft->room.at + sho__record_key_off(&draft->record),
                 hit->at + from, has < most ? has : most);
  /* Only the expiry's part changes, so that damage stays noticed. */
  draft->record.checksum ^= sho__number_checksum(hit->record.number) ^
                            sho__value_checksum(&hit->record, draft->hash,
                                                draft->room.at + off, rest) ^
                            sho__value_checksum(&draft->record, draft->hash,
                                                draft->room.at + off, rest);
  return SHO_OK;
}

/* Under the lock: logs what is about to be published. */
static inline void sho__draft_log(struct sho__shard *shard,
                                  const struct sho__draft *draft,
                                  const struct sho__write *write,
                                  const struct sho__state *state,
                                  struct sho__change changes[2]) {
  changes[0].word = NULL;
  changes[1].word = NULL;
  if (write->keep_value) {
    return;
  }
  if (state->there && !state->live) {
    sho__change_begin(shard, SHO_CHANGE_EXPIRED, state->hit.record.number,
                      draft->hash, write->key, write->key_bytes, &changes[0]);
  }
  sho__change_begin(shard,
                    state->live ? SHO_CHANGE_UPDATED : SHO_CHANGE_CREATED,
                    draft->record.number, draft->hash, write->key,
                    write->key_bytes, &changes[1]);
}

#endif
