#include "base/crash.h"

#ifdef SHO_TEST_HOOKS

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

enum { MAX_POINTS = 128 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static const char *armed;
static unsigned countdown;
_Atomic int sho__crash_is_armed;
static const char *reached[MAX_POINTS];

void sho__crash_at(const char *point, unsigned count) {
  pthread_mutex_lock(&mutex);
  armed = point;
  countdown = count;
  atomic_store(&sho__crash_is_armed, point != NULL);
  pthread_mutex_unlock(&mutex);
}

const char *sho__crash_reached(unsigned index) {
  return index < MAX_POINTS ? reached[index] : NULL;
}

void sho__crash_point(const char *point) {
  pthread_mutex_lock(&mutex);
  for (unsigned i = 0; i < MAX_POINTS; i++) {
    if (reached[i] == NULL) {
      reached[i] = point;
    }
    if (strcmp(reached[i], point) == 0) {
      break;
    }
  }
  if (armed != NULL && strcmp(armed, point) == 0 && --countdown == 0) {
    raise(SIGKILL);
  }
  pthread_mutex_unlock(&mutex);
}

#else
/* Keeps the translation unit from being empty. */
typedef int sho__no_crash_points;
#endif
