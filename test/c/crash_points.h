/* The crash points that the sources name. */
#ifndef SHO_TEST_CRASH_POINTS_H
#define SHO_TEST_CRASH_POINTS_H

#include <glob.h>

#include "harness.h"

enum { MOST_POINTS = 64, POINT_BYTES = 64 };

struct points {
  size_t count;
  char names[MOST_POINTS][POINT_BYTES];
};

SHO_TEST void points_of_line(const char *line, struct points *points) {
  const char *begin = strstr(line, "SHO_CRASH_POINT(\"");
  if (begin == NULL) {
    return;
  }
  char name[POINT_BYTES];
  begin = strchr(begin, '"') + 1;
  snprintf(name, sizeof name, "%.*s", (int)strcspn(begin, "\""), begin);
  for (size_t i = 0; i < points->count; i++) {
    if (strcmp(points->names[i], name) == 0) {
      return;
    }
  }
  REQUIRE(points->count < MOST_POINTS);
  memcpy(points->names[points->count++], name, sizeof name);
}

/* Of the sources src/main/c/<pattern>. Skips the test where they are not. */
SHO_TEST void points_read(const char *pattern, struct points *points) {
  char path[PATH_MAX];
  char line[512];
  glob_t found;
  snprintf(path, sizeof path, "%s", __FILE__);
  char *slash = strrchr(path, '/');
  size_t folder = slash == NULL ? 0 : (size_t)(slash - path) + 1;
  snprintf(path + folder, sizeof path - folder, "../../src/main/c/%s", pattern);
  memset(points, 0, sizeof *points);
  if (glob(path, 0, NULL, &found) != 0) {
    skip("the sources are not where they were compiled");
  }
  for (size_t i = 0; i < found.gl_pathc; i++) {
    FILE *file = fopen(found.gl_pathv[i], "r");
    REQUIRE(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
      points_of_line(line, points);
    }
    fclose(file);
  }
  globfree(&found);
}

#endif
