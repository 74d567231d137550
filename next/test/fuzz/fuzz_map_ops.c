/*
 * Operations as the input says, held to a model.
 *
 * Input: byte 0 the eviction, then operations of four bytes: kind, key, and a
 * length's two bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shareobject.h"

enum { KEYS = 32, ABSENT = -1, LONGEST = 16384 - 32 - 64 };

struct state {
  long length; /* ABSENT, or of a value of `fill` bytes */
  uint8_t fill;
  uint64_t version;
};

struct model {
  struct sho_map *map;
  int evicts;
  uint8_t next_fill;
  struct state state[KEYS];
};

static void require(int condition) {
  if (!condition) {
    abort();
  }
}

/* Keys of 0 to 3 bytes, and some long ones. */
static size_t name_of(int key, uint8_t name[64]) {
  memset(name, key, 64);
  return key % 8 == 7 ? 64 : (size_t)(key % 4) + (key > 0);
}

static int is_same(const struct state *state, const uint8_t *value,
                   size_t length, uint64_t version) {
  if (state->length != (long)length || state->version != version) {
    return 0;
  }
  for (size_t i = 0; i < length; i++) {
    if (value[i] != state->fill) {
      return 0;
    }
  }
  return 1;
}

static void check(struct model *model, int key) {
  static uint8_t value[LONGEST];
  uint8_t name[64];
  size_t bytes = name_of(key, name);
  size_t length = 0;
  uint64_t version = 0;
  struct state *state = &model->state[key];
  int code = sho_map_get(model->map, name, bytes, value, sizeof value, &length,
                         &version);
  if (code == SHO_EABSENT) {
    require(model->evicts || state->length == ABSENT);
    state->length = ABSENT;
  } else {
    require(code == SHO_OK && is_same(state, value, length, version));
  }
}

static uint64_t expected_of(const struct state *state) {
  return state->length == ABSENT ? 0 : state->version;
}

static void set(struct model *model, int key, long length, int compares) {
  static uint8_t value[LONGEST];
  uint8_t name[64];
  size_t bytes = name_of(key, name);
  struct state *state = &model->state[key];
  uint64_t version = 0;
  uint8_t fill = ++model->next_fill;
  memset(value, fill, (size_t)length);
  check(model, key);
  int code = compares ? sho_map_compare_and_set(model->map, name, bytes,
                                                expected_of(state), value,
                                                (size_t)length, 0, &version)
                      : sho_map_set(model->map, name, bytes, value,
                                    (size_t)length, 0, &version);
  if (code == SHO_OK) {
    require(version > state->version);
    *state = (struct state){length, fill, version};
  } else if (code == SHO_ECHANGED && compares && model->evicts) {
    check(model, key); /* it was evicted for its own next value */
    require(state->length == ABSENT);
  } else {
    require(code == SHO_EFULL && !model->evicts);
  }
}

static void drop(struct model *model, int key, int compares) {
  uint8_t name[64];
  size_t bytes = name_of(key, name);
  check(model, key);
  struct state *state = &model->state[key];
  int code = compares ? sho_map_compare_and_remove(model->map, name, bytes,
                                                   expected_of(state))
                      : sho_map_remove(model->map, name, bytes);
  require(code == (state->length == ABSENT ? SHO_EABSENT : SHO_OK));
  state->length = ABSENT;
}

static void expire(struct model *model, int key, int64_t ttl_ms) {
  uint8_t name[64];
  size_t bytes = name_of(key, name);
  check(model, key);
  int code = sho_map_expire(model->map, name, bytes, ttl_ms);
  if (code == SHO_EABSENT) {
    require(model->evicts || model->state[key].length == ABSENT);
    model->state[key].length = ABSENT;
  } else {
    require(code == SHO_OK || (code == SHO_EFULL && !model->evicts));
  }
}

static void scan(struct model *model) {
  static uint8_t out[2 * LONGEST];
  uint64_t cursor = 0;
  uint64_t size = 0;
  uint64_t entries = 0;
  while (cursor != UINT64_MAX) {
    size_t used = 0;
    require(sho_map_scan(model->map, &cursor, out, sizeof out, &used) ==
            SHO_OK);
    for (size_t at = 0; at < used; entries++) {
      struct sho_map_record record;
      memcpy(&record, out + at, sizeof record);
      int key = record.key_bytes == 0 ? 0 : out[at + sizeof record];
      require(key < KEYS);
      require(is_same(&model->state[key],
                      out + at + sizeof record + record.key_bytes,
                      record.value_bytes, record.version));
      at += (sizeof record + record.key_bytes + record.value_bytes + 7) &
            ~(size_t)7;
    }
  }
  require(sho_map_size(model->map, &size) == SHO_OK && size == entries);
}

static void clear(struct model *model) {
  require(sho_map_clear(model->map) == SHO_OK);
  for (int i = 0; i < KEYS; i++) {
    model->state[i].length = ABSENT;
  }
}

/* The same map by another handle. */
static void reopen(struct model *model) {
  int descriptor;
  struct sho_map *other;
  require(sho_map_descriptor(model->map, &descriptor) == SHO_OK);
  require(sho_map_open_descriptor(descriptor, NULL, &other) == SHO_OK);
  close(descriptor);
  sho_map_free(model->map);
  model->map = other;
}

static void step(struct model *model, const uint8_t *op) {
  int key = op[1] % KEYS;
  long length = (op[2] | op[3] << 8) % LONGEST;
  length = op[1] & 0x80 ? length : length % 512;
  switch (op[0] % 16) {
    case 6:
    case 7:
      drop(model, key, op[0] % 2);
      break;
    case 8:
      expire(model, key, 100000000);
      break;
    case 9:
      expire(model, key, 0);
      break;
    case 10:
      scan(model);
      break;
    case 11:
      if (op[2] == 0) {
        clear(model);
      }
      break;
    case 12:
      require(sho_map_verify(model->map) == SHO_OK);
      break;
    case 13:
      require(sho_map_remove_expired(model->map, NULL) == SHO_OK);
      break;
    case 14:
      reopen(model);
      break;
    case 15:
      check(model, key);
      break;
    default:
      set(model, key, length, op[0] % 2);
      break;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t count) {
  struct model model = {.evicts = count > 0 && input[0] % 2};
  struct sho_map_options options = {
      .size = sizeof options,
      .capacity = 65536,
      .eviction = model.evicts ? SHO_EVICTION_S3_FIFO : SHO_EVICTION_NONE};
  for (int i = 0; i < KEYS; i++) {
    model.state[i].length = ABSENT;
  }
  require(sho_map_open_anonymous(&options, &model.map) == SHO_OK);
  for (size_t at = 1; at + 4 <= count; at += 4) {
    step(&model, input + at);
  }
  for (int i = 0; i < KEYS; i++) {
    check(&model, i);
  }
  require(sho_map_verify(model.map) == SHO_OK);
  sho_map_free(model.map);
  return 0;
}
