/* Texts that show a mixture, and how long calls took. */
#ifndef SHO_TEST_STORM_H
#define SHO_TEST_STORM_H

#include "harness.h"

/* A text of one letter, whose length only that letter has. */
SHO_TEST size_t storm_length(unsigned letter, size_t most) {
  return 1 + (size_t)letter * 7919 % (most - 1);
}

SHO_TEST size_t storm_text(char *text, unsigned number, size_t most) {
  unsigned letter = 'A' + number % 26;
  size_t length = storm_length(letter, most);
  memset(text, (int)letter, length);
  return length;
}

SHO_TEST int storm_is_whole(const char *text, size_t length, size_t most) {
  if (length == 0 || storm_length((unsigned char)text[0], most) != length) {
    return 0;
  }
  return memcmp(text, text + 1, length - 1) == 0;
}

/* What the processes of a storm saw, in memory that they share. */
struct storm {
  _Atomic int stop;
  _Atomic int64_t calls;
  _Atomic int64_t longest_set_ns;
  _Atomic int64_t longest_get_ns;
  _Atomic int64_t longest_delay_ns; /* of one call, waiting for a processor */
};

SHO_TEST void storm_raise(_Atomic int64_t *most, int64_t value) {
  int64_t seen = atomic_load(most);
  while (value > seen && !atomic_compare_exchange_weak(most, &seen, value)) {
  }
}

/* A call ended; longest is that of set or get. */
SHO_TEST void storm_count(struct storm *storm, struct stopwatch watch,
                          _Atomic int64_t *longest) {
  int64_t took = now_ns() - watch.begin_ns;
  storm_raise(&storm->longest_delay_ns, processor_delay_ns() - watch.delay_ns);
  storm_raise(longest, took);
  atomic_fetch_add(&storm->calls, 1);
}

/* Nobody waited longer than 100 ms, but for a processor: the caller itself, or
 * the one that held the lock. */
SHO_TEST void storm_judge(const char *what, struct storm *storm) {
  int64_t set = atomic_load(&storm->longest_set_ns);
  int64_t get = atomic_load(&storm->longest_get_ns);
  int64_t delay = atomic_load(&storm->longest_delay_ns);
  printf("     %s: %lld calls, longest set %.1f ms, get %.1f ms, wait for a "
         "processor %.1f ms\n",
         what, (long long)atomic_load(&storm->calls), (double)set / 1e6,
         (double)get / 1e6, (double)delay / 1e6);
  CHECK(set - delay <= bound_ns(100));
  CHECK(get - delay <= bound_ns(100));
}

#endif
