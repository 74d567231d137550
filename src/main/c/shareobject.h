/*
 * ShareObject: shared memory for the processes of one host.
 *
 * This is the whole public C API. Every function may be called from any
 * thread. Nothing here aborts the process, and nothing that another process
 * writes into a shared file can make these functions read or write outside it.
 *
 * Results: functions return 0 or a negative SHO_E... code, and write results to
 * their last parameters, which stay untouched on failure (a buffer for bytes
 * may contain meaningless ones). After a failure sho_last_message() says, for
 * the calling thread, what went wrong, with which file, and what to do about
 * it.
 *
 * Processes: functions said to be atomic are atomic between all threads of all
 * processes that use this library on the same file, whatever their language, C
 * library or container. A process may be killed at any instruction: the others
 * go on, and what a call has acknowledged stays.
 *
 * fork(): a handle belongs to the process that opened it. In a child created by
 * fork() calls on it return SHO_ECLOSED; the child has to open the file again.
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
  X(-20, EDEADLK, "would wait for itself")                                     \
  X(-21, EREADONLY, "opened for reading only")                                 \
  X(-22, ETYPE, "value of another type")                                       \
  X(-23, EINTR, "interrupted") /* of bindings whose threads can be */

enum sho_error {
#define SHO_ERROR_ENUM(code, name, text) SHO_##name = code,
  SHO_ERROR_MAP(SHO_ERROR_ENUM)
#undef SHO_ERROR_ENUM
      SHO_OK = 0
};

/* The name of a code, such as "SHO_EFULL"; "SHO_OK" for 0, "SHO_E?" if
 * unknown. */
SHO_API const char *sho_error_name(int code);

/* The general text of a code, such as "full". Never NULL. */
SHO_API const char *sho_error_text(int code);

/* Describes the last failure on this thread in one sentence, with the file and
 * the remedy. Valid until the thread's next failure. Never NULL. */
SHO_API const char *sho_last_message(void);

/* The library's version, such as "0.1.0". */
SHO_API const char *sho_version(void);

/* ---- the addon's module ------------------------------------------------ */

#define SHO_WINDOW_BYTES 1024

/* Names the file that the three functions below use, for the whole process.
 * NULL or "" restores the default: "share-data" in the working directory. */
SHO_API int sho_share_path(const char *path);

/*
 * Maps the file shared and returns its address, or a negative SHO_E... code.
 * The mapping covers at least (size of the file | min_size) bytes, a bitwise
 * or, all of them backed by the file. Later calls return the same mapping,
 * unless the file was removed or replaced, or min_size is larger: then they
 * return a new one. Addresses that were returned earlier stay mapped.
 *
 * A missing file is created, 0600, if is_init is not 0; otherwise it is
 * SHO_ENOENT. A bare file of at most max(1024, min_size) bytes is adopted: it
 * grows, and a control block follows the first max(1024, min_size) bytes. Any
 * other file is refused with SHO_EFORMAT and stays untouched.
 *
 * The first min_size bytes (1024 at least) belong to the caller if the file was
 * created or adopted for that size; the rest belongs to the library. Every
 * process sees plain stores through the address at once, in no guaranteed
 * order. They do not wake sho_object_await.
 */
SHO_API long get_share_adress(size_t min_size, int is_init);

/*
 * Copies the first min(size, 1024) bytes of the file, NULs included, to out.
 * Returns the number of bytes copied, or a negative code; a missing file is
 * SHO_ENOENT. Between processes that use this library the copy is what one
 * writer stored, never a part of it. If another program writes, it is what the
 * memory contained at that moment.
 *
 * Reading also adopts a bare file of at most 1024 bytes, whoever made it, like
 * get_share_adress: it grows to 3328 bytes, and keeps its contents. Use
 * sho_object_open_existing where other programs' files must stay untouched.
 */
SHO_API int share_read(char *out, size_t size);

/*
 * Stores the first bytes of text and a NUL after them: at most 1023 bytes, cut
 * before a UTF-8 character that does not fit completely. Later bytes of the
 * file stay unchanged. A missing file is created, 0600; a bare file of at most
 * 1024 bytes is adopted, whoever made it, and its first bytes are overwritten.
 * Returns the number of bytes stored, not counting the NUL, or a negative code.
 * Atomic like sho_object_set.
 */
SHO_API int share_write(const char *text, size_t size);

/* ---- one versioned text cell ------------------------------------------- */

struct sho_object;

struct sho_object_info {
  size_t size; /* of the struct; set by the caller */
  uint32_t layout_version;
  uint32_t capacity;    /* bytes of text and its NUL */
  uint64_t file_bytes;  /* size of the file */
  uint64_t control_off; /* where the control block begins, bytes */
  uint64_t version;     /* number of completed writes */
  uint64_t recoveries;  /* writes finished or dropped for a dead process */
  uint32_t peers;       /* handles that are open now, in all processes */
  uint32_t peer_slots;  /* how many can be */
};

/*
 * Opens the cell in the file at path and creates it, 0600, if it is missing.
 * capacity: bytes for the text and its NUL, 2 to 1 GiB. A file that exists
 * keeps its capacity: requesting another one is SHO_EGEOMETRY. An empty file,
 * or one of exactly the addon's 1024 bytes, is adopted: it grows, and its bytes
 * become the text. Refused untouched: a symlink, a folder, another user's file
 * (SHO_EACCESS), any other file without a control block (SHO_EFORMAT), another
 * layout version (SHO_EVERSION), a damaged control block (SHO_ECORRUPT). Pages
 * are reserved, so SHO_ENOSPC is returned here or never. At most 128 handles
 * may be open on a file at once: SHO_EPEERS.
 */
SHO_API int sho_object_open(const char *path, uint32_t capacity,
                            struct sho_object **object);

/* Like sho_object_open, but adopts any file of at most 1024 bytes, whoever made
 * it. */
SHO_API int sho_object_adopt(const char *path, uint32_t capacity,
                             struct sho_object **object);

/* Like sho_object_open, for an existing cell of any capacity: creates and
 * adopts nothing. A missing file is SHO_ENOENT, and a file without a control
 * block is SHO_EFORMAT and stays untouched. */
SHO_API int sho_object_open_existing(const char *path,
                                     struct sho_object **object);

/* Ends every call on this handle, even those that sleep, with SHO_ECLOSED, and
 * releases the memory and the file. The handle itself stays valid. May be
 * called at any time, by any thread, any number of times. */
SHO_API void sho_object_close(struct sho_object *object);

/* Closes and frees the handle. No other call may use it at the same time or
 * later. */
SHO_API void sho_object_free(struct sho_object *object);

/*
 * Reads the text, up to its first NUL. Writes its length in bytes to *length
 * and its version to *version (may be NULL). Copies it to out if it fits in
 * size bytes; otherwise copies nothing, which is not an error. Adds no NUL.
 * Does not wait for a writer, alive or dead. The one exception: if the text
 * changes during a thousand attempts in a row, it takes the lock, and waits
 * like set.
 */
SHO_API int sho_object_get(struct sho_object *object, char *out, size_t size,
                           size_t *length, uint64_t *version);

/*
 * Stores the whole text, or returns SHO_ETOOBIG (length must be below the
 * capacity). A NUL in it is SHO_EINVAL. Atomic: no reader sees a part of it; if
 * this process is killed during the call, the cell has the old text or the new
 * one. Waits for other writers, and for one that is stopped at most the lock
 * timeout (sho_lock_timeout); then the message of SHO_EBUSY has its pid. Wakes
 * sleeping awaits.
 */
SHO_API int sho_object_set(struct sho_object *object, const char *text,
                           size_t length, uint64_t *version);

/* Like set, if the version is still the expected one; else SHO_ECHANGED. */
SHO_API int sho_object_compare_and_set(struct sho_object *object,
                                       uint64_t expected, const char *text,
                                       size_t length, uint64_t *version);

/* The number of writes completed since the cell was created. Never waits. */
SHO_API int sho_object_version(struct sho_object *object, uint64_t *version);

/* Sleeps until the version is above the given one, at most timeout_ns
 * nanoseconds (negative: without a limit), else SHO_ETIMEDOUT. */
SHO_API int sho_object_await(struct sho_object *object, uint64_t version,
                             int64_t timeout_ns, uint64_t *newer);

/* The cell's geometry and state. */
SHO_API int sho_object_info(struct sho_object *object,
                            struct sho_object_info *info);

/* ---- the map ------------------------------------------------------------ */

/*
 * A map from bytes to bytes in a file. Reads take no lock. They write nothing
 * shared except a visited bit now and then (S3_FIFO) and the counters of their
 * own process. Writes copy the entry without a lock, then lock one of many
 * shards for a moment.
 *
 * Every function on one key is atomic. A version is a number that only grows
 * for a key, even if the key is removed in between; 0 means absent.
 * Compare-and-set takes it.
 *
 * Times to live are in milliseconds, 0: no limit. They use a clock that nobody
 * can set back; across a reboot they continue by the wall clock. An expired
 * entry is absent at once; its room is freed when room is needed, or by
 * sho_map_remove_expired.
 *
 * Errors of every function: SHO_EINVAL, SHO_ECLOSED, SHO_EIO (truncated or
 * overwritten while open), SHO_ECORRUPT (damage that prevents the call). Every
 * function that writes can also return SHO_EREADONLY and SHO_EBUSY (see
 * sho_lock_timeout). Each function names its other errors.
 */
struct sho_map;

enum sho_eviction {
  SHO_EVICTION_ANY = 0,    /* an existing file's; SHO_EVICTION_NONE for a new */
  SHO_EVICTION_NONE = 1,   /* a full map refuses with SHO_EFULL */
  SHO_EVICTION_S3_FIFO = 2 /* a full map drops what was not read recently */
};

struct sho_map_options {
  size_t size; /* of the struct; set by the caller */
  uint64_t
      capacity; /* bytes for entries; 0: the file's, 64 MiB for a new one */
  uint64_t max_entry; /* largest key + value + 32 bytes; 0: the file's, or for a
                       * new one the most that is possible: about a quarter of
                       * the capacity, and at most 1 GiB - 4 KiB. Keys also take
                       * at most a quarter of a chunk: 16 KiB in a map of 64 MiB
                       */
  int eviction;       /* enum sho_eviction */
  int read_only;      /* not 0: writes are refused, a missing file is ENOENT */
};

struct sho_map_stats {
  size_t size;          /* of the struct; set by the caller */
  uint64_t hits;        /* keys found, since creation, all processes */
  uint64_t misses;      /* keys not found */
  uint64_t sets;        /* values stored */
  uint64_t removals;    /* by remove and clear */
  uint64_t evictions;   /* entries dropped to make room */
  uint64_t expirations; /* expired entries whose room was freed */
  uint64_t recoveries;  /* shards repaired after an owner's death */
  uint64_t damaged;     /* entries dropped because they were damaged */
  uint64_t entries;     /* now, including expired ones that still take room */
  uint64_t live_bytes;  /* of those with their headers, and of the tables */
  uint64_t used_bytes;  /* the same with what was overwritten or removed */
  uint64_t capacity;    /* bytes of all chunks */
  uint64_t max_entry;   /* as in sho_map_options */
  uint64_t file_bytes;
  uint32_t shards;
  uint32_t eviction;
  uint32_t peers;      /* handles open for writing now, all processes */
  uint32_t peer_slots; /* how many can be */
};

/*
 * Opens the map in the file at path and creates it, 0600 and with its pages
 * reserved, if it is missing. NULL options: all defaults. Options must agree
 * with an existing file; otherwise SHO_EGEOMETRY, and its message names both.
 * Refuses what sho_object_open refuses. capacity: 64 KiB to 1 TiB, rounded up
 * to whole chunks. SHO_ENOSPC: no room, and no file is left.
 * SHO_EPEERS: 256 handles are open already. After a reboot every entry's
 * checksum is checked first.
 */
SHO_API int sho_map_open(const char *path,
                         const struct sho_map_options *options,
                         struct sho_map **map);

/* A map in memory without a file (Linux). Other processes open it by its
 * descriptor. */
SHO_API int sho_map_open_anonymous(const struct sho_map_options *options,
                                   struct sho_map **map);

/* Opens the map of a received descriptor, which still belongs to the caller. */
SHO_API int sho_map_open_descriptor(int descriptor,
                                    const struct sho_map_options *options,
                                    struct sho_map **map);

/* Writes a new descriptor of the map's file to *descriptor, close-on-exec, for
 * sho_map_open_descriptor here or in a process that it is passed to. The caller
 * closes it. It keeps the file, but neither the handle nor its locks, so a
 * receiver may use it after this process has died. */
SHO_API int sho_map_descriptor(struct sho_map *map, int *descriptor);

/* Like sho_object_close and sho_object_free. */
SHO_API void sho_map_close(struct sho_map *map);
SHO_API void sho_map_free(struct sho_map *map);

/* Reads a value. Copies it to out if it fits in size bytes; otherwise copies
 * nothing, which is not an error. version may be NULL. SHO_EABSENT. */
SHO_API int sho_map_get(struct sho_map *map, const void *key, size_t key_bytes,
                        void *out, size_t size, size_t *length,
                        uint64_t *version);

/* Stores a value, and replaces any old one. version may be NULL. SHO_EFULL
 * (NONE only; nothing changed), SHO_ETOOBIG. SHO_EBUSY, too, if somebody holds
 * what room may be left until the lock timeout. */
SHO_API int sho_map_set(struct sho_map *map, const void *key, size_t key_bytes,
                        const void *value, size_t value_bytes, int64_t ttl_ms,
                        uint64_t *version);

/* Like set, if the key's version is the expected one (0: if it is absent), else
 * SHO_ECHANGED. */
SHO_API int sho_map_compare_and_set(struct sho_map *map, const void *key,
                                    size_t key_bytes, uint64_t expected,
                                    const void *value, size_t value_bytes,
                                    int64_t ttl_ms, uint64_t *version);

/* Removes a key. SHO_EABSENT. */
SHO_API int sho_map_remove(struct sho_map *map, const void *key,
                           size_t key_bytes);

/* Removes a key if its version is the expected one, else SHO_ECHANGED. */
SHO_API int sho_map_compare_and_remove(struct sho_map *map, const void *key,
                                       size_t key_bytes, uint64_t expected);

/* The same, but it counts, and is told to those who listen, as an expiration:
 * for callers who decide by themselves when an entry has expired. */
SHO_API int sho_map_compare_and_expire(struct sho_map *map, const void *key,
                                       size_t key_bytes, uint64_t expected);

/* Adds to a value of 8 bytes, a little-endian signed number that wraps around;
 * absent counts as 0. Keeps the time to live. SHO_ETYPE: not 8 bytes. */
SHO_API int sho_map_add_and_get(struct sho_map *map, const void *key,
                                size_t key_bytes, int64_t delta,
                                int64_t *result);

/* The time to live that is left, ms, above 0; 0: no limit. SHO_EABSENT. */
SHO_API int sho_map_time_to_live(struct sho_map *map, const void *key,
                                 size_t key_bytes, int64_t *ttl_ms);

/* Sets the time to live of an entry from now; its version stays. */
SHO_API int sho_map_expire(struct sho_map *map, const void *key,
                           size_t key_bytes, int64_t ttl_ms);

/* Sleeps until the key's version differs from the given one, at most timeout_ns
 * (negative: without a limit), else SHO_ETIMEDOUT. *now: the version, 0 if the
 * key is absent. */
SHO_API int sho_map_await(struct sho_map *map, const void *key,
                          size_t key_bytes, uint64_t version,
                          int64_t timeout_ns, uint64_t *now);

/* One entry as sho_map_scan writes it, at a multiple of 8 bytes and followed by
 * key and value. */
struct sho_map_record {
  uint64_t version;
  int64_t ttl_ms; /* left; 0: no limit */
  uint32_t key_bytes;
  uint32_t value_bytes;
};

/*
 * Iterates over the map. *cursor: 0 at first; ~0 when nothing is left. Writes
 * as many records to out as fit, and their size in bytes to *used. Weakly
 * consistent: an entry that is present all the time is returned exactly once;
 * one that is added or removed meanwhile is returned once or not at all. A key
 * that is removed and set again counts as two entries. If one entry alone does
 * not fit: SHO_ETOOBIG, and *used is the size that it needs.
 */
SHO_API int sho_map_scan(struct sho_map *map, uint64_t *cursor, void *out,
                         size_t size, size_t *used);

/*
 * Removes every entry that was there when the call began. Atomic for each key,
 * not for the map: readers see keys disappear one after the other. What others
 * write meanwhile is removed if it was written before the call came to its
 * shard, and stays if it was written later. On failure, and if the process is
 * killed meanwhile, some keys are removed and the others are there with whole
 * values; call it again.
 */
SHO_API int sho_map_clear(struct sho_map *map);

/* The number of entries that are not expired. Counts the shards one after the
 * other. */
SHO_API int sho_map_size(struct sho_map *map, uint64_t *entries);

/* Frees the room of all expired entries; *removed: how many. */
SHO_API int sho_map_remove_expired(struct sho_map *map, uint64_t *removed);

SHO_API int sho_map_stats(struct sho_map *map, struct sho_map_stats *stats);

/* Checks everything, one locked shard after the other, including checksums.
 * The message of SHO_ECORRUPT names the first fault that was found. */
SHO_API int sho_map_verify(struct sho_map *map);

/* ---- changes ---- */

/* How a key changed. What only sets a time to live is no change. */
enum sho_change_kind {
  SHO_CHANGE_CREATED = 1, /* it was absent, and got a value */
  SHO_CHANGE_UPDATED = 2, /* it has another value */
  SHO_CHANGE_REMOVED = 3,
  SHO_CHANGE_EXPIRED = 4, /* told when its room is freed, or it is set anew */
  SHO_CHANGE_EVICTED = 5, /* to make room */
  SHO_CHANGE_CLEARED = 6, /* by sho_map_clear */
  SHO_CHANGE_MISSED = 7   /* the listener missed changes of any keys */
};

/* One change, at a multiple of 8; the key follows. */
struct sho_map_change {
  uint64_t version;   /* created, updated: the value's; missed: at most so many
                       * are missed, unless the map was damaged, 0: not known;
                       * else that of the value that is gone */
  uint16_t kind;      /* enum sho_change_kind */
  uint16_t own;       /* 1: made by the listener's handle of the map */
  uint32_t key_bytes; /* missed: 0 */
};

/* A listener. For one thread at a time, but for close. */
struct sho_map_changes;

/*
 * Begins to listen: all changes that are made after this call, by whatever
 * process, are heard. While somebody listens, writers log changes in a ring
 * that takes a sixteenth of the map's room, at most 64 chunks; it is taken now
 * if nobody else listens, and given back after the last listener is closed or
 * dead. SHO_EFULL: there is no room for it. SHO_EPEERS: 256 listen already.
 */
SHO_API int sho_map_changes_open(struct sho_map *map,
                                 struct sho_map_changes **changes);

/*
 * Waits for the next change, at most timeout_ns (negative: without limit), and
 * writes it and those behind it to out, as many as fit; their bytes to *used.
 * The changes of a key come in their order, and none is left out, but for those
 * that one of SHO_CHANGE_MISSED stands for: the listener fell behind by more
 * than the ring holds, or a process was killed while it made a change. What is
 * in the map then is not older than what was missed. A process that is stopped
 * in the middle of a change holds up what others change after it.
 * SHO_ETIMEDOUT; SHO_ECLOSED, also if the listener is closed meanwhile;
 * SHO_ETOOBIG: *used is the size that the next one needs.
 */
SHO_API int sho_map_changes_read(struct sho_map_changes *changes, void *out,
                                 size_t size, size_t *used, int64_t timeout_ns);

/* Ends it; a read returns soon. By any thread, more than once. */
SHO_API void sho_map_changes_close(struct sho_map_changes *changes);

/* Closes it and frees the handle, before the map's is freed. No other thread
 * may use it then. */
SHO_API void sho_map_changes_free(struct sho_map_changes *changes);

/* ---- waiting for many keys at once, for bindings ---- */

/*
 * One thread sleeps for many. *events is 0 at first. sleep: sleeps at most
 * timeout_ns (0 or more), and not at all if *events is outdated; stores the
 * present number there. Then the caller watches each key, and sleeps again.
 * watch: returns the key's version, 0 if it is absent, and in how many ns it
 * expires at the latest (INT64_MAX: never); an expiry wakes no sleeper. A
 * change after a watch ends the next sleep, unless the wake-up is lost with a
 * killed process, so sleep for at most 50 ms at a time.
 */
SHO_API int sho_map_watch(struct sho_map *map, const void *key,
                          size_t key_bytes, uint64_t *version,
                          int64_t *expires_ns);
SHO_API int sho_map_sleep(struct sho_map *map, uint32_t *events,
                          int64_t timeout_ns);

/* ---- compute once ---- */

/*
 * A table separate from the map's shards, so that one caller in all processes
 * computes the value of a key while the others wait. It identifies a key by a
 * 64-bit hash. About 2,048 keys can be computed at a time; further callers
 * wait.
 *
 * lock: waits without a time limit while the process that computes the key is
 * alive, and takes over from a dead one. *ticket: a number for unlock. held:
 * the tickets that the calling thread already has. SHO_EDEADLK: the wait would
 * close a cycle, or this thread already computes the key.
 */
SHO_API int sho_map_compute_lock(struct sho_map *map, const void *key,
                                 size_t key_bytes, const uint32_t *held,
                                 size_t held_count, uint32_t *ticket);
SHO_API int sho_map_compute_unlock(struct sho_map *map, uint32_t ticket);

/*
 * The parts of lock, for bindings whose threads wait elsewhere. try: does not
 * wait. SHO_ETIMEDOUT: another thread computes the key; sho_map_sleep ends when
 * it is done, but not when it dies, so look again from time to time. busy:
 * whether try would fail; doubt: whether to check that the computing process is
 * alive, which costs a system call. wait: declares that the thread with the
 * held tickets waits for the key from now on; SHO_EDEADLK: it must not. go_on:
 * declares that it no longer waits.
 */
SHO_API int sho_map_compute_try(struct sho_map *map, const void *key,
                                size_t key_bytes, uint32_t *ticket);
SHO_API int sho_map_compute_busy(struct sho_map *map, const void *key,
                                 size_t key_bytes, int doubt, int *busy);
SHO_API int sho_map_compute_wait(struct sho_map *map, const void *key,
                                 size_t key_bytes, const uint32_t *held,
                                 size_t held_count);
SHO_API int sho_map_compute_go_on(struct sho_map *map, const uint32_t *held,
                                  size_t held_count);

/* ---- reading without a copy, for bindings ---- */

/* What a reader that finds keys by itself has to know. docs/format.md says how
 * to find a key, and in which order to read. */
struct sho_map_view {
  size_t size; /* of the struct; set by the caller */
  const uint8_t *base;
  uint64_t bytes;      /* mapped from base on */
  const uint64_t *end; /* not creation_id: closed, truncated or overwritten,
                        * trust nothing */
  uint64_t creation_id;
  uint64_t tables_off; /* shard s's u64 is at tables_off + 8 s */
  uint64_t shard_bits; /* there are 2^shard_bits shards */
  uint64_t gens_off;   /* chunk c's u64 generation is at gens_off + 8 c */
  uint64_t pool_off;
  uint64_t chunks;
  uint64_t chunk_bits; /* a chunk has 2^chunk_bits bytes */
  uint64_t hash_seed;
  uint64_t eviction;  /* enum sho_eviction */
  uint64_t read_only; /* not 0: nothing may be written, no visited bit either */
  uint64_t max_entry; /* as in sho_map_options */
  uint64_t clock_base_ms; /* map time, by which entries expire, is this and the
                           * milliseconds of CLOCK_BOOTTIME, modulo 2^64 */
};

SHO_API int sho_map_view(struct sho_map *map, struct sho_map_view *view);

/*
 * Adds reads that the library did not see to the map's counters: for a reader
 * that finds keys by itself. Does nothing in a map opened for reading only.
 */
SHO_API int sho_map_add_reads(struct sho_map *map, uint64_t hits,
                              uint64_t misses);

/* Where sho_map_find found a value. */
struct sho_map_found {
  size_t size;          /* of the struct; set by the caller */
  const uint8_t *value; /* NULL: it lies in several parts, call sho_map_get */
  uint64_t value_bytes;
  uint64_t version;
  const uint64_t *generation_at;
  uint64_t generation;
};

/*
 * Finds a key's value. The caller reads it where it is. After an acquire fence,
 * what it read is valid if *generation_at is still generation and the view's
 * *end is creation_id; otherwise the caller calls this again. Counts as a hit
 * or a miss. SHO_EABSENT.
 */
SHO_API int sho_map_find(struct sho_map *map, const void *key, size_t key_bytes,
                         struct sho_map_found *found);

/* ---- settings of the process ------------------------------------------- */

/* How long a writer waits for a lock, or for the last room of a full map, whose
 * owner is alive but stopped (SIGSTOP, a paused container) before it returns
 * SHO_EBUSY. Time during which the lock
 * changes hands, the machine is suspended, or this process itself is stopped
 * does not count. Nanoseconds, above 0; the default is 10 s. For the whole
 * process. */
SHO_API int sho_lock_timeout(int64_t timeout_ns);

#ifdef __cplusplus
}
#endif

#endif
