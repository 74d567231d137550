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
 * fork(): a handle belongs to the process that opened it. In a child made by
 * fork() its calls end with SHO_ECLOSED; the child opens the file again.
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
  X(-22, ETYPE, "value of another type")

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
 *
 * A bare file of at most 1024 bytes, whoever made it, is adopted as by
 * get_share_adress, also by reading: it grows to 3328 bytes, and those it had
 * stay. Use sho_object_open_existing where foreign files must stay untouched.
 */
SHO_API int share_read(char *out, size_t size);

/*
 * Stores the first bytes of text, at most 1023 and cut before a UTF-8
 * character that does not fit whole, and a NUL behind them; later bytes stay
 * as they are. A missing file is created, 0600; a bare file of at most 1024
 * bytes is adopted, whoever made it, and its first bytes are overwritten.
 * Answers the number of bytes stored without the NUL, or a negative code.
 * Atomic as sho_object_set.
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
 * keeps its capacity: another one is SHO_EGEOMETRY. An empty file, and one of
 * exactly the addon's 1024 bytes, is adopted: it grows, and its bytes become
 * the text. Refused untouched: a symlink, a folder, another user's file
 * (SHO_EACCESS), any other file without a control block (SHO_EFORMAT), another
 * layout version (SHO_EVERSION), a damaged control
 * block (SHO_ECORRUPT). Pages are reserved: SHO_ENOSPC comes here or never.
 * At most 128 handles may be open on a file at once: SHO_EPEERS.
 */
SHO_API int sho_object_open(const char *path, uint32_t capacity,
                            struct sho_object **object);

/* As sho_object_open, but adopts any file of at most 1024 bytes, whoever made
 * it. */
SHO_API int sho_object_adopt(const char *path, uint32_t capacity,
                             struct sho_object **object);

/* As sho_object_open, for a cell that is there, of any capacity: creates and
 * adopts nothing. A missing file is SHO_ENOENT, a file without a control block
 * SHO_EFORMAT; either stays as it was. */
SHO_API int sho_object_open_existing(const char *path,
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

/* ---- the map ------------------------------------------------------------ */

/*
 * A map from bytes to bytes in a file. Reads take no lock and write nothing
 * that is shared, but for a visited bit now and then (CLOCK) and the counters
 * of their own process. Writes lock one segment of the map.
 *
 * Every function is atomic. A version is a number that only grows for a key,
 * also over removal; 0 means: absent. It is the token for compare-and-set.
 *
 * Times to live are milliseconds, 0: for ever. They run on a clock that
 * nobody can set back, and go on over a reboot by the wall clock. An expired
 * entry is absent at once; its room comes back as the log reaches it, or by
 * sho_map_remove_expired.
 *
 * Errors of every function: SHO_EINVAL, SHO_ECLOSED, SHO_EIO (truncated or
 * overwritten while open), SHO_ECORRUPT (damage that stands in the way). Of
 * every function that writes, besides: SHO_EREADONLY, SHO_EBUSY (see
 * sho_lock_timeout). Others are named where they may come.
 */
struct sho_map;

enum sho_eviction {
  SHO_EVICTION_ANY = 0,  /* an existing file's; SHO_EVICTION_NONE for a new */
  SHO_EVICTION_NONE = 1, /* a full map refuses with SHO_EFULL */
  SHO_EVICTION_CLOCK = 2 /* a full map drops what was not read lately */
};

struct sho_map_options {
  size_t size;        /* of the struct; set by the caller */
  uint64_t capacity;  /* bytes for entries; 0: as the file has it, 64 MiB new */
  uint64_t max_entry; /* largest key + value + 32 bytes; 0: as the file has it,
                       * for a new one a quarter of a segment. A new file's
                       * segments have room for 64 of it, if the capacity has,
                       * so that all fill alike: say it if entries are larger
                       * than 128 KiB */
  int eviction;       /* enum sho_eviction */
  int read_only;      /* not 0: writes are refused, a missing file is ENOENT */
};

struct sho_map_stats {
  size_t size;          /* of the struct; set by the caller */
  uint64_t hits;        /* finds that found, since creation, all processes */
  uint64_t misses;      /* finds that did not */
  uint64_t sets;        /* values stored */
  uint64_t removals;    /* by remove and clear */
  uint64_t evictions;   /* entries dropped to make room */
  uint64_t expirations; /* expired entries whose room came back */
  uint64_t recoveries;  /* segments repaired after an owner's death */
  uint64_t damaged;     /* entries dropped because they were damaged */
  uint64_t entries;     /* now, expired ones that have their room included */
  uint64_t live_bytes;  /* of those, 32 bytes each and padding included */
  uint64_t used_bytes;  /* of the logs, overwritten entries included */
  uint64_t capacity;    /* bytes of the logs: the most live_bytes can reach */
  uint64_t max_entry;   /* as in sho_map_options */
  uint64_t file_bytes;
  uint32_t segments;
  uint32_t eviction;
  uint32_t peers;      /* handles open for writing now, all processes */
  uint32_t peer_slots; /* how many can be */
};

/*
 * Opens the map in the file at path and creates it, 0600 and with its pages
 * reserved, if it is missing. NULL options: all defaults. What options ask for
 * must agree with an existing file: SHO_EGEOMETRY names both. Refused: as by
 * sho_object_open. capacity: 64 KiB to 1 TiB, rounded up to whole segments of
 * 64 KiB steps. SHO_ENOSPC: no room, no file is left. SHO_EPEERS: 256 handles
 * are open already. After a reboot every entry's checksum is checked first.
 */
SHO_API int sho_map_open(const char *path,
                         const struct sho_map_options *options,
                         struct sho_map **map);

/* A map on memory without a file (Linux). Others get it by its descriptor. */
SHO_API int sho_map_open_anonymous(const struct sho_map_options *options,
                                   struct sho_map **map);

/* Opens the map behind a descriptor that was received; the descriptor stays
 * the caller's. */
SHO_API int sho_map_open_descriptor(int descriptor,
                                    const struct sho_map_options *options,
                                    struct sho_map **map);

/* Writes a new descriptor of the map's file to *descriptor, close-on-exec, for
 * sho_map_open_descriptor here or in a process that it is passed to. It is the
 * caller's, to be closed; it keeps the file, but neither the handle nor its
 * locks: whoever receives it may keep it after this process has died. */
SHO_API int sho_map_descriptor(struct sho_map *map, int *descriptor);

/* As sho_object_close and sho_object_free. */
SHO_API void sho_map_close(struct sho_map *map);
SHO_API void sho_map_free(struct sho_map *map);

/* Reads a value. Copies it to out if it fits in size bytes, else copies
 * nothing, which is no error. version may be NULL. SHO_EABSENT. */
SHO_API int sho_map_get(struct sho_map *map, const void *key, size_t key_bytes,
                        void *out, size_t size, size_t *length,
                        uint64_t *version);

/* Stores a value, whatever was there. version may be NULL. SHO_EFULL (NONE
 * only; nothing changed), SHO_ETOOBIG. */
SHO_API int sho_map_set(struct sho_map *map, const void *key, size_t key_bytes,
                        const void *value, size_t value_bytes, int64_t ttl_ms,
                        uint64_t *version);

/* As set, if the key's version is the expected one (0: if it is absent), else
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

/* Adds to a value of 8 bytes, a little-endian signed number that wraps round;
 * absent counts as 0. Keeps the time to live. SHO_ETYPE: not 8 bytes. */
SHO_API int sho_map_add_and_get(struct sho_map *map, const void *key,
                                size_t key_bytes, int64_t delta,
                                int64_t *result);

/* The time to live that is left, ms, above 0; 0: for ever. SHO_EABSENT. */
SHO_API int sho_map_time_to_live(struct sho_map *map, const void *key,
                                 size_t key_bytes, int64_t *ttl_ms);

/* Sets the time to live of an entry from now; its version stays. */
SHO_API int sho_map_expire(struct sho_map *map, const void *key,
                           size_t key_bytes, int64_t ttl_ms);

/* Sleeps until the key's version is another than the given one, at most
 * timeout_ns (negative: for ever), else SHO_ETIMEDOUT. *now: the version, 0 if
 * the key is absent. */
SHO_API int sho_map_await(struct sho_map *map, const void *key,
                          size_t key_bytes, uint64_t version,
                          int64_t timeout_ns, uint64_t *now);

/* One entry as sho_map_scan writes it, each at a multiple of 8 bytes, key and
 * value behind it. */
struct sho_map_record {
  uint64_t version;
  int64_t ttl_ms; /* left; 0: for ever */
  uint32_t key_bytes;
  uint32_t value_bytes;
};

/*
 * Goes through the map. *cursor: 0 to begin with; ~0 when nothing is left.
 * Writes as many records to out as fit, their bytes to *used. Weakly
 * consistent: an entry that is there all the time comes exactly once, one that
 * comes or goes meanwhile comes once or not; a key that is removed and set anew
 * is two entries. An entry that alone does not fit: SHO_ETOOBIG, and *used is
 * the size that it needs.
 */
SHO_API int sho_map_scan(struct sho_map *map, uint64_t *cursor, void *out,
                         size_t size, size_t *used);

/* Removes all entries. Atomic for each segment, not for the whole. */
SHO_API int sho_map_clear(struct sho_map *map);

/* The number of entries that are not expired, of all segments one after the
 * other. */
SHO_API int sho_map_size(struct sho_map *map, uint64_t *entries);

/* Gives back the room of all expired entries; *removed: how many. */
SHO_API int sho_map_remove_expired(struct sho_map *map, uint64_t *removed);

SHO_API int sho_map_stats(struct sho_map *map, struct sho_map_stats *stats);

/* Checks everything, one locked segment after the other, checksums included.
 * SHO_ECORRUPT tells the first thing that is wrong. */
SHO_API int sho_map_verify(struct sho_map *map);

/* ---- compute once ---- */

/*
 * A table of locks apart from the map's segments, so that one caller of all
 * processes computes the value of a key while the others wait.
 *
 * ticket: of a key; two keys may have the same. lock: waits without a limit
 * while the holder lives, and takes over from a dead one. held: the tickets
 * that the calling thread has locked already (the same one twice is
 * SHO_EINVAL); if the wait would close a cycle, SHO_EDEADLK.
 */
SHO_API int sho_map_compute_ticket(struct sho_map *map, const void *key,
                                   size_t key_bytes, uint32_t *ticket);
SHO_API int sho_map_compute_lock(struct sho_map *map, uint32_t ticket,
                                 const uint32_t *held, size_t held_count);
SHO_API int sho_map_compute_unlock(struct sho_map *map, uint32_t ticket);

/* ---- reading without a copy, for bindings ---- */

/*
 * Where a map's bytes are. An entry at position p of segment s lies at
 *   base + logs_off + s * log_stride + (p & position_mask)
 * as 32 bytes of header (u64 position, u64 version, u64 expiry << 22 | key
 * bytes, u32 value bytes, u32 checksum), then the key, then the value: all in
 * one piece, and inside the mapping whatever the header says if key and value
 * bytes add up to at most max_entry - 32. Segment s's index of `buckets`
 * buckets lies at base + indexes_off + s * buckets * 64; docs/format.md says
 * how to find a key in it by its hash with hash_seed.
 */
struct sho_map_view {
  size_t size; /* of the struct; set by the caller */
  const uint8_t *base;
  uint64_t bytes;       /* mapped from base on */
  const int32_t *state; /* not 0: closed or truncated, believe nothing */
  uint64_t logs_off;
  uint64_t log_stride;
  uint64_t position_mask;
  uint64_t heads_off;   /* segment s's u64 head is at heads_off +         */
  uint64_t head_stride; /*   s * head_stride                              */
  uint64_t max_entry;
  uint64_t segments;
  uint64_t indexes_off;
  uint64_t buckets; /* of each segment's index */
  uint64_t hash_seed;
  uint64_t eviction;   /* enum sho_eviction */
  const uint64_t *end; /* not creation_id: truncated or overwritten */
  uint64_t creation_id;
};

SHO_API int sho_map_view(struct sho_map *map, struct sho_map_view *view);

/*
 * Adds to the map's count of hits: for a reader that finds keys by itself,
 * through the view. Does nothing if the map was opened for reading only.
 */
SHO_API int sho_map_add_hits(struct sho_map *map, uint64_t hits);

/*
 * Finds a key: segment << 52 | position / 8, or a negative code (SHO_EABSENT).
 * The caller reads the entry through the view; then, behind an acquire fence,
 * it believes what it read if *state is 0 and the segment's head, an unsigned
 * number, is not above the position; else it finds again. Counts as a hit or a
 * miss.
 */
SHO_API int64_t sho_map_find(struct sho_map *map, const void *key,
                             size_t key_bytes);

/* ---- settings of the process ------------------------------------------- */

/* How long a writer waits for a lock whose owner lives but does not go on
 * (SIGSTOP, a paused container) before SHO_EBUSY. Nanoseconds, above 0;
 * the default is 10 s. For the whole process. */
SHO_API int sho_lock_timeout(int64_t timeout_ns);

#ifdef __cplusplus
}
#endif

#endif
