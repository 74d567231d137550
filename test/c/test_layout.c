/* Where each shared field lies, in the C structures and in docs/format.md. */
#include "layout.h"

#include "base/hash.h"
#include "format_doc.h"
#include "harness.h"

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

static void test_layout_of_a_peer_slot_is_documented(void) {
  static const struct field fields[] = {
      FIELD(sho__peer_shm, generation),
      FIELD(sho__peer_shm, pid),
  };
  check_fields("Peers", fields, sizeof fields / sizeof *fields,
               sizeof(struct sho__peer_shm));
}

static void test_layout_of_the_control_block_is_documented(void) {
  static const struct field fields[] = {
      FIELD(sho__cell_shm, magic),        FIELD(sho__cell_shm, layout_version),
      FIELD(sho__cell_shm, reserved0),    FIELD(sho__cell_shm, capacity),
      FIELD(sho__cell_shm, creation_id),  FIELD(sho__cell_shm, peer_slots),
      FIELD(sho__cell_shm, checksum),     FIELD(sho__cell_shm, zero0),
      FIELD(sho__cell_shm, lock),         FIELD(sho__cell_shm, sleepers),
      FIELD(sho__cell_shm, shadow_bytes), FIELD(sho__cell_shm, reserved1),
      FIELD(sho__cell_shm, sequence),     FIELD(sho__cell_shm, recoveries),
      FIELD(sho__cell_shm, zero1),        FIELD(sho__cell_shm, peers),
  };
  check_fields("Control block", fields, sizeof fields / sizeof *fields,
               sizeof(struct sho__cell_shm));
}

static void test_layout_constants_are_documented(void) {
  CHECK_BYTES(SHO__CELL_MAGIC, "\x53\x48\x4f\x43\x45\x4c\x4c\x00", 8);
  CHECK_INT(SHO__CELL_LAYOUT_VERSION, 3);
  CHECK_INT(SHO__CELL_PEERS, 128);
  CHECK_INT(SHO__SETUP_LOCK_OFF, INT64_C(1) << 62);
  CHECK_HEX(SHO__LOCK_WAITERS, UINT64_C(1) << 31);
  CHECK_INT(SHO__LOCK_SLOT_SHIFT, 21);
  CHECK_HEX(SHO__LOCK_GENERATION_MASK, 0x1fffff);
  /* slot + 1 fits in the ten bits 21 to 30 */
  CHECK_INT(
      (uint64_t)SHO__MAX_PEERS << SHO__LOCK_SLOT_SHIFT & SHO__LOCK_WAITERS, 0);
  CHECK(SHO__CELL_PEERS <= SHO__MAX_PEERS);
}

static void test_layout_checksum_is_the_documented_one(void) {
  struct sho__cell_shm cell;
  memset(&cell, 0, sizeof cell);
  memcpy(cell.magic, SHO__CELL_MAGIC, sizeof cell.magic);
  cell.layout_version = SHO__CELL_LAYOUT_VERSION;
  cell.capacity = 1024;
  cell.creation_id = UINT64_C(0x1122334455667788);
  cell.peer_slots = 128;
  char words[32];
  snprintf(words, sizeof words, "is `%08" PRIx32 "`",
           (uint32_t)sho__hash(&cell, 36, 0));
  if (strstr(format_section("Control block"), words) == NULL) {
    fail(__FILE__, __LINE__, "docs/format.md does not say: %s", words);
  }
}

static const struct test tests[] = {
    TEST(test_layout_of_a_peer_slot_is_documented),
    TEST(test_layout_of_the_control_block_is_documented),
    TEST(test_layout_constants_are_documented),
    TEST(test_layout_checksum_is_the_documented_one),
};

TEST_MAIN(tests)
