/* Opening: geometry, files that are none of ours, who may open and how often.
 */
#include <sys/resource.h>

#include "map/map.h"
#include "maps.h"
#include "mounts.h"

static int open_code(const char *path, struct sho_map_options options) {
  struct sho_map *map = NULL;
  int code = sho_map_open(path, &options, &map);
  CHECK((code == SHO_OK) == (map != NULL));
  sho_map_free(map);
  return code;
}

static int reopen_code(const char *path) {
  return open_code(
      path, (struct sho_map_options){.size = sizeof(struct sho_map_options)});
}

static const struct sho_map_options read_only = {.size = sizeof read_only,
                                                 .read_only = 1};

static void make_map(const char *path) {
  struct sho_map *map = map_new(path, 64 * KIB, SHO_EVICTION_NONE);
  put_text(map, "key", "value");
  sho_map_free(map);
}

/* ---- geometry ----------------------------------------------------------- */

static void test_map_open_makes_a_map_of_64_mib(void) {
  struct sho_map *map = NULL;
  REQUIRE_OK(sho_map_open("map", NULL, &map));
  struct sho_map_stats stats = stats_of(map);
  CHECK_INT(stats.capacity, 64 * MIB);
  CHECK_INT(stats.eviction, SHO_EVICTION_NONE);
  CHECK_INT(stats.shards, 1024);
  CHECK_INT(stats.max_entry, 16695296); /* what a record can list */
  CHECK_INT(stats.file_bytes, file_bytes("map"));
  CHECK_INT(stats.peers, 1);
  CHECK_INT(stats.peer_slots, 256);
  struct stat file;
  REQUIRE(stat("map", &file) == 0);
  CHECK_INT(file.st_mode & 07777, 0600);
  CHECK(file.st_blocks * 512 >= file.st_size);
}

static void test_map_open_rounds_the_capacity_up(void) {
  struct sho_map *map = map_new("map", 64 * KIB + 1, 0);
  CHECK_INT(stats_of(map).capacity, 68 * KIB); /* whole chunks */
  CHECK_OK(open_code(
      "map", (struct sho_map_options){.size = sizeof(struct sho_map_options),
                                      .capacity = 64 * KIB + 1}));
  CHECK_OK(open_code(
      "map", (struct sho_map_options){.size = sizeof(struct sho_map_options),
                                      .capacity = 68 * KIB}));
}

static void test_map_open_refuses_capacities_out_of_range(void) {
  CHECK_CODE(
      open_code("map",
                (struct sho_map_options){.size = sizeof(struct sho_map_options),
                                         .capacity = 1}),
      SHO_EINVAL);
  CHECK_SAYS("must be 65536 to 1099511627776 bytes, not 1");
  CHECK_CODE(
      open_code("map",
                (struct sho_map_options){.size = sizeof(struct sho_map_options),
                                         .capacity = 64 * KIB - 1}),
      SHO_EINVAL);
  CHECK_CODE(
      open_code("map",
                (struct sho_map_options){.size = sizeof(struct sho_map_options),
                                         .capacity = (1ULL << 40) + 1}),
      SHO_EINVAL);
  CHECK_CODE(
      open_code("map",
                (struct sho_map_options){.size = sizeof(struct sho_map_options),
                                         .capacity = UINT64_MAX}),
      SHO_EINVAL);
  CHECK_INT(file_bytes("map"), -1);
}

static void test_map_open_refuses_largest_entries_out_of_range(void) {
  struct sho_map_options options = {
      .size = sizeof options, .capacity = 64 * KIB, .max_entry = 32};
  CHECK_CODE(open_code("map", options), SHO_EINVAL);
  CHECK_SAYS("must be 33 to 16384 bytes with a capacity of 65536, not 32");
  options.max_entry = 16 * KIB + 1;
  CHECK_CODE(open_code("map", options), SHO_EINVAL);
  options.max_entry = UINT64_MAX;
  CHECK_CODE(open_code("map", options), SHO_EINVAL);
  CHECK_INT(file_bytes("map"), -1);
  options.max_entry = 16 * KIB;
  CHECK_OK(open_code("map", options));
}

/* However large its entries, a map has as many shards and chunks. */
static void test_map_open_takes_entries_of_nearly_a_quarter_of_all(void) {
  const size_t largest = 15 * MIB;
  struct sho_map *map = map_with(
      "map", (struct sho_map_options){.size = sizeof(struct sho_map_options),
                                      .capacity = 64 * MIB,
                                      .max_entry = largest});
  struct sho_map_stats stats = stats_of(map);
  CHECK_INT(stats.shards, 1024);
  CHECK_INT(stats.max_entry, largest);
  uint8_t *value = calloc(1, largest);
  REQUIRE(value != NULL);
  for (int i = 0; i < 3; i++) { /* the second beside the first, then on again */
    CHECK_OK(sho_map_set(map, "key", 3, value, largest - 35, 0, NULL));
  }
  CHECK_CODE(sho_map_set(map, "key", 3, value, largest - 34, 0, NULL),
             SHO_ETOOBIG);
  CHECK_OK(sho_map_verify(map));
  sho_map_free(map);
  free(value);
}

static void test_map_open_serves_tiny_largest_entries(void) {
  struct sho_map *map = map_with(
      "map", (struct sho_map_options){.size = sizeof(struct sho_map_options),
                                      .capacity = 64 * KIB,
                                      .max_entry = 34});
  for (int i = 0; i < 5000; i++) {
    char key = (char)('a' + i % 26);
    CHECK_OK(sho_map_set(map, &key, 1, "x", 1, 0, NULL));
  }
  CHECK_CODE(sho_map_set(map, "a", 1, "xy", 2, 0, NULL), SHO_ETOOBIG);
  CHECK_OK(sho_map_verify(map));
}

static void test_map_open_keeps_the_geometry_and_names_both(void) {
  struct sho_map_options options = {.size = sizeof options,
                                    .capacity = 256 * KIB,
                                    .max_entry = 4096,
                                    .eviction = SHO_EVICTION_S3_FIFO};
  struct sho_map *map = map_with("map", options);
  CHECK_CODE(
      open_code("map",
                (struct sho_map_options){.size = sizeof(struct sho_map_options),
                                         .capacity = 512 * KIB}),
      SHO_EGEOMETRY);
  CHECK_SAYS("a capacity of 262144 bytes and 524288 were requested");
  CHECK_CODE(
      open_code("map",
                (struct sho_map_options){.size = sizeof(struct sho_map_options),
                                         .capacity = 64 * KIB}),
      SHO_EGEOMETRY);
  CHECK_CODE(
      open_code("map",
                (struct sho_map_options){.size = sizeof(struct sho_map_options),
                                         .max_entry = 8192}),
      SHO_EGEOMETRY);
  CHECK_SAYS("entries of at most 4096 bytes and 8192 were requested");
  CHECK_CODE(
      open_code("map",
                (struct sho_map_options){.size = sizeof(struct sho_map_options),
                                         .eviction = SHO_EVICTION_NONE}),
      SHO_EGEOMETRY);
  CHECK_SAYS("has eviction S3_FIFO and NONE was requested");
  CHECK_CODE(
      open_code("map",
                (struct sho_map_options){.size = sizeof(struct sho_map_options),
                                         .eviction = 3}),
      SHO_EINVAL);
  CHECK_SAYS("there is no eviction 3");
  CHECK_CODE(
      open_code("map",
                (struct sho_map_options){.size = sizeof(struct sho_map_options),
                                         .eviction = -1}),
      SHO_EINVAL);
  CHECK_OK(open_code("map", options));
  CHECK_OK(reopen_code("map"));
  sho_map_free(map);
}

/* ---- files that are none ------------------------------------------------ */

static void test_map_open_refuses_what_is_no_map(void) {
  file_put("text", "Hello World! This is a text and no map at all.", 46);
  CHECK_CODE(reopen_code("text"), SHO_EFORMAT);
  CHECK_SAYS("text is not a map: it has 46 bytes");
  static const uint8_t zeros[1 << 20];
  file_put("zeros", zeros, sizeof zeros);
  CHECK_CODE(reopen_code("zeros"), SHO_EFORMAT);
  CHECK_SAYS("zeros is not a map: it does not begin with SHO-MAP");
  file_put("empty", "", 0);
  CHECK_CODE(reopen_code("empty"), SHO_EFORMAT);
  CHECK_INT(file_bytes("empty"), 0);
  CHECK_INT(file_bytes("text"), 46);
  struct sho_object *cell = NULL;
  REQUIRE_OK(sho_object_open("cell", 1024, &cell));
  CHECK_CODE(reopen_code("cell"), SHO_EFORMAT);
}

static void test_map_open_refuses_another_layout_version(void) {
  make_map("map");
  uint32_t version = SHO__MAP_LAYOUT_VERSION + 41;
  file_patch("map", offsetof(struct sho__map_shm, layout_version), &version, 4);
  CHECK_CODE(reopen_code("map"), SHO_EVERSION);
  char text[64];
  snprintf(text, sizeof text, "layout version %u and this library reads %d",
           version, SHO__MAP_LAYOUT_VERSION);
  CHECK_SAYS(text);
  for (version = 0; version < SHO__MAP_LAYOUT_VERSION; version++) {
    file_patch("map", offsetof(struct sho__map_shm, layout_version), &version,
               4);
    CHECK_CODE(reopen_code("map"), SHO_EVERSION);
    CHECK_SAYS("dump it with the release that made it and load that with this "
               "one, or remove the file");
    CHECK_CODE(open_code("map", read_only), SHO_EVERSION);
  }
}

static void test_map_open_refuses_a_damaged_header(void) {
  make_map("map");
  for (uint64_t off = 12; off < 168; off++) {
    uint8_t is;
    file_peek("map", off, &is, 1);
    uint8_t other = (uint8_t)(is ^ 0x40);
    file_patch("map", off, &other, 1);
    CHECK_CODE(reopen_code("map"), SHO_ECORRUPT);
    CHECK_CODE(open_code("map", read_only), SHO_ECORRUPT);
    file_patch("map", off, &is, 1);
  }
  CHECK_TEXT(text_of(map_again("map"), "key"), "value");
}

/* A header whose checksum is right and whose numbers are not. */
static void test_map_open_refuses_a_header_that_makes_no_sense(void) {
  make_map("map");
  struct sho__map_shm good;
  file_peek("map", 0, &good, sizeof good);
  enum { SHAPES = 17, HEADER_BYTES = 168 };
  for (int i = 0; i < SHAPES; i++) {
    struct sho__map_shm header = good;
    uint64_t *const numbers[SHAPES - 9] = {
        &header.peers_off,  &header.computes_off, &header.counters_off,
        &header.waits_off,  &header.free_off,     &header.gens_off,
        &header.shards_off, &header.ghosts_off};
    switch (i) {
      case 0:
        header.chunks = 0;
        break;
      case 1:
        header.chunks = UINT64_C(1) << 40;
        break;
      case 2:
        header.chunks = UINT64_MAX;
        break;
      case 3:
        header.chunk_bits = 0;
        break;
      case 4:
        header.chunk_bits = 64;
        break;
      case 5:
        header.shard_bits++;
        break;
      case 6:
        header.max_entry = i % 2 == 0 ? 32 : 0;
        break;
      case 7:
        header.max_entry = UINT64_MAX;
        break;
      case 8:
        header.eviction = 3;
        break;
      default:
        *numbers[i - 9] += 64;
        break;
    }
    header.checksum = (uint32_t)sho__hash(&header, 164, 0);
    file_patch("map", 0, &header, HEADER_BYTES);
    CHECK_CODE(reopen_code("map"), SHO_ECORRUPT);
    CHECK_SAYS("map: its header is damaged; remove the file");
  }
  file_patch("map", 0, &good, HEADER_BYTES);
  CHECK_OK(reopen_code("map"));
}

static void test_map_open_refuses_a_truncated_file(void) {
  make_map("map");
  long long bytes = file_bytes("map");
  REQUIRE(truncate("map", bytes - 1) == 0);
  CHECK_CODE(reopen_code("map"), SHO_ECORRUPT);
  CHECK_SAYS("map was truncated: it has");
  REQUIRE(truncate("map", sizeof(struct sho__map_shm)) == 0);
  CHECK_CODE(reopen_code("map"), SHO_ECORRUPT);
  REQUIRE(truncate("map", sizeof(struct sho__map_shm) - 1) == 0);
  CHECK_CODE(reopen_code("map"), SHO_EFORMAT);
  CHECK_INT(file_bytes("map"), sizeof(struct sho__map_shm) - 1);
}

static void test_map_open_refuses_links_folders_and_missing_folders(void) {
  make_map("map");
  REQUIRE(symlink("map", "link") == 0);
  REQUIRE(mkdir("folder", 0700) == 0);
  CHECK_CODE(reopen_code("link"), SHO_EACCESS);
  CHECK_SAYS("link is a symbolic link");
  CHECK_CODE(reopen_code("folder"), SHO_EACCESS);
  CHECK_CODE(reopen_code("missing/map"), SHO_ENOENT);
  struct sho_map *map = NULL;
  CHECK_CODE(sho_map_open(NULL, NULL, &map), SHO_EINVAL);
  CHECK_CODE(sho_map_open("", NULL, &map), SHO_EINVAL);
  CHECK_CODE(sho_map_open("map", NULL, NULL), SHO_EINVAL);
}

static void test_map_open_fills_the_holes_of_a_copy(void) {
  make_map("map");
  long long bytes = file_bytes("map");
  REQUIRE(bytes > 0);
  uint8_t *all = malloc((size_t)bytes);
  REQUIRE(all != NULL);
  file_peek("map", 0, all, (size_t)bytes);
  file_put("copy", "", 0);
  for (long long off = 0; off < bytes; off += 4096) {
    static const uint8_t zeros[4096];
    size_t part = bytes - off < 4096 ? (size_t)(bytes - off) : 4096;
    if (memcmp(all + off, zeros, part) != 0) {
      file_patch("copy", (uint64_t)off, all + off, part);
    }
  }
  free(all);
  REQUIRE(truncate("copy", bytes) == 0);
  CHECK_TEXT(text_of(map_again("copy"), "key"), "value");
  struct stat file;
  REQUIRE(stat("copy", &file) == 0);
  CHECK(file.st_blocks * 512 >= bytes);
}

/* ---- room --------------------------------------------------------------- */

static void test_map_open_tells_a_full_file_system_and_leaves_no_file(void) {
  mount_tmpfs("small", "size=1m,mode=0700");
  CHECK_CODE(
      open_code("small/map",
                (struct sho_map_options){.size = sizeof(struct sho_map_options),
                                         .capacity = 2 * MIB}),
      SHO_ENOSPC);
  CHECK_SAYS("small/map: no room for");
  CHECK_INT(file_bytes("small/map"), -1);
  struct stat folder;
  REQUIRE(stat("small", &folder) == 0);
  CHECK_INT(folder.st_nlink, 2);
  CHECK_OK(open_code("small/map", (struct sho_map_options){
                                      .size = sizeof(struct sho_map_options),
                                      .capacity = 64 * KIB}));
}

/* ---- read-only ---------------------------------------------------------- */

static void test_map_read_only_reads_and_refuses_writes(void) {
  CHECK_CODE(open_code("map", read_only), SHO_ENOENT);
  CHECK_INT(file_bytes("map"), -1);
  struct sho_map *writer = map_new("map", 64 * KIB, SHO_EVICTION_S3_FIFO);
  put_text(writer, "key", "value");
  put_text_for(writer, "short", "lived", 3600000);
  REQUIRE(chmod("map", 0400) == 0);
  struct sho_map *map = map_with("map", read_only);
  uint64_t number = 0;
  int64_t signed_number;
  size_t used;
  char out[256];
  CHECK_TEXT(text_of(map, "key"), "value");
  struct sho_map_found found = {.size = sizeof found};
  CHECK_OK(sho_map_find(map, "key", 3, &found));
  CHECK_BYTES(found.value, "value", 5);
  CHECK_OK(sho_map_size(map, &number));
  CHECK_INT(number, 2);
  CHECK_OK(sho_map_time_to_live(map, "short", 5, &signed_number));
  number = 0;
  CHECK_OK(sho_map_scan(map, &number, out, sizeof out, &used));
  CHECK_INT(stats_of(map).peers, 1); /* the writer */
  CHECK_OK(sho_map_await(map, "key", 3, 0, 0, &number));
  CHECK_CODE(sho_map_await(map, "key", 3, number, 5000000, &number),
             SHO_ETIMEDOUT);
  CHECK_CODE(sho_map_set(map, "key", 3, "v", 1, 0, NULL), SHO_EREADONLY);
  CHECK_SAYS("map was opened for reading only");
  CHECK_CODE(sho_map_compare_and_set(map, "key", 3, 0, "v", 1, 0, NULL),
             SHO_EREADONLY);
  CHECK_CODE(sho_map_remove(map, "key", 3), SHO_EREADONLY);
  CHECK_CODE(sho_map_compare_and_remove(map, "key", 3, 1), SHO_EREADONLY);
  CHECK_CODE(sho_map_add_and_get(map, "n", 1, 1, &signed_number),
             SHO_EREADONLY);
  CHECK_CODE(sho_map_expire(map, "key", 3, 1), SHO_EREADONLY);
  CHECK_CODE(sho_map_clear(map), SHO_EREADONLY);
  CHECK_CODE(sho_map_remove_expired(map, NULL), SHO_EREADONLY);
  CHECK_CODE(sho_map_verify(map), SHO_EREADONLY);
  CHECK_CODE(sho_map_compute_lock(map, "k", 1, NULL, 0, &(uint32_t){0}),
             SHO_EREADONLY);
  CHECK_CODE(sho_map_compute_unlock(map, 1), SHO_EREADONLY);
  put_text(writer, "key", "newer");
  CHECK_TEXT(text_of(map, "key"), "newer");
  sho_map_close(map);
  CHECK_TEXT(text_of(map, "key"), "SHO_ECLOSED");
  sho_map_free(map);
}

static void test_map_read_only_needs_a_file_of_this_boot(void) {
  make_map("map");
  uint64_t boot[2] = {1, 2};
  file_patch("map", offsetof(struct sho__map_shm, boot_id), boot, 16);
  CHECK_CODE(open_code("map", read_only), SHO_EREADONLY);
  CHECK_SAYS("map has not been opened since the machine started");
  sho_map_free(map_again("map"));
  CHECK_OK(open_code("map", read_only));
}

/* ---- boot --------------------------------------------------------------- */

/* As in a container that has a boot id of its own. */
static void test_map_open_beside_others_resets_no_locks(void) {
  struct sho_map *map = map_new("map", 64 * KIB, 0);
  put_text(map, "key", "value");
  uint64_t boot[2] = {1, 2};
  file_patch("map", offsetof(struct sho__map_shm, boot_id), boot, 16);
  atomic_store(&map->shards[0].lock.word, map->peers.word);
  struct sho_map *other = map_again("map");
  CHECK_HEX(atomic_load(&map->shards[0].lock.word), map->peers.word);
  CHECK_OK(open_code("map", read_only));
  atomic_store(&map->shards[0].lock.word, 0);
  put_text(other, "key", "more");
  CHECK_TEXT(text_of(map, "key"), "more");
  sho_map_free(map);
  sho_map_free(other);
  sho_map_free(map_again("map"));
  file_peek("map", offsetof(struct sho__map_shm, boot_id), boot, 16);
  CHECK(boot[0] != 1 && boot[1] != 2);
}

/* ---- many --------------------------------------------------------------- */

static void test_map_open_has_256_peers_and_no_more(void) {
  enum { PEERS = SHO__MAP_PEERS };
  struct sho_map *maps[PEERS];
  struct rlimit limit = {PEERS + 100, PEERS + 100};
  setrlimit(RLIMIT_NOFILE, &limit);
  for (int i = 0; i < PEERS; i++) {
    maps[i] = map_new("map", 64 * KIB, 0);
  }
  CHECK_INT(stats_of(maps[7]).peers, PEERS);
  CHECK_CODE(reopen_code("map"), SHO_EPEERS);
  CHECK_SAYS("map is open 256 times, which is the most it can be");
  CHECK_OK(open_code("map", read_only));
  sho_map_free(maps[100]);
  maps[100] = map_again("map");
  put_text(maps[255], "key", "value");
  CHECK_TEXT(text_of(maps[100], "key"), "value");
}

/* How many mappings of this process are of that file. */
static int mappings_of(const char *path) {
  char line[PATH_MAX + 128];
  char whole[PATH_MAX];
  int count = 0;
  FILE *maps = fopen("/proc/self/maps", "r");
  if (maps == NULL || realpath(path, whole) == NULL) {
    skip("the mappings of a process cannot be read here");
  }
  while (fgets(line, sizeof line, maps) != NULL) {
    count += strstr(line, whole) != NULL;
  }
  fclose(maps);
  return count;
}

/* However large the map: so handles cost addresses and no more. */
static void test_map_open_takes_one_mapping_for_each_handle(void) {
  enum { HANDLES = 100 };
  struct sho_map *maps[HANDLES];
  sho_map_free(map_new("map", 256 * MIB, 0));
  for (int i = 0; i < HANDLES; i++) {
    maps[i] = map_again("map");
  }
  CHECK_INT(mappings_of("map"), HANDLES);
  put_text(maps[0], "key", "value");
  for (int i = 0; i < HANDLES; i++) {
    CHECK_TEXT(text_of(maps[i], "key"), "value");
    sho_map_free(maps[i]);
  }
  CHECK_INT(mappings_of("map"), 0);
}

struct race {
  _Atomic int ready;
  _Atomic int go;
};

static void create_at_once(void *context) {
  struct race *race = context;
  atomic_fetch_add(&race->ready, 1);
  while (!atomic_load(&race->go)) {
  }
  struct sho_map *map = map_new("map", 64 * KIB, 0);
  int64_t sum;
  CHECK_OK(sho_map_add_and_get(map, "n", 1, 1, &sum));
}

static void test_map_open_by_many_at_once_makes_one_map(void) {
  enum { CREATORS = 6 };
  for (int round = 0; round < rounds(3, 20, 200); round++) {
    struct race *race = shared_bytes(sizeof *race);
    pid_t children[CREATORS];
    for (int i = 0; i < CREATORS; i++) {
      children[i] = child_start(create_at_once, race);
    }
    WAIT_UNTIL(atomic_load(&race->ready) == CREATORS);
    atomic_store(&race->go, 1);
    for (int i = 0; i < CREATORS; i++) {
      CHECK_INT(child_wait(children[i]), 0);
    }
    struct sho_map *map = map_again("map");
    int64_t sum = 0;
    CHECK_OK(sho_map_add_and_get(map, "n", 1, 0, &sum));
    CHECK_INT(sum, CREATORS);
    CHECK_OK(sho_map_verify(map));
    sho_map_free(map);
    REQUIRE(unlink("map") == 0);
  }
}

/* ---- truncated while open ----------------------------------------------- */

static void test_map_truncated_while_open_is_an_error(void) {
  for (int part = 0; part < 3; part++) {
    struct sho_map *map = map_new("map", 64 * KIB, 0);
    put_text(map, "key", "value");
    off_t left[] = {0, 4096, (off_t)map->geometry.pool_off};
    REQUIRE(truncate("map", left[part]) == 0);
    uint8_t value[9000] = {0};
    size_t length;
    CHECK_CODE(sho_map_set(map, "key", 3, value, sizeof value, 0, NULL),
               SHO_EIO);
    CHECK_SAYS("map was truncated or overwritten while it was open");
    CHECK_CODE(sho_map_get(map, "key", 3, NULL, 0, &length, NULL), SHO_EIO);
    struct sho_map_view view = {.size = sizeof view};
    CHECK_OK(sho_map_view(map, &view)); /* who finds looks at the end */
    CHECK(*view.end != view.creation_id);
    CHECK_CODE(sho_map_verify(map), SHO_EIO);
    CHECK_CODE(sho_map_clear(map), SHO_EIO);
    sho_map_free(map);
    REQUIRE(unlink("map") == 0);
  }
}

/* ---- structs of other versions ------------------------------------------ */

/* As a program sees the options that was built with a later library. */
struct later_options {
  struct sho_map_options known;
  uint64_t later;
};

static void test_map_options_of_other_versions(void) {
  struct sho_map *map = NULL;
  struct sho_map_options unset = {.capacity = 64 * KIB};
  CHECK_CODE(sho_map_open("map", &unset, &map), SHO_EINVAL);
  CHECK_SAYS("a struct begins with its size, which is not 0: set the field to "
             "the struct's sizeof");
  struct later_options later = {
      .known = {.size = sizeof later, .capacity = 64 * KIB}, .later = 1};
  CHECK_CODE(sho_map_open("map", &later.known, &map), SHO_EINVAL);
  CHECK_SAYS("the options ask for something that this library does not know; "
             "use a newer one");
  later.later = 0;
  REQUIRE_OK(sho_map_open("map", &later.known, &map));
  CHECK_INT(stats_of(map).capacity, 64 * KIB);
  sho_map_free(map);
}

static void test_map_stats_of_other_versions(void) {
  struct sho_map *map = map_new("map", 64 * KIB, SHO_EVICTION_NONE);
  put_text(map, "key", "value");
  struct {
    struct sho_map_stats known;
    uint64_t later;
  } later = {.known = {.size = sizeof later}, .later = 7};
  REQUIRE_OK(sho_map_stats(map, &later.known));
  CHECK_INT(later.known.entries, 1);
  CHECK_INT(later.known.size, sizeof later);
  CHECK_INT(later.later, 7);
  struct sho_map_stats earlier;
  memset(&earlier, 0xff, sizeof earlier);
  earlier.size = offsetof(struct sho_map_stats, entries);
  REQUIRE_OK(sho_map_stats(map, &earlier));
  CHECK_INT(earlier.sets, 1);
  CHECK_HEX(earlier.entries, UINT64_MAX);
  struct sho_map_stats unset = {.size = 0};
  CHECK_CODE(sho_map_stats(map, &unset), SHO_EINVAL);
  sho_map_free(map);
}

static void test_map_counts_reads_of_readers_of_their_own(void) {
  struct sho_map *map = map_new("map", 64 * KIB, SHO_EVICTION_NONE);
  CHECK_OK(sho_map_add_reads(map, 5, 3));
  CHECK_INT(stats_of(map).hits, 5);
  CHECK_INT(stats_of(map).misses, 3);
  CHECK_CODE(sho_map_add_reads(NULL, 1, 1), SHO_EINVAL);
  sho_map_free(map);
}

static const struct test tests[] = {
    TEST(test_map_options_of_other_versions),
    TEST(test_map_stats_of_other_versions),
    TEST(test_map_counts_reads_of_readers_of_their_own),
    TEST(test_map_open_makes_a_map_of_64_mib),
    TEST(test_map_open_rounds_the_capacity_up),
    TEST(test_map_open_refuses_capacities_out_of_range),
    TEST(test_map_open_refuses_largest_entries_out_of_range),
    TEST(test_map_open_takes_entries_of_nearly_a_quarter_of_all),
    TEST(test_map_open_serves_tiny_largest_entries),
    TEST(test_map_open_keeps_the_geometry_and_names_both),
    TEST(test_map_open_refuses_what_is_no_map),
    TEST(test_map_open_refuses_another_layout_version),
    TEST(test_map_open_refuses_a_damaged_header),
    TEST(test_map_open_refuses_a_header_that_makes_no_sense),
    TEST(test_map_open_refuses_a_truncated_file),
    TEST(test_map_open_refuses_links_folders_and_missing_folders),
    TEST(test_map_open_fills_the_holes_of_a_copy),
    TEST(test_map_open_tells_a_full_file_system_and_leaves_no_file),
    TEST(test_map_read_only_reads_and_refuses_writes),
    TEST(test_map_read_only_needs_a_file_of_this_boot),
    TEST(test_map_open_beside_others_resets_no_locks),
    TEST(test_map_open_has_256_peers_and_no_more),
    TEST(test_map_open_takes_one_mapping_for_each_handle),
    TEST(test_map_open_by_many_at_once_makes_one_map),
    TEST(test_map_truncated_while_open_is_an_error),
};

TEST_MAIN(tests)
