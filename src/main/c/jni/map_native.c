/*
 * The natives of org.shareobject.internal.map.MapNative: argument check, one
 * call of the library, return code.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/wait.h"
#include "jni/bytes.h"
#include "jni/map_native.h"
#include "map/map.h"
#include "shareobject.h"

enum { SHORT_VALUE = 512 };

/* A key of up to 16 bytes that crossed as two numbers. */
struct short_key {
  uint8_t at[16];
};

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#error "the numbers of a short key are its bytes in little-endian order"
#endif

static struct short_key short_key_of(jlong key0, jlong key1) {
  struct short_key key;
  memcpy(key.at, &key0, sizeof key0);
  memcpy(key.at + sizeof key0, &key1, sizeof key1);
  return key;
}

static int short_key_check(jint key_bytes) {
  if (key_bytes < 0 || key_bytes > (jint)sizeof(struct short_key)) {
    return sho__fail(SHO_EINVAL, "a short key of %d bytes", (int)key_bytes);
  }
  return SHO_OK;
}

static jlong result_of(int code, uint64_t number) {
  return code == SHO_OK ? (jlong)number : code;
}

/* ---- life --------------------------------------------------------------- */

static struct sho_map_options options_of(jlong capacity, jlong max_entry,
                                         jint eviction, int read_only) {
  return (struct sho_map_options){.size = sizeof(struct sho_map_options),
                                  .capacity = (uint64_t)capacity,
                                  .max_entry = (uint64_t)max_entry,
                                  .eviction = eviction,
                                  .read_only = read_only};
}

JNIEXPORT jlong MAP_NATIVE(open)(JNIEnv *env, jclass type, jbyteArray path,
                                 jlong capacity, jlong max_entry, jint eviction,
                                 jboolean read_only) {
  (void)type;
  struct sho__bytes name;
  int code = sho__bytes_copy(env, path, &name);
  if (code != SHO_OK) {
    return code;
  }
  struct sho_map_options options =
      options_of(capacity, max_entry, eviction, read_only == JNI_TRUE);
  struct sho_map *map = NULL;
  code = sho_map_open(name.at, &options, &map);
  sho__bytes_free(&name);
  return code == SHO_OK ? (jlong)(intptr_t)map : code;
}

JNIEXPORT jlong MAP_NATIVE(openAnonymous)(JNIEnv *env, jclass type,
                                          jlong capacity, jlong max_entry,
                                          jint eviction) {
  (void)env;
  (void)type;
  struct sho_map_options options = options_of(capacity, max_entry, eviction, 0);
  struct sho_map *map = NULL;
  int code = sho_map_open_anonymous(&options, &map);
  return code == SHO_OK ? (jlong)(intptr_t)map : code;
}

JNIEXPORT jlong MAP_NATIVE(openDescriptor)(JNIEnv *env, jclass type,
                                           jint descriptor) {
  (void)env;
  (void)type;
  struct sho_map *map = NULL;
  int code = sho_map_open_descriptor(descriptor, NULL, &map);
  return code == SHO_OK ? (jlong)(intptr_t)map : code;
}

JNIEXPORT jint MAP_NATIVE(descriptor)(JNIEnv *env, jclass type, jlong map) {
  (void)env;
  (void)type;
  int descriptor = -1;
  int code = sho_map_descriptor(map_of(map), &descriptor);
  return code == SHO_OK ? descriptor : code;
}

JNIEXPORT void MAP_NATIVE(close)(JNIEnv *env, jclass type, jlong map) {
  (void)env;
  (void)type;
  sho_map_close(map_of(map));
}

JNIEXPORT void MAP_NATIVE(free)(JNIEnv *env, jclass type, jlong map) {
  (void)env;
  (void)type;
  sho_map_free(map_of(map));
}

/* ---- reading ------------------------------------------------------------ */

JNIEXPORT jint MAP_NATIVE(find)(JNIEnv *env, jclass type, jlong map,
                                jbyteArray array) {
  (void)type;
  struct sho__bytes key;
  int code = sho__bytes_copy(env, array, &key);
  if (code == SHO_OK) {
    struct sho_map_found found = {.size = sizeof found};
    code = sho_map_find(map_of(map), key.at, key.length, &found);
    sho__bytes_free(&key);
  }
  return code;
}

JNIEXPORT jlong MAP_NATIVE(clock)(JNIEnv *env, jclass type) {
  (void)env;
  (void)type;
  return (jlong)(sho__now_ns() / 1000000);
}

JNIEXPORT void MAP_NATIVE(addReads)(JNIEnv *env, jclass type, jlong map,
                                    jlong hits, jlong misses) {
  (void)env;
  (void)type;
  sho_map_add_reads(map_of(map), (uint64_t)hits, (uint64_t)misses);
}

static int get_copy(JNIEnv *env, jlong map, const struct sho__bytes *key,
                    jbyteArray array, jlongArray out) {
  struct sho__bytes value;
  int code = sho__bytes_room(env, array, &value);
  if (code != SHO_OK) {
    return code;
  }
  size_t length = 0;
  uint64_t version = 0;
  code = sho_map_get(map_of(map), key->at, key->length, value.at, value.length,
                     &length, &version);
  if (code == SHO_OK) {
    if (length <= value.length) {
      (*env)->SetByteArrayRegion(env, array, 0, (jsize)length,
                                 (const jbyte *)value.at);
    }
    const jlong answer[] = {(jlong)length, (jlong)version};
    put_longs(env, out, answer, 2);
  }
  sho__bytes_free(&value);
  return code;
}

JNIEXPORT jint MAP_NATIVE(get)(JNIEnv *env, jclass type, jlong map,
                               jbyteArray key_array, jbyteArray value,
                               jlongArray out) {
  (void)type;
  struct sho__bytes key;
  int code = sho__bytes_copy(env, key_array, &key);
  if (code == SHO_OK) {
    code = get_copy(env, map, &key, value, out);
    sho__bytes_free(&key);
  }
  return code;
}

JNIEXPORT jlong MAP_NATIVE(timeToLive)(JNIEnv *env, jclass type, jlong map,
                                       jbyteArray array) {
  (void)type;
  struct sho__bytes key;
  int code = sho__bytes_copy(env, array, &key);
  if (code != SHO_OK) {
    return code;
  }
  int64_t ttl_ms = 0;
  code = sho_map_time_to_live(map_of(map), key.at, key.length, &ttl_ms);
  sho__bytes_free(&key);
  return code == SHO_OK ? ttl_ms : code;
}

JNIEXPORT jint MAP_NATIVE(scan)(JNIEnv *env, jclass type, jlong map,
                                jlongArray cursor_and_used,
                                jbyteArray records) {
  (void)type;
  struct sho__bytes out;
  int code = sho__bytes_room(env, records, &out);
  if (code != SHO_OK) {
    return code;
  }
  jlong answer[2];
  (*env)->GetLongArrayRegion(env, cursor_and_used, 0, 1, answer);
  uint64_t cursor = (uint64_t)answer[0];
  size_t used = 0;
  code = sho_map_scan(map_of(map), &cursor, out.at, out.length, &used);
  if (code == SHO_OK) {
    (*env)->SetByteArrayRegion(env, records, 0, (jsize)used,
                               (const jbyte *)out.at);
  }
  answer[0] = (jlong)cursor;
  answer[1] = (jlong)used;
  put_longs(env, cursor_and_used, answer, 2);
  sho__bytes_free(&out);
  return code;
}

/* ---- writing ------------------------------------------------------------ */

/* A value is copied from its array to the map: one copy, and no lock that
 * somebody waits for is held meanwhile. */
struct array {
  JNIEnv *env;
  jbyteArray at;
};

static void copy_array(void *context, void *to, uint64_t from, uint64_t bytes) {
  const struct array *array = context;
  (*array->env)
      ->GetByteArrayRegion(array->env, array->at, (jsize)from, (jsize)bytes,
                           (jbyte *)to);
}

/* A short value takes the way over the stack: so its checksum is taken while
 * the map's memory is fetched. */
static jlong set_from(JNIEnv *env, jlong map, const void *key, size_t key_bytes,
                      const uint64_t *expected, jbyteArray value,
                      size_t value_bytes, jlong ttl_ms) {
  char copy[SHORT_VALUE];
  struct array array = {env, value};
  struct sho__source source = {.copy = copy_array, .context = &array};
  if (value_bytes <= sizeof copy) {
    (*env)->GetByteArrayRegion(env, value, 0, (jsize)value_bytes,
                               (jbyte *)copy);
    source.at = copy;
  }
  uint64_t version = 0;
  int code = sho__map_set_from(map_of(map), key, key_bytes, expected, &source,
                               value_bytes, ttl_ms, &version);
  return result_of(code, version);
}

JNIEXPORT jlong MAP_NATIVE(setShort)(JNIEnv *env, jclass type, jlong map,
                                     jlong key0, jlong key1, jint key_bytes,
                                     jbyteArray value, jint value_bytes,
                                     jlong ttl_ms) {
  (void)type;
  int code = short_key_check(key_bytes);
  if (code != SHO_OK) {
    return code;
  }
  struct short_key key = short_key_of(key0, key1);
  return set_from(env, map, key.at, (size_t)key_bytes, NULL, value,
                  (size_t)value_bytes, ttl_ms);
}

static jlong set(JNIEnv *env, jlong map, jbyteArray array,
                 const uint64_t *expected, jbyteArray value, jlong ttl_ms) {
  struct sho__bytes key;
  if (value == NULL) {
    return sho__fail(SHO_EINVAL, "a byte array is null");
  }
  jlong result = sho__bytes_copy(env, array, &key);
  if (result == SHO_OK) {
    result = set_from(env, map, key.at, key.length, expected, value,
                      (size_t)(*env)->GetArrayLength(env, value), ttl_ms);
    sho__bytes_free(&key);
  }
  return result;
}

JNIEXPORT jlong MAP_NATIVE(set)(JNIEnv *env, jclass type, jlong map,
                                jbyteArray key, jbyteArray value,
                                jlong ttl_ms) {
  (void)type;
  return set(env, map, key, NULL, value, ttl_ms);
}

JNIEXPORT jlong MAP_NATIVE(compareAndSet)(JNIEnv *env, jclass type, jlong map,
                                          jbyteArray key, jlong expected,
                                          jbyteArray value, jlong ttl_ms) {
  (void)type;
  uint64_t version = (uint64_t)expected;
  return set(env, map, key, &version, value, ttl_ms);
}

JNIEXPORT jint MAP_NATIVE(remove)(JNIEnv *env, jclass type, jlong map,
                                  jbyteArray array) {
  (void)type;
  struct sho__bytes key;
  int code = sho__bytes_copy(env, array, &key);
  if (code == SHO_OK) {
    code = sho_map_remove(map_of(map), key.at, key.length);
    sho__bytes_free(&key);
  }
  return code;
}

JNIEXPORT jint MAP_NATIVE(compareAndRemove)(JNIEnv *env, jclass type, jlong map,
                                            jbyteArray array, jlong expected,
                                            jboolean expires) {
  (void)type;
  struct sho__bytes key;
  int code = sho__bytes_copy(env, array, &key);
  if (code == SHO_OK) {
    code = expires ? sho_map_compare_and_expire(map_of(map), key.at, key.length,
                                                (uint64_t)expected)
                   : sho_map_compare_and_remove(map_of(map), key.at, key.length,
                                                (uint64_t)expected);
    sho__bytes_free(&key);
  }
  return code;
}

JNIEXPORT jint MAP_NATIVE(addAndGet)(JNIEnv *env, jclass type, jlong map,
                                     jbyteArray array, jlong delta,
                                     jlongArray out) {
  (void)type;
  struct sho__bytes key;
  int code = sho__bytes_copy(env, array, &key);
  if (code != SHO_OK) {
    return code;
  }
  int64_t sum = 0;
  code = sho_map_add_and_get(map_of(map), key.at, key.length, delta, &sum);
  if (code == SHO_OK) {
    const jlong answer[] = {sum};
    put_longs(env, out, answer, 1);
  }
  sho__bytes_free(&key);
  return code;
}

JNIEXPORT jint MAP_NATIVE(expire)(JNIEnv *env, jclass type, jlong map,
                                  jbyteArray array, jlong ttl_ms) {
  (void)type;
  struct sho__bytes key;
  int code = sho__bytes_copy(env, array, &key);
  if (code == SHO_OK) {
    code = sho_map_expire(map_of(map), key.at, key.length, ttl_ms);
    sho__bytes_free(&key);
  }
  return code;
}

/* ---- the whole map ------------------------------------------------------ */

JNIEXPORT jint MAP_NATIVE(clear)(JNIEnv *env, jclass type, jlong map) {
  (void)env;
  (void)type;
  return sho_map_clear(map_of(map));
}

JNIEXPORT jlong MAP_NATIVE(size)(JNIEnv *env, jclass type, jlong map) {
  (void)env;
  (void)type;
  uint64_t entries = 0;
  int code = sho_map_size(map_of(map), &entries);
  return result_of(code, entries);
}

JNIEXPORT jlong MAP_NATIVE(removeExpired)(JNIEnv *env, jclass type, jlong map) {
  (void)env;
  (void)type;
  uint64_t removed = 0;
  int code = sho_map_remove_expired(map_of(map), &removed);
  return result_of(code, removed);
}

JNIEXPORT jint MAP_NATIVE(stats)(JNIEnv *env, jclass type, jlong map,
                                 jlongArray out) {
  (void)type;
  struct sho_map_stats stats = {.size = sizeof stats};
  int code = sho_map_stats(map_of(map), &stats);
  if (code != SHO_OK) {
    return code;
  }
  const jlong fields[] = {
      [MAP_FIELD(STATS_HITS)] = (jlong)stats.hits,
      [MAP_FIELD(STATS_MISSES)] = (jlong)stats.misses,
      [MAP_FIELD(STATS_SETS)] = (jlong)stats.sets,
      [MAP_FIELD(STATS_REMOVALS)] = (jlong)stats.removals,
      [MAP_FIELD(STATS_EVICTIONS)] = (jlong)stats.evictions,
      [MAP_FIELD(STATS_EXPIRATIONS)] = (jlong)stats.expirations,
      [MAP_FIELD(STATS_RECOVERIES)] = (jlong)stats.recoveries,
      [MAP_FIELD(STATS_DAMAGED)] = (jlong)stats.damaged,
      [MAP_FIELD(STATS_ENTRIES)] = (jlong)stats.entries,
      [MAP_FIELD(STATS_LIVE_BYTES)] = (jlong)stats.live_bytes,
      [MAP_FIELD(STATS_USED_BYTES)] = (jlong)stats.used_bytes,
      [MAP_FIELD(STATS_CAPACITY)] = (jlong)stats.capacity,
      [MAP_FIELD(STATS_MAX_ENTRY)] = (jlong)stats.max_entry,
      [MAP_FIELD(STATS_FILE_BYTES)] = (jlong)stats.file_bytes,
      [MAP_FIELD(STATS_SHARDS)] = (jlong)stats.shards,
      [MAP_FIELD(STATS_EVICTION)] = (jlong)stats.eviction,
      [MAP_FIELD(STATS_PEERS)] = (jlong)stats.peers,
      [MAP_FIELD(STATS_PEER_SLOTS)] = (jlong)stats.peer_slots,
  };
  _Static_assert(sizeof fields / sizeof fields[0] == MAP_FIELD(STATS_FIELDS),
                 "one number for each field");
  put_longs(env, out, fields, sizeof fields / sizeof fields[0]);
  return SHO_OK;
}

JNIEXPORT jint MAP_NATIVE(verify)(JNIEnv *env, jclass type, jlong map) {
  (void)env;
  (void)type;
  return sho_map_verify(map_of(map));
}
