#include "base/boot.h"

#include <string.h>

#if defined(__linux__)
#include <fcntl.h>
#include <unistd.h>

static void read_text(char *text, size_t size) {
  int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  ssize_t got = fd < 0 ? -1 : read(fd, text, size - 1);
  text[got < 0 ? 0 : got] = '\0';
  if (fd >= 0) {
    close(fd);
  }
}
#else
#include <sys/sysctl.h>

static void read_text(char *text, size_t size) {
  if (sysctlbyname("kern.bootsessionuuid", text, &size, NULL, 0) != 0) {
    text[0] = '\0';
  }
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
