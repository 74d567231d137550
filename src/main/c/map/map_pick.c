#include "map/map_pick.h"

#include "map/map_ghost.h"
#include "map/map_grow.h"

enum {
  LEAST_GAIN = 32, /* of a chunk: one part of so many */
  SPARSE = 3       /* so many times what tables need to take */
};

static void list_add(struct sho__list *list, uint32_t chunk, uint64_t key) {
  uint32_t i = list->count;
  if (i == SHO__MOST_PICKED) {
    if (key >= list->keys[i - 1]) {
      return;
    }
    i--;
  } else {
    list->count++;
  }
  for (; i > 0 && list->keys[i - 1] > key; i--) {
    list->keys[i] = list->keys[i - 1];
    list->chunks[i] = list->chunks[i - 1];
  }
  list->keys[i] = key;
  list->chunks[i] = chunk;
}

static uint32_t owner_of(const struct sho_map *map, uint32_t chunk) {
  return atomic_load_explicit(&map->chunks[chunk].owner, memory_order_relaxed);
}

/* Names another process rather than this one, which may be the caller. */
static void add_held(const struct sho_map *map, uint32_t chunk,
                     struct sho__view *view) {
  uint32_t owner = owner_of(map, chunk);
  view->held++;
  view->holder =
      view->holder == 0 || owner != map->peers.word ? owner : view->holder;
}

/* A chunk that a dead process was about to take, or to free. */
static void look_at_free(struct sho_map *map, uint32_t chunk,
                         struct sho__view *view) {
  if ((sho__load_relaxed(&map->free[chunk / 64]) >> chunk % 64 & 1) != 0) {
    return;
  }
  if (!sho__chunk_try(map, chunk)) {
    add_held(map, chunk, view);
  } else if (sho__chunk_class(map, chunk) == SHO__CLASS_FREE) {
    sho__chunk_free(map, chunk);
  } else {
    sho__chunk_leave(map, chunk);
  }
}

enum use { USE_NONE, USE_OTHERS, USE_DOUBTFUL };

/* Who uses a chunk. What a dead process wrote and did not publish is not
 * counted as dead: so its chunk is doubtful. */
static enum use look_at_owner(struct sho_map *map, uint32_t chunk) {
  struct sho__chunk_shm *shm = &map->chunks[chunk];
  uint32_t owner = owner_of(map, chunk);
  if (owner != 0 && sho__peer_alive(&map->peers, owner)) {
    return USE_OTHERS;
  }
  if (owner == 0) {
    return atomic_load_explicit(&shm->doubt, memory_order_relaxed) != 0
               ? USE_DOUBTFUL
               : USE_NONE;
  }
  sho__chunk_close(map, chunk);
  return USE_DOUBTFUL;
}

/* 1: nothing more is written to the chunk. */
static int close(struct sho_map *map, uint32_t chunk) {
  if (!sho__chunk_try(map, chunk)) {
    return 0;
  }
  sho__chunk_close(map, chunk);
  sho__chunk_leave(map, chunk);
  return 1;
}

/* The same for what that one names, which may be damaged: then it names nothing
 * any more. */
static int close_open(struct sho_map *map, enum sho__class class, int stripe,
                      uint32_t *chunk) {
  _Atomic uint32_t *open = &map->header->open[class][stripe];
  uint32_t entry = atomic_load(open);
  *chunk = entry - 1;
  return entry != 0 && entry <= map->geometry.chunks &&
         sho__chunk_used(map, *chunk) > 0 && close(map, *chunk) &&
         (atomic_compare_exchange_strong(open, &entry, 0) || entry == 0);
}

int sho__close_queues(struct sho_map *map) {
  int closed = 0;
  uint32_t chunk;
  for (int i = 0; i < SHO__MAP_STRIPES; i++) {
    closed += close_open(map, SHO__CLASS_SMALL, i, &chunk);
    closed += close_open(map, SHO__CLASS_MAIN, i, &chunk);
  }
  return closed;
}

/* What it takes of a closed chunk to keep what lives in it: all but what is
 * dead, and the end, if more of its records would have fitted there. With
 * S3_FIFO the end counts, too: to move it gains nothing, to evict does. */
static uint64_t taken_of(const struct sho_map *map, uint64_t used,
                         uint64_t live, uint64_t records) {
  uint64_t end = sho__chunk_bytes(map) - used;
  int fitted = map->geometry.eviction == SHO_EVICTION_NONE &&
               end > sho__chunk_bytes(map) / 8 && end * records >= used * 2;
  return fitted ? live : live + end;
}

/* Of a chunk that is nearly full of what lives there is nothing to gain. */
static int is_worth_moving(const struct sho_map *map, uint64_t live,
                           unsigned share) {
  uint64_t bytes = sho__chunk_bytes(map);
  return live + bytes / share <= bytes;
}

/* Parts live before it is known whether their value will. */
static void look_at_held(const struct sho_map *map, uint32_t chunk,
                         uint64_t live, struct sho__view *view) {
  int parts = sho__chunk_class(map, chunk) == SHO__CLASS_PARTS;
  view->taken += live;
  view->unsettled += parts ? live : 0;
  if (parts || map->geometry.eviction != SHO_EVICTION_NONE ||
      is_worth_moving(map, live, LEAST_GAIN)) {
    add_held(map, chunk, view);
  }
}

static void look_at(struct sho_map *map, uint32_t chunk, uint64_t now_ms,
                    struct sho__view *view) {
  struct sho__chunk_shm *shm = &map->chunks[chunk];
  enum sho__class class = sho__chunk_class(map, chunk);
  if (class == SHO__CLASS_FREE) {
    look_at_free(map, chunk, view);
    return;
  }
  if (class == SHO__CLASS_CHANGES) {
    view->taken += sho__chunk_bytes(map);
    view->live += sho__chunk_bytes(map);
    return;
  }
  uint64_t used = sho__chunk_used(map, chunk);
  uint64_t live = sho__chunk_live(map, chunk);
  used = used > sho__chunk_bytes(map) ? sho__chunk_bytes(map) : used;
  uint64_t expiry = sho__load_relaxed(&shm->latest_expiry_ms);
  uint64_t order = sho__load_relaxed(&shm->order);
  uint64_t records = atomic_load_explicit(&shm->records, memory_order_relaxed);
  view->live += live;
  if (class >= SHO__CLASS_SMALL) {
    view->entries += used == 0 ? 0 : records * live / used;
  }
  if (class == SHO__CLASS_TABLE) {
    view->tables_live += live;
  } else if (class == SHO__CLASS_SMALL) {
    view->small_live += live;
  } else if (class >= SHO__CLASS_MAIN) {
    view->main_live += live;
  }
  if (live > 0 && order < view->queues[class].oldest) {
    view->queues[class].oldest = order;
  }
  enum use use = look_at_owner(map, chunk);
  int expired = used > 0 && expiry <= now_ms && class >= SHO__CLASS_SMALL;
  int full = used + sho__part_bytes(map) > sho__chunk_bytes(map);
  if (use == USE_OTHERS) {
    look_at_held(map, chunk, live, view);
    return;
  }
  if (sho__chunk_is_open(map, chunk) &&
      !((expired || full) && close(map, chunk))) {
    view->taken += live;
    return;
  }
  uint64_t taken = taken_of(map, used, live, records);
  view->taken += taken;
  if (expired) {
    list_add(&view->expired, chunk, expiry);
  } else if (use == USE_DOUBTFUL) {
    list_add(&view->doubtful, chunk, live);
  }
  list_add(&view->emptiest, chunk, taken);
  list_add(&view->queues[class].closed, chunk, order);
}

static void set_crowded(struct sho_map *map, uint32_t crowded) {
  if (sho__crowded(map) != crowded) {
    atomic_store_explicit(&map->header->crowded, crowded, memory_order_relaxed);
  }
}

/* Tables become full when the map does, and sparse again when they would leave
 * much of it free. Between the two they stay as they are. */
static void note_crowded(struct sho_map *map, const struct sho__view *view) {
  uint64_t room = view->usable << map->geometry.chunk_bits;
  uint64_t sparse = view->entries * sizeof(struct sho__bucket_shm) /
                    SHO__BUCKET_SLOTS * SHO__CROWDED_ALL / SHO__CROWDED_LEAST;
  if (view->live > room / 8 * 7 || sho__view_is_full(map, view)) {
    set_crowded(map, SHO__CROWDED_MOST);
  } else if (view->live - view->tables_live + sparse < room / 8 * 5) {
    set_crowded(map, SHO__CROWDED_LEAST);
  }
}

void sho__look_begin(const struct sho_map *map, enum sho__need need,
                     struct sho__view *view) {
  *view = (struct sho__view){.need = need,
                             .usable = map->geometry.chunks - map->kept};
  for (int class = 0; class < SHO__CLASSES; class ++) {
    view->queues[class].oldest = UINT64_MAX;
  }
}

int sho__look_on(struct sho_map *map, struct sho__view *view, uint64_t most) {
  uint64_t now_ms = sho__map_now_ms(map);
  uint64_t left = map->geometry.chunks - view->next;
  for (uint64_t end = view->next + (most < left ? most : left);
       view->next < end; view->next++) {
    look_at(map, (uint32_t)view->next, now_ms, view);
  }
  if (view->next < map->geometry.chunks) {
    return 0;
  }
  if (map->ghosts != NULL) {
    sho__store_relaxed(&map->header->estimate, view->entries);
  }
  note_crowded(map, view);
  return 1;
}

void sho__look(struct sho_map *map, enum sho__need need,
               struct sho__view *view) {
  sho__look_begin(map, need, view);
  sho__look_on(map, view, map->geometry.chunks);
}

int sho__view_is_full(const struct sho_map *map, const struct sho__view *view) {
  return map->geometry.eviction == SHO_EVICTION_NONE &&
         view->taken > map->most_live;
}

void sho__view_note(const struct sho_map *map, const struct sho__view *view,
                    struct sho__search *search) {
  int evicts = map->geometry.eviction != SHO_EVICTION_NONE;
  uint64_t usable = view->usable << map->geometry.chunk_bits;
  uint64_t most = usable < map->most_live ? usable : map->most_live;
  /* Whatever becomes of what is held. */
  int full = !evicts && view->need == SHO__NEED_NEW &&
             view->taken - view->unsettled > most;
  if (full || view->held > search->own) {
    search->holder = full ? 0 : view->holder;
  }
  search->crowded = !evicts && view->live - view->unsettled > usable / 4 * 3;
}

static void keep_worth_moving(const struct sho_map *map, struct sho__list *list,
                              unsigned share) {
  while (list->count > 0 &&
         !is_worth_moving(map, list->keys[list->count - 1], share)) {
    list->count--;
  }
}

/* The share of the small queue, 1/65536 of all. */
static uint64_t small_share(const struct sho_map *map) {
  return atomic_load_explicit(&map->header->small_share,
                              memory_order_relaxed) >>
         16;
}

/* What of the bytes in the queues is the small queue's share. */
static uint64_t small_bound(const struct sho_map *map,
                            const struct sho__view *view) {
  return (view->small_live + view->main_live) * small_share(map) >> 16;
}

/* The closed chunks of a queue. If there are none, what is written to now is
 * closed. */
static struct sho__list *closed_of(struct sho_map *map, struct sho__view *view,
                                   enum sho__class class) {
  struct sho__list *list = &view->queues[class].closed;
  for (int i = 0; list->count == 0 && i < SHO__MAP_STRIPES; i++) {
    uint32_t chunk;
    if (close_open(map, class, i, &chunk)) {
      list_add(list, chunk, sho__load_relaxed(&map->chunks[chunk].order));
    }
  }
  return list;
}

/* Has the oldest chunks of the small queue, except one of the list, become the
 * main queue's, while the others are far below their share. */
static void fill_main(struct sho_map *map, struct sho__view *view) {
  struct sho__list *list = &view->queues[SHO__CLASS_SMALL].closed;
  uint64_t all = view->small_live + view->main_live;
  uint64_t least = (all - small_bound(map, view)) / 20 * 19;
  uint32_t i = 0;
  for (; i + 1 < list->count && view->main_live < least; i++) {
    uint32_t chunk = list->chunks[i];
    struct sho__chunk_shm *shm = &map->chunks[chunk];
    uint64_t live = sho__chunk_live(map, chunk);
    if (!sho__chunk_try(map, chunk)) {
      continue;
    }
    if (sho__chunk_class(map, chunk) == SHO__CLASS_SMALL &&
        !sho__chunk_is_open(map, chunk)) {
      sho__store_relaxed(&shm->order, atomic_fetch_add(&map->header->order, 1));
      atomic_store_explicit(&shm->class, SHO__CLASS_MAIN, memory_order_release);
      view->small_live -= live < view->small_live ? live : view->small_live;
      view->main_live += live;
    }
    sho__chunk_leave(map, chunk);
  }
  list->count -= i;
  memmove(list->chunks, list->chunks + i, list->count * sizeof *list->chunks);
  memmove(list->keys, list->keys + i, list->count * sizeof *list->keys);
}

/* Of the main queues the one whose oldest chunk is the oldest. What was visited
 * more often ages more slowly; all the faster the larger the small queue is,
 * since what is asked for changes then. */
static enum sho__class oldest_main(const struct sho_map *map,
                                   const struct sho__view *view) {
  uint64_t now = sho__load_relaxed(&map->header->order);
  uint64_t share = small_share(map);
  uint64_t hot_pace = (1 << 16) / 5 + (share * share >> 16) * 20;
  uint64_t pace = 1 << 16;
  uint64_t most = 0;
  enum sho__class oldest = SHO__CLASS_MAIN;
  for (enum sho__class class = SHO__CLASS_MAIN; class <= SHO__CLASS_HOTTEST;
       class ++) {
    uint64_t order = view->queues[class].oldest;
    uint64_t age = (now - order) * pace;
    if (order != UINT64_MAX && age >= most) {
      most = age;
      oldest = class;
    }
    pace = class == SHO__CLASS_MAIN ? hot_pace : pace * 3 / 5;
  }
  return oldest;
}

static struct sho__list *evicting_list(struct sho_map *map,
                                       struct sho__view *view) {
  enum sho__class class = SHO__CLASS_SMALL;
  if (view->small_live <= small_bound(map, view)) {
    class = oldest_main(map, view);
  }
  struct sho__list *list = closed_of(map, view, class);
  if (list->count == 0) {
    class =
        class == SHO__CLASS_SMALL ? oldest_main(map, view) : SHO__CLASS_SMALL;
    list = closed_of(map, view, class);
  }
  if (class == SHO__CLASS_SMALL) {
    fill_main(map, view);
  }
  return list;
}

static int is_oldest(const struct sho__view *view, uint32_t chunk) {
  for (int class = SHO__CLASS_SMALL; class <= SHO__CLASS_HOTTEST; class ++) {
    const struct sho__list *list = &view->queues[class].closed;
    if (list->count > 0 && chunk == list->chunks[0]) {
      return 1;
    }
  }
  return 0;
}

/* What is evicted next is not moved to the end of its queue, where it would
 * stay; or only if nothing else is left to be moved, which is `last`. */
static void spare_oldest(struct sho__view *view, int last) {
  struct sho__list *list = &view->emptiest;
  uint32_t spared[SHO__MOST_PICKED];
  uint32_t count = 0;
  uint32_t left = 0;
  for (uint32_t i = 0; i < list->count; i++) {
    uint32_t chunk = list->chunks[i];
    if (list->keys[i] > 0 && is_oldest(view, chunk)) {
      spared[count++] = chunk;
    } else {
      list->chunks[left++] = chunk;
    }
  }
  list->count = left;
  for (uint32_t i = 0; last && i < count; i++) {
    list->chunks[list->count++] = spared[i];
  }
}

/* Whether that is much more than tables for so many entries take. */
static int is_sparse(const struct sho_map *map, uint64_t bytes,
                     uint64_t entries) {
  uint64_t buckets = sho__buckets_for(map, entries);
  return bytes / SPARSE > buckets * sizeof(struct sho__bucket_shm) +
                              (sho__table_bytes(1) << map->geometry.shard_bits);
}

/* Whether copies of the tables are much smaller: there were more entries once.
 * By the view's estimate, and then by the shards' counts. */
static int tables_are_sparse(const struct sho_map *map,
                             const struct sho__view *view) {
  uint32_t shards = UINT32_C(1) << map->geometry.shard_bits;
  uint64_t entries = 0;
  if (view->queues[SHO__CLASS_TABLE].closed.count == 0 ||
      !is_sparse(map, view->tables_live, view->entries)) {
    return 0;
  }
  for (uint32_t s = 0; s < shards; s++) {
    entries += sho__load_relaxed(&map->shards[s].entries) & UINT32_MAX;
  }
  return is_sparse(map, view->tables_live, entries);
}

struct sho__list *sho__pick(struct sho_map *map, struct sho__view *view,
                            enum sho__mode *mode) {
  *mode = SHO__MODE_MOVE;
  if (view->expired.count > 0) {
    return &view->expired;
  }
  if (view->doubtful.count > 0) {
    return &view->doubtful;
  }
  if (tables_are_sparse(map, view)) {
    return &view->queues[SHO__CLASS_TABLE].closed;
  }
  if (view->need == SHO__NEED_NEW && sho__view_is_full(map, view)) {
    return NULL;
  }
  int evicts = map->geometry.eviction != SHO_EVICTION_NONE;
  uint64_t room = view->usable << map->geometry.chunk_bits;
  int crowded = view->live > room - room / 8;
  keep_worth_moving(map, &view->emptiest, evicts && crowded ? 2 : LEAST_GAIN);
  if (evicts) {
    spare_oldest(view, view->live <= room / 16 * 11);
  }
  if (view->emptiest.count > 0) {
    return &view->emptiest;
  }
  if (!evicts) {
    return NULL;
  }
  *mode = SHO__MODE_EVICT;
  set_crowded(map, SHO__CROWDED_MOST); /* rather than evict */
  struct sho__list *list = evicting_list(map, view);
  return list->count > 0 ? list : NULL;
}
