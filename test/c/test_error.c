/* Codes, names, texts, and the words of the last failure. */
#include "base/error.h"

#include <pthread.h>

#include "harness.h"

static const struct {
  int code;
  const char *name;
} frozen[] = {
    {0, "SHO_OK"},          {-1, "SHO_EINVAL"},   {-2, "SHO_ENOENT"},
    {-3, "SHO_EACCESS"},    {-4, "SHO_EFORMAT"},  {-5, "SHO_EVERSION"},
    {-6, "SHO_EGEOMETRY"},  {-7, "SHO_ECORRUPT"}, {-8, "SHO_EFULL"},
    {-9, "SHO_ETOOBIG"},    {-10, "SHO_ECLOSED"}, {-11, "SHO_EIO"},
    {-12, "SHO_ESYSTEM"},   {-13, "SHO_ENOSPC"},  {-14, "SHO_ENOMEM"},
    {-15, "SHO_EPEERS"},    {-16, "SHO_EBUSY"},   {-17, "SHO_ETIMEDOUT"},
    {-18, "SHO_ECHANGED"},  {-19, "SHO_EABSENT"}, {-20, "SHO_EDEADLK"},
    {-21, "SHO_EREADONLY"}, {-22, "SHO_ETYPE"},   {-23, "SHO_EINTR"},
};
enum { FROZEN = sizeof frozen / sizeof *frozen };

static void test_error_codes_are_frozen(void) {
  for (size_t i = 0; i < FROZEN; i++) {
    CHECK_TEXT(sho_error_name(frozen[i].code), frozen[i].name);
  }
}

static void test_error_table_has_no_gap_and_no_text_twice(void) {
  int last = 0;
#define LAST(code, name, text)                                                 \
  CHECK_INT(code, last - 1);                                                   \
  last = (code);
  SHO_ERROR_MAP(LAST)
#undef LAST
  for (int i = 0; i >= last; i--) {
    CHECK(strlen(sho_error_text(i)) > 0);
    for (int k = i - 1; k >= last; k--) {
      CHECK(strcmp(sho_error_name(i), sho_error_name(k)) != 0);
      CHECK(strcmp(sho_error_text(i), sho_error_text(k)) != 0);
    }
  }
  CHECK_TEXT(sho_error_name(last - 1), "SHO_E?");
}

static void test_error_names_what_it_does_not_know(void) {
  static const int unknown[] = {1, 4711, -1000, INT_MIN, INT_MAX};
  for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
    CHECK_TEXT(sho_error_name(unknown[i]), "SHO_E?");
    CHECK_TEXT(sho_error_text(unknown[i]), "unknown error");
  }
}

static void test_error_message_is_empty_before_a_failure(void) {
  CHECK_TEXT(sho_last_message(), "");
}

static void test_error_fail_keeps_words_and_answers_code(void) {
  CHECK_CODE(sho__fail(SHO_EFULL, "%s of %d", "eight", 9), SHO_EFULL);
  CHECK_TEXT(sho_last_message(), "eight of 9");
}

static void test_error_message_is_cut_at_511_bytes(void) {
  char longer[2000];
  memset(longer, 'x', sizeof longer);
  longer[sizeof longer - 1] = '\0';
  sho__fail(SHO_EFULL, "%s", longer);
  CHECK_INT(strlen(sho_last_message()), 511);
  CHECK_CODE(sho__fail_errno(EACCES, "%s", longer), SHO_EACCESS);
  CHECK_INT(strlen(sho_last_message()), 511);
  longer[505] = '\0';
  sho__fail_errno(EACCES, "%s", longer);
  CHECK_INT(strlen(sho_last_message()), 511);
}

static void test_error_fail_errno_maps_and_keeps_the_systems_words(void) {
  static const struct {
    int error;
    int code;
  } rows[] = {{ENOSPC, SHO_ENOSPC}, {EDQUOT, SHO_ENOSPC}, {EACCES, SHO_EACCESS},
              {EPERM, SHO_EACCESS}, {EROFS, SHO_EACCESS}, {ENOENT, SHO_ENOENT},
              {ENOMEM, SHO_ENOMEM}, {EMFILE, SHO_ESYSTEM}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    CHECK_CODE(sho__fail_errno(rows[i].error, "it"), rows[i].code);
    CHECK_SAYS("it: ");
    CHECK_SAYS(strerror(rows[i].error));
  }
}

static void *fail_elsewhere(void *unused) {
  (void)unused;
  CHECK_TEXT(sho_last_message(), "");
  sho__fail(SHO_EIO, "elsewhere");
  CHECK_TEXT(sho_last_message(), "elsewhere");
  return NULL;
}

static void test_error_message_belongs_to_its_thread(void) {
  sho__fail(SHO_EFULL, "here");
  pthread_t thread;
  REQUIRE(pthread_create(&thread, NULL, fail_elsewhere, NULL) == 0);
  pthread_join(thread, NULL);
  CHECK_TEXT(sho_last_message(), "here");
}

static void test_error_version_is_three_numbers(void) {
  int major, minor, patch;
  char rest[sizeof "-SNAPSHOT"] = "";
  CHECK(sscanf(sho_version(), "%d.%d.%d%9s", &major, &minor, &patch, rest) >=
        3);
  CHECK(rest[0] == 0 || strcmp(rest, "-SNAPSHOT") == 0);
}

static const struct test tests[] = {
    TEST(test_error_codes_are_frozen),
    TEST(test_error_table_has_no_gap_and_no_text_twice),
    TEST(test_error_names_what_it_does_not_know),
    TEST(test_error_message_is_empty_before_a_failure),
    TEST(test_error_fail_keeps_words_and_answers_code),
    TEST(test_error_message_is_cut_at_511_bytes),
    TEST(test_error_fail_errno_maps_and_keeps_the_systems_words),
    TEST(test_error_message_belongs_to_its_thread),
    TEST(test_error_version_is_three_numbers),
};

TEST_MAIN(tests)
