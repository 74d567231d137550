/* A map's geometry, its creation and its opening. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "boot.h"
#include "error.h"
#include "map.h"
#include "random.h"
#include "wait.h"

enum {
  OPEN_ATTEMPTS = 100,
  /* Bytes of log for each slot of the index: so many slots that a log three
   * quarters full of the smallest entries finds one for each. */
  BYTES_PER_SLOT = 50,
  ENTRIES_PER_LOG = 4 /* of the largest size */
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
      g->computes_off + SHO__MAP_COMPUTES * sizeof(struct sho__compute_shm);
  g->segments_off = g->counters_off + SHO__MAP_PEERS * SHO__MAP_STRIPES *
                                          sizeof(struct sho__counters_shm);
  g->indexes_off = align(
      g->segments_off + g->segments * sizeof(struct sho__segment_shm), 4096);
  g->logs_off = align(g->indexes_off + g->segments * g->buckets *
                                           sizeof(struct sho__bucket_shm),
                      SHO__MAP_ALIGN);
  g->file_bytes = g->logs_off + g->segments * g->log_bytes;
}

static uint64_t log_bytes_for(uint64_t capacity, uint32_t segments) {
  return align((capacity + segments - 1) / segments, SHO__MAP_ALIGN);
}

static uint64_t buckets_for(uint64_t log_bytes) {
  return log_bytes / (BYTES_PER_SLOT * SHO__BUCKET_SLOTS) + 1;
}

static int choose(const struct sho_map_options *options, const char *path,
                  struct sho__geometry *g) {
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
         capacity / (2 * segments) / ENTRIES_PER_LOG >= entry) {
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

static int check_options(const struct sho_map_options *options,
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

static uint64_t wall_clock_base_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  int64_t wall_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
  return (uint64_t)(wall_ms - boot_clock_ms());
}

uint64_t sho__map_now_ms(const struct sho_map *map) {
  return (uint64_t)(boot_clock_ms() + map->clock_base_ms);
}

static unsigned position_bits_for(uint64_t log_bytes) {
  unsigned bits = 0;
  while (UINT64_C(1) << bits < log_bytes) {
    bits++;
  }
  return bits;
}

static void make_header(const struct sho__geometry *g,
                        struct sho__map_shm *header) {
  uint64_t boot[2];
  sho__boot_id(boot);
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
  header->creation_id = sho__random();
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
  atomic_init(&header->clock_base_ms, wall_clock_base_ms());
}

static int fill_new(int fd, const char *path, void *context) {
  const struct sho__geometry *g = context;
  struct sho__map_shm header;
  make_header(g, &header);
  struct sho__segment_shm segment;
  memset(&segment, 0, sizeof segment);
  uint64_t first = UINT64_C(1) << position_bits_for(g->log_bytes);
  atomic_init(&segment.head, first);
  atomic_init(&segment.tail, first);
  int code = sho__file_write(fd, path, &header, sizeof header, 0);
  for (uint32_t s = 0; s < g->segments && code == SHO_OK; s++) {
    code = sho__file_write(fd, path, &segment, sizeof segment,
                           g->segments_off + s * sizeof segment);
  }
  return code;
}

static int damaged(const char *path, const char *what) {
  return sho__fail(SHO_ECORRUPT, "%s: %s; remove the file", path, what);
}

/* Whether the header's numbers are such as choose() makes. */
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

static int read_header(int fd, const char *path, uint64_t file_bytes,
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
static int compare(const struct sho_map_options *options, const char *path,
                   const struct sho__geometry *has) {
  uint64_t total = has->segments * has->log_bytes;
  if (options->capacity != 0 &&
      (options->capacity > total ||
       log_bytes_for(options->capacity, has->segments) != has->log_bytes)) {
    return sho__fail(SHO_EGEOMETRY,
                     "%s has a capacity of %llu bytes and %llu were asked for; "
                     "ask for none, or remove the file",
                     path, (unsigned long long)total,
                     (unsigned long long)options->capacity);
  }
  if (options->max_entry != 0 && options->max_entry != has->max_entry) {
    return sho__fail(SHO_EGEOMETRY,
                     "%s has entries of at most %llu bytes and %llu were asked "
                     "for; ask for none, or remove the file",
                     path, (unsigned long long)has->max_entry,
                     (unsigned long long)options->max_entry);
  }
  if (options->eviction != SHO_EVICTION_ANY &&
      (uint32_t)options->eviction != has->eviction) {
    return sho__fail(SHO_EGEOMETRY,
                     "%s has eviction %s and %s was asked for; ask for none, "
                     "or remove the file",
                     path, name_of(has->eviction),
                     name_of((uint32_t)options->eviction));
  }
  return SHO_OK;
}

/* ---- open --------------------------------------------------------------- */

static int map_file(struct sho_map *map, int fd, const char *path) {
  struct sho__geometry *g = &map->geometry;
  struct sho__extent extent = {.plain_bytes = (size_t)g->logs_off,
                               .ring_bytes = (size_t)g->log_bytes,
                               .rings = g->segments};
  int code = sho__region_map(&map->region, fd, path, &extent, !map->read_only);
  if (code != SHO_OK) {
    return code;
  }
  uint8_t *base = map->region.base;
  map->position_bits = position_bits_for(g->log_bytes);
  map->position_mask = (UINT64_C(1) << map->position_bits) - 1;
  map->header = (struct sho__map_shm *)base;
  map->hash_seed = map->header->hash_seed;
  map->computes = (struct sho__compute_shm *)(base + g->computes_off);
  map->segments = (struct sho__segment_shm *)(base + g->segments_off);
  map->buckets = (struct sho__bucket_shm *)(base + g->indexes_off);
  map->logs = base + g->logs_off;
  return SHO_OK;
}

/* The first opening in a boot checks everything: what was written last may
 * have reached the disk in part. */
static int enter_boot(struct sho_map *map) {
  uint64_t boot[2];
  sho__boot_id(boot);
  struct sho__map_shm *header = map->header;
  if (atomic_load(&header->boot_id[0]) != boot[0] ||
      atomic_load(&header->boot_id[1]) != boot[1]) {
    if (map->read_only) {
      return sho__fail(SHO_EREADONLY,
                       "%s was not opened since the machine started; open it "
                       "once for writing, so that it is checked",
                       map->region.path);
    }
    atomic_store(&header->clock_base_ms, wall_clock_base_ms());
    map->clock_base_ms = (int64_t)atomic_load(&header->clock_base_ms);
    sho__map_rebuild_all(map);
    atomic_store(&header->boot_id[0], boot[0]);
    atomic_store(&header->boot_id[1], boot[1]);
  }
  map->clock_base_ms = (int64_t)atomic_load(&header->clock_base_ms);
  return sho__region_check(&map->region);
}

static int attach_peer(struct sho_map *map) {
  if (map->read_only) {
    sho__peers_observe(&map->peers, &map->region, map->geometry.peers_off,
                       SHO__MAP_PEERS);
    return SHO_OK;
  }
  int code = sho__peers_attach(&map->peers, &map->region,
                               map->geometry.peers_off, SHO__MAP_PEERS);
  if (code == SHO_OK) {
    struct sho__counters_shm *all =
        (struct sho__counters_shm *)(map->region.base +
                                     map->geometry.counters_off);
    map->counters = all + map->peers.self * SHO__MAP_STRIPES;
  }
  return code;
}

/* Reads the header, maps, checks after a reboot. Takes fd over, always. */
static int make_ready(struct sho_map *map, int fd, const char *path,
                      const struct sho_map_options *options) {
  struct sho__map_shm header;
  struct stat file;
  int code = map->read_only ? SHO_OK : sho__setup_lock(fd, path);
  if (code != SHO_OK) {
    close(fd);
    return code;
  }
  code = fstat(fd, &file) != 0
             ? sho__fail_errno(errno, "%s: cannot be examined", path)
             : read_header(fd, path, (uint64_t)file.st_size, &header,
                           &map->geometry);
  code = code == SHO_OK ? compare(options, path, &map->geometry) : code;
  code = code == SHO_OK ? map_file(map, fd, path) : code;
  if (code != SHO_OK) {
    close(fd); /* and with it the setup lock */
    return code;
  }
  code = enter_boot(map);
  if (!map->read_only) {
    sho__setup_unlock(fd);
  }
  code = code == SHO_OK ? attach_peer(map) : code;
  if (code != SHO_OK) {
    sho__region_free(&map->region);
  }
  return code;
}

static int open_or_create(const char *path,
                          const struct sho_map_options *options, int *fd) {
  uint64_t bytes;
  for (int i = 0; i < OPEN_ATTEMPTS; i++) {
    int code = sho__file_open(path, !options->read_only, fd, &bytes);
    if (code != SHO_ENOENT || options->read_only) {
      return code;
    }
    struct sho__geometry geometry;
    code = choose(options, path, &geometry);
    if (code == SHO_OK) {
      code =
          sho__file_create(path, geometry.file_bytes, fill_new, &geometry, fd);
    }
    if (code != SHO_EEXIST) {
      return code;
    }
  }
  return sho__fail(SHO_EBUSY,
                   "%s is created and removed by others all the time", path);
}

static int create_anonymous(const char *name,
                            const struct sho_map_options *options, int *fd) {
#if defined(__linux__)
  struct sho__geometry geometry;
  int code = choose(options, name, &geometry);
  if (code != SHO_OK) {
    return code;
  }
  int made = memfd_create("shareobject", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (made < 0) {
    return sho__fail_errno(errno, "%s: no memory without a file", name);
  }
  code = sho__file_reserve(made, name, geometry.file_bytes);
  code = code == SHO_OK ? fill_new(made, name, &geometry) : code;
  if (code == SHO_OK && fcntl(made, F_ADD_SEALS,
                              F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    code = sho__fail_errno(errno, "%s cannot be sealed", name);
  }
  if (code != SHO_OK) {
    close(made);
    return code;
  }
  *fd = made;
  return SHO_OK;
#else
  (void)options;
  (void)fd;
  return sho__fail(SHO_ESYSTEM, "%s: this system has no memfd; use a file",
                   name);
#endif
}

/* Another open file description of the same file: two that share one would
 * share its locks, and be one peer. */
static int reopen(int descriptor, const struct sho_map_options *options,
                  const char *name, int *fd) {
  char path[64];
  struct stat file;
  snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
  int opened = open(path, (options->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
  if (opened < 0) {
    return sho__fail_errno(errno, "%s cannot be opened", name);
  }
  if (fstat(opened, &file) != 0 || !S_ISREG(file.st_mode) ||
      file.st_uid != geteuid()) {
    close(opened);
    return sho__fail(SHO_EACCESS, "%s is no file of this user", name);
  }
  *fd = opened;
  return SHO_OK;
}

/* Where the file comes from: a path, a descriptor, or nowhere. */
static int open_map(const char *path, int descriptor,
                    const struct sho_map_options *options,
                    struct sho_map **map) {
  static const struct sho_map_options defaults;
  options = options != NULL ? options : &defaults;
  char name[32] = "an anonymous map";
  if (path == NULL && descriptor >= 0) {
    snprintf(name, sizeof name, "descriptor %d", descriptor);
  }
  const char *told = path != NULL ? path : name;
  int code = check_options(options, told);
  if (code != SHO_OK) {
    return code;
  }
  struct sho_map *made = calloc(1, sizeof *made);
  if (made == NULL) {
    return sho__fail(SHO_ENOMEM, "out of memory for a handle");
  }
  made->read_only = options->read_only;
  int fd = -1;
  if (path != NULL) {
    code = open_or_create(path, options, &fd);
  } else if (descriptor >= 0) {
    code = reopen(descriptor, options, name, &fd);
  } else {
    code = create_anonymous(name, options, &fd);
  }
  code = code == SHO_OK ? make_ready(made, fd, told, options) : code;
  if (code != SHO_OK) {
    free(made);
    return code;
  }
  *map = made;
  return SHO_OK;
}

int sho_map_open(const char *path, const struct sho_map_options *options,
                 struct sho_map **map) {
  if (path == NULL || *path == '\0' || map == NULL) {
    return sho__fail(SHO_EINVAL,
                     "a path and a place for the handle are needed");
  }
  return open_map(path, -1, options, map);
}

int sho_map_open_anonymous(const struct sho_map_options *options,
                           struct sho_map **map) {
  if (map == NULL || (options != NULL && options->read_only)) {
    return sho__fail(SHO_EINVAL,
                     "a new map cannot be read-only, and needs a place");
  }
  return open_map(NULL, -1, options, map);
}

int sho_map_open_descriptor(int descriptor,
                            const struct sho_map_options *options,
                            struct sho_map **map) {
  if (map == NULL || descriptor < 0) {
    return sho__fail(SHO_EINVAL, "a descriptor and a place are needed");
  }
  return open_map(NULL, descriptor, options, map);
}

int sho_map_descriptor(struct sho_map *map, int *descriptor) {
  if (map == NULL || descriptor == NULL) {
    return sho__fail(SHO_EINVAL, "a handle and a place to put are needed");
  }
  int code = sho__region_check(&map->region);
  if (code == SHO_OK) {
    *descriptor = map->region.fd;
  }
  return code;
}

void sho_map_close(struct sho_map *map) {
  if (map == NULL || !sho__region_end(&map->region)) {
    return;
  }
  for (uint32_t s = 0; s < map->geometry.segments && !map->read_only; s++) {
    /* Who sleeps looks at the state as it wakes. */
    sho__wake_all(&map->segments[s].changes);
    sho__wake_all(&map->segments[s].lock);
  }
  sho__region_give_back(&map->region);
}

void sho_map_free(struct sho_map *map) {
  if (map != NULL) {
    sho_map_close(map);
    sho__region_free(&map->region);
    free(map);
  }
}

/* ---- arguments ---------------------------------------------------------- */

int sho__map_writable(struct sho_map *map) {
  if (map == NULL) {
    return sho__fail(SHO_EINVAL, "a handle is needed");
  }
  if (map->read_only) {
    return sho__fail(SHO_EREADONLY,
                     "%s was opened for reading only; open it for writing",
                     map->region.path);
  }
  return SHO_OK;
}

int sho__map_check_entry(struct sho_map *map, const void *key, size_t key_bytes,
                         const void *value, size_t value_bytes) {
  if (map == NULL || (key == NULL && key_bytes > 0) ||
      (value == NULL && value_bytes > 0)) {
    return sho__fail(SHO_EINVAL, "a handle, a key and a value are needed");
  }
  uint64_t most = map->geometry.max_entry - SHO__ENTRY_BYTES;
  if (key_bytes > SHO__MAX_KEY_BYTES || key_bytes > most ||
      value_bytes > most - key_bytes) {
    return sho__fail(SHO_ETOOBIG,
                     "%s takes keys and values of together at most %llu bytes "
                     "(keys %u), and these have %zu and %zu; make the map anew "
                     "with a larger max_entry",
                     map->region.path, (unsigned long long)most,
                     SHO__MAX_KEY_BYTES, key_bytes, value_bytes);
  }
  return SHO_OK;
}
