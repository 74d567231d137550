/* The hash: the vectors that docs/format.md gives to other languages; the copy
 * that is hashed. */
#include "base/hash.h"

#include <pthread.h>

#include "base/atomics.h"
#include "format_doc.h"
#include "harness.h"

static const uint64_t seeds[3] = {0, 1, UINT64_C(0x0123456789abcdef)};

/* Of the first bytes of 1, 8, 15, 22, ... (7 i + 1, modulo 256). */
static const struct vector {
  size_t bytes;
  uint64_t hash[3];
} vectors[] = {
    {0,
     {UINT64_C(0x42bc986dc5eec4d3), UINT64_C(0xf97eca4602a2d12a),
      UINT64_C(0x520686c8a0b997d2)}},
    {1,
     {UINT64_C(0x3e73bcceee051a90), UINT64_C(0xdf67b56ec0eede81),
      UINT64_C(0xf4c27222a01d9bd2)}},
    {2,
     {UINT64_C(0xabb36df2a05cdd96), UINT64_C(0x056e48fd41aabac0),
      UINT64_C(0xfcda87db8efd37ce)}},
    {3,
     {UINT64_C(0x737b3594dbad4615), UINT64_C(0x8806cb24e9f3a2b2),
      UINT64_C(0xdf2aa6a81d28ec5f)}},
    {4,
     {UINT64_C(0x06959e50533f44b2), UINT64_C(0x4f053cc84d80ceef),
      UINT64_C(0x2c8c92ddf8946117)}},
    {7,
     {UINT64_C(0xc3e479040f170b82), UINT64_C(0x4f3f73c84fe31aad),
      UINT64_C(0xee37a8ebb4440ca7)}},
    {8,
     {UINT64_C(0xd7517cd74fe903fb), UINT64_C(0x21bc906dd431d3aa),
      UINT64_C(0x5f1d935c95a40ed6)}},
    {9,
     {UINT64_C(0x7050188f7743ca56), UINT64_C(0x9914914d71dbaeda),
      UINT64_C(0xe3cd94fe91f783bb)}},
    {16,
     {UINT64_C(0xce6a868a78a46c73), UINT64_C(0x258c3d08af465b9d),
      UINT64_C(0xd82256fe5690ec75)}},
    {17,
     {UINT64_C(0xab9f0d72fd62acbb), UINT64_C(0xfa96cbae07c548b6),
      UINT64_C(0x68aef295fe70ce89)}},
    {32,
     {UINT64_C(0x46f297d4bd07d149), UINT64_C(0x8da807ffc928a718),
      UINT64_C(0x0c51ba0e197ca00f)}},
    {33,
     {UINT64_C(0x94905317494946ce), UINT64_C(0xbd1125ec10cf5587),
      UINT64_C(0x15c2944d15494b6d)}},
    {48,
     {UINT64_C(0x9e97709342df6b56), UINT64_C(0xbfd9aec3ba77072b),
      UINT64_C(0xb9a48ed5be1258f5)}},
    {49,
     {UINT64_C(0xdad3c0fa941f2d82), UINT64_C(0x6121414bd29c2819),
      UINT64_C(0x0331d91d0ab029fb)}},
    {96,
     {UINT64_C(0x33f8c64f61d916d0), UINT64_C(0x5161b946b3478900),
      UINT64_C(0x0e6b1f2a87af93a7)}},
    {97,
     {UINT64_C(0xbca3d94586472039), UINT64_C(0x3ee30a8b0b067eaf),
      UINT64_C(0x769286e4178a7ca9)}},
    {1000,
     {UINT64_C(0x38c2d303124dbd46), UINT64_C(0x4f689f7c52327a6d),
      UINT64_C(0x140a90e503e53b4b)}},
};
enum { VECTORS = sizeof vectors / sizeof *vectors, LONGEST = 1000 };

static void fill(uint8_t *data, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) {
    data[i] = (uint8_t)(i * 7 + 1);
  }
}

static void test_hash_gives_the_vectors(void) {
  uint8_t data[LONGEST];
  fill(data, sizeof data);
  for (size_t i = 0; i < VECTORS; i++) {
    for (size_t s = 0; s < 3; s++) {
      CHECK_HEX(sho__hash(data, vectors[i].bytes, seeds[s]),
                vectors[i].hash[s]);
    }
  }
  CHECK_HEX(sho__hash("Hello World!", 12, 0), UINT64_C(0x03dbe7a7117d9ba8));
}

static void test_hash_vectors_are_those_of_the_documentation(void) {
  const char *section = format_section("Hash");
  for (size_t i = 0; i < VECTORS; i++) {
    char row[160];
    snprintf(row, sizeof row,
             "| %zu | `%016" PRIx64 "` | `%016" PRIx64 "` | `%016" PRIx64
             "` |\n",
             vectors[i].bytes, vectors[i].hash[0], vectors[i].hash[1],
             vectors[i].hash[2]);
    if (strstr(section, row) == NULL) {
      fail(__FILE__, __LINE__, "docs/format.md lacks the row %s", row);
    }
  }
  CHECK(strstr(section, "`03dbe7a7117d9ba8`") != NULL);
}

static void test_hash_does_not_depend_on_alignment(void) {
  for (size_t shift = 0; shift < 16; shift++) {
    uint8_t data[LONGEST + 16];
    fill(data + shift, LONGEST);
    for (size_t i = 0; i < VECTORS; i++) {
      CHECK_HEX(sho__hash(data + shift, vectors[i].bytes, 0),
                vectors[i].hash[0]);
    }
  }
}

static void test_hash_reads_nothing_behind_the_data(void) {
  for (size_t bytes = 0; bytes <= 200; bytes++) {
    uint8_t *data = malloc(bytes > 0 ? bytes : 1); /* AddressSanitizer looks */
    REQUIRE(data != NULL);
    fill(data, bytes);
    uint8_t more[300];
    memset(more, 0xff, sizeof more);
    fill(more, bytes);
    CHECK_HEX(sho__hash(data, bytes, 7), sho__hash(more, bytes, 7));
    free(data);
  }
  CHECK_HEX(sho__hash(NULL, 0, 0), vectors[0].hash[0]);
}

static void test_hash_copy_copies_and_hashes(void) {
  enum { MOST = 400 };
  for (size_t bytes = 49; bytes <= MOST; bytes++) {
    for (size_t shift = 0; shift < 8; shift++) {
      uint8_t data[MOST + 8];
      uint8_t copy[MOST + 16];
      fill(data, sizeof data);
      memset(copy, 0xff, sizeof copy);
      CHECK_HEX(sho__hash_copy(copy + 7, data + shift, bytes, shift),
                sho__hash(data + shift, bytes, shift));
      CHECK_BYTES(copy + 7, data + shift, bytes);
      CHECK_INT(copy[6], 0xff);
      CHECK_INT(copy[7 + bytes], 0xff);
    }
  }
}

/* The hash is that of the copy, whatever becomes of the original. */
SHO_TEST void *change_all_the_time(void *context) {
  volatile uint8_t *data = context;
  for (uint8_t i = 0; data[0] == 0; i++) {
    for (size_t at = 1; at < LONGEST; at++) {
      data[at] = i;
    }
  }
  return NULL;
}

static void test_hash_copy_reads_each_byte_once(void) {
#ifdef SHO_TSAN
  skip("the race is meant");
#else
  static uint8_t data[LONGEST];
  uint8_t copy[LONGEST];
  pthread_t thread;
  REQUIRE(pthread_create(&thread, NULL, change_all_the_time, data) == 0);
  for (int i = 0; i < rounds(1000, 100000, 1000000); i++) {
    uint64_t hash = sho__hash_copy(copy, data, sizeof data, 1);
    if (!CHECK_HEX(hash, sho__hash(copy, sizeof copy, 1))) {
      break;
    }
  }
  *(volatile uint8_t *)data = 1;
  pthread_join(thread, NULL);
#endif
}

/* Each bit of a key moves about half of the hash's. */
static void test_hash_spreads_single_bits(void) {
  for (size_t bytes = 1; bytes <= 100; bytes++) {
    uint8_t data[100];
    fill(data, bytes);
    uint64_t plain = sho__hash(data, bytes, 0);
    uint64_t moved = 0;
    for (size_t bit = 0; bit < bytes * 8; bit++) {
      data[bit / 8] ^= (uint8_t)(1 << bit % 8);
      uint64_t change = plain ^ sho__hash(data, bytes, 0);
      CHECK(change != 0);
      moved += (uint64_t)__builtin_popcountll(change);
      data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    CHECK(moved / (bytes * 8) > 24 && moved / (bytes * 8) < 40);
  }
}

static const struct test tests[] = {
    TEST(test_hash_gives_the_vectors),
    TEST(test_hash_vectors_are_those_of_the_documentation),
    TEST(test_hash_does_not_depend_on_alignment),
    TEST(test_hash_reads_nothing_behind_the_data),
    TEST(test_hash_copy_copies_and_hashes),
    TEST(test_hash_copy_reads_each_byte_once),
    TEST(test_hash_spreads_single_bits),
};

TEST_MAIN(tests)
