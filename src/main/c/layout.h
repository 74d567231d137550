/*
 * Every byte that is shared. docs/format.md says the same in prose.
 *
 * All numbers are little-endian; offsets are bytes from the file's begin.
 * Whoever changes this file changes a layout version, docs/format.md and the
 * parity test in the same commit.
 */
#ifndef SHO_LAYOUT_H
#define SHO_LAYOUT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* ---- peers: who has a file open ----------------------------------------
 *
 * One slot for each handle that is open, in whatever process.
 *
 *  0            4      8
 *  +------------+------+
 *  | generation | pid  |
 *  +------------+------+
 *
 * A slot is taken by whoever holds an open-file-description write lock on the
 * slot's first byte; the kernel gives it back when its holder dies. Only the
 * holder writes the slot.
 * generation: counts the holders the slot has had, from 1. It is raised before
 *   the holder takes any lock word, so that a word of a former holder differs.
 * pid: of the holder, in its own PID namespace; for messages only.
 */
struct sho__peer_shm {
  _Atomic uint32_t generation;
  _Atomic uint32_t pid;
};
_Static_assert(sizeof(struct sho__peer_shm) == 8, "layout");

/* ---- lock word ---------------------------------------------------------
 *
 *  31        30      21 20         0
 *  +---------+---------+------------+
 *  | waiters | slot+1  | generation |
 *  +---------+---------+------------+
 *
 * 0: free. slot: the owner's peer slot; generation: its low 21 bits.
 * waiters: somebody may sleep on the word; the owner wakes one as it unlocks.
 * After a crash the word still names the dead owner: whoever finds the owner's
 * peer slot unlocked, or of another generation, replaces the word by its own
 * and recovers what the lock protects.
 */
#define SHO__LOCK_WAITERS UINT32_C(0x80000000)
#define SHO__LOCK_SLOT_SHIFT 21
#define SHO__LOCK_GENERATION_MASK UINT32_C(0x001fffff)
#define SHO__MAX_PEERS 1023

/* Held while a file is made ready by its first opener: one byte that no file
 * has, so that it meets no other lock. */
#define SHO__SETUP_LOCK_OFF (INT64_C(1) << 62)

/* ---- ShareObject file --------------------------------------------------
 *
 *  0           text area        control_off           shadow_off
 *  +-----------+----------------+---------------------+------------------+
 *  | text, NUL | ...            | control block, 1280 | shadow text area |
 *  +-----------+----------------+---------------------+------------------+
 *
 * text area: max(capacity, 1024) bytes, rounded up to 64. The first 1024 are
 *   the window that the Node addon reads and writes.
 * control_off: the size of the text area. shadow_off: control_off + 1280. The
 *   shadow is as large as the text area. Anything behind is ignored.
 *
 * Who looks for the control block takes the first multiple of 64, from 1024
 * on, where magic stands and capacity agrees with the offset.
 *
 * Control block:
 *
 *  0       8                16         24            32           36         40
 *  +-------+----------------+----------+-------------+------------+----------+
 *  | magic | layout_version | capacity | creation_id | peer_slots | checksum |
 *  +-------+----------------+----------+-------------+------------+----------+
 *  64     68         72                76        80         88           256
 *  +------+----------+-----------------+---------+----------+------------+----+
 *  | lock | sleepers | shadow_bytes    | (zero)  | sequence | recoveries |zero|
 *  +------+----------+-----------------+---------+----------+------------+----+
 *  256                1280
 *  +------------------+
 *  | peer slots, 128  |
 *  +------------------+
 *
 * magic to checksum are written once, before anybody else sees the block;
 * checksum is the low half of the hash of bytes 0 to 36, seed 0.
 */
#define SHO__CELL_MAGIC "SHOCELL"
#define SHO__CELL_LAYOUT_VERSION 1
#define SHO__CELL_PEERS 128

struct sho__cell_shm {
  char magic[8];           /* "SHOCELL" and a NUL, which no text can hold */
  uint32_t layout_version; /* 1 */
  uint32_t reserved0;      /* 0 */
  uint64_t capacity;       /* bytes of text and its NUL */
  uint64_t creation_id;    /* random */
  uint32_t peer_slots;     /* 128 */
  uint32_t checksum;
  uint8_t zero0[24];

  /* Whoever writes holds it. */
  _Atomic uint32_t lock;

  /* 1: somebody may sleep on the low half of sequence. Set by sleepers, taken
   * back by the writer that wakes them. After a crash at most one wake-up
   * nobody needed. */
  _Atomic uint32_t sleepers;

  /* Bytes of the shadow that the write in hand brings, its NUL included.
   * Meaningful while sequence is odd. Written under the lock. */
  _Atomic uint32_t shadow_bytes;
  uint32_t reserved1;

  /* Even, 2v: the text area holds version v. Odd, 2v-1: the shadow's first
   * shadow_bytes bytes are version v, and are being copied over the text
   * area's. Written under the lock, release. After a crash in the odd state
   * the next owner copies again and makes it even; readers take the shadow. */
  _Atomic uint64_t sequence;

  /* Locks taken over from the dead. Written under the lock. */
  _Atomic uint64_t recoveries;
  uint8_t zero1[160];

  struct sho__peer_shm peers[SHO__CELL_PEERS];
};
_Static_assert(offsetof(struct sho__cell_shm, checksum) == 36, "layout");
_Static_assert(offsetof(struct sho__cell_shm, lock) == 64, "layout");
_Static_assert(offsetof(struct sho__cell_shm, sequence) == 80, "layout");
_Static_assert(offsetof(struct sho__cell_shm, peers) == 256, "layout");
_Static_assert(sizeof(struct sho__cell_shm) == 1280, "layout");

#endif
