/* Changes, read: see map_changes.h. Whatever is read from the ring may be torn,
 * or damaged: it is copied, checked, and then used from where it was copied to.
 */
#include <stdlib.h>
#include <time.h>

#include "base/error.h"
#include "map/map_changes.h"

enum {
  SLICE_NS = 50000000, /* a wake-up lost with a killed writer costs this */
  DOUBT_NS = 5000000,  /* before the life of a writer is doubted */
  NAP_NS = 500000,     /* while changes come fast: instead of a wake-up each */
  LEAST_NAP_UNITS = 16384 /* of a ring that holds what comes meanwhile */
};

struct sho_map_changes {
  struct sho_map *map;
  uint64_t position;
  uint64_t missed; /* to be told first: at most so many; ~0: not known */
  int64_t doubt_ns;
  uint64_t doubtful; /* the position that is reserved since then */
  uint32_t place;
  int fell_behind; /* shards are to be passed before it is told */
  int napped;
  _Atomic int closed;
};

/* Where changes go to. */
struct out {
  uint8_t *at;
  size_t size;
  size_t used;
  size_t needed; /* by the next one, that does not fit */
};

enum got { GOT_CHANGE, GOT_NOTHING, GOT_PENDING, GOT_NO_ROOM };

/* ---- what comes next ---------------------------------------------------- */

static uint64_t head_of(const struct sho_map_changes *c) {
  return sho__load_acquire(&sho__changes_of(c->map)->head);
}

/* Whether what lies at the position may be overwritten by now. */
static int is_behind(const struct sho_map_changes *c, uint64_t units) {
  sho__fence_after_copy();
  uint64_t most = units - sho__change_most_units(c->map);
  return head_of(c) - c->position > most;
}

static void fall_behind(struct sho_map_changes *c) {
  uint64_t head = head_of(c);
  int64_t by = (int64_t)(head - c->position);
  c->missed = by > 0 ? (uint64_t)by : UINT64_MAX;
  c->position = head;
  c->fell_behind = 1;
}

static void *room(struct out *out, uint64_t key_bytes) {
  size_t bytes =
      (sizeof(struct sho_map_change) + (size_t)key_bytes + 7) & ~(size_t)7;
  if (bytes > out->size - out->used) {
    out->needed = bytes;
    return NULL;
  }
  return out->at + out->used;
}

static void put(struct out *out, const struct sho_map_change *change) {
  memcpy(out->at + out->used, change, sizeof *change);
  out->used += (sizeof *change + change->key_bytes + 7) & ~(size_t)7;
}

static int tell_missed(struct sho_map_changes *c, struct out *out) {
  struct sho_map_change change = {.version =
                                      c->missed == UINT64_MAX ? 0 : c->missed,
                                  .kind = SHO_CHANGE_MISSED};
  int code = c->fell_behind ? sho__changes_settle(c->map) : SHO_OK;
  if (code != SHO_OK) {
    return code;
  }
  c->fell_behind = 0;
  if (room(out, 0) != NULL) {
    put(out, &change);
    c->missed = 0;
  }
  return SHO_OK;
}

static void copy_key(const uint8_t *unit, uint8_t *to, uint64_t key_bytes) {
  uint64_t off = SHO__CHANGE_KEY_OFF;
  for (uint64_t left = key_bytes; left > 0;) {
    uint64_t most = SHO__CHANGE_UNIT - off;
    uint64_t bytes = left < most ? left : most;
    sho__copy_racy(to, unit + off, bytes);
    to += bytes;
    left -= bytes;
    unit += SHO__CHANGE_UNIT;
    off = SHO__CHANGE_MORE_OFF;
  }
}

/* Copies a change that was made, and takes so many units. */
static enum got copy_change(struct sho_map_changes *c, const uint8_t *unit,
                            uint64_t word, uint64_t units, struct out *out) {
  struct sho_map_change change;
  uint64_t taken = word >> SHO__CHANGE_UNITS_SHIFT & SHO__CHANGE_UNITS_MASK;
  uint32_t kind_and_key;
  uint32_t checksum;
  sho__copy_racy(&change.version, unit + 8, sizeof change.version);
  sho__copy_racy(&kind_and_key, unit + 16, sizeof kind_and_key);
  sho__copy_racy(&checksum, unit + 20, sizeof checksum);
  change.kind = (uint16_t)(kind_and_key >> SHO__CHANGE_KEY_BITS);
  change.own = sho__change_owner(word) == sho__change_owner(c->map->peers.word);
  change.key_bytes = kind_and_key & ((UINT32_C(1) << SHO__CHANGE_KEY_BITS) - 1);
  int good = change.kind >= SHO_CHANGE_CREATED &&
             change.kind <= SHO_CHANGE_CLEARED &&
             sho__change_units(change.key_bytes) == taken;
  if (good) {
    uint8_t *to = room(out, change.key_bytes);
    if (to == NULL) {
      return is_behind(c, units) ? GOT_NOTHING : GOT_NO_ROOM;
    }
    uint8_t *key = to + sizeof change;
    copy_key(unit, key, change.key_bytes);
    uint64_t hash = sho__map_hash(c->map, key, change.key_bytes);
    good = checksum == sho__change_checksum(hash, c->position, change.version,
                                            kind_and_key);
  }
  if (is_behind(c, units)) {
    return GOT_NOTHING;
  }
  if (!good) {
    c->missed = 1;
  } else {
    put(out, &change);
  }
  c->position += taken;
  return GOT_CHANGE;
}

/* A change that is not made yet. If its owner is dead it may be made or not. */
static enum got look_at_reserved(struct sho_map_changes *c, uint64_t word,
                                 _Atomic uint64_t *at, uint64_t taken) {
  int64_t now_ns = sho__awake_ns();
  if (c->doubt_ns == 0 || c->doubtful != c->position) {
    c->doubt_ns = now_ns;
    c->doubtful = c->position;
  }
  if (now_ns - c->doubt_ns < DOUBT_NS) {
    return GOT_PENDING;
  }
  c->doubt_ns = now_ns;
  if (sho__peer_alive(&c->map->peers, sho__change_owner(word)) ||
      sho__load_acquire(at) != word) {
    return GOT_PENDING;
  }
  c->missed = 1;
  c->position += taken;
  return GOT_CHANGE;
}

/* Looks at the position, and goes on if something lies there. */
static enum got step(struct sho_map_changes *c, uint64_t units,
                     struct out *out) {
  uint64_t each = sho__ring_chunk_units(c->map);
  uint64_t left = each - (c->position & (each - 1));
  uint8_t *unit =
      units == 0 ? NULL : sho__ring_unit(c->map, units, c->position);
  if (unit == NULL && head_of(c) == c->position) {
    return GOT_NOTHING; /* damaged: each change is told as a missed one */
  }
  if (unit == NULL || is_behind(c, units)) {
    fall_behind(c);
    return GOT_CHANGE;
  }
  _Atomic uint64_t *at = sho__unit_word(unit);
  uint64_t word = sho__load_acquire(at);
  if (!sho__change_is_taken(word, c->position / units)) {
    if (head_of(c) == c->position) {
      return GOT_NOTHING;
    }
    /* head was advanced since, or is damaged. */
    word = sho__load_acquire(at);
  }
  uint64_t taken = sho__change_taken(word, left);
  if (!sho__change_is_taken(word, c->position / units) || taken == 0) {
    fall_behind(c);
    return GOT_CHANGE;
  }
  /* As a writer does, so that the position is never beyond head. */
  uint64_t was = c->position;
  atomic_compare_exchange_strong(&sho__changes_of(c->map)->head, &was,
                                 was + taken);
  switch (sho__change_state(word)) {
    case SHO__CHANGE_RESERVED:
      return look_at_reserved(c, word, at, taken);
    case SHO__CHANGE_MADE:
      return copy_change(c, unit, word, units, out);
    default:
      c->position += taken;
      return GOT_CHANGE;
  }
}

/* As many as fit, up to one that was missed. */
static int take(struct sho_map_changes *c, struct out *out, enum got *got) {
  uint64_t units = sho__ring_units(c->map);
  *got = GOT_CHANGE;
  for (uint64_t i = 0; i <= units && *got == GOT_CHANGE && c->missed == 0;
       i++) {
    *got = step(c, units, out);
  }
  int code = c->missed > 0 ? tell_missed(c, out) : SHO_OK;
  return out->used > 0 ? SHO_OK : code;
}

/* ---- waiting ------------------------------------------------------------ */

/* Whether a look would find something. */
static int is_there_more(struct sho_map_changes *c) {
  uint64_t units = sho__ring_units(c->map);
  uint8_t *unit =
      units == 0 ? NULL : sho__ring_unit(c->map, units, c->position);
  if (unit == NULL || is_behind(c, units)) {
    return head_of(c) != c->position;
  }
  /* Reserved: who makes the change wakes us. */
  uint64_t word = sho__load_acquire(sho__unit_word(unit));
  return sho__change_is_taken(word, c->position / units)
             ? sho__change_state(word) != SHO__CHANGE_RESERVED
             : head_of(c) != c->position;
}

static void sleep_once(struct sho_map_changes *c, enum got got,
                       int64_t most_ns) {
  static const struct timespec nap = {.tv_nsec = NAP_NS};
  struct sho__wait_shm *wait = &sho__changes_of(c->map)->wait;
  if (!c->napped && most_ns > NAP_NS &&
      sho__ring_units(c->map) >= LEAST_NAP_UNITS) {
    c->napped = 1;
    nanosleep(&nap, NULL);
    return;
  }
  uint32_t seen = atomic_load(&wait->changes);
  atomic_fetch_or(&wait->sleepers, SHO__ON_WORD);
  sho__fence_after_unlock(); /* the ring is read after that */
  int64_t slice = got == GOT_PENDING ? DOUBT_NS : SLICE_NS;
  if (!is_there_more(c) && !atomic_load(&c->closed)) {
    sho__wait(&wait->changes, seen, most_ns < slice ? most_ns : slice);
  }
}

static int check_open(struct sho_map_changes *c) {
  int code = sho__map_check(c->map);
  return code == SHO_OK && atomic_load(&c->closed)
             ? sho__fail(SHO_ECLOSED, "%s: the listener is closed",
                         c->map->region.path)
             : code;
}

static int read_or_wait(struct sho_map_changes *c, struct out *out,
                        int64_t timeout_ns) {
  int64_t begin = timeout_ns > 0 ? sho__awake_ns() : 0;
  for (;;) {
    enum got got;
    int code = check_open(c);
    code = code == SHO_OK ? take(c, out, &got) : code;
    if (code != SHO_OK) {
      return code;
    }
    code = sho__map_check(c->map); /* what was read is the file's */
    if (code != SHO_OK || out->used > 0) {
      c->napped = 0;
      return code;
    }
    if (out->needed > 0) {
      return sho__fail(SHO_ETOOBIG, "%s: the next change needs %zu bytes",
                       c->map->region.path, out->needed);
    }
    int64_t rest = INT64_MAX;
    if (timeout_ns >= 0) {
      rest = timeout_ns > 0 ? timeout_ns - (sho__awake_ns() - begin) : 0;
      if (rest <= 0) {
        return sho__fail(SHO_ETIMEDOUT, "%s: no change within %lld ns",
                         c->map->region.path, (long long)timeout_ns);
      }
    }
    sleep_once(c, got, rest);
  }
}

/* ---- calls -------------------------------------------------------------- */

int sho_map_changes_open(struct sho_map *map,
                         struct sho_map_changes **changes) {
  int code = sho__map_writable(map);
  if (code != SHO_OK || changes == NULL) {
    return code != SHO_OK ? code : sho__fail(SHO_EINVAL, "a place is needed");
  }
  struct sho_map_changes *made = calloc(1, sizeof *made);
  if (made == NULL) {
    return sho__fail(SHO_ENOMEM, "out of memory for a listener");
  }
  made->map = map;
  code = sho__map_check(map);
  code = code == SHO_OK
             ? sho__listener_enter(map, &made->place, &made->position)
             : code;
  if (code != SHO_OK) {
    free(made);
    return code;
  }
  *changes = made;
  return SHO_OK;
}

int sho_map_changes_read(struct sho_map_changes *changes, void *out,
                         size_t size, size_t *used, int64_t timeout_ns) {
  if (changes == NULL || (out == NULL && size > 0) || used == NULL) {
    return sho__fail(SHO_EINVAL, "a listener and a place are needed");
  }
  uint8_t none;
  struct out to = {.at = out == NULL ? &none : out, .size = size};
  int code = read_or_wait(changes, &to, timeout_ns);
  if (code == SHO_ETOOBIG) {
    *used = to.needed;
  } else if (code == SHO_OK) {
    *used = to.used;
  }
  return code;
}

void sho_map_changes_close(struct sho_map_changes *changes) {
  if (changes == NULL || atomic_exchange(&changes->closed, 1) != 0) {
    return;
  }
  struct sho_map *map = changes->map;
  if (sho__map_check(map) == SHO_OK) {
    struct sho__wait_shm *wait = &sho__changes_of(map)->wait;
    atomic_fetch_add(&wait->changes, 1);
    sho__wake_all(&wait->changes);
    sho__listener_leave(map, changes->place);
  }
}

void sho_map_changes_free(struct sho_map_changes *changes) {
  sho_map_changes_close(changes);
  free(changes);
}
