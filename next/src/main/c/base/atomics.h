/*
 * The only place with memory-ordering helpers.
 *
 * Shared words are `_Atomic uint32_t` or `_Atomic uint64_t`: lock-free on
 * every platform we build for, so they mean the same in every process.
 *
 * Bytes that a reader copies while a writer may overwrite them (a sequence
 * lock's data, the map's records) go through sho__copy_racy: the copy may be
 * torn, and the caller finds out by its own check, behind a fence.
 */
#ifndef SHO_ATOMICS_H
#define SHO_ATOMICS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_LLONG_LOCK_FREE == 2,
               "shared words must be lock-free");
_Static_assert(sizeof(_Atomic uint32_t) == 4 && sizeof(_Atomic uint64_t) == 8,
               "shared words must have no hidden parts");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "what is shared is little-endian");

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SHO_TSAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define SHO_TSAN 1
#endif

/* ThreadSanitizer knows no fences and would call every seqlock a race. */
#ifdef SHO_TSAN
__attribute__((no_sanitize("thread"), noinline, unused)) static void
sho__copy_racy(void *to, const void *from, size_t bytes) {
  volatile uint8_t *out = to;
  const volatile uint8_t *in = from;
  for (size_t i = 0; i < bytes; i++) {
    out[i] = in[i];
  }
}
__attribute__((no_sanitize("thread"), noinline, unused)) static uint64_t
sho__load8_racy(const uint8_t *from) {
  uint64_t value;
  sho__copy_racy(&value, from, sizeof value);
  return value;
}
__attribute__((no_sanitize("thread"), noinline, unused)) static int
sho__equal_racy(const void *left, const void *right, size_t bytes) {
  const volatile uint8_t *a = left;
  const volatile uint8_t *b = right;
  for (size_t i = 0; i < bytes; i++) {
    if (a[i] != b[i]) {
      return 0;
    }
  }
  return 1;
}
__attribute__((no_sanitize("thread"), noinline, unused)) static size_t
sho__text_bytes(const void *text, size_t most) {
  const volatile uint8_t *in = text;
  size_t bytes = 0;
  while (bytes < most && in[bytes] != 0) {
    bytes++;
  }
  return bytes;
}
#else
/* No bytes may come with NULL, which memcpy and memcmp must not be given. Short
 * keys are the rule: two words that overlap, and no call. */
static inline void sho__copy_racy(void *to, const void *from, size_t bytes) {
  if (bytes >= 8 && bytes <= 16) {
    uint64_t first, last;
    memcpy(&first, from, 8);
    memcpy(&last, (const uint8_t *)from + bytes - 8, 8);
    memcpy(to, &first, 8);
    memcpy((uint8_t *)to + bytes - 8, &last, 8);
  } else if (bytes > 0) {
    memcpy(to, from, bytes);
  }
}
static inline uint64_t sho__load8_racy(const uint8_t *from) {
  uint64_t value;
  memcpy(&value, from, sizeof value);
  return value;
}
static inline int sho__equal_racy(const void *left, const void *right,
                                  size_t bytes) {
  const uint8_t *a = left;
  const uint8_t *b = right;
  if (bytes >= 8 && bytes <= 16) {
    return ((sho__load8_racy(a) ^ sho__load8_racy(b)) |
            (sho__load8_racy(a + bytes - 8) ^
             sho__load8_racy(b + bytes - 8))) == 0;
  }
  return bytes == 0 || memcmp(a, b, bytes) == 0;
}
static inline size_t sho__text_bytes(const void *text, size_t most) {
  const uint8_t *end = memchr(text, 0, most);
  return end == NULL ? most : (size_t)(end - (const uint8_t *)text);
}
#endif

/* Before data is overwritten: what was stored before this (an odd sequence, a
 * new generation) is seen by whoever sees a byte stored after it. */
static inline void sho__fence_before_overwrite(void) {
#ifdef SHO_TSAN
  __asm__ volatile("" ::: "memory");
#else
  atomic_thread_fence(memory_order_release);
#endif
}

/* After data was copied: pairs with sho__fence_before_overwrite. */
static inline void sho__fence_after_copy(void) {
#ifdef SHO_TSAN
  __asm__ volatile("" ::: "memory");
#else
  atomic_thread_fence(memory_order_acquire);
#endif
}

/* Between unlocking (an atomic exchange) and looking for sleepers, and between
 * saying that one sleeps (an atomic or) and looking for a change: no load may
 * go before the exchange. On x86 the exchange itself sees to that. */
static inline void sho__fence_after_unlock(void) {
#if defined(__x86_64__) || defined(SHO_TSAN)
  __asm__ volatile("" ::: "memory");
#else
  atomic_thread_fence(memory_order_seq_cst);
#endif
}

/* Shared numbers whose order other accesses see to: a lock, or a fence. */
static inline uint64_t sho__load_relaxed(_Atomic uint64_t *word) {
  return atomic_load_explicit(word, memory_order_relaxed);
}

static inline void sho__store_relaxed(_Atomic uint64_t *word, uint64_t value) {
  atomic_store_explicit(word, value, memory_order_relaxed);
}

/* Adds one to a number that nobody else writes now. Not atomic. */
static inline void sho__increment_owned(_Atomic uint64_t *counter) {
  sho__store_relaxed(counter, sho__load_relaxed(counter) + 1);
}

/* Whoever sees the value sees all that was stored before it. */
static inline void sho__store_release(_Atomic uint64_t *word, uint64_t value) {
  atomic_store_explicit(word, value, memory_order_release);
}

static inline uint64_t sho__load_acquire(_Atomic uint64_t *word) {
  return atomic_load_explicit(word, memory_order_acquire);
}

static inline void sho__pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb" ::: "memory");
#endif
}

#endif
