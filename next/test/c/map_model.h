/* A map that is nothing but an array, to hold the real one to. */
#ifndef SHO_TEST_MAP_MODEL_H
#define SHO_TEST_MAP_MODEL_H

#include "maps.h"

/* absent: length is ABSENT; a number: 8 bytes; else a signed value. */
#define MODEL_ABSENT SIZE_MAX

struct model_key {
  size_t length;
  uint64_t stamp; /* of the signed value, or the number */
  uint64_t version;
};

struct model {
  struct sho_map *map;
  int evicts; /* keys may vanish */
  uint32_t keys;
  size_t longest; /* value */
  uint64_t random;
  uint64_t stamp;
  uint64_t operations;
  uint64_t full; /* how often it was */
  uint8_t *value;
  struct model_key *key;
};

SHO_TEST void model_open(struct model *model, struct sho_map *map,
                         uint32_t keys, size_t longest, uint64_t seed) {
  *model =
      (struct model){.map = map,
                     .evicts = stats_of(map).eviction == SHO_EVICTION_S3_FIFO,
                     .keys = keys,
                     .longest = longest,
                     .random = seed,
                     .value = malloc(longest + 1),
                     .key = calloc(keys, sizeof(struct model_key))};
  REQUIRE(model->value != NULL && model->key != NULL);
  for (uint32_t i = 0; i < keys; i++) {
    model->key[i].length = MODEL_ABSENT;
  }
}

SHO_TEST void model_close(struct model *model) {
  free(model->value);
  free(model->key);
}

/* Keys of 1 to 24 bytes. */
SHO_TEST size_t model_name(uint32_t key, char name[32]) {
  int length = snprintf(name, 32, "%x%.*s", key, (int)(key * 7 % 17),
                        "-.-.-.-.-.-.-.-.-");
  return (size_t)length;
}

/* Short ones more often than long ones; below SIGNED_MIN only 0 to 7. */
SHO_TEST size_t model_length(struct model *model) {
  size_t most = model->longest >> random_below(&model->random, 8);
  size_t length = (size_t)random_below(&model->random, most + 1);
  return length >= SIGNED_MIN ? length : length % 8;
}

SHO_TEST void model_fill(struct model *model, uint32_t key, size_t length) {
  model->stamp++;
  if (length >= SIGNED_MIN) {
    sign_value(model->value, length, key, model->stamp);
  } else {
    memset(model->value, (int)(model->stamp & 0x7f), length);
  }
}

/* Whether what get answered is the state. */
SHO_TEST int model_agrees(const struct model *model, uint32_t key, int code,
                          size_t length, uint64_t version) {
  const struct model_key *is = &model->key[key];
  uint64_t stamp = 0;
  if (code != SHO_OK) {
    return code == SHO_EABSENT && is->length == MODEL_ABSENT;
  }
  if (length != is->length || version != is->version) {
    return 0;
  }
  if (length >= SIGNED_MIN) {
    return value_is_whole(model->value, length, key, &stamp) &&
           stamp == is->stamp;
  }
  if (length == 8) {
    memcpy(&stamp, model->value, 8);
    return stamp == is->stamp;
  }
  for (size_t i = 0; i < length; i++) {
    if (model->value[i] != (is->stamp & 0x7f)) {
      return 0;
    }
  }
  return 1;
}

SHO_TEST void model_check(struct model *model, uint32_t key) {
  char name[32];
  size_t bytes = model_name(key, name);
  size_t length = 0;
  uint64_t version = 0;
  int code = sho_map_get(model->map, name, bytes, model->value,
                         model->longest + 1, &length, &version);
  if (model->evicts && code == SHO_EABSENT) {
    model->key[key].length = MODEL_ABSENT;
  }
  if (!model_agrees(model, key, code, length, version)) {
    fail(__FILE__, __LINE__,
         "operation %llu: key %u is %s, %zu bytes, version %llu; not %zu "
         "bytes, stamp %llu, version %llu",
         (unsigned long long)model->operations, key, sho_error_name(code),
         length, (unsigned long long)version, model->key[key].length,
         (unsigned long long)model->key[key].stamp,
         (unsigned long long)model->key[key].version);
    fflush(NULL);
    _exit(1);
  }
}

SHO_TEST void model_check_all(struct model *model) {
  for (uint32_t i = 0; i < model->keys; i++) {
    model_check(model, i);
  }
}

SHO_TEST void model_set(struct model *model, uint32_t key) {
  char name[32];
  size_t bytes = model_name(key, name);
  size_t length = model_length(model);
  uint64_t version = 0;
  struct model_key *is = &model->key[key];
  int compares = random_below(&model->random, 4) == 0;
  int right = random_below(&model->random, 2) == 0;
  if (compares && model->evicts) {
    model_check(model, key); /* it may be gone */
  }
  uint64_t expected = (is->length == MODEL_ABSENT ? 0 : is->version) + !right;
  model_fill(model, key, length);
  int code = compares
                 ? sho_map_compare_and_set(model->map, name, bytes, expected,
                                           model->value, length, 0, &version)
                 : sho_map_set(model->map, name, bytes, model->value, length, 0,
                               &version);
  if (compares && !right) {
    CHECK_CODE(code, SHO_ECHANGED);
  } else if (compares && code == SHO_ECHANGED && model->evicts) {
    is->length = MODEL_ABSENT; /* evicted to make room for itself */
  } else if (code == SHO_EFULL && !model->evicts) {
    model->full++;
  } else if (CHECK_OK(code)) {
    CHECK(version > is->version);
    *is = (struct model_key){length, model->stamp, version};
  }
  model_check(model, key);
}

SHO_TEST void model_remove(struct model *model, uint32_t key) {
  char name[32];
  size_t bytes = model_name(key, name);
  struct model_key *is = &model->key[key];
  int code;
  if (random_below(&model->random, 2) == 0) {
    code = sho_map_remove(model->map, name, bytes);
    CHECK(code == SHO_OK || code == SHO_EABSENT);
  } else {
    model_check(model, key);
    uint64_t version = is->length == MODEL_ABSENT ? 0 : is->version;
    CHECK_CODE(sho_map_compare_and_remove(model->map, name, bytes, version + 1),
               SHO_ECHANGED);
    code = sho_map_compare_and_remove(model->map, name, bytes, version);
  }
  CHECK(model->evicts ||
        code == (is->length == MODEL_ABSENT ? SHO_EABSENT : SHO_OK));
  is->length = MODEL_ABSENT;
  model_check(model, key);
}

SHO_TEST void model_add(struct model *model, uint32_t key) {
  char name[32];
  size_t bytes = model_name(key, name);
  struct model_key *is = &model->key[key];
  int64_t delta = (int64_t)next_random(&model->random);
  int64_t sum = 0;
  model_check(model, key);
  int code = sho_map_add_and_get(model->map, name, bytes, delta, &sum);
  if (code == SHO_OK && model->evicts && sum == delta) {
    is->length = MODEL_ABSENT; /* evicted to make room for itself */
  }
  if (is->length != 8 && is->length != MODEL_ABSENT) {
    CHECK_CODE(code, SHO_ETYPE);
  } else if (code == SHO_EFULL && !model->evicts) {
    model->full++;
  } else if (CHECK_OK(code)) {
    uint64_t was = is->length == 8 ? is->stamp : 0;
    CHECK_HEX((uint64_t)sum, was + (uint64_t)delta);
    uint64_t version = 0;
    size_t length = 0;
    CHECK_OK(sho_map_get(model->map, name, bytes, NULL, 0, &length, &version));
    CHECK(version > is->version);
    *is = (struct model_key){8, (uint64_t)sum, version};
  }
  model_check(model, key);
}

/* Lengthens or ends the entry's life, far away. */
SHO_TEST void model_expire(struct model *model, uint32_t key) {
  char name[32];
  size_t bytes = model_name(key, name);
  model_check(model, key);
  int code = sho_map_expire(model->map, name, bytes, 1000000000);
  if (code == SHO_EFULL && !model->evicts) {
    model->full++;
  } else if (code == SHO_EABSENT && model->evicts) {
    model->key[key].length = MODEL_ABSENT;
  } else {
    CHECK_CODE(code,
               model->key[key].length == MODEL_ABSENT ? SHO_EABSENT : SHO_OK);
  }
  model_check(model, key);
}

SHO_TEST void model_clear(struct model *model) {
  CHECK_OK(sho_map_clear(model->map));
  for (uint32_t i = 0; i < model->keys; i++) {
    model->key[i].length = MODEL_ABSENT;
  }
}

SHO_TEST void model_scan(struct model *model) {
  size_t size = model->longest + 128;
  uint8_t *out = malloc(size);
  REQUIRE(out != NULL);
  uint64_t cursor = 0;
  uint64_t entries = 0;
  uint64_t expected = 0;
  while (cursor != UINT64_MAX) {
    size_t used = 0;
    REQUIRE_OK(sho_map_scan(model->map, &cursor, out, size, &used));
    for (size_t at = 0; at < used; entries++) {
      struct sho_map_record record;
      memcpy(&record, out + at, sizeof record);
      char name[32] = "";
      REQUIRE(record.key_bytes < sizeof name);
      memcpy(name, out + at + sizeof record, record.key_bytes);
      uint32_t key = (uint32_t)strtoul(name, NULL, 16);
      REQUIRE(key < model->keys);
      memcpy(model->value, out + at + sizeof record + record.key_bytes,
             record.value_bytes);
      CHECK(
          model_agrees(model, key, SHO_OK, record.value_bytes, record.version));
      at += (sizeof record + record.key_bytes + record.value_bytes + 7) & ~7U;
    }
  }
  for (uint32_t i = 0; i < model->keys; i++) {
    expected += model->key[i].length != MODEL_ABSENT;
  }
  CHECK(model->evicts ? entries <= expected : entries == expected);
  uint64_t size_now = 0;
  CHECK_OK(sho_map_size(model->map, &size_now));
  CHECK_INT(size_now, entries);
  free(out);
}

/* One operation, chosen at random. */
SHO_TEST void model_step(struct model *model) {
  uint32_t key = (uint32_t)random_below(&model->random, model->keys);
  uint64_t kind = random_below(&model->random, 1000);
  model->operations++;
  if (kind < 550) {
    model_set(model, key);
  } else if (kind < 750) {
    model_check(model, key);
  } else if (kind < 900) {
    model_remove(model, key);
  } else if (kind < 950) {
    model_add(model, key);
  } else if (kind < 995) {
    model_expire(model, key);
  } else if (kind < 998) {
    model_scan(model);
  } else if (random_below(&model->random, 100) == 0) {
    model_clear(model);
  } else {
    CHECK_OK(sho_map_verify(model->map));
  }
}

#endif
