/* The map's shared fields, in the C structures and in docs/format.md. */
#include "format_doc.h"
#include "map/map_find.h"
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
      FIELD(sho__map_shm, magic),        FIELD(sho__map_shm, layout_version),
      FIELD(sho__map_shm, chunk_bits),   FIELD(sho__map_shm, file_bytes),
      FIELD(sho__map_shm, chunks),       FIELD(sho__map_shm, max_entry),
      FIELD(sho__map_shm, ghosts),       FIELD(sho__map_shm, eviction),
      FIELD(sho__map_shm, peer_slots),   FIELD(sho__map_shm, creation_id),
      FIELD(sho__map_shm, hash_seed),    FIELD(sho__map_shm, peers_off),
      FIELD(sho__map_shm, computes_off), FIELD(sho__map_shm, counters_off),
      FIELD(sho__map_shm, waits_off),    FIELD(sho__map_shm, free_off),
      FIELD(sho__map_shm, gens_off),     FIELD(sho__map_shm, tables_off),
      FIELD(sho__map_shm, shards_off),   FIELD(sho__map_shm, chunks_off),
      FIELD(sho__map_shm, ghosts_off),   FIELD(sho__map_shm, pool_off),
      FIELD(sho__map_shm, shard_bits),   FIELD(sho__map_shm, checksum),
      FIELD(sho__map_shm, boot_id),      FIELD(sho__map_shm, clock_base_ms),
      FIELD(sho__map_shm, latest_ms),    FIELD(sho__map_shm, events),
      FIELD(sho__map_shm, freed),        FIELD(sho__map_shm, open),
      FIELD(sho__map_shm, order),        FIELD(sho__map_shm, small_share),
      FIELD(sho__map_shm, crowded),      FIELD(sho__map_shm, evicted),
      FIELD(sho__map_shm, estimate),     FIELD(sho__map_shm, zero),
      FIELD(sho__map_shm, changes)};
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

static void test_map_layout_of_changes_is_documented(void) {
  static const struct field fields[] = {
      FIELD(sho__changes_shm, lock),        FIELD(sho__changes_shm, state),
      FIELD(sho__changes_shm, chunk_count), FIELD(sho__changes_shm, zero0),
      FIELD(sho__changes_shm, wait),        FIELD(sho__changes_shm, zero1),
      FIELD(sho__changes_shm, head),        FIELD(sho__changes_shm, zero2),
      FIELD(sho__changes_shm, chunks),      FIELD(sho__changes_shm, listeners)};
  CHECK_FIELDS("Changes", fields, sho__changes_shm);
}

static void test_map_layout_of_a_wait_is_documented(void) {
  static const struct field fields[] = {FIELD(sho__wait_shm, changes),
                                        FIELD(sho__wait_shm, sleepers)};
  CHECK_FIELDS("Wait", fields, sho__wait_shm);
}

static void test_map_layout_of_a_shard_is_documented(void) {
  static const struct field fields[] = {
      FIELD(sho__shard_shm, lock),
      FIELD(sho__shard_shm, listened),
      FIELD(sho__shard_shm, version),
      FIELD(sho__shard_shm, entries),
      FIELD(sho__shard_shm, sets),
      FIELD(sho__shard_shm, retiring),
      FIELD(sho__shard_shm, earliest_expiry_ms),
      FIELD(sho__shard_shm, removals),
      FIELD(sho__shard_shm, evictions),
      FIELD(sho__shard_shm, zero1),
      FIELD(sho__shard_shm, recoveries),
      FIELD(sho__shard_shm, damaged),
      FIELD(sho__shard_shm, expirations),
      FIELD(sho__shard_shm, zero2)};
  CHECK_FIELDS("Shard", fields, sho__shard_shm);
}

static void test_map_layout_of_bucket_and_chunk_is_documented(void) {
  static const struct field bucket[] = {FIELD(sho__bucket_shm, slots),
                                        FIELD(sho__bucket_shm, overflow)};
  static const struct field chunk[] = {FIELD(sho__chunk_shm, owner),
                                       FIELD(sho__chunk_shm, class),
                                       FIELD(sho__chunk_shm, used),
                                       FIELD(sho__chunk_shm, records),
                                       FIELD(sho__chunk_shm, dead),
                                       FIELD(sho__chunk_shm, order),
                                       FIELD(sho__chunk_shm, latest_expiry_ms),
                                       FIELD(sho__chunk_shm, doubt),
                                       FIELD(sho__chunk_shm, zero)};
  CHECK_FIELDS("Bucket", bucket, sho__bucket_shm);
  CHECK_FIELDS("Chunk", chunk, sho__chunk_shm);
}

/* No structure: the expiry is there or is not. */
static void test_map_layout_of_a_record_is_documented(void) {
  static const struct field fields[] = {{"number", 0, 8},
                                        {"kind_and_key", 8, 4},
                                        {"value_bytes", 12, 4},
                                        {"checksum", 16, 4}};
  check_fields("Record", fields, 4, SHO__RECORD_BYTES);
  struct sho__record one = {.number = UINT64_C(0x0102030405060708),
                            .kind_and_key = SHO__RECORD_EXPIRES | 3,
                            .value_bytes = 7,
                            .checksum = 0x11121314,
                            .expiry_ms = 1000};
  struct sho__record other;
  uint8_t bytes[28];
  sho__record_store(bytes, &one);
  CHECK_BYTES(bytes,
              "\x08\x07\x06\x05\x04\x03\x02\x01\x03\x00\x00\x40"
              "\x07\x00\x00\x00\x14\x13\x12\x11\xe8\x03\x00\x00"
              "\x00\x00\x00\x00",
              sizeof bytes);
  sho__record_load(&other, bytes);
  CHECK_HEX(other.number, one.number);
  CHECK_HEX(other.kind_and_key, one.kind_and_key);
  CHECK_INT(other.value_bytes, 7);
  CHECK_HEX(other.checksum, one.checksum);
  CHECK_INT(other.expiry_ms, 1000);
  CHECK_INT(sho__record_key_off(&one), 28);
  CHECK_INT(sho__record_key_bytes(&one), 3);
}

static void test_map_layout_constants_are_documented(void) {
  CHECK_BYTES(SHO__MAP_MAGIC, "\x53\x48\x4f\x2d\x4d\x41\x50\x00", 8);
  CHECK_INT(SHO__MAP_LAYOUT_VERSION, 7);
  CHECK_INT(SHO__MAP_PEERS, 256);
  CHECK_INT(SHO__COMPUTE_BUCKETS, 32);
  CHECK_INT(SHO__COMPUTE_SLOTS, 64);
  CHECK_INT(SHO__ON_WORD, 1);
  CHECK_INT(SHO__ON_EVENTS, 2);
  CHECK_INT(SHO__MAP_STRIPES, 8);
  CHECK_INT(SHO__MAP_WAITS, 2048);
  CHECK_INT(SHO__MAP_ALIGN, 65536);
  CHECK_INT(SHO__CLASS_FREE, 0);
  CHECK_INT(SHO__CLASS_TABLE, 1);
  CHECK_INT(SHO__CLASS_PARTS, 2);
  CHECK_INT(SHO__CLASS_SMALL, 3);
  CHECK_INT(SHO__CLASS_MAIN, 4);
  CHECK_INT(SHO__CLASS_HOTTEST, 8);
  CHECK_INT(SHO__CLASS_TTL, 5);
  CHECK_INT(SHO__CLASSES, 13);
  CHECK_HEX(SHO__SLOT_VISITED, UINT64_C(1) << 63);
  CHECK_HEX(SHO__SLOT_TAG_MASK, UINT64_C(0x7fffffc000000000));
  CHECK_HEX(SHO__SLOT_PLACE_MASK, UINT64_C(0x3fffffffff));
  CHECK_INT(SHO__BUCKET_SLOTS, 7);
  CHECK_HEX(SHO__RECORD_DEAD, 0x80000000);
  CHECK_HEX(SHO__RECORD_EXPIRES, 0x40000000);
  CHECK_HEX(SHO__RECORD_LARGE, 0x20000000);
  CHECK_HEX(SHO__RECORD_PART, 0x10000000);
  CHECK_HEX(SHO__RECORD_TABLE, 0x08000000);
  CHECK_INT(SHO__TABLE_OFF, 64);
  CHECK_INT(SHO__PARTS_OF_CHUNK_BITS, 4);
  CHECK_INT(SHO__KEY_BITS, 22);
  CHECK(SHO__MAP_PEERS <= SHO__MAX_PEERS);
}

static void test_map_layout_of_a_file_is_the_documented_one(void) {
  struct sho_map *map = map_new("map", 64 * MIB, SHO_EVICTION_S3_FIFO);
  const struct sho__geometry *g = &map->geometry;
  CHECK_INT(g->chunk_bits, 16);
  CHECK_INT(g->chunks, 1024);
  CHECK_INT(g->shard_bits, 10);
  CHECK_INT(g->ghosts, 1024 * KIB);
  CHECK_INT(g->peers_off, 4096);
  CHECK_INT(g->computes_off, 4096 + 2048);
  CHECK_INT(g->counters_off, 4096 + 2048 + 67584);
  CHECK_INT(g->waits_off, 4096 + 2048 + 67584 + 131072);
  CHECK_INT(g->free_off, g->waits_off + 2048 * 8);
  CHECK_INT(g->gens_off, g->free_off + 1024 / 8);
  CHECK_INT(g->tables_off, g->gens_off + 1024 * 8);
  CHECK_INT(g->shards_off, g->tables_off + 1024 * 8);
  CHECK_INT(g->chunks_off, g->shards_off + 1024 * 128);
  CHECK_INT(g->ghosts_off, g->chunks_off + 1024 * 64);
  CHECK_INT(g->pool_off, (g->ghosts_off + UINT64_C(1024) * KIB * 4 + 65535) &
                             ~UINT64_C(65535));
  CHECK_INT(g->file_bytes, g->pool_off + 64 * MIB + 8);
  CHECK_INT(g->max_entry, 4096 * (4096 - 20)); /* parts in a list */
  struct sho__map_shm header;
  file_peek("map", 0, &header, sizeof header);
  CHECK_INT(header.tables_off, g->tables_off);
  CHECK_INT(header.shards_off, g->shards_off);
  CHECK_INT(header.pool_off, g->pool_off);
  CHECK_INT(header.shard_bits, 10);
  CHECK_HEX(header.checksum, (uint32_t)sho__hash(&header, 164, 0));
  uint64_t end;
  file_peek("map", g->file_bytes - 8, &end, sizeof end);
  CHECK_HEX(end, header.creation_id);
}

/* The example of the section "Record": a map of 64 MiB with one entry, in the
 * second chunk's first record. */
static void test_map_layout_example_is_right(void) {
  struct sho_map map = {.hash_key =
                            sho__hash_key_of(UINT64_C(0x0123456789abcdef))};
  map.geometry.shard_bits = 10;
  map.geometry.chunk_bits = 16;
  map.geometry.chunks = 1024;
  struct sho__table table = {.buckets = 5};
  struct sho__record record = {.number = 1,
                               .kind_and_key = SHO__RECORD_EXPIRES | 3,
                               .value_bytes = 12,
                               .expiry_ms = 1000};
  uint64_t hash = sho__map_hash(&map, "key", 3);
  uint64_t tag = sho__tag_of(&map, hash);
  record.checksum = sho__value_checksum(&record, hash, "Hello World!", 12) ^
                    sho__number_checksum(record.number);
  uint8_t bytes[28];
  sho__record_store(bytes, &record);
  char said[5][128];
  size_t used = 0;
  for (size_t i = 0; i < sizeof bytes; i++) {
    const char *before = i == 0 ? "" : i % 8 == 0 ? "  " : " ";
    used += (size_t)snprintf(said[0] + used, sizeof said[0] - used, "%s%02x",
                             before, bytes[i]);
  }
  snprintf(said[1], sizeof said[1], "`%016" PRIx64 "`: shard %u,", hash,
           sho__shard_of(&map, hash));
  snprintf(said[2], sizeof said[2],
           "tag `%07" PRIx64 "`, in a table of 5 buckets bucket %" PRIu64, tag,
           sho__bucket_of(&table, tag));
  snprintf(said[3], sizeof said[3], "slot `%016" PRIx64 "`",
           tag << SHO__SLOT_PLACE_BITS | sho__slot_named(1 << 16));
  snprintf(said[4], sizeof said[4], "takes %" PRIu64 " bytes",
           sho__record_size(&map, &record));
  const char *section = format_section("Record");
  for (int i = 0; i < 5; i++) {
    if (strstr(section, said[i]) == NULL) {
      fail(__FILE__, __LINE__, "docs/format.md does not say: %s", said[i]);
    }
  }
}

/* Slots and places, tags and shards, at their bounds. */
static void test_map_layout_of_places_has_bounds(void) {
  struct sho_map map = {.pool = NULL};
  map.geometry.chunk_bits = 12;
  map.geometry.chunks = 16;
  map.pool_bytes = 16 << 12;
  map.chunk_bytes = 1 << 12;
  map.geometry.shard_bits = 3;
  CHECK(sho__place_valid(&map, 65535));
  CHECK(!sho__place_valid(&map, 65536));
  CHECK(!sho__place_valid(&map, sho__slot_place(0)));
  CHECK_INT(sho__slot_place(sho__slot_named(65528)), 65528);
  CHECK_INT(sho__slot_place(SHO__SLOT_VISITED | SHO__SLOT_TAG_MASK | 1), 0);
  CHECK_INT(sho__chunk_of(&map, 8191), 1);
  CHECK_INT(sho__in_chunk(&map, 8191), 4095);
  CHECK_INT(sho__shard_of(&map, UINT64_MAX), 7);
  CHECK_HEX(sho__tag_of(&map, UINT64_MAX), 0x1ffffff);
  CHECK_HEX(sho__tag_of(&map, UINT64_C(7) << 61), 0);
  struct sho__table table = {.buckets = 65535};
  CHECK_INT(sho__bucket_of(&table, 0x1ffffff), 65534);
}

/* A table lies in one chunk, behind its record's header. */
static void test_map_layout_of_tables_has_bounds(void) {
  static uint8_t pool[1];
  struct sho_map map = {.pool = pool};
  map.geometry.chunk_bits = 12;
  map.geometry.chunks = 16;
  map.pool_bytes = 16 << 12;
  map.chunk_bytes = 1 << 12;
  struct sho__table table;
  CHECK(sho__table_decode(&map, 0, &table));
  CHECK(sho__table_decode(&map, UINT64_C(7) << 50, &table));
  CHECK_INT(table.buckets, 0);
  static const struct {
    uint64_t place;
    uint64_t buckets;
    int good;
  } words[] = {{64, 1, 1},    {64, 63, 1},     {64, 64, 0},
               {0, 1, 0},     {4096, 1, 0},    {4096 + 64, 63, 1},
               {65472, 1, 1}, {65472, 2, 0},   {65536 + 64, 1, 0},
               {64, 0, 0},    {128, 0xffff, 0}};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    uint64_t word =
        UINT64_C(5) << 50 | words[i].place / 64 << 16 | words[i].buckets;
    if (sho__table_decode(&map, word, &table) != words[i].good) {
      fail(__FILE__, __LINE__, "word %zu", i);
    }
    CHECK_INT(table.buckets, words[i].good ? words[i].buckets : 0);
  }
  CHECK(!sho__table_decode(&map, 1, &table));
  CHECK(!sho__table_decode(&map, UINT64_MAX, &table));
}

static const struct test tests[] = {
    TEST(test_map_layout_of_the_header_is_documented),
    TEST(test_map_layout_of_computations_and_counters_is_documented),
    TEST(test_map_layout_of_changes_is_documented),
    TEST(test_map_layout_of_a_wait_is_documented),
    TEST(test_map_layout_of_a_shard_is_documented),
    TEST(test_map_layout_of_bucket_and_chunk_is_documented),
    TEST(test_map_layout_of_a_record_is_documented),
    TEST(test_map_layout_constants_are_documented),
    TEST(test_map_layout_of_a_file_is_the_documented_one),
    TEST(test_map_layout_example_is_right),
    TEST(test_map_layout_of_places_has_bounds),
    TEST(test_map_layout_of_tables_has_bounds),
};

TEST_MAIN(tests)
