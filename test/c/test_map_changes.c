/*
 * Changes, told to those who listen: which, in which order, and what is said
 * when some were missed; how the ring comes and goes.
 */
#include <pthread.h>

#include "base/crash.h"
#include "changes.h"

/* ---- what is told ------------------------------------------------------- */

static void test_changes_of_a_key_are_told_in_order(void) {
  static struct stream stream;
  int64_t sum;
  struct sho_map *map = map_new("map", MIB, SHO_EVICTION_NONE);
  uint64_t first = put_text(map, "a", "not heard");
  listen_to(&stream, map);
  CHECK_TEXT(heard(&stream), "");
  uint64_t second = put_text(map, "a", "1");
  CHECK_CODE(sho_map_compare_and_set(map, "a", 1, first, "no", 2, 0, NULL),
             SHO_ECHANGED);
  CHECK_OK(sho_map_expire(map, "a", 1, 3600000));
  CHECK_OK(sho_map_remove(map, "a", 1));
  CHECK_CODE(sho_map_remove(map, "a", 1), SHO_EABSENT);
  CHECK_OK(sho_map_add_and_get(map, "a", 1, 1, &sum));
  uint64_t third = version_of(map, "a");
  CHECK_OK(sho_map_clear(map));
  char wanted[200];
  snprintf(wanted, sizeof wanted,
           "updated a %llu, removed a %llu, created a %llu, cleared a %llu",
           (unsigned long long)second, (unsigned long long)second,
           (unsigned long long)third, (unsigned long long)third);
  CHECK_TEXT(heard(&stream), wanted);
  sho_map_changes_free(stream.changes);
  sho_map_free(map);
}

static void test_changes_tell_an_expiry_when_it_is_noticed(void) {
  static struct stream stream;
  struct sho_map *map = map_new("map", MIB, SHO_EVICTION_NONE);
  listen_to(&stream, map);
  uint64_t a = put_text_for(map, "a", "1", 1);
  uint64_t b = put_text_for(map, "b", "1", 1);
  nap_us(20000);
  CHECK_TEXT(text_of(map, "a"), "(none)");
  CHECK_CODE(sho_map_remove(map, "b", 1), SHO_EABSENT);
  uint64_t again = put_text(map, "a", "2");
  CHECK_OK(sho_map_remove_expired(map, NULL));
  char wanted[200];
  snprintf(wanted, sizeof wanted,
           "created a %llu, created b %llu, expired a %llu, created a %llu, "
           "expired b %llu",
           (unsigned long long)a, (unsigned long long)b, (unsigned long long)a,
           (unsigned long long)again, (unsigned long long)b);
  CHECK_TEXT(heard(&stream), wanted);
  sho_map_changes_free(stream.changes);
  sho_map_free(map);
}

static void test_changes_tell_what_was_evicted(void) {
  static struct stream stream;
  static uint8_t value[2000];
  struct sho_map *map = map_new("map", 4 * MIB, SHO_EVICTION_S3_FIFO);
  listen_to(&stream, map);
  int there[4000] = {0};
  int evicted = 0;
  for (int i = 0; i < 4000; i++) {
    CHECK_OK(sho_map_set(map, &i, sizeof i, value, sizeof value, 0, NULL));
    while (next_change(&stream, 0) == SHO_OK) {
      int key;
      memcpy(&key, stream.batch + stream.next - 8, sizeof key);
      REQUIRE(key >= 0 && key < 4000);
      there[key] = stream.change.kind == SHO_CHANGE_CREATED;
      evicted += stream.change.kind == SHO_CHANGE_EVICTED;
      CHECK(there[key] || stream.change.kind == SHO_CHANGE_EVICTED);
    }
  }
  CHECK(evicted > 100);
  for (int i = 0; i < 4000; i++) {
    CHECK_INT(find_code(map, &i, sizeof i) == SHO_OK, there[i]);
  }
  sho_map_changes_free(stream.changes);
  sho_map_free(map);
}

static void test_changes_have_keys_of_all_lengths(void) {
  static uint8_t key[16 * KIB];
  static _Alignas(8) uint8_t out[20 * KIB];
  struct sho_map_changes *changes;
  struct sho_map *map = map_new("map", 64 * MIB, SHO_EVICTION_NONE);
  REQUIRE_OK(sho_map_changes_open(map, &changes));
  uint64_t random = 7;
  for (size_t i = 0; i < sizeof key; i++) {
    key[i] = (uint8_t)next_random(&random);
  }
  for (size_t bytes = 0; bytes <= sizeof key;
       bytes = bytes < 200 ? bytes + 1 : bytes * 2) {
    struct sho_map_change change;
    uint64_t version;
    size_t used;
    CHECK_OK(sho_map_set(map, key, bytes, "v", 1, 0, &version));
    size_t needed = (sizeof change + bytes + 7) & ~(size_t)7;
    CHECK_CODE(sho_map_changes_read(changes, out, needed - 1, &used, 0),
               SHO_ETOOBIG);
    CHECK_INT(used, needed);
    REQUIRE_OK(sho_map_changes_read(changes, out, needed, &used, 0));
    CHECK_INT(used, needed);
    memcpy(&change, out, sizeof change);
    CHECK_INT(change.kind, SHO_CHANGE_CREATED);
    CHECK_INT(change.version, version);
    CHECK_INT(change.key_bytes, bytes);
    CHECK_BYTES(out + sizeof change, key, bytes);
  }
  sho_map_changes_free(changes);
  sho_map_free(map);
}

static void test_changes_say_whose_they_are(void) {
  static struct stream stream;
  uint64_t version;
  struct sho_map *map = map_new("map", 64 * MIB, SHO_EVICTION_NONE);
  struct sho_map *other = map_again("map");
  listen_to(&stream, map);
  CHECK_OK(sho_map_set(map, "a", 1, "v", 1, 0, &version));
  REQUIRE_OK(next_change(&stream, 0));
  CHECK_INT(stream.change.own, 1);
  CHECK_CODE(sho_map_compare_and_expire(other, "a", 1, version + 1),
             SHO_ECHANGED);
  CHECK_OK(sho_map_compare_and_expire(other, "a", 1, version));
  REQUIRE_OK(next_change(&stream, 0));
  CHECK_INT(stream.change.own, 0);
  CHECK_INT(stream.change.kind, SHO_CHANGE_EXPIRED);
  CHECK_INT(stream.change.version, version);
  CHECK_CODE(next_change(&stream, 0), SHO_ETIMEDOUT);
  sho_map_changes_free(stream.changes);
  sho_map_free(other);
  sho_map_free(map);
}

/* ---- waiting and closing ------------------------------------------------ */

struct reader {
  struct stream *stream;
  _Atomic int begun;
  int code;
};

static void *read_in_thread(void *context) {
  struct reader *reader = context;
  atomic_store(&reader->begun, 1);
  reader->code = next_change(reader->stream, -1);
  return NULL;
}

static pthread_t start_reader(struct reader *reader) {
  pthread_t thread;
  REQUIRE(pthread_create(&thread, NULL, read_in_thread, reader) == 0);
  WAIT_UNTIL(atomic_load(&reader->begun));
  nap_us(30000);
  return thread;
}

static void test_changes_wake_a_reader(void) {
  static struct stream stream;
  struct reader reader = {.stream = &stream};
  struct sho_map *map = map_new("map", 64 * MIB, SHO_EVICTION_NONE);
  listen_to(&stream, map);
  CHECK_CODE(next_change(&stream, 0), SHO_ETIMEDOUT);
  CHECK_CODE(next_change(&stream, 3000000), SHO_ETIMEDOUT);
  pthread_t thread = start_reader(&reader);
  put_text(map, "a", "1");
  REQUIRE(pthread_join(thread, NULL) == 0);
  CHECK_OK(reader.code);
  CHECK_TEXT(stream.key, "a");

  reader.begun = 0;
  thread = start_reader(&reader);
  sho_map_changes_close(stream.changes);
  REQUIRE(pthread_join(thread, NULL) == 0);
  CHECK_CODE(reader.code, SHO_ECLOSED);
  CHECK_CODE(next_change(&stream, -1), SHO_ECLOSED);
  sho_map_changes_free(stream.changes);

  listen_to(&stream, map);
  reader.begun = 0;
  thread = start_reader(&reader);
  sho_map_close(map);
  REQUIRE(pthread_join(thread, NULL) == 0);
  CHECK_CODE(reader.code, SHO_ECLOSED);
  sho_map_changes_free(stream.changes);
  sho_map_free(map);
}

static void test_changes_refuse_what_they_cannot_do(void) {
  struct sho_map_changes *changes = NULL;
  size_t used;
  struct sho_map *map = map_new("map", MIB, SHO_EVICTION_NONE);
  struct sho_map *reader = map_with(
      "map", (struct sho_map_options){.size = sizeof(struct sho_map_options),
                                      .read_only = 1});
  CHECK_CODE(sho_map_changes_open(reader, &changes), SHO_EREADONLY);
  CHECK_CODE(sho_map_changes_open(NULL, &changes), SHO_EINVAL);
  CHECK_CODE(sho_map_changes_open(map, NULL), SHO_EINVAL);
  CHECK_CODE(sho_map_changes_read(NULL, NULL, 0, &used, 0), SHO_EINVAL);
  sho_map_changes_close(NULL);
  sho_map_changes_free(NULL);
  struct sho_map_changes *all[SHO__CHANGES_LISTENERS];
  for (int i = 0; i < SHO__CHANGES_LISTENERS; i++) {
    REQUIRE_OK(sho_map_changes_open(map, &all[i]));
  }
  CHECK_CODE(sho_map_changes_open(map, &changes), SHO_EPEERS);
  for (int i = 0; i < SHO__CHANGES_LISTENERS; i++) {
    sho_map_changes_free(all[i]);
  }
  check_no_ring(map);
  sho_map_free(reader);
  sho_map_free(map);
}

static void test_changes_of_a_map_without_a_file_are_heard(void) {
  static struct stream stream;
  struct sho_map *map = NULL;
  struct sho_map *other = NULL;
  int fd;
  int code = sho_map_open_anonymous(NULL, &map);
  if (code == SHO_ESYSTEM) {
    skip("no memory without a file here");
  }
  REQUIRE_OK(code);
  REQUIRE_OK(sho_map_descriptor(map, &fd));
  REQUIRE_OK(sho_map_open_descriptor(fd, NULL, &other));
  listen_to(&stream, other);
  put_text(map, "a", "1");
  CHECK_TEXT(heard(&stream), "created a 1");
  sho_map_changes_free(stream.changes);
  sho_map_free(other);
  sho_map_free(map);
  close(fd);
}

/* ---- the ring ----------------------------------------------------------- */

static void test_changes_take_room_only_while_somebody_listens(void) {
  static struct stream first;
  static struct stream second;
  struct sho_map *map = map_new("map", 64 * MIB, SHO_EVICTION_NONE);
  check_no_ring(map);
  listen_to(&first, map);
  CHECK_INT(ring_chunks(map), 64);
  listen_to(&second, map);
  CHECK_INT(ring_chunks(map), 64);
  put_text(map, "a", "1");
  sho_map_changes_free(first.changes);
  put_text(map, "a", "2");
  CHECK_TEXT(heard(&second), "created a 1, updated a 2");
  CHECK_OK(sho_map_verify(map));
  CHECK_INT(ring_chunks(map), 64);
  sho_map_changes_free(second.changes);
  check_no_ring(map);
  CHECK_OK(sho_map_verify(map));
  CHECK_INT(stats_of(map).damaged, 0);

  listen_to(&first, map);
  struct sho_map *other = map_again("map");
  sho_map_close(map); /* with its listener */
  check_no_ring(other);
  sho_map_changes_free(first.changes);
  sho_map_free(map);
  sho_map_free(other);
}

static void listen_until_killed(void *context) {
  static struct stream stream;
  struct sho_map *map = map_again("map");
  listen_to(&stream, map);
  atomic_store((_Atomic int *)context, 1);
  sleep_for_ever();
}

static void kill_a_listener(struct sho_map *map) {
  _Atomic int *listens = shared_bytes(sizeof *listens);
  pid_t pid = child_start(listen_until_killed, listens);
  WAIT_UNTIL(atomic_load(listens));
  CHECK(ring_chunks(map) > 0);
  CHECK_INT(child_kill(pid), 128 + SIGKILL);
  CHECK(ring_chunks(map) > 0);
}

static void test_changes_ring_of_a_dead_listener_is_given_back(void) {
  struct sho_map *map = map_new("map", MIB, SHO_EVICTION_NONE);
  uint64_t units = map->chunk_bytes / SHO__CHANGE_UNIT;
  kill_a_listener(map);
  for (uint64_t i = 0; i <= units; i++) { /* one of them begins a chunk */
    put_text(map, "a", "1");
  }
  check_no_ring(map);

  kill_a_listener(map);
  sho_map_free(map_again("map"));
  check_no_ring(map);

  static uint8_t value[1000];
  kill_a_listener(map);
  uint64_t with = 0;
  int code;
  do { /* a value with its own first change of a chunk gives it back, too */
    code = sho_map_set(map, &with, sizeof with, value, sizeof value, 0, NULL);
    with += code == SHO_OK;
  } while (code == SHO_OK);
  CHECK_CODE(code, SHO_EFULL);
  check_no_ring(map);
  sho_map_free(map);
}

static void test_changes_need_room(void) {
  static uint8_t value[1000];
  struct sho_map_changes *changes;
  struct sho_map *map = map_new("map", MIB, SHO_EVICTION_NONE);
  uint64_t key = 0;
  while (sho_map_set(map, &key, sizeof key, value, sizeof value, 0, NULL) ==
         SHO_OK) {
    key++;
  }
  CHECK_CODE(sho_map_changes_open(map, &changes), SHO_EFULL);
  CHECK_SAYS("no room for a ring of changes");
  check_no_ring(map);
  CHECK_OK(sho_map_clear(map));
  CHECK_OK(sho_map_changes_open(map, &changes));
  sho_map_changes_free(changes);
  sho_map_free(map);
}

static void test_changes_tell_once_that_some_were_missed(void) {
  static struct stream stream;
  struct sho_map *map = map_new("map", MIB, SHO_EVICTION_NONE);
  listen_to(&stream, map);
  uint64_t units = sho__ring_units(map);
  put_text(map, "a", "1");
  CHECK_OK(next_change(&stream, 0));
  uint64_t last = 0;
  for (uint64_t i = 0; i < units + 10; i++) {
    last = put_text(map, "a", "1");
  }
  CHECK_OK(next_change(&stream, 0));
  CHECK_INT(stream.change.kind, SHO_CHANGE_MISSED);
  CHECK_INT(stream.change.version, units + 10);
  CHECK_CODE(next_change(&stream, 0), SHO_ETIMEDOUT);
  char wanted[40];
  snprintf(wanted, sizeof wanted, "updated a %llu",
           (unsigned long long)last + 1);
  put_text(map, "a", "2");
  CHECK_TEXT(heard(&stream), wanted);
  sho_map_changes_free(stream.changes);
  sho_map_free(map);
}

/* ---- what the ring may look like ---------------------------------------- */

static void check_batch(const struct stream *stream) {
  CHECK(stream->change.kind >= SHO_CHANGE_CREATED &&
        stream->change.kind <= SHO_CHANGE_MISSED);
  CHECK(stream->change.key_bytes <= MIB / 4);
}

/* Reads all that a damaged ring seems to have, in a bounded number of calls. */
static void drain(struct stream *stream) {
  for (int i = 0; i < 100000; i++) {
    int code = next_change(stream, 0);
    if (code != SHO_OK) {
      CHECK(code == SHO_ETIMEDOUT);
      return;
    }
    check_batch(stream);
  }
  CHECK(!"the changes end");
}

static void test_changes_survive_a_damaged_ring(void) {
  static struct stream stream;
  struct sho_map *map = map_new("map", MIB, SHO_EVICTION_NONE);
  struct sho__changes_shm *changes = sho__changes_of(map);
  listen_to(&stream, map);
  uint64_t units = sho__ring_units(map);
  uint64_t random = 3;
  for (int i = 0; i < rounds(50, 500, 5000); i++) {
    uint64_t head = atomic_load(&changes->head);
    for (int n = 0; n < 20; n++) {
      put_text(map, "key", "1");
    }
    switch (random_below(&random, 6)) {
      case 0:
        atomic_store(&changes->head, next_random(&random));
        break;
      case 1:
        atomic_store(&changes->head, head - random_below(&random, units));
        break;
      case 2:
        atomic_store(&changes->chunk_count, (uint32_t)next_random(&random));
        break;
      case 3:
        atomic_store(&changes->chunks[random_below(&random, 8)],
                     (uint32_t)random_below(&random, 100));
        break;
      default:
        for (int n = 0; n < 30; n++) {
          uint8_t *unit = sho__ring_unit(map, units, head + (uint64_t)n);
          if (unit != NULL) {
            unit[random_below(&random, SHO__CHANGE_UNIT)] ^=
                (uint8_t)next_random(&random);
          }
        }
    }
    drain(&stream);
    put_text(map, "key", "2");
    drain(&stream);
    atomic_store(&changes->chunk_count,
                 (uint32_t)(units * 64 >> map->geometry.chunk_bits));
  }
  CHECK_TEXT(text_of(map, "key"), "2");
  sho_map_changes_free(stream.changes);
  sho_map_free(map);
}

static const struct test tests[] = {
    TEST(test_changes_of_a_key_are_told_in_order),
    TEST(test_changes_tell_an_expiry_when_it_is_noticed),
    TEST(test_changes_tell_what_was_evicted),
    TEST(test_changes_have_keys_of_all_lengths),
    TEST(test_changes_say_whose_they_are),
    TEST(test_changes_wake_a_reader),
    TEST(test_changes_refuse_what_they_cannot_do),
    TEST(test_changes_of_a_map_without_a_file_are_heard),
    TEST(test_changes_take_room_only_while_somebody_listens),
    TEST(test_changes_ring_of_a_dead_listener_is_given_back),
    TEST(test_changes_need_room),
    TEST(test_changes_tell_once_that_some_were_missed),
    TEST(test_changes_survive_a_damaged_ring),
};

TEST_MAIN(tests)
