#include "base/memory_limit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 4096 };

/* What the two versions of cgroups call the same. */
struct names {
  const char *limit;
  const char *usage;
  const char *cache[2]; /* in memory.stat, with the blank behind it */
};

static const struct names names_v1 = {
    "memory.limit_in_bytes",
    "memory.usage_in_bytes",
    {"total_inactive_file ", "total_active_file "}};
static const struct names names_v2 = {
    "memory.max", "memory.current", {"inactive_file ", "active_file "}};

/* The number in a file, or behind a word that one of its lines begins with;
 * unknown if there is none ("max" is none). */
static uint64_t number_in(const char *folder, const char *file,
                          const char *word, uint64_t unknown) {
  char path[PATH_BYTES + 64];
  char line[256];
  uint64_t number = unknown;
  snprintf(path, sizeof path, "%s/%s", folder, file);
  FILE *in = fopen(path, "re");
  size_t begin = strlen(word);
  while (in != NULL && number == unknown &&
         fgets(line, sizeof line, in) != NULL) {
    if (strncmp(line, word, begin) == 0 && line[begin] >= '0' &&
        line[begin] <= '9') {
      number = strtoull(line + begin, NULL, 10);
    }
  }
  if (in != NULL) {
    fclose(in);
  }
  return number;
}

static uint64_t room_in(const char *folder, const struct names *names) {
  uint64_t limit = number_in(folder, names->limit, "", UINT64_MAX);
  uint64_t used = number_in(folder, names->usage, "", 0);
  for (int i = 0; i < 2; i++) {
    uint64_t cache = number_in(folder, "memory.stat", names->cache[i], 0);
    used -= cache < used ? cache : used;
  }
  return limit == UINT64_MAX ? limit : limit > used ? limit - used : 0;
}

/* The least room of the folder root + path and of those above it. In a
 * container the path may be the host's, and only the root be there. */
static uint64_t room_up_to(const char *root, const char *path,
                           const struct names *names) {
  char folder[PATH_BYTES];
  uint64_t least = UINT64_MAX;
  int used = snprintf(folder, sizeof folder, "%s%s", root, path);
  if (used < 0 || (size_t)used >= sizeof folder) {
    return least;
  }
  for (;;) {
    uint64_t room = room_in(folder, names);
    least = room < least ? room : least;
    char *slash = strrchr(folder, '/');
    if (slash == NULL || strlen(folder) <= strlen(root)) {
      return least;
    }
    *slash = '\0';
  }
}

/* Whether a line's controllers, "cpu,memory:", have memory among them. */
static int is_of_memory(const char *controllers) {
  const char *end = strchr(controllers, ':');
  const char *memory = strstr(controllers, "memory");
  return end != NULL && memory != NULL && memory < end;
}

uint64_t sho__memory_room(const char *proc, const char *root) {
  char line[PATH_BYTES];
  char v1[PATH_BYTES];
  uint64_t least = UINT64_MAX;
  FILE *in = fopen(proc, "re");
  snprintf(v1, sizeof v1, "%s/memory", root);
  while (in != NULL && fgets(line, sizeof line, in) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    char *controllers = strchr(line, ':');
    char *path = controllers == NULL ? NULL : strchr(controllers + 1, ':');
    uint64_t room = UINT64_MAX;
    if (path != NULL && path == controllers + 1) {
      room = room_up_to(root, path + 1, &names_v2);
    } else if (path != NULL && is_of_memory(controllers + 1)) {
      room = room_up_to(v1, path + 1, &names_v1);
    }
    least = room < least ? room : least;
  }
  if (in != NULL) {
    fclose(in);
  }
  return least;
}
