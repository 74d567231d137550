/*
 * ShareObject: memory that the processes of one host share.
 *
 * This is the whole public C API. Every function may be called from any
 * thread. Nothing here aborts the process, and nothing that another process
 * writes into a shared file can make these functions read or write outside it.
 *
 * Results: 0 or a negative SHO_E... code; results go through the last
 * out-parameters, which are untouched on failure (a buffer handed in for bytes
 * may hold some that mean nothing). After a failure
 * sho_last_message() says, for the calling thread, what went wrong, with which
 * file, and what to do about it.
 *
 * Processes: functions said to be atomic are atomic between all threads of all
 * processes that use this library on the same file, whatever their language,
 * C library or container. A process may be killed at any instruction: the
 * others go on, and what a call had acknowledged stays.
 *
 * fork(): a handle belongs to the process that opened it. A child made by
 * fork() must open the file again.
 */
#ifndef SHAREOBJECT_H
#define SHAREOBJECT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SHO_API __attribute__((visibility("default")))
#else
#define SHO_API
#endif

/* ---- errors ------------------------------------------------------------ */

/* Code, name, text. Codes are frozen: a new one is added at the end. */
#define SHO_ERROR_MAP(X)                                                       \
  X(-1, EINVAL, "invalid argument")                                            \
  X(-2, ENOENT, "no such file")                                                \
  X(-3, EACCESS, "access refused")                                             \
  X(-4, EFORMAT, "not a ShareObject file")                                     \
  X(-5, EVERSION, "file of another layout version")                            \
  X(-6, EGEOMETRY, "file of another geometry")                                 \
  X(-7, ECORRUPT, "damaged file")                                              \
  X(-8, EFULL, "full")                                                         \
  X(-9, ETOOBIG, "value too large")                                            \
  X(-10, ECLOSED, "closed")                                                    \
  X(-11, EIO, "the file can no longer be read")                                \
  X(-12, ESYSTEM, "the system refused")                                        \
  X(-13, ENOSPC, "no space left")                                              \
  X(-14, ENOMEM, "out of memory")                                              \
  X(-15, EPEERS, "too many processes")                                         \
  X(-16, EBUSY, "held by a process that does not go on")                       \
  X(-17, ETIMEDOUT, "timed out")                                               \
  X(-18, ECHANGED, "changed meanwhile")                                        \
  X(-19, EABSENT, "no such key")                                               \
  X(-20, EEXIST, "key is there already")                                       \
  X(-21, EDEADLK, "would wait for itself")                                     \
  X(-22, EREADONLY, "opened for reading only")                                 \
  X(-23, ETYPE, "value of another type")

enum sho_error {
#define SHO_ERROR_ENUM(code, name, text) SHO_##name = code,
  SHO_ERROR_MAP(SHO_ERROR_ENUM)
#undef SHO_ERROR_ENUM
      SHO_OK = 0
};

/* The name of a code, as "SHO_EFULL"; "SHO_OK" for 0, "SHO_E?" if unknown. */
SHO_API const char *sho_error_name(int code);

/* The general text of a code, as "full". Never NULL. */
SHO_API const char *sho_error_text(int code);

/* What the last failure on this thread was, in one sentence with the file and
 * the remedy. Valid until the thread's next failure. Never NULL. */
SHO_API const char *sho_last_message(void);

/* The library's version, as "0.1.0". */
SHO_API const char *sho_version(void);

/* ---- the addon's module ------------------------------------------------ */

#define SHO_WINDOW_BYTES 1024

/* Names the file that the three functions below use, for the whole process.
 * NULL or "" brings the default back: "share-data" in the working directory. */
SHO_API int sho_share_path(const char *path);

/*
 * Maps the file shared and answers its address, or a negative SHO_E... code.
 * The mapping covers at least (size of the file | min_size) bytes, all of them
 * backed by the file. It is made once and answered again by later calls; it is
 * made anew when the file was removed or replaced, or when min_size asks for
 * more. Addresses answered before stay mapped.
 *
 * A missing file is created, 0600, when is_init is not 0; otherwise it is
 * SHO_ENOENT. A bare file of at most max(1024, min_size) bytes is adopted: it
 * grows, and a control block is laid behind the first max(1024, min_size)
 * bytes. Any other file is refused with SHO_EFORMAT and stays untouched.
 *
 * The first min_size bytes (1024 at least) are the caller's if the file was
 * created or adopted for that size; what lies behind is the library's.
 * Plain stores through the address are seen by every process at once, in no
 * order that anybody promises, and do not wake sho_object_await.
 */
SHO_API long get_share_adress(size_t min_size, int is_init);

/*
 * Copies the first min(size, 1024) bytes of the file, NULs included, to out.
 * Answers the number of bytes copied, or a negative code; a missing file is
 * SHO_ENOENT. Between processes that use this library the copy is one that a
 * writer stored, never half of one; against a foreign writer it is what the
 * memory held at that moment.
 */
SHO_API int share_read(char *out, size_t size);

/*
 * Stores the first bytes of text, at most 1023 and cut before a UTF-8
 * character that does not fit whole, and a NUL behind them; later bytes stay
 * as they are. A missing file is created, 0600. Answers the number of bytes
 * stored without the NUL, or a negative code. Atomic as sho_object_set.
 */
SHO_API int share_write(const char *text, size_t size);

/* ---- one versioned text cell ------------------------------------------- */

struct sho_object;

struct sho_object_info {
  uint32_t layout_version;
  uint32_t capacity;      /* bytes of text and its NUL */
  uint64_t file_bytes;    /* size of the file */
  uint64_t control_off;   /* where the control block begins, bytes */
  uint64_t version;       /* number of completed writes */
  uint64_t recoveries;    /* writes finished or dropped for a dead process */
  uint32_t peers;         /* handles that are open now, in all processes */
  uint32_t peer_slots;    /* how many can be */
};

/*
 * Opens the cell in the file at path and creates it, 0600, if it is missing.
 * capacity: bytes for the text and its NUL, 2 to 1 GiB. A file that exists
 * keeps its capacity: another one is SHO_EGEOMETRY. A bare file of at most
 * 1024 bytes is adopted, its bytes become the text. Refused untouched: a
 * symlink, a folder, another user's file (SHO_EACCESS), a foreign file
 * (SHO_EFORMAT), another layout version (SHO_EVERSION), a damaged control
 * block (SHO_ECORRUPT). Pages are reserved: SHO_ENOSPC comes here or never.
 * At most 128 handles may be open on a file at once: SHO_EPEERS.
 */
SHO_API int sho_object_open(const char *path, uint32_t capacity,
                            struct sho_object **object);

/* Ends every call on this handle, also those that sleep, with SHO_ECLOSED and
 * gives the memory and the file back. The handle itself stays valid. May be
 * called at any time, by any thread, any number of times. */
SHO_API void sho_object_close(struct sho_object *object);

/* Closes, then frees the handle. No other call may use it then or later. */
SHO_API void sho_object_free(struct sho_object *object);

/*
 * Reads the text, up to its first NUL. Writes its length in bytes to *length
 * and its version to *version (NULL: not wanted). Copies it to out if it fits
 * in size bytes; otherwise copies nothing, which is no error. No NUL is added.
 * Does not wait for a writer, living or dead; only a reader that writers
 * overtook a thousand times in a row takes the lock, and waits as set does.
 */
SHO_API int sho_object_get(struct sho_object *object, char *out, size_t size,
                           size_t *length, uint64_t *version);

/*
 * Stores text, all of it or SHO_ETOOBIG (length must be below the capacity).
 * A NUL in it is SHO_EINVAL. Atomic: no reader sees a part of it; if this
 * process is killed meanwhile, the cell holds the old text or the new one.
 * Waits for other writers; for one that is stopped at most the lock timeout
 * (sho_lock_timeout), then SHO_EBUSY names its pid. Wakes those who await.
 */
SHO_API int sho_object_set(struct sho_object *object, const char *text,
                           size_t length, uint64_t *version);

/* As set, if the version is still the expected one; else SHO_ECHANGED. */
SHO_API int sho_object_compare_and_set(struct sho_object *object,
                                       uint64_t expected, const char *text,
                                       size_t length, uint64_t *version);

/* The number of writes completed since the cell was made. Never waits. */
SHO_API int sho_object_version(struct sho_object *object, uint64_t *version);

/* Sleeps until the version is above the given one, at most timeout_ns
 * nanoseconds (negative: for ever), else SHO_ETIMEDOUT. */
SHO_API int sho_object_await(struct sho_object *object, uint64_t version,
                             int64_t timeout_ns, uint64_t *newer);

/* The cell's geometry and state. */
SHO_API int sho_object_info(struct sho_object *object,
                            struct sho_object_info *info);

/* ---- settings of the process ------------------------------------------- */

/* How long a writer waits for a lock whose owner lives but does not go on
 * (SIGSTOP, a paused container) before SHO_EBUSY. Nanoseconds, above 0;
 * the default is 10 s. For the whole process. */
SHO_API int sho_lock_timeout(int64_t timeout_ns);

#ifdef __cplusplus
}
#endif

#endif
