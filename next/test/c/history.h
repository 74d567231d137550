/*
 * What processes did to one key, and whether there is an order of it that
 * explains all results: each operation takes effect at one moment between its
 * begin and its end. An operation that was cut off by the death of its process
 * took effect before that death was seen, or never (strict linearizability).
 *
 * The history is walked event by event, with all configurations that are
 * possible then: the state of the key, and which of the operations in progress
 * have taken effect. A process has one operation in progress at most.
 */
#ifndef SHO_TEST_HISTORY_H
#define SHO_TEST_HISTORY_H

#include "harness.h"

enum {
  MOST_PROCESSES = 8,
  MOST_CONFIGURATIONS = 4096,
  ABSENT = 0 /* value */
};

enum kind {
  SET,    /* stores value; version: the new one */
  GET,    /* result: the value; version: its version */
  REMOVE, /* result: whether there was something */
  CAS,    /* stores value if the value is the expected one; result: whether it
           * was; version: the new one */
  ADD     /* adds value, to 0 where the key is absent; result: the sum */
};

/* All values that are written differ. */
struct operation {
  _Atomic uint64_t begin; /* when, from 1; 0: it never began */
  _Atomic uint64_t end;
  uint64_t value;
  uint64_t expected;
  uint64_t result;
  uint64_t version;
  uint8_t key;
  uint8_t kind;
  uint8_t process;
  uint8_t cut; /* end: when its process was found dead; no result is known */
};

struct event {
  uint64_t when;
  const struct operation *operation;
};

/* version: the last one that is known. Versions only grow. */
struct configuration {
  uint64_t value;
  uint64_t version;
  uint32_t exact; /* version is that of value */
  uint32_t done;  /* a bit for each process */
};

struct history {
  const struct operation *pending[MOST_PROCESSES];
  struct configuration may[MOST_CONFIGURATIONS];
  size_t count;
  int evicts; /* a key may be absent from any moment on */
};

/* ---- one operation ------------------------------------------------------ */

static int is_new_version(const struct operation *operation,
                          struct configuration *c) {
  c->exact = !operation->cut;
  if (operation->cut) {
    return 1;
  }
  int grows = operation->version > c->version;
  c->version = operation->version;
  return grows;
}

static int explains_get(const struct operation *get, struct configuration *c) {
  if (get->result != c->value) {
    return 0;
  }
  if (c->value == ABSENT) {
    return get->version == 0;
  }
  int fits = c->exact ? get->version == c->version : get->version > c->version;
  c->version = get->version;
  c->exact = 1;
  return fits;
}

/* Lets an operation take effect. 0: its result could not come of that. */
static int take_effect(const struct operation *operation,
                       struct configuration *c) {
  int done;
  switch ((enum kind)operation->kind) {
    case SET:
      c->value = operation->value;
      return is_new_version(operation, c);
    case GET:
      return operation->cut || explains_get(operation, c);
    case REMOVE:
      done = c->value != ABSENT;
      c->value = ABSENT;
      c->exact = 0;
      return operation->cut || operation->result == (uint64_t)done;
    case CAS:
      done = c->value == operation->expected;
      if (!operation->cut && operation->result != (uint64_t)done) {
        return 0;
      }
      if (!done) {
        return 1;
      }
      c->value = operation->value;
      return is_new_version(operation, c);
    case ADD:
      c->value += operation->value;
      c->exact = 0;
      return operation->cut || operation->result == c->value;
  }
  return 0;
}

/* ---- all that may be ---------------------------------------------------- */

static void may_be(struct history *history, const struct configuration *c) {
  for (size_t i = 0; i < history->count; i++) {
    if (memcmp(&history->may[i], c, sizeof *c) == 0) {
      return;
    }
  }
  REQUIRE(history->count < MOST_CONFIGURATIONS);
  history->may[history->count++] = *c;
}

/* Whatever can have taken effect by now. */
static void expand(struct history *history) {
  for (size_t i = 0; i < history->count; i++) {
    for (unsigned p = 0; p < MOST_PROCESSES; p++) {
      struct configuration c = history->may[i];
      if (history->pending[p] != NULL && (c.done >> p & 1) == 0 &&
          take_effect(history->pending[p], &c)) {
        c.done |= UINT32_C(1) << p;
        may_be(history, &c);
      }
    }
    if (history->evicts && history->may[i].value != ABSENT) {
      struct configuration c = history->may[i];
      c.value = ABSENT;
      c.exact = 0;
      may_be(history, &c);
    }
  }
}

/* An operation ends: it has taken effect, unless it was cut off. */
static void finish(struct history *history, const struct operation *operation) {
  uint32_t bit = UINT32_C(1) << operation->process;
  expand(history);
  size_t count = history->count;
  history->count = 0;
  history->pending[operation->process] = NULL;
  for (size_t i = 0; i < count; i++) {
    struct configuration c = history->may[i];
    if ((c.done & bit) != 0 || operation->cut) {
      c.done &= ~bit;
      may_be(history, &c);
    }
  }
}

/* The events are of one key, and in order. Answers how many of them have an
 * explanation: all, or those before the first that has none. */
SHO_TEST size_t history_explains(const struct event *events, size_t count,
                                 int evicts) {
  static struct history history;
  memset(&history, 0, sizeof history);
  history.evicts = evicts;
  may_be(&history, &(struct configuration){0});
  for (size_t i = 0; i < count; i++) {
    const struct operation *operation = events[i].operation;
    if (events[i].when == atomic_load(&operation->begin)) {
      REQUIRE(history.pending[operation->process] == NULL);
      history.pending[operation->process] = operation;
      continue;
    }
    finish(&history, operation);
    if (history.count == 0) {
      return i;
    }
  }
  return count;
}

static int by_time(const void *left, const void *right) {
  const struct event *a = left;
  const struct event *b = right;
  return a->when < b->when ? -1 : a->when > b->when;
}

/* The events of a key, in order; freed by the caller. */
SHO_TEST struct event *history_of(const struct operation *operations,
                                  size_t count, int key, size_t *length) {
  struct event *events = calloc(2 * count + 1, sizeof *events);
  REQUIRE(events != NULL);
  *length = 0;
  for (size_t i = 0; i < count; i++) {
    const struct operation *operation = &operations[i];
    uint64_t begin = atomic_load(&operation->begin);
    if (begin == 0 || operation->key != key) {
      continue;
    }
    REQUIRE(atomic_load(&operation->end) > begin);
    events[(*length)++] = (struct event){begin, operation};
    events[(*length)++] =
        (struct event){atomic_load(&operation->end), operation};
  }
  qsort(events, *length, sizeof *events, by_time);
  return events;
}

#endif
