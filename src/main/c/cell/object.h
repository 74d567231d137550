/* The versioned text cell, as the addon's module uses it beside the public
 * functions in shareobject.h. The algorithm is at the top of object.c. */
#ifndef SHO_OBJECT_H
#define SHO_OBJECT_H

#include "shareobject.h"
#include "shm/lock.h"

struct sho_object {
  struct sho__region region;
  struct sho__peers peers;
  struct sho__cell_shm *cell;
  uint64_t control_off;
  uint64_t creation_id; /* of the control block that was opened */
  uint32_t capacity;
  uint32_t area_bytes; /* of the text area, and of its shadow */
  uint8_t *text;
  uint8_t *shadow;
};

/* How sho__object_open treats the file. */
enum sho__open_mode {
  SHO__OPEN_EXACT,    /* as sho_object_open */
  SHO__OPEN_ADOPT,    /* as sho_object_adopt */
  SHO__OPEN_CELL,     /* as sho_object_open_existing */
  SHO__OPEN_WINDOW,   /* create if missing, adopt what the window covers; any
                       * capacity from the given one on */
  SHO__OPEN_EXISTING, /* as WINDOW, but a missing file is SHO_ENOENT */
};

int sho__object_open(const char *path, uint32_t capacity,
                     enum sho__open_mode mode, uint64_t map_bytes,
                     struct sho_object **object);

/* Copies the text area's first bytes, NULs included, as one version. */
int sho__object_read_area(struct sho_object *object, uint8_t *out,
                          size_t bytes);

/* Stores text and a NUL, whatever is in text. bytes < area_bytes. */
int sho__object_store(struct sho_object *object, const uint64_t *expected,
                      const void *text, size_t bytes, uint64_t *version);

#endif
