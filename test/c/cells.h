/* Short words for the tests of the cell. */
#ifndef SHO_TEST_CELLS_H
#define SHO_TEST_CELLS_H

#include "base/hash.h"
#include "cell/object.h"
#include "harness.h"
#include "layout.h"

enum { CONTROL_BYTES = 1280, FILE_BYTES = 2 * 1024 + CONTROL_BYTES };

SHO_TEST struct sho_object *cell_open(const char *path) {
  struct sho_object *cell = NULL;
  REQUIRE_OK(sho_object_open(path, SHO_WINDOW_BYTES, &cell));
  return cell;
}

SHO_TEST struct sho_object *cell_open_sized(const char *path,
                                            uint32_t capacity) {
  struct sho_object *cell = NULL;
  REQUIRE_OK(sho_object_open(path, capacity, &cell));
  return cell;
}

/* The code of an open that fails; it leaves the handle's place alone. */
SHO_TEST int cell_refused(const char *path, uint32_t capacity) {
  static char nowhere;
  struct sho_object *untouched = (struct sho_object *)(void *)&nowhere;
  struct sho_object *cell = untouched;
  int code = sho_object_open(path, capacity, &cell);
  if (code == SHO_OK) {
    sho_object_free(cell);
  } else {
    CHECK(cell == untouched);
  }
  return code;
}

SHO_TEST int cell_set(struct sho_object *cell, const char *text) {
  return sho_object_set(cell, text, strlen(text), NULL);
}

/* The text, in memory that the next call of this thread uses again. */
SHO_TEST const char *cell_text(struct sho_object *cell) {
  static _Thread_local char text[1 << 17];
  size_t length = 0;
  if (!CHECK_OK(sho_object_get(cell, text, sizeof text - 1, &length, NULL)) ||
      length >= sizeof text) {
    return "(no text)";
  }
  text[length] = '\0';
  return text;
}

SHO_TEST long long cell_version(struct sho_object *cell) {
  uint64_t version = 0;
  CHECK_OK(sho_object_version(cell, &version));
  return (long long)version;
}

/* Where a field of the usual cell's control block lies in the file. */
#define CONTROL_OFF(field) (1024 + offsetof(struct sho__cell_shm, field))

/* Makes the checksum of the file's control block right again. */
SHO_TEST void control_sign(const char *path, uint64_t control_off) {
  uint8_t head[36];
  file_peek(path, control_off, head, sizeof head);
  uint32_t checksum = (uint32_t)sho__hash(head, sizeof head, 0);
  file_patch(path, control_off + 36, &checksum, sizeof checksum);
}

/* A file's whole content. */
SHO_TEST uint8_t *file_content(const char *path, size_t *bytes) {
  *bytes = (size_t)file_bytes(path);
  uint8_t *content = malloc(*bytes + 1);
  REQUIRE(content != NULL);
  file_peek(path, 0, content, *bytes);
  return content;
}

/* Opening is refused with that code, and changes nothing in the file. */
#define CHECK_REFUSED(path, capacity, code)                                    \
  do {                                                                         \
    size_t before_bytes, after_bytes;                                          \
    uint8_t *before = file_content((path), &before_bytes);                     \
    CHECK_CODE(cell_refused((path), (capacity)), (code));                      \
    uint8_t *after = file_content((path), &after_bytes);                       \
    CHECK_INT(after_bytes, before_bytes);                                      \
    CHECK_BYTES(after, before, before_bytes);                                  \
    free(before);                                                              \
    free(after);                                                               \
  } while (0)

#endif
