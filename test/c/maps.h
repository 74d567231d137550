/* What the tests of the map have in common. */
#ifndef SHO_TEST_MAPS_H
#define SHO_TEST_MAPS_H

#include "base/hash.h"
#include "harness.h"

enum { KIB = 1024, MIB = 1024 * 1024 };

/* ---- opening ------------------------------------------------------------ */

SHO_TEST struct sho_map *map_with(const char *path,
                                  struct sho_map_options options) {
  struct sho_map *map = NULL;
  REQUIRE_OK(sho_map_open(path, &options, &map));
  return map;
}

SHO_TEST struct sho_map *map_new(const char *path, uint64_t capacity,
                                 int eviction) {
  return map_with(
      path, (struct sho_map_options){.size = sizeof(struct sho_map_options),
                                     .capacity = capacity,
                                     .eviction = eviction});
}

/* As the file has it. */
SHO_TEST struct sho_map *map_again(const char *path) {
  return map_with(
      path, (struct sho_map_options){.size = sizeof(struct sho_map_options)});
}

SHO_TEST struct sho_map_stats stats_of(struct sho_map *map) {
  struct sho_map_stats stats = {.size = sizeof stats};
  REQUIRE_OK(sho_map_stats(map, &stats));
  return stats;
}

/* ---- texts -------------------------------------------------------------- */

/* Stores a text that never expires; its version. */
SHO_TEST uint64_t put_text(struct sho_map *map, const char *key,
                           const char *value) {
  uint64_t version = 0;
  CHECK_OK(
      sho_map_set(map, key, strlen(key), value, strlen(value), 0, &version));
  return version;
}

SHO_TEST uint64_t put_text_for(struct sho_map *map, const char *key,
                               const char *value, int64_t ttl_ms) {
  uint64_t version = 0;
  CHECK_OK(sho_map_set(map, key, strlen(key), value, strlen(value), ttl_ms,
                       &version));
  return version;
}

/* The text of a key; "(none)" if it is absent, else its code's name. */
SHO_TEST const char *text_of(struct sho_map *map, const char *key) {
  static _Thread_local char text[256];
  size_t length;
  int code =
      sho_map_get(map, key, strlen(key), text, sizeof text - 1, &length, NULL);
  if (code == SHO_EABSENT) {
    return "(none)";
  }
  if (code != SHO_OK) {
    return sho_error_name(code);
  }
  text[length < sizeof text ? length : 0] = '\0';
  return text;
}

/* The version of a key, 0 if it is absent. */
SHO_TEST uint64_t version_of(struct sho_map *map, const char *key) {
  uint64_t version = 0;
  size_t length;
  int code = sho_map_get(map, key, strlen(key), NULL, 0, &length, &version);
  CHECK(code == SHO_OK || code == SHO_EABSENT);
  return version;
}

/* Whether find finds a key: its code. */
SHO_TEST int find_code(struct sho_map *map, const void *key, size_t key_bytes) {
  struct sho_map_found found = {.size = sizeof found};
  return sho_map_find(map, key, key_bytes, &found);
}

/* ---- numbers ------------------------------------------------------------ */

/* A sequence of its own for each seed (splitmix64). */
SHO_TEST uint64_t next_random(uint64_t *state) {
  uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

/* 0 to below - 1. */
SHO_TEST uint64_t random_below(uint64_t *state, uint64_t below) {
  return next_random(state) % below;
}

/* ---- values that say what they are -------------------------------------- */

/*
 *  0        8       16         24              length - 8
 *  +--------+-------+----------+---------------+----------+
 *  | key    | stamp | length   | noise of both | hash     |
 *  +--------+-------+----------+---------------+----------+
 */
enum { SIGNED_MIN = 32 };

SHO_TEST void sign_value(uint8_t *value, size_t length, uint64_t key,
                         uint64_t stamp) {
  uint64_t words[3] = {key, stamp, length};
  uint64_t noise = key * 31 + stamp;
  memcpy(value, words, sizeof words);
  for (size_t i = sizeof words; i < length - 8; i++) {
    value[i] = (uint8_t)(noise >> i % 8 * 8);
  }
  uint64_t hash = sho__hash(value, length - 8, stamp);
  memcpy(value + length - 8, &hash, 8);
}

/* 1 if the value is whole and the key's; then its stamp is in *stamp. */
SHO_TEST int value_is_whole(const uint8_t *value, size_t length, uint64_t key,
                            uint64_t *stamp) {
  uint64_t words[3];
  uint64_t hash;
  if (length < SIGNED_MIN) {
    return 0;
  }
  memcpy(words, value, sizeof words);
  memcpy(&hash, value + length - 8, 8);
  *stamp = words[1];
  return words[0] == key && words[2] == length &&
         hash == sho__hash(value, length - 8, words[1]);
}

#endif
