/*
 * How long a sleeper takes to wake: two processes take turns, by
 * sho_object_set and sho_object_await, and beside it by a bare futex of the
 * same shape. A turn's time runs from just before the set in one process to
 * the return of the await in the other.
 *
 *   tool_pingpong [TURNS [NAP]]
 *
 * TURNS: 10000. NAP: microseconds before each set, so that the other side is
 * asleep for sure; 50.
 */
#include "base/wait.h"
#include "harness.h"

struct table {
  _Atomic int64_t sent_ns;
  _Atomic uint32_t word; /* the bare futex: the number of turns begun */
  int turns;
  int nap_us;
  int64_t took_ns[];
};

/* Both ways to pass the turn: `send` makes it turn n, `receive` sleeps until
 * it is. */
struct way {
  const char *name;
  void (*open)(void);
  void (*send)(uint32_t n);
  void (*receive)(uint32_t n);
};

static struct table *table;
static struct sho_object *cell;

static void cell_open_here(void) {
  REQUIRE_OK(sho_object_open("cell", SHO_WINDOW_BYTES, &cell));
}

static void cell_send(uint32_t n) {
  uint64_t version;
  REQUIRE_OK(sho_object_set(cell, "Hello World!", 12, &version));
  REQUIRE(version == n);
}

static void cell_receive(uint32_t n) {
  uint64_t newer;
  REQUIRE_OK(sho_object_await(cell, n - 1, -1, &newer));
}

static void futex_open(void) {}

static void futex_send(uint32_t n) {
  atomic_store(&table->word, n);
  sho__wake_all(&table->word);
}

static void futex_receive(uint32_t n) {
  uint32_t seen;
  while ((seen = atomic_load(&table->word)) < n) {
    sho__wait(&table->word, seen, 1000000000);
  }
}

/* One side: it sends the turns of its parity and receives the others. */
static void take_turns(const struct way *way, uint32_t parity) {
  way->open();
  for (uint32_t n = 1; n <= (uint32_t)table->turns; n++) {
    if (n % 2 == parity) {
      nap_us(table->nap_us);
      atomic_store(&table->sent_ns, now_ns());
      way->send(n);
    } else {
      way->receive(n);
      table->took_ns[n - 1] = now_ns() - atomic_load(&table->sent_ns);
    }
  }
}

static void other_side(void *way) { take_turns(way, 0); }

static int by_time(const void *a, const void *b) {
  int64_t left = *(const int64_t *)a;
  int64_t right = *(const int64_t *)b;
  return (left > right) - (left < right);
}

static void measure(struct way *way) {
  atomic_store(&table->word, 0);
  pid_t pid = child_start(other_side, way);
  take_turns(way, 1);
  REQUIRE(child_wait(pid) == 0);
  size_t turns = (size_t)table->turns;
  qsort(table->took_ns, turns, sizeof *table->took_ns, by_time);
  printf("%-28s %8.1f us %8.1f us\n", way->name,
         (double)table->took_ns[turns / 2] / 1000,
         (double)table->took_ns[turns * 99 / 100] / 1000);
}

int main(int argc, char **argv) {
  struct way ways[] = {
      {"bare futex", futex_open, futex_send, futex_receive},
      {"sho_object_set and _await", cell_open_here, cell_send, cell_receive},
  };
  int turns = argc > 1 ? atoi(argv[1]) : 10000;
  REQUIRE(turns > 0);
  table = shared_bytes(sizeof *table + (size_t)turns * sizeof(int64_t));
  table->turns = turns;
  table->nap_us = argc > 2 ? atoi(argv[2]) : 50;
  char folder[PATH_MAX];
  make_scratch(folder, sizeof folder);
  REQUIRE(chdir(folder) == 0);
  printf("%-28s %11s %11s\n", "wake-up", "median", "p99");
  measure(&ways[0]);
  measure(&ways[1]);
  unlink("cell");
  REQUIRE(chdir("/") == 0 && rmdir(folder) == 0);
  return 0;
}
