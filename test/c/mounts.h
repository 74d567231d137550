/* File systems of the test's own, which end with its process. Linux. */
#ifndef SHO_TEST_MOUNTS_H
#define SHO_TEST_MOUNTS_H

#include "harness.h"

#if defined(__linux__)
#include <sched.h>
#include <sys/mount.h>

SHO_TEST void write_line(const char *path, const char *line) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, line, strlen(line)) < 0) {
    skip("no user namespaces here");
  }
  close(fd);
}

/* A mount namespace of our own: as root, or in a user namespace in which the
 * test keeps its user id. Skips the test where neither is allowed. */
SHO_TEST void private_mounts(void) {
  unsigned long uid = geteuid();
  unsigned long gid = getegid();
  if (unshare(CLONE_NEWNS) != 0) {
    char line[64];
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
      skip("neither root nor user namespaces here");
    }
    write_line("/proc/self/setgroups", "deny");
    snprintf(line, sizeof line, "%lu %lu 1", uid, uid);
    write_line("/proc/self/uid_map", line);
    snprintf(line, sizeof line, "%lu %lu 1", gid, gid);
    write_line("/proc/self/gid_map", line);
  }
  if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
    skip("no mounts here");
  }
}

/* Mounts a tmpfs on a new folder; options as "size=64k". */
SHO_TEST void mount_tmpfs(const char *folder, const char *options) {
  private_mounts();
  REQUIRE(mkdir(folder, 0700) == 0);
  if (mount("tmpfs", folder, "tmpfs", 0, options) != 0) {
    skip("no tmpfs can be mounted here");
  }
}
#else
SHO_TEST void private_mounts(void) { skip("needs Linux"); }
SHO_TEST void mount_tmpfs(const char *folder, const char *options) {
  (void)folder;
  (void)options;
  skip("needs Linux");
}
#endif

#endif
