/* docs/format.md, which the tests of layout and hash hold to its word. */
#ifndef SHO_TEST_FORMAT_DOC_H
#define SHO_TEST_FORMAT_DOC_H

#include "harness.h"

/* The whole text. Skips the test where the sources are not at hand. */
SHO_TEST char *format_doc(void) {
  static char text[1 << 18];
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s", __FILE__);
  char *slash = strrchr(path, '/');
  size_t folder = slash == NULL ? 0 : (size_t)(slash - path);
  snprintf(path + folder, sizeof path - folder, "/../../docs/format.md");
  FILE *file = fopen(path, "r");
  if (file == NULL) {
    skip("docs/format.md is not where it was compiled");
  }
  size_t bytes = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[bytes] = '\0';
  return text;
}

/* The text of the section whose heading ends with title, up to the next
 * heading; cut out of doc. */
SHO_TEST char *format_section(const char *title) {
  char *doc = format_doc();
  char heading[128];
  snprintf(heading, sizeof heading, " %s\n", title);
  char *begin = strstr(doc, heading);
  if (begin == NULL) {
    fail(__FILE__, __LINE__, "docs/format.md has no section \"%s\"", title);
    return doc + strlen(doc);
  }
  begin += strlen(heading);
  char *end = strstr(begin, "\n#");
  if (end != NULL) {
    end[1] = '\0';
  }
  return begin;
}

#endif
