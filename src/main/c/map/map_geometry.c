/* A map's geometry, and the header that tells it. */
#include <string.h>
#include <time.h>

#include "base/boot.h"
#include "base/error.h"
#include "base/random.h"
#include "base/wait.h"
#include "map/map.h"

enum {
  /* Bytes of log for each slot of the index: so many slots that a log three
   * quarters full of the smallest entries finds one for each. */
  BYTES_PER_SLOT = 50,
  ENTRIES_PER_LOG = 4, /* of the largest size */
  /* Of a largest size that was asked for: so many that chance does not fill
   * one segment before all together are three quarters full, as a rule. */
  ASKED_ENTRIES_PER_LOG = 64
};

static const uint64_t min_capacity = UINT64_C(64) << 10;
static const uint64_t max_capacity = UINT64_C(1) << 40;
static const uint64_t default_capacity = UINT64_C(64) << 20;
/* Small enough to be counted anew within milliseconds, large enough that
 * entries of 16 KiB fill all segments alike. */
static const uint64_t wanted_log_bytes = UINT64_C(8) << 20;
static const uint64_t most_entry_bytes = (UINT64_C(1) << 30) - 4096;

/* ---- geometry ----------------------------------------------------------- */

static uint64_t align(uint64_t value, uint64_t to) {
  return (value + to - 1) / to * to;
}

/* Fills in what follows from segments, log_bytes and buckets. */
static void lay_out(struct sho__geometry *g) {
  g->peers_off = 4096;
  g->computes_off =
      g->peers_off + SHO__MAP_PEERS * sizeof(struct sho__peer_shm);
  g->counters_off =
      g->computes_off + SHO__COMPUTE_BUCKETS * sizeof(struct sho__compute_shm);
  g->segments_off = g->counters_off + SHO__MAP_PEERS * SHO__MAP_STRIPES *
                                          sizeof(struct sho__counters_shm);
  g->indexes_off = align(
      g->segments_off + g->segments * sizeof(struct sho__segment_shm), 4096);
  g->logs_off = align(g->indexes_off + g->segments * g->buckets *
                                           sizeof(struct sho__bucket_shm),
                      SHO__MAP_ALIGN);
  g->file_bytes =
      g->logs_off + g->segments * g->log_bytes + sizeof(uint64_t); /* end */
}

static uint64_t log_bytes_for(uint64_t capacity, uint32_t segments) {
  return align((capacity + segments - 1) / segments, SHO__MAP_ALIGN);
}

static uint64_t buckets_for(uint64_t log_bytes) {
  return log_bytes / (BYTES_PER_SLOT * SHO__BUCKET_SLOTS) + 1;
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
  uint32_t segments = 1;
  while (segments < SHO__MAP_MAX_SEGMENTS &&
         capacity / (2 * segments) >= wanted_log_bytes &&
         capacity / (2 * segments) / ASKED_ENTRIES_PER_LOG >= entry) {
    segments *= 2;
  }
  g->segments = segments;
  g->log_bytes = log_bytes_for(capacity, segments);
  g->buckets = buckets_for(g->log_bytes);
  uint64_t most = g->log_bytes / ENTRIES_PER_LOG;
  most = most < most_entry_bytes ? most : most_entry_bytes;
  if (entry != 0 && (entry < SHO__ENTRY_BYTES + 1 || entry > most)) {
    return sho__fail(SHO_EINVAL,
                     "%s: the largest entry must be %d to %llu bytes with a "
                     "capacity of %llu, not %llu; ask for more capacity",
                     path, SHO__ENTRY_BYTES + 1, (unsigned long long)most,
                     (unsigned long long)capacity, (unsigned long long)entry);
  }
  g->max_entry = entry ? entry : most;
  g->eviction =
      options->eviction ? (uint32_t)options->eviction : SHO_EVICTION_NONE;
  lay_out(g);
  return SHO_OK;
}

int sho__options_check(const struct sho_map_options *options,
                       const char *path) {
  if (options->eviction < SHO_EVICTION_ANY ||
      options->eviction > SHO_EVICTION_CLOCK) {
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

unsigned sho__position_bits(uint64_t log_bytes) {
  unsigned bits = 0;
  while (UINT64_C(1) << bits < log_bytes) {
    bits++;
  }
  return bits;
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
  header->segments = g->segments;
  header->file_bytes = g->file_bytes;
  header->log_bytes = g->log_bytes;
  header->max_entry = g->max_entry;
  header->buckets = g->buckets;
  header->eviction = g->eviction;
  header->peer_slots = SHO__MAP_PEERS;
  header->creation_id = sho__random() | UINT64_C(1) << 63; /* ends the file */
  header->hash_seed = sho__random();
  header->peers_off = g->peers_off;
  header->computes_off = g->computes_off;
  header->counters_off = g->counters_off;
  header->segments_off = g->segments_off;
  header->indexes_off = g->indexes_off;
  header->logs_off = g->logs_off;
  header->checksum = checksum_of(header);
  atomic_init(&header->boot_id[0], boot[0]);
  atomic_init(&header->boot_id[1], boot[1]);
  atomic_init(&header->clock_base_ms, sho__clock_base_ms(0, ahead_ms));
}

int sho__geometry_fill(int fd, const char *path, void *context) {
  const struct sho__geometry *g = context;
  struct sho__map_shm header;
  make_header(g, &header);
  struct sho__segment_shm segment;
  memset(&segment, 0, sizeof segment);
  uint64_t first = UINT64_C(1) << sho__position_bits(g->log_bytes);
  atomic_init(&segment.head, first);
  atomic_init(&segment.tail, first);
  int code = sho__file_write(fd, path, &header, sizeof header, 0);
  for (uint32_t s = 0; s < g->segments && code == SHO_OK; s++) {
    code = sho__file_write(fd, path, &segment, sizeof segment,
                           g->segments_off + s * sizeof segment);
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
  uint64_t log_bytes = header->log_bytes;
  return header->segments >= 1 && header->segments <= SHO__MAP_MAX_SEGMENTS &&
         (header->segments & (header->segments - 1)) == 0 &&
         log_bytes >= SHO__MAP_ALIGN && log_bytes <= max_capacity &&
         log_bytes % SHO__MAP_ALIGN == 0 &&
         header->buckets == buckets_for(log_bytes) &&
         header->max_entry > SHO__ENTRY_BYTES &&
         header->max_entry <= log_bytes / ENTRIES_PER_LOG &&
         header->max_entry <= most_entry_bytes &&
         (header->eviction == SHO_EVICTION_NONE ||
          header->eviction == SHO_EVICTION_CLOCK) &&
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
                     "%s has layout version %u and this library reads %d; use "
                     "the library that made it, or remove the file",
                     path, header->layout_version, SHO__MAP_LAYOUT_VERSION);
  }
  if (header->checksum != checksum_of(header) || !is_plausible(header)) {
    return damaged(path, "its header is damaged");
  }
  *g = (struct sho__geometry){.segments = header->segments,
                              .log_bytes = header->log_bytes,
                              .max_entry = header->max_entry,
                              .buckets = header->buckets,
                              .eviction = header->eviction};
  lay_out(g);
  if (g->file_bytes != header->file_bytes || g->logs_off != header->logs_off) {
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
  return eviction == SHO_EVICTION_CLOCK ? "CLOCK" : "NONE";
}

/* What was asked for must be what the file has. */
int sho__geometry_compare(const struct sho_map_options *options,
                          const char *path, const struct sho__geometry *has) {
  uint64_t total = has->segments * has->log_bytes;
  if (options->capacity != 0 &&
      (options->capacity > total ||
       log_bytes_for(options->capacity, has->segments) != has->log_bytes)) {
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
