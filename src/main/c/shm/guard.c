#include "shm/guard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"

#if defined(__linux__)
#include <sys/resource.h>
#include <sys/syscall.h>
#endif

/* The handler may run within ThreadSanitizer's own atomics, whose locks it must
 * not take again. */
#ifndef SHO_TSAN
#define NOT_INSTRUMENTED
#elif defined(__clang__)
#define NOT_INSTRUMENTED __attribute__((disable_sanitizer_instrumentation))
#else
#define NOT_INSTRUMENTED __attribute__((no_sanitize("thread")))
#endif

/* base 0: free. bytes and state are written before base (release), read after
 * it (acquire). Chunks are never freed, so the handler needs no lock. */
struct sho__guard {
  _Atomic uintptr_t base;
  size_t bytes;
  _Atomic int *state;
};

enum { CHUNK_GUARDS = 64 };

struct chunk {
  struct sho__guard guards[CHUNK_GUARDS];
  struct chunk *_Atomic next;
};

static struct chunk first_chunk;
static pthread_mutex_t add_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction previous;
static uintptr_t page_bytes;
static int installed;

NOT_INSTRUMENTED static struct sho__guard *guard_of(uintptr_t address) {
  for (struct chunk *chunk = &first_chunk; chunk != NULL;
       chunk = atomic_load_explicit(&chunk->next, memory_order_acquire)) {
    for (int i = 0; i < CHUNK_GUARDS; i++) {
      struct sho__guard *guard = &chunk->guards[i];
      uintptr_t base = atomic_load_explicit(&guard->base, memory_order_acquire);
      if (base != 0 && address >= base && address - base < guard->bytes) {
        return guard;
      }
    }
  }
  return NULL;
}

/* Private pages would count against RLIMIT_DATA, and any pages of no file where
 * memory may not be overcommitted (MAP_NORESERVE means nothing there). Those of
 * a file in memory count one by one, as they are touched. */
#if defined(__linux__)
/* By system calls: ThreadSanitizer takes its own mmap for a write to every
 * byte. */
NOT_INSTRUMENTED static int lay_pages_of(int fd, void *base, size_t bytes) {
  long protection = PROT_READ | PROT_WRITE;
  long flags = MAP_FIXED | MAP_SHARED | MAP_NORESERVE;
  flags |= fd < 0 ? MAP_ANONYMOUS : 0;
  /* As long, each: syscall() takes whole registers, or whole words of stack. */
  return syscall(SYS_mmap, base, bytes, protection, flags, (long)fd, 0L) != -1;
}

/* A file that grows above the limit of its process's files is a signal. */
NOT_INSTRUMENTED static int may_grow_to(size_t bytes) {
  struct rlimit limit;
  return getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
         (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= bytes);
}

NOT_INSTRUMENTED int sho__lay_zero_pages(void *base, size_t bytes) {
  int fd = may_grow_to(bytes)
               ? (int)syscall(SYS_memfd_create, "zero-pages", MFD_CLOEXEC)
               : -1;
  int laid = fd >= 0 && syscall(SYS_ftruncate, fd, bytes) == 0 &&
             lay_pages_of(fd, base, bytes);
  if (fd >= 0) {
    syscall(SYS_close, fd);
  }
  return laid || lay_pages_of(-1, base, bytes);
}
#else
NOT_INSTRUMENTED int sho__lay_zero_pages(void *base, size_t bytes) {
  int flags = MAP_FIXED | MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE;
  return mmap(base, bytes, PROT_READ | PROT_WRITE, flags, -1, 0) != MAP_FAILED;
}
#endif

/* The state comes first: no thread may read the zeros and find the file in
 * order. */
NOT_INSTRUMENTED static int lose_pages(struct sho__guard *guard,
                                       uintptr_t address) {
  int ok = SHO_OK;
  atomic_compare_exchange_strong(guard->state, &ok, SHO_EIO);
  uintptr_t from = address & ~(page_bytes - 1);
  uintptr_t end = atomic_load(&guard->base) + guard->bytes;
  end = (end + page_bytes - 1) & ~(page_bytes - 1);
  return sho__lay_zero_pages((void *)from, end - from);
}

NOT_INSTRUMENTED static void call_previous(int signal, siginfo_t *info,
                                           void *context) {
  int sent = info->si_code <= 0;
  if (previous.sa_handler == SIG_DFL ||
      (previous.sa_handler == SIG_IGN && !sent)) {
    /* The access is repeated and ends the process as it would have. */
    struct sigaction fallback = {.sa_handler = SIG_DFL};
    sigaction(signal, &fallback, NULL);
    if (sent) {
      raise(signal);
    }
  } else if (previous.sa_handler == SIG_IGN) {
    return;
  } else if (previous.sa_flags & SA_SIGINFO) {
    previous.sa_sigaction(signal, info, context);
  } else {
    previous.sa_handler(signal);
  }
}

NOT_INSTRUMENTED static void on_fault(int signal, siginfo_t *info,
                                      void *context) {
  int saved_errno = errno;
  uintptr_t address = (uintptr_t)info->si_addr;
  struct sho__guard *guard = info->si_code > 0 ? guard_of(address) : NULL;
  if (guard == NULL || !lose_pages(guard, address)) {
    call_previous(signal, info, context);
  }
  errno = saved_errno;
}

static int install(void) {
  if (installed) {
    return SHO_OK;
  }
  page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
  struct sigaction action = {.sa_sigaction = on_fault,
                             .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
  sigemptyset(&action.sa_mask);
  if (sigaction(SIGBUS, NULL, &previous) != 0 ||
      sigaction(SIGBUS, &action, NULL) != 0) {
    return sho__fail_errno(errno, "cannot install a handler for SIGBUS");
  }
  installed = 1;
  return SHO_OK;
}

/* A guard in use by nobody; *last: the last chunk, if there is none. */
static struct sho__guard *free_guard(struct chunk **last) {
  for (struct chunk *chunk = &first_chunk; chunk != NULL;
       chunk = atomic_load(&chunk->next)) {
    for (int i = 0; i < CHUNK_GUARDS; i++) {
      if (atomic_load(&chunk->guards[i].base) == 0) {
        return &chunk->guards[i];
      }
    }
    *last = chunk;
  }
  return NULL;
}

int sho__guard_add(void *base, size_t bytes, _Atomic int *state,
                   struct sho__guard **guard) {
  struct chunk *spare = NULL;
  struct chunk *last;
  sho__guard_lock();
  int code = install();
  struct sho__guard *found = code == SHO_OK ? free_guard(&last) : NULL;
  if (code == SHO_OK && found == NULL) {
    /* No memory is asked for under the lock: fork() takes it, too. */
    sho__guard_unlock();
    spare = calloc(1, sizeof *spare);
    sho__guard_lock();
    found = free_guard(&last);
    if (found == NULL && spare != NULL) {
      atomic_store_explicit(&last->next, spare, memory_order_release);
      found = &spare->guards[0];
      spare = NULL;
    }
  }
  if (found != NULL) {
    found->bytes = bytes;
    found->state = state;
    atomic_store_explicit(&found->base, (uintptr_t)base, memory_order_release);
    *guard = found;
  }
  sho__guard_unlock();
  free(spare);
  return code == SHO_OK && found == NULL
             ? sho__fail(SHO_ENOMEM, "out of memory for a mapping's guard")
             : code;
}

void sho__guard_each(void (*visit)(_Atomic int *state)) {
  for (struct chunk *chunk = &first_chunk; chunk != NULL;
       chunk = atomic_load(&chunk->next)) {
    for (int i = 0; i < CHUNK_GUARDS; i++) {
      if (atomic_load(&chunk->guards[i].base) != 0) {
        visit(chunk->guards[i].state);
      }
    }
  }
}

void sho__guard_remove(struct sho__guard *guard) {
  sho__guard_lock();
  atomic_store(&guard->base, 0);
  sho__guard_unlock();
}

void sho__guard_lock(void) { pthread_mutex_lock(&add_mutex); }

void sho__guard_unlock(void) { pthread_mutex_unlock(&add_mutex); }
