/*
 * What two processes can do at best, without any library. Prints one line per
 * limit, its name and nanoseconds:
 *
 *   cache-line  a line passed to another process and back, one way
 *   futex       from the wake-up in one process to the return of the sleep in
 *               the other, median
 *   alone       100 bytes copied from one of 2,000 places of a process' own
 *   beside      the same while another process does it too, with its own:
 *               what two processors of this machine lose to each other
 *
 *   limits [TURNS]
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct table {
  _Alignas(128) _Atomic uint32_t ball;
  _Alignas(128) _Atomic uint32_t word;
  _Atomic int64_t sent_ns;
};

static struct table *table;

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void play(uint32_t first, uint32_t turns) {
  for (uint32_t n = first; n < turns; n += 2) {
    while (atomic_load_explicit(&table->ball, memory_order_acquire) != n) {
    }
    atomic_store_explicit(&table->ball, n + 1, memory_order_release);
  }
}

static double cache_line_ns(uint32_t turns) {
  atomic_store(&table->ball, 0);
  pid_t other = fork();
  if (other == 0) {
    play(1, turns);
    _exit(0);
  }
  int64_t begin = now_ns();
  play(0, turns);
  waitpid(other, NULL, 0);
  return (double)(now_ns() - begin) / turns;
}

static int ascending(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

static void sleep_turns(int64_t *took_ns, uint32_t turns) {
  for (uint32_t n = 1; n <= turns; n++) {
    while (atomic_load(&table->word) < n)
      syscall(SYS_futex, &table->word, FUTEX_WAIT, n - 1, NULL, NULL, 0);
    took_ns[n - 1] = now_ns() - atomic_load(&table->sent_ns);
  }
}

static double futex_ns(uint32_t turns) {
  size_t bytes = turns * sizeof(int64_t);
  int64_t *took_ns = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  atomic_store(&table->word, 0);
  pid_t other = fork();
  if (other == 0) {
    sleep_turns(took_ns, turns);
    _exit(0);
  }
  for (uint32_t n = 1; n <= turns; n++) {
    usleep(200); /* the other one is asleep again */
    atomic_store(&table->sent_ns, now_ns());
    atomic_store(&table->word, n);
    syscall(SYS_futex, &table->word, FUTEX_WAKE, 1, NULL, NULL, 0);
  }
  waitpid(other, NULL, 0);
  qsort(took_ns, turns, sizeof *took_ns, ascending);
  double median = (double)took_ns[turns / 2];
  munmap(took_ns, bytes);
  return median;
}

enum { PLACES = 2000, PLACE_BYTES = 128, VALUE_BYTES = 100 };

static double copy_ns(char *places, uint32_t turns) {
  char value[VALUE_BYTES];
  int64_t begin = now_ns();
  for (uint32_t n = 0; n < turns; n++) {
    memcpy(value, places + n % PLACES * PLACE_BYTES, sizeof value);
    __asm__ volatile("" : : "r"(value) : "memory");
  }
  return (double)(now_ns() - begin) / turns;
}

static double copy_beside_ns(char *places, uint32_t turns) {
  pid_t other = fork();
  if (other == 0) {
    memset(places, 2, PLACES * PLACE_BYTES); /* its own from now on */
    for (;;)
      copy_ns(places, turns);
  }
  usleep(10000);
  double ns = copy_ns(places, turns);
  kill(other, SIGKILL);
  waitpid(other, NULL, 0);
  return ns;
}

int main(int argc, char **argv) {
  uint32_t turns = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 2000;
  table = mmap(NULL, sizeof *table, PROT_READ | PROT_WRITE,
               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (table == MAP_FAILED || turns == 0)
    return 1;
  printf("cache-line %.1f\n", cache_line_ns(1000 * (turns & ~1u)));
  printf("futex %.1f\n", futex_ns(turns));
  static char places[PLACES * PLACE_BYTES];
  memset(places, 1, sizeof places);
  copy_ns(places, 200000 * turns); /* until the processor is at its speed */
  printf("alone %.2f\n", copy_ns(places, 200000 * turns));
  printf("beside %.2f\n", copy_beside_ns(places, 200000 * turns));
  return 0;
}
