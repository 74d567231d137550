/* Files: opening, refusing, creating, reserving, making ready. */
#include "shm/region.h"

#include <dirent.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "harness.h"
#include "layout.h"
#include "mounts.h"

enum { NOBODY = 65534 };

/* How many entries a folder has, hidden ones too. */
static int entries(const char *folder) {
  DIR *dir = opendir(folder);
  REQUIRE(dir != NULL);
  int count = -2; /* . and .. */
  while (readdir(dir) != NULL) {
    count++;
  }
  closedir(dir);
  return count;
}

static int open_code(const char *path, int writable) {
  int fd = -4711;
  uint64_t bytes = 4711;
  int code = sho__file_open(path, writable, &fd, &bytes);
  if (code != SHO_OK) {
    CHECK_INT(fd, -4711);
    CHECK_INT(bytes, 4711);
  } else {
    close(fd);
  }
  return code;
}

/* ---- open -------------------------------------------------------------- */

static void test_region_open_tells_the_size_and_closes_on_exec(void) {
  file_put("file", "12345", 5);
  int fd;
  uint64_t bytes;
  REQUIRE_OK(sho__file_open("file", 1, &fd, &bytes));
  CHECK_INT(bytes, 5);
  CHECK_INT(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  CHECK_INT(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
  close(fd);
  REQUIRE_OK(sho__file_open("file", 0, &fd, &bytes));
  CHECK_INT(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
}

static void test_region_open_tells_a_missing_file(void) {
  CHECK_CODE(open_code("file", 1), SHO_ENOENT);
  CHECK_SAYS("file: no such file; write to it first");
  CHECK_CODE(open_code("none/file", 1), SHO_ENOENT);
  CHECK_INT(entries("."), 0);
}

static void test_region_open_refuses_a_symlink(void) {
  file_put("file", "12345", 5);
  REQUIRE(symlink("file", "link") == 0);
  REQUIRE(symlink("none", "dangling") == 0);
  CHECK_CODE(open_code("link", 1), SHO_EACCESS);
  CHECK_SAYS("link is a symbolic link, which is refused; name the file itself");
  CHECK_CODE(open_code("dangling", 1), SHO_EACCESS);
  CHECK_SAYS("dangling is a symbolic link");
  CHECK_CODE(open_code("link", 0), SHO_EACCESS);
}

static void test_region_open_refuses_what_is_no_file(void) {
  REQUIRE(mkdir("folder", 0700) == 0);
  CHECK_CODE(open_code("folder", 1), SHO_EACCESS);
  CHECK_SAYS("folder is a folder; name a file in it");
  CHECK_CODE(open_code("folder", 0), SHO_EACCESS);
  CHECK_SAYS("folder is a folder");
  REQUIRE(mkfifo("fifo", 0600) == 0);
  CHECK_CODE(open_code("fifo", 1), SHO_EACCESS);
  CHECK_SAYS("fifo is not a regular file");
  CHECK_CODE(open_code("fifo", 0), SHO_EACCESS);
  CHECK_CODE(open_code("/dev/null", 1), SHO_EACCESS);
  CHECK_SAYS("/dev/null is not a regular file");
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "socket"};
  REQUIRE(bind(fd, (struct sockaddr *)&name, sizeof name) == 0);
  CHECK_CODE(open_code("socket", 1), SHO_EACCESS);
  CHECK_SAYS("socket is not a regular file");
}

static void open_as_nobody(void *unused) {
  (void)unused;
  REQUIRE(setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
  CHECK_CODE(open_code("theirs", 1), SHO_EACCESS);
  CHECK_SAYS("theirs belongs to user 0 and this process runs as user 65534");
  CHECK_SAYS("processes that share must run as one user");
  CHECK_CODE(open_code("closed", 1), SHO_EACCESS);
  CHECK_SAYS("closed: cannot be opened: Permission denied");
  CHECK_CODE(open_code("readonly", 1), SHO_EACCESS);
  CHECK_SAYS("readonly: cannot be opened: Permission denied");
  CHECK_OK(open_code("readonly", 0));
  CHECK_CODE(open_code("private/file", 1), SHO_EACCESS);
}

static void put_of(const char *path, unsigned owner, unsigned mode) {
  file_put(path, "12345", 5);
  REQUIRE(chown(path, owner, owner) == 0);
  REQUIRE(chmod(path, (mode_t)mode) == 0);
}

static void test_region_open_refuses_another_users_file(void) {
  if (geteuid() != 0) {
    skip("needs root");
  }
  put_of("mine", 0, 0666);
  put_of("nobodys", NOBODY, 0666);
  CHECK_CODE(open_code("nobodys", 1), SHO_EACCESS);
  CHECK_SAYS("nobodys belongs to user 65534 and this process runs as user 0");
  CHECK_CODE(open_code("nobodys", 0), SHO_EACCESS);
  /* a sticky folder, as /tmp and /dev/shm are */
  REQUIRE(chmod(".", 01777) == 0);
  put_of("theirs", 0, 0666);
  put_of("closed", NOBODY, 0);
  put_of("readonly", NOBODY, 0400);
  REQUIRE(mkdir("private", 0700) == 0);
  CHECK_INT(child_wait(child_start(open_as_nobody, NULL)), 0);
}

static void test_region_open_refuses_a_read_only_file_system(void) {
  mount_tmpfs("small", "size=64k,mode=0700");
  file_put("small/file", "12345", 5);
#if defined(__linux__)
  REQUIRE(mount("none", "small", NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0);
#endif
  CHECK_CODE(open_code("small/file", 1), SHO_EACCESS);
  CHECK_SAYS("Read-only file system");
  CHECK_OK(open_code("small/file", 0));
}

/* ---- create ------------------------------------------------------------ */

enum { NEW_BYTES = 8192 };

struct filling {
  const char *folder;
  int code; /* that the filling answers */
  int kill; /* or it is killed */
  int calls;
};

static int fill_new(int fd, const char *path, void *context) {
  struct filling *filling = context;
  filling->calls++;
  /* complete in size, private, and not there yet for anybody else */
  struct stat file;
  CHECK(fstat(fd, &file) == 0 && file.st_size == NEW_BYTES);
  CHECK_INT(file.st_mode & 07777, 0600);
  CHECK_INT(access(path, F_OK), -1);
  if (filling->kill) {
    raise(SIGKILL);
  }
  if (filling->code != SHO_OK) {
    return filling->code;
  }
  return sho__file_write(fd, path, "filled", 6, 100);
}

static int create(const char *path, struct filling *filling) {
  int fd = -4711;
  int code = sho__file_create(path, NEW_BYTES, fill_new, filling, &fd);
  if (code == SHO_OK) {
    CHECK_INT(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    close(fd);
  } else {
    CHECK_INT(fd, -4711);
  }
  return code;
}

static void check_created(const char *path) {
  struct stat file;
  REQUIRE(stat(path, &file) == 0);
  CHECK_INT(file.st_size, NEW_BYTES);
  CHECK_INT(file.st_mode & 07777, 0600);
  CHECK(has_no_holes(path));
  CHECK_INT(file.st_nlink, 1);
  char content[8] = {0};
  file_peek(path, 99, content, 8);
  CHECK_BYTES(content, "\0filled\0", 8);
}

static void test_region_create_makes_a_private_whole_file(void) {
  struct filling filling = {.code = SHO_OK};
  umask(0);
  CHECK_OK(create("file", &filling));
  umask(0777);
  char path[PATH_MAX];
  REQUIRE(getcwd(path, sizeof path - 8) != NULL);
  CHECK_OK(create(strcat(path, "/other"), &filling));
  check_created("file");
  check_created("other");
  CHECK_INT(filling.calls, 2);
  CHECK_INT(entries("."), 2);
}

static int fill_nothing(int fd, const char *path, void *context) {
  (void)fd;
  (void)path;
  (void)context;
  return SHO_OK;
}

static void check_name_is_taken(const char *path) {
  int before = entries(".");
  int fd = -4711;
  CHECK_CODE(sho__file_create(path, NEW_BYTES, fill_nothing, NULL, &fd),
             SHO__FILE_EXISTS);
  CHECK_INT(fd, -4711);
  CHECK_INT(entries("."), before);
}

static void test_region_create_refuses_a_name_that_is_taken(void) {
  file_put("file", "12345", 5);
  REQUIRE(symlink("none", "dangling") == 0);
  check_name_is_taken("file");
  CHECK_INT(file_bytes("file"), 5);
  check_name_is_taken("dangling");
  CHECK_INT(file_bytes("none"), -1);
}

static void test_region_create_leaves_nothing_when_filling_fails(void) {
  struct filling filling = {.code = SHO_EFULL};
  CHECK_CODE(create("file", &filling), SHO_EFULL);
  CHECK_INT(entries("."), 0);
}

static void create_and_die(void *context) {
  create(context, &(struct filling){.kill = 1});
}

static void test_region_create_when_killed_leaves_an_empty_file_at_most(void) {
  CHECK_INT(child_wait(child_start(create_and_die, "file")), 128 + SIGKILL);
  CHECK_INT(file_bytes("file"), -1);
#ifdef O_TMPFILE
  CHECK_INT(entries("."), 1);
  CHECK_INT(file_bytes(".sho-file"), 0);
  CHECK_OK(create("file", &(struct filling){0}));
  CHECK_INT(entries("."), 1); /* the next one has removed it */
#endif
}

static void test_region_create_tells_why_it_cannot(void) {
  struct filling filling = {.code = SHO_OK};
  CHECK_CODE(create("none/file", &filling), SHO_ENOENT);
  CHECK_SAYS("none/file: cannot be created: No such file");
  file_put("plain", "12345", 5);
  CHECK_CODE(create("plain/file", &filling), SHO_ESYSTEM);
  CHECK_SAYS("Not a directory");
  CHECK_INT(filling.calls, 0);
}

static void create_as_nobody(void *unused) {
  (void)unused;
  REQUIRE(setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
  struct filling filling = {.code = SHO_OK};
  CHECK_CODE(create("folder/file", &filling), SHO_EACCESS);
  CHECK_SAYS("folder/file: cannot be created: Permission denied");
}

static void test_region_create_tells_a_folder_it_may_not_write(void) {
  if (geteuid() != 0) {
    skip("needs root");
  }
  REQUIRE(mkdir("folder", 0755) == 0);
  REQUIRE(chmod(".", 0755) == 0);
  CHECK_INT(child_wait(child_start(create_as_nobody, NULL)), 0);
  CHECK_INT(entries("folder"), 0);
}

static void test_region_create_works_without_proc(void) {
#if defined(__linux__)
  private_mounts();
  REQUIRE(mount("none", "/proc", "tmpfs", 0, NULL) == 0); /* hides it */
#endif
  struct filling filling = {.code = SHO_OK};
  CHECK_OK(create("file", &filling));
  check_created("file");
  CHECK_INT(entries("."), 1);
  check_name_is_taken("file");
  filling.code = SHO_EFULL;
  CHECK_CODE(create("other", &filling), SHO_EFULL);
  CHECK_INT(entries("."), 1);
  end_test(); /* the search needs /proc */
}

static void test_region_create_tells_a_full_file_system(void) {
  mount_tmpfs("small", "size=64k,mode=0700");
  int fd = -4711;
  CHECK_CODE(sho__file_create("small/file", 1 << 20, fill_nothing, NULL, &fd),
             SHO_ENOSPC);
  CHECK_SAYS("small/file: no room for 1048576 bytes on its file system");
  CHECK_SAYS("docker: --shm-size");
  CHECK_INT(fd, -4711);
  CHECK_INT(entries("small"), 0);
  struct filling filling = {.code = SHO_OK};
  CHECK_OK(create("small/file", &filling)); /* nothing is used up */
}

/* ---- two at once ------------------------------------------------------- */

enum { RACERS = 2 };

struct race {
  _Atomic int round; /* that may run */
  _Atomic int done;  /* racers through with it */
  _Atomic int made;
};

static int fill_slowly(int fd, const char *path, void *context) {
  nap_us(100);
  return sho__file_write(fd, path, "filled", 6, 100) != SHO_OK
             ? SHO_ESYSTEM
             : sho__file_write(fd, path, context, 4, NEW_BYTES - 4);
}

static void race_to_create(void *context) {
  struct race *race = context;
  for (int round = 1; round <= 100; round++) {
    char name[32];
    snprintf(name, sizeof name, "file%d", round);
    while (atomic_load(&race->round) < round) {
    }
    int fd;
    int code = sho__file_create(name, NEW_BYTES, fill_slowly, "last", &fd);
    if (code == SHO_OK) {
      atomic_fetch_add(&race->made, 1);
      close(fd);
    } else {
      CHECK_CODE(code, SHO__FILE_EXISTS);
    }
    atomic_fetch_add(&race->done, 1);
  }
}

static void test_region_create_by_two_at_once_makes_one_whole_file(void) {
  struct race *race = shared_bytes(sizeof *race);
  pid_t pids[RACERS];
  for (int i = 0; i < RACERS; i++) {
    pids[i] = child_start(race_to_create, race);
  }
  for (int round = 1; round <= 100; round++) {
    char name[32];
    snprintf(name, sizeof name, "file%d", round);
    atomic_store(&race->round, round);
    int fd;
    while ((fd = open(name, O_RDONLY | O_CLOEXEC)) < 0) {
    }
    char last[4] = {0}; /* whoever sees the file sees all of it */
    CHECK(pread(fd, last, 4, NEW_BYTES - 4) == 4);
    CHECK_BYTES(last, "last", 4);
    close(fd);
    WAIT_UNTIL(atomic_load(&race->done) == round * RACERS);
    CHECK_INT(atomic_load(&race->made), round);
    CHECK_INT(file_bytes(name), NEW_BYTES);
  }
  for (int i = 0; i < RACERS; i++) {
    CHECK_INT(child_wait(pids[i]), 0);
  }
  CHECK_INT(entries("."), 100);
}

static const struct test tests[] = {
    TEST(test_region_open_tells_the_size_and_closes_on_exec),
    TEST(test_region_open_tells_a_missing_file),
    TEST(test_region_open_refuses_a_symlink),
    TEST(test_region_open_refuses_what_is_no_file),
    TEST(test_region_open_refuses_another_users_file),
    TEST(test_region_open_refuses_a_read_only_file_system),
    TEST(test_region_create_makes_a_private_whole_file),
    TEST(test_region_create_refuses_a_name_that_is_taken),
    TEST(test_region_create_leaves_nothing_when_filling_fails),
    TEST(test_region_create_when_killed_leaves_an_empty_file_at_most),
    TEST(test_region_create_tells_why_it_cannot),
    TEST(test_region_create_tells_a_folder_it_may_not_write),
    TEST(test_region_create_works_without_proc),
    TEST(test_region_create_tells_a_full_file_system),
    TEST(test_region_create_by_two_at_once_makes_one_whole_file),
};

TEST_MAIN(tests)
