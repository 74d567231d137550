/* A map's creation, opening and closing. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/boot.h"
#include "base/error.h"
#include "base/sized.h"
#include "base/wait.h"
#include "map/map_changes.h"

enum {
  OPEN_ATTEMPTS = 100,
  CHUNKS_PER_QUEUE = 16,  /* as below */
  CHUNKS_PER_STRIPE = 64, /* so that what is written to is little of all */
  CHUNKS_PER_KEPT = 256,
  LEAST_KEPT = 4,
  LEAST_CHUNKS_AHEAD = 256, /* in a small map each chunk counts */
  CHUNKS_PER_AHEAD = 512,
  LEAST_AHEAD = 1,
  CHUNKS_PER_SPARE = 24 /* so that a full map can be overwritten: the fewer
                         * are left, the more is moved for each write */
};

/* ---- open --------------------------------------------------------------- */

static int map_file(struct sho_map *map, int fd, const char *path) {
  struct sho__geometry *g = &map->geometry;
  int code = sho__region_map(&map->region, fd, path, (size_t)g->file_bytes,
                             !map->read_only);
  if (code != SHO_OK) {
    return code;
  }
  uint8_t *base = map->region.base;
  map->header = (struct sho__map_shm *)base;
  map->computes = (struct sho__compute_shm *)(base + g->computes_off);
  map->waits = (struct sho__wait_shm *)(base + g->waits_off);
  map->free = (_Atomic uint64_t *)(void *)(base + g->free_off);
  map->gens = (_Atomic uint64_t *)(void *)(base + g->gens_off);
  map->tables = (_Atomic uint64_t *)(void *)(base + g->tables_off);
  map->shards = (struct sho__shard_shm *)(base + g->shards_off);
  map->chunks = (struct sho__chunk_shm *)(base + g->chunks_off);
  map->ghosts = g->ghosts == 0
                    ? NULL
                    : (_Atomic uint32_t *)(void *)(base + g->ghosts_off);
  map->pool = base + g->pool_off;
  map->pool_bytes = g->chunks << g->chunk_bits;
  map->chunk_bytes = UINT64_C(1) << g->chunk_bits;
  map->end =
      (_Atomic uint64_t *)(void *)(base + g->file_bytes - sizeof *map->end);
  map->stripes = SHO__MAP_STRIPES;
  while (map->stripes > 1 && g->chunks < map->stripes * CHUNKS_PER_STRIPE) {
    map->stripes /= 2;
  }
  uint64_t queues = (g->chunks - 1) / CHUNKS_PER_QUEUE;
  uint64_t most = SHO__CLASS_HOTTEST - SHO__CLASS_MAIN;
  map->hottest = SHO__CLASS_MAIN + (uint32_t)(queues < most ? queues : most);
  map->kept = (uint32_t)(g->chunks / CHUNKS_PER_KEPT) + LEAST_KEPT;
  map->low = map->kept / 2 - 1;
  uint64_t spare = 0;
  if (g->chunks >= LEAST_CHUNKS_AHEAD) {
    map->low =
        map->kept + (uint32_t)(g->chunks / CHUNKS_PER_AHEAD) + LEAST_AHEAD;
    spare = map->kept / 2 + 1 + g->chunks / CHUNKS_PER_SPARE;
  }
  map->most_live = (g->chunks - spare) << g->chunk_bits;
  return SHO_OK;
}

int sho__map_fail(struct sho_map *map) {
  int ok = SHO_OK;
  sho__fence_after_copy();
  /* Close lays zeros, and sets the state before. */
  atomic_compare_exchange_strong(&map->region.state, &ok, SHO_EIO);
  return sho__region_check(&map->region);
}

/* Whether the file was last made ready in another boot. A boot id alone does
 * not say so: some containers get one of their own, and some none. But whoever
 * has the file open has it open in this boot. */
static int is_other_boot(struct sho_map *map, const uint64_t boot[2]) {
  return (atomic_load(&map->header->boot_id[0]) != boot[0] ||
          atomic_load(&map->header->boot_id[1]) != boot[1]) &&
         sho__peers_alive(&map->peers) == 0;
}

/* The first opening in a boot checks everything: what was written last may
 * have reached the disk in part. */
static int enter_boot(struct sho_map *map) {
  uint64_t boot[2];
  int64_t ahead_ms;
  sho__boot_id(boot);
  struct sho__map_shm *header = map->header;
  if (sho__boot_clock_ahead_ms(&ahead_ms) != 0) {
    return sho__fail(SHO_ESYSTEM,
                     "%s: this process has asked for a time namespace for its "
                     "children, and its own clock cannot be told; open the map "
                     "in a child, or before",
                     map->region.path);
  }
  sho__peers_observe(&map->peers, &map->region, map->geometry.peers_off,
                     SHO__MAP_PEERS);
  if (is_other_boot(map, boot)) {
    if (map->read_only) {
      return sho__fail(
          SHO_EREADONLY,
          "%s has not been opened since the machine started; open it "
          "once for writing, so that it is checked",
          map->region.path);
    }
    atomic_store(&header->clock_base_ms,
                 sho__clock_base_ms(atomic_load(&header->latest_ms), ahead_ms));
    map->clock_base_ms =
        atomic_load(&header->clock_base_ms) - (uint64_t)ahead_ms;
    int rebuilt = sho__map_rebuild_all(map);
    if (rebuilt != SHO_OK) {
      return rebuilt;
    }
    atomic_store(map->end, map->creation_id);
    atomic_store(&header->boot_id[0], boot[0]);
    atomic_store(&header->boot_id[1], boot[1]);
  }
  map->clock_base_ms = atomic_load(&header->clock_base_ms) - (uint64_t)ahead_ms;
  int code = sho__region_check(&map->region);
  return code == SHO_OK && atomic_load(map->end) != map->creation_id
             ? sho__fail(SHO_ECORRUPT,
                         "%s was truncated and has grown again; remove the "
                         "file",
                         map->region.path)
             : code;
}

static int attach_peer(struct sho_map *map) {
  if (map->read_only) {
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
  struct sho__map_shm header = {0}; /* the copy that is checked, and used */
  struct stat file;
  int code = map->read_only ? SHO_OK : sho__setup_lock(fd, path);
  if (code != SHO_OK) {
    close(fd);
    return code;
  }
  code = fstat(fd, &file) != 0
             ? sho__fail_errno(errno, "%s: cannot be examined", path)
             : sho__geometry_read(fd, path, (uint64_t)file.st_size, &header,
                                  &map->geometry);
  map->hash_seed = header.hash_seed;
  map->hash_key = sho__hash_key_of(header.hash_seed);
  map->creation_id = header.creation_id;
  code = code == SHO_OK ? sho__geometry_compare(options, path, &map->geometry)
                        : code;
  if (code == SHO_OK && !map->read_only) {
    /* A copy of a map may have holes. */
    code = sho__file_reserve(fd, path, map->geometry.file_bytes);
  }
  code = code == SHO_OK ? map_file(map, fd, path) : code;
  if (code != SHO_OK) {
    sho__setup_unlock(fd); /* a child of fork may have the descriptor, too */
    close(fd);
    return code;
  }
  code = enter_boot(map);
  code = code == SHO_OK ? attach_peer(map) : code;
  if (code != SHO_OK) {
    sho__setup_unlock(fd);
    sho__region_free(&map->region);
    return code;
  }
  if (!map->read_only) {
    sho__setup_unlock(fd);
    sho__changes_collect(map);
  }
  return SHO_OK;
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
    code = sho__geometry_choose(options, path, &geometry);
    if (code == SHO_OK) {
      code = sho__file_create(path, geometry.file_bytes, sho__geometry_fill,
                              &geometry, fd);
    }
    if (code != SHO__FILE_EXISTS) {
      return code;
    }
  }
  return sho__fail(SHO_EBUSY, "other processes keep creating and removing %s",
                   path);
}

static int create_anonymous(const char *name,
                            const struct sho_map_options *options, int *fd) {
#if defined(__linux__)
  struct sho__geometry geometry;
  int code = sho__geometry_choose(options, name, &geometry);
  if (code != SHO_OK) {
    return code;
  }
  int made = memfd_create("shareobject", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (made < 0) {
    return sho__fail_errno(errno, "%s: no memory without a file", name);
  }
  code = sho__file_reserve(made, name, geometry.file_bytes);
  code = code == SHO_OK ? sho__geometry_fill(made, name, &geometry) : code;
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
    return sho__fail(SHO_EACCESS, "%s does not belong to this user", name);
  }
  *fd = opened;
  return SHO_OK;
}

/* Where the file comes from: a path, a descriptor, or nowhere. */
static int open_map(const char *path, int descriptor,
                    const struct sho_map_options *given, struct sho_map **map) {
  struct sho_map_options own = {.size = sizeof own};
  char name[32] = "an anonymous map";
  if (path == NULL && descriptor >= 0) {
    snprintf(name, sizeof name, "descriptor %d", descriptor);
  }
  const char *told = path != NULL ? path : name;
  int code =
      given == NULL ? SHO_OK : sho__options_take(&own, sizeof own, given);
  const struct sho_map_options *options = &own;
  code = code == SHO_OK ? sho__options_check(options, told) : code;
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
  return sho__region_reopen(&map->region, descriptor);
}

void sho_map_close(struct sho_map *map) {
  if (map == NULL) {
    return;
  }
  if (!map->read_only && sho__map_check(map) == SHO_OK) {
    sho__listeners_leave(map);
  }
  if (!sho__region_end(&map->region)) {
    return;
  }
  /* Who sleeps looks at the state as it wakes. Nobody sleeps on a lock for
   * long. */
  for (uint32_t i = 0; i < SHO__MAP_WAITS && !map->read_only; i++) {
    if (atomic_load(&map->waits[i].sleepers) != 0) {
      sho__wake_all(&map->waits[i].changes);
    }
  }
  if (!map->read_only) {
    sho__wake_all(&map->header->events);
    sho__wake_all(&map->header->changes.wait.changes);
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
