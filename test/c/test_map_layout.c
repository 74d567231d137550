/* The map's shared fields, in the C structures and in docs/format.md. */
#include "format_doc.h"
#include "map/map.h"
#include "maps.h"

struct field {
  const char *name;
  size_t offset;
  size_t bytes;
};
#define FIELD(type, name)                                                      \
  { #name, offsetof(struct type, name), sizeof(((struct type *)0)->name) }

static void check_fields(const char *title, const struct field *fields,
                         size_t count, size_t total) {
  const char *section = format_section(title);
  size_t end = 0;
  for (size_t i = 0; i < count; i++) {
    const struct field *field = &fields[i];
    char row[96];
    snprintf(row, sizeof row, "| %zu | %zu | `%s` |", field->offset,
             field->bytes, field->name);
    if (strstr(section, row) == NULL) {
      fail(__FILE__, __LINE__, "docs/format.md, %s, lacks the row %s", title,
           row);
    }
    CHECK_INT(field->offset, end); /* no byte without a name */
    end = field->offset + field->bytes;
  }
  CHECK_INT(total, end);
}

#define CHECK_FIELDS(title, fields, type)                                      \
  check_fields(title, fields, sizeof(fields) / sizeof *(fields),               \
               sizeof(struct type))

static void test_map_layout_of_the_header_is_documented(void) {
  static const struct field fields[] = {
      FIELD(sho__map_shm, magic),         FIELD(sho__map_shm, layout_version),
      FIELD(sho__map_shm, segments),      FIELD(sho__map_shm, file_bytes),
      FIELD(sho__map_shm, log_bytes),     FIELD(sho__map_shm, max_entry),
      FIELD(sho__map_shm, buckets),       FIELD(sho__map_shm, eviction),
      FIELD(sho__map_shm, peer_slots),    FIELD(sho__map_shm, creation_id),
      FIELD(sho__map_shm, hash_seed),     FIELD(sho__map_shm, peers_off),
      FIELD(sho__map_shm, computes_off),  FIELD(sho__map_shm, counters_off),
      FIELD(sho__map_shm, segments_off),  FIELD(sho__map_shm, indexes_off),
      FIELD(sho__map_shm, logs_off),      FIELD(sho__map_shm, reserved0),
      FIELD(sho__map_shm, checksum),      FIELD(sho__map_shm, boot_id),
      FIELD(sho__map_shm, clock_base_ms), FIELD(sho__map_shm, latest_ms),
      FIELD(sho__map_shm, zero0),         FIELD(sho__map_shm, events),
      FIELD(sho__map_shm, zero1)};
  CHECK_FIELDS("Map header", fields, sho__map_shm);
}

static void test_map_layout_of_computations_and_counters_is_documented(void) {
  static const struct field bucket[] = {
      FIELD(sho__compute_shm, lock), FIELD(sho__compute_shm, used),
      FIELD(sho__compute_shm, zero), FIELD(sho__compute_shm, slots)};
  static const struct field computation[] = {
      FIELD(sho__computation_shm, key),     FIELD(sho__computation_shm, wants),
      FIELD(sho__computation_shm, owner),   FIELD(sho__computation_shm, turn),
      FIELD(sho__computation_shm, waiters), FIELD(sho__computation_shm, zero)};
  static const struct field counters[] = {FIELD(sho__counters_shm, hits),
                                          FIELD(sho__counters_shm, misses),
                                          FIELD(sho__counters_shm, zero)};
  CHECK_FIELDS("Compute bucket", bucket, sho__compute_shm);
  CHECK_FIELDS("Computation", computation, sho__computation_shm);
  CHECK_FIELDS("Counters", counters, sho__counters_shm);
}

static void test_map_layout_of_a_segment_is_documented(void) {
  static const struct field fields[] = {
      FIELD(sho__segment_shm, head),
      FIELD(sho__segment_shm, zero0),
      FIELD(sho__segment_shm, lock),
      FIELD(sho__segment_shm, changes),
      FIELD(sho__segment_shm, sleepers),
      FIELD(sho__segment_shm, zero1),
      FIELD(sho__segment_shm, tail),
      FIELD(sho__segment_shm, live_bytes),
      FIELD(sho__segment_shm, entries),
      FIELD(sho__segment_shm, largest),
      FIELD(sho__segment_shm, earliest_expiry_ms),
      FIELD(sho__segment_shm, lap_largest),
      FIELD(sho__segment_shm, sets),
      FIELD(sho__segment_shm, removals),
      FIELD(sho__segment_shm, evictions),
      FIELD(sho__segment_shm, expirations),
      FIELD(sho__segment_shm, recoveries),
      FIELD(sho__segment_shm, damaged),
      FIELD(sho__segment_shm, zero3)};
  CHECK_FIELDS("Segment", fields, sho__segment_shm);
}

static void test_map_layout_of_bucket_and_entry_is_documented(void) {
  static const struct field bucket[] = {FIELD(sho__bucket_shm, slots),
                                        FIELD(sho__bucket_shm, overflow)};
  static const struct field entry[] = {
      FIELD(sho__entry_shm, position), FIELD(sho__entry_shm, version),
      FIELD(sho__entry_shm, expiry_and_key), FIELD(sho__entry_shm, value_bytes),
      FIELD(sho__entry_shm, checksum)};
  CHECK_FIELDS("Bucket", bucket, sho__bucket_shm);
  CHECK_FIELDS("Entry", entry, sho__entry_shm);
}

static void test_map_layout_constants_are_documented(void) {
  CHECK_BYTES(SHO__MAP_MAGIC, "\x53\x48\x4f\x2d\x4d\x41\x50\x00", 8);
  CHECK_INT(SHO__MAP_LAYOUT_VERSION, 5);
  CHECK_INT(SHO__MAP_PEERS, 256);
  CHECK_INT(SHO__COMPUTE_BUCKETS, 32);
  CHECK_INT(SHO__COMPUTE_SLOTS, 64);
  CHECK_INT(SHO__ON_WORD, 1);
  CHECK_INT(SHO__ON_EVENTS, 2);
  CHECK_INT(SHO__MAP_STRIPES, 8);
  CHECK_INT(SHO__MAP_MAX_SEGMENTS, 2048);
  CHECK_INT(SHO__MAP_ALIGN, 65536);
  CHECK_HEX(SHO__SLOT_VISITED, UINT64_C(1) << 63);
  CHECK_HEX(SHO__SLOT_TAG_MASK, UINT64_C(0x7fff000000000000));
  CHECK_HEX(SHO__SLOT_POSITION_MASK, UINT64_C(0xffffffffffff));
  CHECK_INT(SHO__BUCKET_SLOTS, 7);
  CHECK_INT(SHO__ENTRY_DEAD, 1);
  CHECK_INT(SHO__KEY_BITS, 22);
  CHECK(SHO__MAP_PEERS <= SHO__MAX_PEERS);
}

static void test_map_layout_of_a_file_is_the_documented_one(void) {
  struct sho_map *map = map_new("map", 64 * MIB, 0);
  const struct sho__geometry *g = &map->geometry;
  CHECK_INT(g->peers_off, 4096);
  CHECK_INT(g->computes_off, 4096 + 2048);
  CHECK_INT(g->counters_off, 4096 + 2048 + 67584);
  CHECK_INT(g->segments_off, 4096 + 2048 + 67584 + 131072);
  CHECK_INT(g->segments, 8);
  CHECK_INT(g->indexes_off, 208896);
  CHECK_INT(g->log_bytes, 8 * MIB);
  CHECK_INT(g->buckets, 23968);
  CHECK_INT(g->logs_off, (g->indexes_off + 8 * 23968 * 64 + 65535) & ~65535U);
  CHECK_INT(g->file_bytes, g->logs_off + 64 * MIB + 8);
  CHECK_INT(map->position_bits, 23);
  CHECK_INT(atomic_load(&map->segments[7].tail), 1 << 23);
  struct sho__map_shm header;
  file_peek("map", 0, &header, sizeof header);
  CHECK_INT(header.indexes_off, g->indexes_off);
  CHECK_INT(header.logs_off, g->logs_off);
  CHECK_HEX(header.checksum, (uint32_t)sho__hash(&header, 124, 0));
  uint64_t end;
  file_peek("map", g->file_bytes - 8, &end, sizeof end);
  CHECK_HEX(end, header.creation_id);
}

/* The example of the section "Entry". */
static void test_map_layout_example_is_right(void) {
  struct sho_map map = {.hash_key =
                            sho__hash_key_of(UINT64_C(0x0123456789abcdef)),
                        .position_bits = 23,
                        .position_mask = (1 << 23) - 1};
  map.geometry.segments = 8;
  map.geometry.log_bytes = 8 * MIB;
  map.geometry.buckets = 23968;
  struct sho__entry_shm entry = {.position = 1 << 23,
                                 .version = 1 << 23,
                                 .expiry_and_key = UINT64_C(1000) << 22 | 3,
                                 .value_bytes = 12};
  uint64_t hash = sho__map_hash(&map, "key", 3);
  entry.checksum = sho__entry_checksum(&entry, hash, "Hello World!");
  const uint8_t *bytes = (const uint8_t *)&entry;
  char said[5][128];
  size_t used = 0;
  for (size_t i = 0; i < sizeof entry; i++) {
    used += (size_t)snprintf(said[0] + used, sizeof said[0] - used, "%s%02x",
                             i == 0       ? ""
                             : i % 8 == 0 ? "  "
                                          : " ",
                             bytes[i]);
  }
  snprintf(said[1], sizeof said[1], "`%016" PRIx64 "`: segment %u,", hash,
           sho__map_segment_of(&map, hash));
  snprintf(said[2], sizeof said[2], "bucket %" PRIu64 ", tag `%04" PRIx64 "`",
           sho__map_bucket_of(&map, hash), sho__map_tag_of(hash) >> 48);
  snprintf(said[3], sizeof said[3], "slot `%016" PRIx64 "`",
           sho__map_tag_of(hash) | sho__slot_position(entry.position));
  uint64_t next =
      sho__position_add(&map, entry.position, sho__entry_size(&entry));
  CHECK_INT(next - entry.position, 48);
  snprintf(said[4], sizeof said[4], "checksum is `%08" PRIx32 "`",
           entry.checksum ^ sho__position_checksum(entry.position) ^
               sho__position_checksum(next));
  const char *section = format_section("Entry");
  for (int i = 0; i < 5; i++) {
    if (strstr(section, said[i]) == NULL) {
      fail(__FILE__, __LINE__, "docs/format.md does not say: %s", said[i]);
    }
  }
}

static void test_map_layout_positions_go_round(void) {
  struct sho_map map = {.position_bits = 18, .position_mask = (1 << 18) - 1};
  map.geometry.log_bytes = 192 * KIB;
  uint64_t first = UINT64_C(1) << 18;
  uint64_t end = sho__position_add(&map, first, 192 * KIB - 8);
  CHECK_INT(end, first + 192 * KIB - 8);
  CHECK_INT(sho__position_add(&map, end, 8), UINT64_C(2) << 18);
  CHECK_INT(sho__position_add(&map, end, 48), (UINT64_C(2) << 18) + 40);
  CHECK_INT(sho__position_distance(&map, first, UINT64_C(2) << 18), 192 * KIB);
  CHECK_INT(sho__position_distance(&map, end, (UINT64_C(3) << 18) + 16),
            192 * KIB + 24);
  CHECK(!sho__position_valid(&map, 0));
  CHECK(!sho__position_valid(&map, first + 4));
  CHECK(!sho__position_valid(&map, first + 192 * KIB));
  CHECK(sho__position_valid(&map, end));
}

static const struct test tests[] = {
    TEST(test_map_layout_of_the_header_is_documented),
    TEST(test_map_layout_of_computations_and_counters_is_documented),
    TEST(test_map_layout_of_a_segment_is_documented),
    TEST(test_map_layout_of_bucket_and_entry_is_documented),
    TEST(test_map_layout_constants_are_documented),
    TEST(test_map_layout_of_a_file_is_the_documented_one),
    TEST(test_map_layout_example_is_right),
    TEST(test_map_layout_positions_go_round),
};

TEST_MAIN(tests)
