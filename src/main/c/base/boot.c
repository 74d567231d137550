#include "base/boot.h"

#include <string.h>

#if defined(__linux__)
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void read_text(char *text, size_t size) {
  int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  ssize_t got = fd < 0 ? -1 : read(fd, text, size - 1);
  text[got < 0 ? 0 : got] = '\0';
  if (fd >= 0) {
    close(fd);
  }
}

/* timens_offsets has the offsets of the namespace in which children will be. */
int sho__boot_clock_ahead_ms(int64_t *ahead_ms) {
  struct stat own;
  struct stat children;
  *ahead_ms = 0;
  FILE *offsets = fopen("/proc/self/timens_offsets", "re");
  if (offsets == NULL) {
    return 0;
  }
  char line[128];
  while (fgets(line, sizeof line, offsets) != NULL) {
    long long seconds;
    long nanoseconds;
    if (sscanf(line, "boottime %lld %ld", &seconds, &nanoseconds) == 2) {
      *ahead_ms = seconds * 1000 + nanoseconds / 1000000;
    }
  }
  fclose(offsets);
  return stat("/proc/self/ns/time", &own) == 0 &&
                 stat("/proc/self/ns/time_for_children", &children) == 0 &&
                 own.st_ino != children.st_ino
             ? -1
             : 0;
}
#else
#include <sys/sysctl.h>

static void read_text(char *text, size_t size) {
  if (sysctlbyname("kern.bootsessionuuid", text, &size, NULL, 0) != 0) {
    text[0] = '\0';
  }
}

int sho__boot_clock_ahead_ms(int64_t *ahead_ms) {
  *ahead_ms = 0;
  return 0;
}
#endif

static int digit_of(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void sho__boot_id(uint64_t id[2]) {
  char text[64];
  read_text(text, sizeof text);
  id[0] = id[1] = 0;
  int digits = 0;
  for (const char *c = text; *c != '\0' && digits < 32; c++) {
    int digit = digit_of(*c);
    if (digit >= 0) {
      id[digits / 16] = id[digits / 16] << 4 | (uint64_t)digit;
      digits++;
    }
  }
}
