/* A file of peer slots alone, for the tests of peers and locks:
 *
 *  0          64     4096
 *  +------+---+------+--------
 *  | lock |...| data | slots
 *  +------+---+------+--------
 */
#ifndef SHO_TEST_PEERS_H
#define SHO_TEST_PEERS_H

#include <pthread.h>

#include "harness.h"
#include "shm/lock.h"

enum { DATA_OFF = 64, SLOTS_OFF = 4096 };

struct member {
  struct sho__region *region;
  struct sho__peers peers;
  struct sho__lock_shm *lock;
  uint64_t *data; /* plain: the lock's */
};

SHO_TEST void table_make(const char *path, uint32_t slots) {
  int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  REQUIRE(fd >= 0);
  REQUIRE(ftruncate(fd, (off_t)(SLOTS_OFF + 8 * (uint64_t)slots)) == 0);
  close(fd);
}

SHO_TEST int member_try(struct member *member, const char *path) {
  int fd;
  uint64_t bytes;
  memset(member, 0, sizeof *member);
  member->region = calloc(1, sizeof *member->region);
  REQUIRE(member->region != NULL);
  REQUIRE_OK(sho__file_open(path, 1, &fd, &bytes));
  REQUIRE_OK(sho__region_map(member->region, fd, path, (size_t)bytes, 1));
  member->lock = (struct sho__lock_shm *)(void *)member->region->base;
  member->data = (uint64_t *)(void *)(member->region->base + DATA_OFF);
  return sho__peers_attach(&member->peers, member->region, SLOTS_OFF,
                           (uint32_t)((bytes - SLOTS_OFF) / 8));
}

SHO_TEST void member_open(struct member *member, const char *path) {
  REQUIRE_OK(member_try(member, path));
}

SHO_TEST void member_close(struct member *member) {
  sho__region_free(member->region);
  free(member->region);
}

/* What a child shows its parent. */
struct signs {
  _Atomic uint32_t word;
  _Atomic int ready;
  _Atomic int go;
};

struct waiter {
  struct member *member;
  _Atomic int begun;
  int code;
  int recover;
};

SHO_TEST void *lock_in_thread(void *context) {
  struct waiter *waiter = context;
  atomic_store(&waiter->begun, 1);
  waiter->code =
      sho__lock(&waiter->member->peers, waiter->member->lock, &waiter->recover);
  return NULL;
}

SHO_TEST pthread_t start_waiter(struct waiter *waiter) {
  pthread_t thread;
  REQUIRE(pthread_create(&thread, NULL, lock_in_thread, waiter) == 0);
  WAIT_UNTIL(atomic_load(&waiter->begun));
  nap_us(30000); /* by now it sleeps */
  return thread;
}

#endif
