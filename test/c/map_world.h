/*
 * Ways of writing to a map, for tests in which a process dies while it writes:
 * each scenario prepares a map and acts on it, and the world knows what must
 * be in the map then.
 */
#ifndef SHO_TEST_MAP_WORLD_H
#define SHO_TEST_MAP_WORLD_H

#include "base/crash.h"
#include "map_counts.h"

enum { CAPACITY = 128 * KIB };
enum { KEYS = 64, EVERY_KEY = -1, NO_KEY = -2, NUMBER_BYTES = 8 };

/* What a key holds: bytes 0 is absent, 8 a number, more a signed value. */
struct state {
  size_t bytes;
  uint64_t stamp;
};

/* Shared with the child that dies. The pending key holds its state of before
 * or the new one, every other key its state. */
struct world {
  char key[KEYS][24];
  struct state state[KEYS];
  int pending;
  struct state next;
  uint64_t stamp;
  int traced;   /* the child stops as each call begins */
  int stepping; /* and is inside of one */
};

struct scenario {
  const char *name;
  int eviction;
  void (*prepare)(struct world *world, struct sho_map *map);
  void (*act)(struct world *world, struct sho_map *map);
  int deep; /* how many arrivals at each point are tried */
};

static const char path[] = "map";

/* ---- writes that keep the world up to date ------------------------------ */

SHO_TEST void begin(struct world *world, int key, size_t bytes,
                    uint64_t stamp) {
  world->next = (struct state){bytes, stamp};
  atomic_signal_fence(memory_order_seq_cst);
  world->pending = key;
  atomic_signal_fence(memory_order_seq_cst);
  if (world->traced) {
    world->stepping = 1;
    raise(SIGSTOP);
  }
}

SHO_TEST void end(struct world *world, int code) {
  world->stepping = 0;
  atomic_signal_fence(memory_order_seq_cst);
  if (code != SHO_EABSENT) {
    REQUIRE_OK(code);
  }
  for (int i = 0; i < KEYS; i++) {
    if (world->pending == i || world->pending == EVERY_KEY) {
      world->state[i] = world->next;
    }
  }
  atomic_signal_fence(memory_order_seq_cst);
  world->pending = NO_KEY;
}

SHO_TEST void put_for(struct world *world, struct sho_map *map, int key,
                      size_t bytes, int64_t ttl_ms) {
  static uint8_t value[16 * KIB];
  uint64_t stamp = ++world->stamp;
  sign_value(value, bytes, (uint64_t)key, stamp);
  begin(world, key, bytes, stamp);
  end(world, sho_map_set(map, world->key[key], strlen(world->key[key]), value,
                         bytes, ttl_ms, NULL));
}

SHO_TEST void put(struct world *world, struct sho_map *map, int key,
                  size_t bytes) {
  put_for(world, map, key, bytes, 0);
}

SHO_TEST void put_if_same(struct world *world, struct sho_map *map, int key,
                          size_t bytes) {
  uint8_t value[256];
  uint64_t stamp = ++world->stamp;
  sign_value(value, bytes, (uint64_t)key, stamp);
  uint64_t version = version_of(map, world->key[key]);
  begin(world, key, bytes, stamp);
  end(world,
      sho_map_compare_and_set(map, world->key[key], strlen(world->key[key]),
                              version, value, bytes, 0, NULL));
}

SHO_TEST void drop(struct world *world, struct sho_map *map, int key) {
  begin(world, key, 0, 0);
  end(world, sho_map_remove(map, world->key[key], strlen(world->key[key])));
}

SHO_TEST void add(struct world *world, struct sho_map *map, int key) {
  int64_t sum;
  begin(world, key, NUMBER_BYTES, world->state[key].stamp + 1);
  end(world, sho_map_add_and_get(map, world->key[key], strlen(world->key[key]),
                                 1, &sum));
}

SHO_TEST void expire(struct world *world, struct sho_map *map, int key) {
  begin(world, key, world->state[key].bytes, world->state[key].stamp);
  end(world,
      sho_map_expire(map, world->key[key], strlen(world->key[key]), 3600000));
}

/* Has the key expire now, as far as anybody can tell. */
SHO_TEST void let_expire(struct world *world, struct sho_map *map, int key,
                         size_t bytes) {
  put_for(world, map, key, bytes, 1);
  world->state[key].bytes = 0;
}

/* Renames the keys so that they have one bucket for a home, the first of a
 * shard, however large its table is. */
SHO_TEST void share_bucket(struct world *world, const struct sho_map *map) {
  int made = 0;
  for (int i = 0; made < KEYS; i++) {
    char key[24];
    snprintf(key, sizeof key, "b%d", i);
    uint64_t hash = sho__map_hash(map, key, strlen(key));
    if (sho__shard_of(map, hash) == 3 &&
        sho__tag_of(map, hash) >> (SHO__SLOT_TAG_BITS - 6) == 0) {
      memcpy(world->key[made++], key, sizeof key);
    }
  }
}

SHO_TEST struct world *new_world(void) {
  struct world *world = shared_bytes(sizeof *world);
  world->pending = NO_KEY;
  for (int i = 0; i < KEYS; i++) {
    snprintf(world->key[i], sizeof world->key[i], "key %d", i);
  }
  return world;
}

/* ---- scenarios ---------------------------------------------------------- */

SHO_TEST void prepare_nothing(struct world *world, struct sho_map *map) {
  (void)world;
  (void)map;
}

SHO_TEST void prepare_some(struct world *world, struct sho_map *map) {
  for (int i = 0; i < 20; i++) {
    put(world, map, i, SIGNED_MIN + (size_t)i * 8);
  }
}

SHO_TEST void act_set_new(struct world *world, struct sho_map *map) {
  for (int i = 30; i < 34; i++) {
    put(world, map, i, 100);
  }
}

SHO_TEST void act_replace(struct world *world, struct sho_map *map) {
  for (int i = 0; i < 4; i++) {
    put(world, map, i, 200);
    put_if_same(world, map, i, 80);
  }
}

SHO_TEST void act_compare_new(struct world *world, struct sho_map *map) {
  put_if_same(world, map, 40, 80);
  put_if_same(world, map, 41, 80);
}

SHO_TEST void act_remove(struct world *world, struct sho_map *map) {
  for (int i = 0; i < 4; i++) {
    drop(world, map, i);
  }
}

SHO_TEST void act_add(struct world *world, struct sho_map *map) {
  for (int i = 0; i < 4; i++) {
    add(world, map, 50 + i % 2);
  }
}

SHO_TEST void act_expire(struct world *world, struct sho_map *map) {
  for (int i = 0; i < 4; i++) {
    expire(world, map, i);
  }
}

SHO_TEST void prepare_chain(struct world *world, struct sho_map *map) {
  share_bucket(world, map);
  for (int i = 0; i < 22; i++) { /* three buckets full, and one more */
    put(world, map, i, 64);
  }
}

SHO_TEST void act_chain(struct world *world, struct sho_map *map) {
  put(world, map, 30, 64);
  drop(world, map, 3);
  put(world, map, 31, 64);
  drop(world, map, 21);
  put(world, map, 20, 96);
  drop(world, map, 20);
}

/* Values in parts, so many that each new one needs what another leaves. */
enum { FULL = 9, FULL_BYTES = 8 * KIB - 48 };

SHO_TEST void prepare_full(struct world *world, struct sho_map *map) {
  for (int i = 0; i < FULL; i++) {
    put(world, map, i, FULL_BYTES);
  }
}

SHO_TEST void act_full(struct world *world, struct sho_map *map) {
  for (int i = 0; i < 12; i++) {
    put(world, map, i * 5 % FULL, FULL_BYTES);
  }
}

SHO_TEST void act_large(struct world *world, struct sho_map *map) {
  put(world, map, 0, 3000);
  put(world, map, 50, 700);
  expire(world, map, 1);
  put(world, map, 1, 100);
  drop(world, map, 50);
  drop(world, map, 2);
}

/* Of one shard, so that its table grows some times. */
SHO_TEST void act_grow(struct world *world, struct sho_map *map) {
  for (int i = 22; i < KEYS; i++) {
    put(world, map, i, 64);
  }
}

/* Many sizes, so that moves and what is free never match. */
enum { MIXED = 56 };

SHO_TEST void prepare_mixed(struct world *world, struct sho_map *map) {
  for (int i = 0; i < MIXED; i++) {
    put(world, map, i, 100 + (size_t)(i * 797 % 2500));
  }
}

/* Some keys often and others never, so that what is left has to be moved. */
SHO_TEST void act_mixed(struct world *world, struct sho_map *map) {
  uint64_t random = 1;
  for (int i = 0; i < 200; i++) {
    int key = (int)random_below(&random, MIXED);
    put(world, map, key, 100 + (size_t)(key * 797 % 2500));
  }
}

SHO_TEST void act_expire_full(struct world *world, struct sho_map *map) {
  for (int i = 0; i < 12; i++) {
    expire(world, map, i * 5 % FULL);
  }
}

SHO_TEST void prepare_evict(struct world *world, struct sho_map *map) {
  for (int i = 0; i < KEYS; i++) {
    put(world, map, i, 2000);
    version_of(map, world->key[i / 2]); /* so that half are visited */
  }
}

SHO_TEST void act_evict(struct world *world, struct sho_map *map) {
  for (int i = 0; i < 40; i++) {
    put(world, map, i * 3 % KEYS, 3000);
    version_of(map, world->key[i]);
    drop(world, map, (i + 9) % KEYS);
  }
}

SHO_TEST void prepare_expired_head(struct world *world, struct sho_map *map) {
  for (int i = 0; i < 8; i++) {
    let_expire(world, map, i, 500);
  }
  for (int i = 8; i < 17; i++) {
    put(world, map, i, 7 * KIB);
  }
  nap_us(3000);
}

SHO_TEST void act_expired_head(struct world *world, struct sho_map *map) {
  for (int i = 0; i < 8; i++) {
    put(world, map, 8 + i % 9, 7 * KIB);
  }
}

/* Only what expired makes room. */
SHO_TEST void prepare_expired_full(struct world *world, struct sho_map *map) {
  for (int i = 0; i < FULL; i++) {
    i % 2 == 0 ? let_expire(world, map, i, FULL_BYTES)
               : put(world, map, i, FULL_BYTES);
  }
  nap_us(3000);
}

SHO_TEST void act_expired_full(struct world *world, struct sho_map *map) {
  for (int i = 10; i < 14; i++) {
    put(world, map, i, FULL_BYTES);
  }
}

SHO_TEST void prepare_expired_chain(struct world *world, struct sho_map *map) {
  share_bucket(world, map);
  for (int i = 0; i < 22; i++) {
    i % 3 == 0 ? let_expire(world, map, i, 64) : put(world, map, i, 64);
  }
  nap_us(3000);
}

SHO_TEST void act_remove_expired(struct world *world, struct sho_map *map) {
  begin(world, NO_KEY, 0, 0);
  end(world, sho_map_remove_expired(map, NULL));
}

SHO_TEST void act_clear(struct world *world, struct sho_map *map) {
  put(world, map, 1, 77);
  begin(world, EVERY_KEY, 0, 0);
  end(world, sho_map_clear(map));
  put(world, map, 2, 77);
}

SHO_TEST void act_verify(struct world *world, struct sho_map *map) {
  begin(world, NO_KEY, 0, 0);
  end(world, sho_map_verify(map));
}

SHO_TEST void act_compute(struct world *world, struct sho_map *map) {
  uint32_t outer;
  uint32_t inner;
  REQUIRE_OK(sho_map_compute_lock(map, "outer", 5, NULL, 0, &outer));
  REQUIRE_OK(sho_map_compute_lock(map, "inner", 5, &outer, 1, &inner));
  put(world, map, 9, 300);
  REQUIRE_OK(sho_map_compute_unlock(map, inner));
  REQUIRE_OK(sho_map_compute_unlock(map, outer));
}

/* Begins to listen, is told, and ends it. */
SHO_TEST void act_listen(struct world *world, struct sho_map *map) {
  struct sho_map_changes *changes;
  uint8_t out[KIB];
  size_t used;
  begin(world, NO_KEY, 0, 0);
  end(world, sho_map_changes_open(map, &changes));
  put(world, map, 30, 100);
  put(world, map, 1, 100);
  drop(world, map, 2);
  REQUIRE_OK(sho_map_changes_read(changes, out, sizeof out, &used, 0));
  begin(world, NO_KEY, 0, 0);
  sho_map_changes_free(changes);
  end(world, SHO_OK);
}

/* ---- who dies ----------------------------------------------------------- */

struct victim {
  const struct scenario *scenario;
  struct world *world;
  const char *point;
  unsigned count;
};

SHO_TEST void act_and_die(void *context) {
  const struct victim *victim = context;
  struct sho_map *map = map_again(path);
  sho__crash_at(victim->point, victim->count);
  victim->scenario->act(victim->world, map);
}

/* 1: it died there. 0: it did not come there so often. */
SHO_TEST int kill_at(const struct scenario *scenario, struct world *world,
                     const char *point, unsigned count) {
  struct victim victim = {scenario, world, point, count};
  int status = child_wait(child_start(act_and_die, &victim));
  if (status != 0 && status != 128 + SIGKILL) {
    fail(__FILE__, __LINE__, "%s, %s: the child ended with %d", scenario->name,
         point, status);
  }
  return status != 0;
}

/* Leaves a lock to be taken over, with a move that was cut short. */
SHO_TEST void prepare_dead_owner(struct world *world, struct sho_map *map) {
  static const struct scenario mixed = {.name = "a move, cut short",
                                        .act = act_mixed};
  prepare_mixed(world, map);
  REQUIRE(kill_at(&mixed, world, "map: part moved", 1));
  /* The cut write did not happen: its value is still the old. */
  world->pending = NO_KEY;
}

static const struct scenario scenarios[] = {
    {"set, new", 1, prepare_nothing, act_set_new, 3},
    {"set, replaces", 1, prepare_some, act_replace, 3},
    {"compare, new", 1, prepare_some, act_compare_new, 2},
    {"remove", 1, prepare_some, act_remove, 2},
    {"add", 1, prepare_some, act_add, 4},
    {"expire", 1, prepare_some, act_expire, 3},
    {"overflow chains", 1, prepare_chain, act_chain, 4},
    {"full", 1, prepare_full, act_full, 12},
    {"full, many sizes", 1, prepare_mixed, act_mixed, 30},
    {"large", 1, prepare_mixed, act_large, 12},
    {"tables that grow", 1, prepare_chain, act_grow, 6},
    {"full, expire", 1, prepare_full, act_expire_full, 8},
    {"S3_FIFO", 2, prepare_evict, act_evict, 20},
    {"expired at the head", 1, prepare_expired_head, act_expired_head, 9},
    {"expired make room", 1, prepare_expired_full, act_expired_full, 4},
    {"remove expired", 1, prepare_expired_chain, act_remove_expired, 8},
    {"clear", 1, prepare_chain, act_clear, 2},
    {"verify", 1, prepare_some, act_verify, 1},
    {"compute", 1, prepare_nothing, act_compute, 2},
    {"listen", 1, prepare_some, act_listen, 4},
    {"recovery", 1, prepare_dead_owner, act_mixed, 2},
    {"recovery, verify", 1, prepare_dead_owner, act_verify, 1},
};
enum { SCENARIOS = sizeof scenarios / sizeof *scenarios };

/* ---- what must hold afterwards ------------------------------------------ */

SHO_TEST int holds(struct sho_map *map, const char *key, int number,
                   const struct state *state) {
  static uint8_t value[16 * KIB];
  size_t length;
  uint64_t stamp = 0;
  int code =
      sho_map_get(map, key, strlen(key), value, sizeof value, &length, NULL);
  if (code != SHO_OK) {
    return code == SHO_EABSENT && state->bytes == 0;
  }
  if (length == NUMBER_BYTES) {
    memcpy(&stamp, value, sizeof stamp);
    return state->bytes == NUMBER_BYTES && stamp == state->stamp;
  }
  return length == state->bytes &&
         value_is_whole(value, length, (uint64_t)number, &stamp) &&
         stamp == state->stamp;
}

SHO_TEST int check_key(const struct victim *victim, struct sho_map *map,
                       int key) {
  static const struct state absent;
  struct world *world = victim->world;
  int pending = world->pending == key || world->pending == EVERY_KEY;
  if (holds(map, world->key[key], key, &world->state[key])) {
    return 1;
  }
  if (pending && holds(map, world->key[key], key, &world->next)) {
    world->state[key] = world->next;
    return 1;
  }
  if (victim->scenario->eviction == SHO_EVICTION_S3_FIFO &&
      holds(map, world->key[key], key, &absent)) {
    world->state[key] = absent;
    return 1;
  }
  return fail(__FILE__, __LINE__,
              "%s, killed at \"%s\", %u: key %d is %s, not stamp %llu",
              victim->scenario->name, victim->point, victim->count, key,
              text_of(map, world->key[key]),
              (unsigned long long)world->state[key].stamp);
}

SHO_TEST void check_all(const struct victim *victim, struct sho_map *map) {
  for (int i = 0; i < KEYS; i++) {
    check_key(victim, map, i);
  }
  if (sho_map_verify(map) != SHO_OK || !counts_hold(map)) {
    fail(__FILE__, __LINE__, "%s, killed at \"%s\", %u: %s",
         victim->scenario->name, victim->point, victim->count,
         sho_last_message());
  }
  CHECK_INT(stats_of(map).damaged, 0);
}

/* The next writer's first write: how long, but for waiting for a processor. */
SHO_TEST int64_t time_next(struct sho_map *map) {
  struct stopwatch watch = stopwatch();
  uint32_t ticket;
  CHECK_OK(sho_map_compute_lock(map, "outer", 5, NULL, 0, &ticket));
  CHECK_OK(sho_map_compute_unlock(map, ticket));
  int code = sho_map_set(map, "n", 1, "v", 1, 0, NULL);
  CHECK(code == SHO_OK || code == SHO_EFULL);
  int64_t took = now_ns() - watch.begin_ns;
  return took - (processor_delay_ns() - watch.delay_ns);
}

/* Goes on as if nothing had been, so that what was left wrong shows. */
SHO_TEST void go_on(const struct victim *victim, struct sho_map *map) {
  struct world *world = victim->world;
  world->pending = NO_KEY;
  for (int i = 0; i < 40; i++) {
    int key = i * 11 % KEYS;
    if (world->state[key].bytes > NUMBER_BYTES) {
      put(world, map, key, world->state[key].bytes);
    }
  }
  check_all(victim, map);
}

SHO_TEST uint64_t locked_shards(struct sho_map *map) {
  uint64_t locked = 0;
  for (uint32_t i = 0; i < stats_of(map).shards; i++) {
    locked += atomic_load(&map->shards[i].lock.word) != 0;
  }
  return locked;
}

SHO_TEST void check_after(const struct victim *victim, struct sho_map *map,
                          int64_t *wait_ns) {
  uint64_t before = stats_of(map).recoveries;
  uint64_t left_locked = locked_shards(map);
  *wait_ns = time_next(map);
  check_all(victim, map);
  CHECK_INT(stats_of(map).recoveries, before + left_locked);
  go_on(victim, map);
}

#endif
