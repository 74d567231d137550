/* A listener of a map's changes. */
#ifndef SHO_TEST_CHANGES_H
#define SHO_TEST_CHANGES_H

#include "map/map_changes.h"
#include "map/map_chunk.h"
#include "maps.h"

struct stream {
  struct sho_map_changes *changes;
  size_t used;
  size_t next;
  struct sho_map_change change; /* the last one */
  char key[24];                 /* its beginning */
  _Alignas(8) uint8_t batch[64 * KIB];
};

SHO_TEST void listen_to(struct stream *stream, struct sho_map *map) {
  stream->used = stream->next = 0;
  REQUIRE_OK(sho_map_changes_open(map, &stream->changes));
}

/* Goes to the next change. SHO_ETIMEDOUT: there is none. */
SHO_TEST int next_change(struct stream *stream, int64_t timeout_ns) {
  struct sho_map_change *change = &stream->change;
  if (stream->next == stream->used) {
    size_t used = 0;
    int code = sho_map_changes_read(stream->changes, stream->batch,
                                    sizeof stream->batch, &used, timeout_ns);
    if (code != SHO_OK) {
      return code;
    }
    stream->used = used;
    stream->next = 0;
  }
  uint8_t *at = stream->batch + stream->next;
  REQUIRE(stream->used - stream->next >= sizeof *change);
  memcpy(change, at, sizeof *change);
  size_t bytes = (sizeof *change + change->key_bytes + 7) & ~(size_t)7;
  REQUIRE(bytes <= stream->used - stream->next);
  snprintf(stream->key, sizeof stream->key, "%.*s", (int)change->key_bytes,
           (const char *)at + sizeof *change);
  stream->next += bytes;
  return SHO_OK;
}

SHO_TEST const char *kind_name(uint32_t kind) {
  static const char *const names[] = {"?",       "created", "updated",
                                      "removed", "expired", "evicted",
                                      "cleared", "missed"};
  return kind <= SHO_CHANGE_MISSED ? names[kind] : "?";
}

/* All changes that there are by now: "created a 1, removed a 1". */
SHO_TEST const char *heard(struct stream *stream) {
  static char text[4096];
  size_t used = 0;
  text[0] = '\0';
  while (next_change(stream, 0) == SHO_OK && used < sizeof text - 100) {
    const struct sho_map_change *c = &stream->change;
    used += (size_t)snprintf(text + used, sizeof text - used, "%s%s %s %llu",
                             used > 0 ? ", " : "", kind_name(c->kind),
                             stream->key, (unsigned long long)c->version);
  }
  return text;
}

/* How many chunks of the map are the ring's. */
SHO_TEST uint32_t ring_chunks(const struct sho_map *map) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < map->geometry.chunks; i++) {
    count += sho__chunk_class(map, i) == SHO__CLASS_CHANGES;
  }
  return count;
}

/* No shard logs, and no chunk is left behind. */
SHO_TEST void check_no_ring(const struct sho_map *map) {
  const struct sho__changes_shm *changes = sho__changes_of(map);
  CHECK_INT(ring_chunks(map), 0);
  CHECK_INT(atomic_load(&changes->state), 0);
  for (uint32_t i = 0; i < SHO__CHANGES_CHUNKS; i++) {
    CHECK_INT(atomic_load(&changes->chunks[i]), 0);
  }
  for (uint32_t s = 0; s < 1U << map->geometry.shard_bits; s++) {
    CHECK_INT(atomic_load(&map->shards[s].listened), 0);
  }
}

#endif
