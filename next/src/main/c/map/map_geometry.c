/* A map's geometry, and the header that tells it. */
#include <string.h>
#include <time.h>

#include "base/boot.h"
#include "base/error.h"
#include "base/random.h"
#include "base/wait.h"
#include "map/map.h"

enum {
  LEAST_CHUNK_BITS = 12,
  MOST_CHUNK_BITS = 22,
  ENTRIES_PER_MAP = 4, /* of the largest size */
  NOTED_EACH_MS = 1000,
  BYTES_PER_GHOST = 64 /* of an evicting map: two for each small entry */
};

static const uint32_t first_small_share = UINT32_MAX / 10;
static const uint64_t min_capacity = UINT64_C(64) << 10;
static const uint64_t max_capacity = UINT64_C(1) << 40;
static const uint64_t default_capacity = UINT64_C(64) << 20;
static const uint64_t most_entry_bytes = (UINT64_C(1) << 30) - 4096;

/* ---- geometry ----------------------------------------------------------- */

static uint64_t align(uint64_t value, uint64_t to) {
  return (value + to - 1) / to * to;
}

/* Chunks grow with the root of the capacity: so both what a look at all of them
 * costs and what the cleaning of one costs stay small. */
static unsigned chunk_bits_for(uint64_t capacity) {
  unsigned bits = 64 - (unsigned)__builtin_clzll(capacity - 1);
  unsigned chunk_bits = (bits + 1) / 2 + 3;
  return chunk_bits < LEAST_CHUNK_BITS  ? LEAST_CHUNK_BITS
         : chunk_bits > MOST_CHUNK_BITS ? MOST_CHUNK_BITS
                                        : chunk_bits;
}

static uint64_t chunks_for(uint64_t capacity, unsigned chunk_bits) {
  return align(capacity, UINT64_C(1) << chunk_bits) >> chunk_bits;
}

/* As many as chunks: so several tables fit into a chunk, even if all entries
 * are of the smallest size. */
static unsigned shard_bits_for(uint64_t chunks) {
  return 63 - (unsigned)__builtin_clzll(chunks);
}

static uint64_t ghosts_for(uint64_t capacity, uint32_t eviction) {
  if (eviction == SHO_EVICTION_NONE) {
    return 0;
  }
  uint64_t ghosts = 1024;
  while (ghosts * BYTES_PER_GHOST < capacity) {
    ghosts *= 2;
  }
  return ghosts;
}

/* As many parts as the record of an entry can name, and a quarter of all. */
static uint64_t most_entry(const struct sho__geometry *g) {
  uint64_t chunk = UINT64_C(1) << g->chunk_bits;
  uint64_t listed = chunk / 4 / sizeof(uint32_t) *
                    ((chunk >> SHO__PARTS_OF_CHUNK_BITS) - SHO__RECORD_BYTES);
  uint64_t most = (g->chunks << g->chunk_bits) / ENTRIES_PER_MAP;
  most = most < listed ? most : listed;
  return most < most_entry_bytes ? most : most_entry_bytes;
}

/* Fills in what follows from chunks, bits and ghosts. */
static void lay_out(struct sho__geometry *g) {
  g->peers_off = 4096;
  g->computes_off =
      g->peers_off + SHO__MAP_PEERS * sizeof(struct sho__peer_shm);
  g->counters_off =
      g->computes_off + SHO__COMPUTE_BUCKETS * sizeof(struct sho__compute_shm);
  g->waits_off = g->counters_off + SHO__MAP_PEERS * SHO__MAP_STRIPES *
                                       sizeof(struct sho__counters_shm);
  g->free_off = g->waits_off + SHO__MAP_WAITS * sizeof(struct sho__wait_shm);
  g->gens_off = g->free_off + align((g->chunks + 63) / 64 * 8, 64);
  g->tables_off = g->gens_off + align(g->chunks * 8, 128);
  g->shards_off = g->tables_off + align(UINT64_C(8) << g->shard_bits, 128);
  g->chunks_off =
      g->shards_off + (sizeof(struct sho__shard_shm) << g->shard_bits);
  g->ghosts_off = g->chunks_off + g->chunks * sizeof(struct sho__chunk_shm);
  g->pool_off =
      align(g->ghosts_off + g->ghosts * sizeof(uint32_t), SHO__MAP_ALIGN);
  g->file_bytes =
      g->pool_off + (g->chunks << g->chunk_bits) + sizeof(uint64_t); /* end */
}

int sho__geometry_choose(const struct sho_map_options *options,
                         const char *path, struct sho__geometry *g) {
  uint64_t capacity = options->capacity ? options->capacity : default_capacity;
  uint64_t entry = options->max_entry;
  if (capacity < min_capacity || capacity > max_capacity) {
    return sho__fail(
        SHO_EINVAL, "%s: the capacity must be %llu to %llu bytes, not %llu",
        path, (unsigned long long)min_capacity,
        (unsigned long long)max_capacity, (unsigned long long)capacity);
  }
  g->chunk_bits = chunk_bits_for(capacity);
  g->chunks = chunks_for(capacity, g->chunk_bits);
  g->shard_bits = shard_bits_for(g->chunks);
  g->eviction =
      options->eviction ? (uint32_t)options->eviction : SHO_EVICTION_NONE;
  g->ghosts = ghosts_for(g->chunks << g->chunk_bits, g->eviction);
  uint64_t most = most_entry(g);
  if (entry != 0 && (entry < SHO__ENTRY_BYTES + 1 || entry > most)) {
    return sho__fail(SHO_EINVAL,
                     "%s: the largest entry must be %d to %llu bytes with a "
                     "capacity of %llu, not %llu; ask for more capacity",
                     path, SHO__ENTRY_BYTES + 1, (unsigned long long)most,
                     (unsigned long long)capacity, (unsigned long long)entry);
  }
  g->max_entry = entry ? entry : most;
  lay_out(g);
  return SHO_OK;
}

int sho__options_check(const struct sho_map_options *options,
                       const char *path) {
  if (options->eviction < SHO_EVICTION_ANY ||
      options->eviction > SHO_EVICTION_S3_FIFO) {
    return sho__fail(SHO_EINVAL, "%s: there is no eviction %d", path,
                     options->eviction);
  }
  return SHO_OK;
}

/* ---- header ------------------------------------------------------------- */

static uint32_t checksum_of(const struct sho__map_shm *header) {
  return (uint32_t)sho__hash(header, offsetof(struct sho__map_shm, checksum),
                             0);
}

static int64_t boot_clock_ms(void) { return sho__now_ns() / 1000000; }

uint64_t sho__clock_base_ms(uint64_t latest_ms, int64_t ahead_ms) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  int64_t now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
  if (latest_ms <= SHO__MAX_EXPIRY_MS && (int64_t)latest_ms > now_ms) {
    now_ms = (int64_t)latest_ms;
  }
  return (uint64_t)(now_ms - (boot_clock_ms() - ahead_ms));
}

uint64_t sho__map_now_ms(const struct sho_map *map) {
  return (uint64_t)boot_clock_ms() + map->clock_base_ms;
}

/* Seldom: the line is shared. */
static void note_time(const struct sho_map *map, uint64_t now_ms) {
  uint64_t latest_ms = sho__load_relaxed(&map->header->latest_ms);
  if (latest_ms > SHO__MAX_EXPIRY_MS || now_ms > latest_ms + NOTED_EACH_MS) {
    /* A writer that was stopped meanwhile stores no old time over a new one. */
    atomic_compare_exchange_strong(&map->header->latest_ms, &latest_ms, now_ms);
  }
}

uint64_t sho__map_expiry_ms(const struct sho_map *map, int64_t ttl_ms) {
  if (ttl_ms <= 0) {
    return 0;
  }
  uint64_t now_ms = sho__map_now_ms(map);
  uint64_t most = SHO__MAX_EXPIRY_MS - now_ms;
  note_time(map, now_ms);
  return now_ms + ((uint64_t)ttl_ms < most ? (uint64_t)ttl_ms : most);
}

/* All that follows from the rest. */
static void put_offsets(const struct sho__geometry *g,
                        struct sho__map_shm *header) {
  header->file_bytes = g->file_bytes;
  header->peers_off = g->peers_off;
  header->computes_off = g->computes_off;
  header->counters_off = g->counters_off;
  header->waits_off = g->waits_off;
  header->free_off = g->free_off;
  header->gens_off = g->gens_off;
  header->tables_off = g->tables_off;
  header->shards_off = g->shards_off;
  header->chunks_off = g->chunks_off;
  header->ghosts_off = g->ghosts_off;
  header->pool_off = g->pool_off;
}

static void make_header(const struct sho__geometry *g,
                        struct sho__map_shm *header) {
  uint64_t boot[2];
  int64_t ahead_ms;
  sho__boot_id(boot);
  sho__boot_clock_ahead_ms(&ahead_ms);
  memset(header, 0, sizeof *header);
  memcpy(header->magic, SHO__MAP_MAGIC, sizeof header->magic);
  header->layout_version = SHO__MAP_LAYOUT_VERSION;
  header->chunk_bits = g->chunk_bits;
  header->shard_bits = g->shard_bits;
  header->chunks = g->chunks;
  header->max_entry = g->max_entry;
  header->ghosts = g->ghosts;
  header->eviction = g->eviction;
  header->peer_slots = SHO__MAP_PEERS;
  header->creation_id = sho__random() | UINT64_C(1) << 63; /* ends the file */
  header->hash_seed = sho__random();
  put_offsets(g, header);
  header->checksum = checksum_of(header);
  atomic_init(&header->boot_id[0], boot[0]);
  atomic_init(&header->boot_id[1], boot[1]);
  atomic_init(&header->clock_base_ms, sho__clock_base_ms(0, ahead_ms));
  atomic_init(&header->small_share, first_small_share);
}

int sho__geometry_fill(int fd, const char *path, void *context) {
  const struct sho__geometry *g = context;
  struct sho__map_shm header;
  make_header(g, &header);
  int code = sho__file_write(fd, path, &header, sizeof header, 0);
  for (uint64_t i = 0; i < g->chunks && code == SHO_OK; i += 64) {
    uint64_t left = g->chunks - i;
    uint64_t bits = left < 64 ? (UINT64_C(1) << left) - 1 : UINT64_MAX;
    code = sho__file_write(fd, path, &bits, sizeof bits, g->free_off + i / 8);
  }
  return code == SHO_OK ? sho__file_write(fd, path, &header.creation_id,
                                          sizeof header.creation_id,
                                          g->file_bytes - sizeof(uint64_t))
                        : code;
}

static int damaged(const char *path, const char *what) {
  return sho__fail(SHO_ECORRUPT, "%s: %s; remove the file", path, what);
}

/* Whether the header's numbers are such as sho__geometry_choose() makes. */
static int is_plausible(const struct sho__map_shm *header) {
  return header->chunk_bits >= LEAST_CHUNK_BITS &&
         header->chunk_bits <= MOST_CHUNK_BITS && header->chunks >= 16 &&
         header->chunks <= max_capacity >> header->chunk_bits &&
         header->shard_bits == shard_bits_for(header->chunks) &&
         header->max_entry > SHO__ENTRY_BYTES &&
         (header->eviction == SHO_EVICTION_NONE ||
          header->eviction == SHO_EVICTION_S3_FIFO) &&
         header->ghosts == ghosts_for(header->chunks << header->chunk_bits,
                                      header->eviction) &&
         header->peer_slots == SHO__MAP_PEERS;
}

int sho__geometry_read(int fd, const char *path, uint64_t file_bytes,
                       struct sho__map_shm *header, struct sho__geometry *g) {
  if (file_bytes < sizeof *header) {
    return sho__fail(SHO_EFORMAT,
                     "%s is not a map: it has %llu bytes; name another file",
                     path, (unsigned long long)file_bytes);
  }
  int code = sho__file_read(fd, path, header, sizeof *header, 0);
  if (code != SHO_OK) {
    return code;
  }
  if (memcmp(header->magic, SHO__MAP_MAGIC, sizeof header->magic) != 0) {
    return sho__fail(SHO_EFORMAT,
                     "%s is not a map: it does not begin with SHO-MAP; name "
                     "another file",
                     path);
  }
  if (header->layout_version != SHO__MAP_LAYOUT_VERSION) {
    return sho__fail(SHO_EVERSION,
                     "%s has layout version %u and this library reads %d; dump "
                     "it with the release that made it and load that with this "
                     "one, or remove the file",
                     path, header->layout_version, SHO__MAP_LAYOUT_VERSION);
  }
  if (header->checksum != checksum_of(header) || !is_plausible(header)) {
    return damaged(path, "its header is damaged");
  }
  *g = (struct sho__geometry){.chunk_bits = header->chunk_bits,
                              .shard_bits = header->shard_bits,
                              .chunks = header->chunks,
                              .max_entry = header->max_entry,
                              .ghosts = header->ghosts,
                              .eviction = header->eviction};
  lay_out(g);
  struct sho__map_shm wanted = *header;
  put_offsets(g, &wanted);
  if (memcmp(&wanted, header, offsetof(struct sho__map_shm, checksum)) != 0 ||
      g->max_entry > most_entry(g)) {
    return damaged(path, "its header is damaged");
  }
  if (file_bytes < g->file_bytes) {
    return sho__fail(SHO_ECORRUPT,
                     "%s was truncated: it has %llu bytes of %llu; remove the "
                     "file",
                     path, (unsigned long long)file_bytes,
                     (unsigned long long)g->file_bytes);
  }
  return SHO_OK;
}

static const char *name_of(uint32_t eviction) {
  return eviction == SHO_EVICTION_S3_FIFO ? "S3_FIFO" : "NONE";
}

/* What was asked for must be what the file has. */
int sho__geometry_compare(const struct sho_map_options *options,
                          const char *path, const struct sho__geometry *has) {
  uint64_t total = has->chunks << has->chunk_bits;
  if (options->capacity != 0 &&
      (chunk_bits_for(options->capacity) != has->chunk_bits ||
       chunks_for(options->capacity, has->chunk_bits) != has->chunks)) {
    return sho__fail(SHO_EGEOMETRY,
                     "%s has a capacity of %llu bytes and %llu were requested; "
                     "leave that out, or remove the file",
                     path, (unsigned long long)total,
                     (unsigned long long)options->capacity);
  }
  if (options->max_entry != 0 && options->max_entry != has->max_entry) {
    return sho__fail(SHO_EGEOMETRY,
                     "%s has entries of at most %llu bytes and %llu were "
                     "requested; leave that out, or remove the file",
                     path, (unsigned long long)has->max_entry,
                     (unsigned long long)options->max_entry);
  }
  if (options->eviction != SHO_EVICTION_ANY &&
      (uint32_t)options->eviction != has->eviction) {
    return sho__fail(SHO_EGEOMETRY,
                     "%s has eviction %s and %s was requested; leave that out, "
                     "or remove the file",
                     path, name_of(has->eviction),
                     name_of((uint32_t)options->eviction));
  }
  return SHO_OK;
}
