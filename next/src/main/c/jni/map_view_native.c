/*
 * The natives of org.shareobject.internal.map.MapNative by which a Java reader
 * finds the map's bytes.
 */
#include <stddef.h>
#include <stdint.h>

#include "jni/map_native.h"
#include "map/map.h"

JNIEXPORT jint MAP_NATIVE(view)(JNIEnv *env, jclass type, jlong map,
                                jlongArray out) {
  (void)type;
  struct sho_map_view view = {.size = sizeof view};
  int code = sho_map_view(map_of(map), &view);
  if (code != SHO_OK) {
    return code;
  }
  const jlong fields[] = {
      [MAP_FIELD(VIEW_BASE)] = (jlong)(intptr_t)view.base,
      [MAP_FIELD(VIEW_BYTES)] = (jlong)view.bytes,
      [MAP_FIELD(VIEW_END)] = (jlong)(intptr_t)view.end,
      [MAP_FIELD(VIEW_CREATION_ID)] = (jlong)view.creation_id,
      [MAP_FIELD(VIEW_TABLES_OFF)] = (jlong)view.tables_off,
      [MAP_FIELD(VIEW_SHARD_BITS)] = (jlong)view.shard_bits,
      [MAP_FIELD(VIEW_GENS_OFF)] = (jlong)view.gens_off,
      [MAP_FIELD(VIEW_POOL_OFF)] = (jlong)view.pool_off,
      [MAP_FIELD(VIEW_CHUNKS)] = (jlong)view.chunks,
      [MAP_FIELD(VIEW_CHUNK_BITS)] = (jlong)view.chunk_bits,
      [MAP_FIELD(VIEW_HASH_SEED)] = (jlong)view.hash_seed,
      [MAP_FIELD(VIEW_EVICTION)] = (jlong)view.eviction,
      [MAP_FIELD(VIEW_READ_ONLY)] = (jlong)view.read_only,
      [MAP_FIELD(VIEW_MAX_ENTRY)] = (jlong)view.max_entry,
      [MAP_FIELD(VIEW_CLOCK_BASE_MS)] = (jlong)view.clock_base_ms,
  };
  _Static_assert(sizeof fields / sizeof fields[0] == MAP_FIELD(VIEW_FIELDS),
                 "one number for each field");
  put_longs(env, out, fields, sizeof fields / sizeof fields[0]);
  return SHO_OK;
}

JNIEXPORT jobject MAP_NATIVE(buffer)(JNIEnv *env, jclass type, jlong map,
                                     jlong offset, jlong bytes) {
  (void)type;
  struct sho_map_view view = {.size = sizeof view};
  if (sho_map_view(map_of(map), &view) != SHO_OK || offset < 0 || bytes < 0 ||
      (uint64_t)offset > view.bytes ||
      (uint64_t)bytes > view.bytes - (uint64_t)offset) {
    return NULL;
  }
  uint8_t *base = (uint8_t *)(uintptr_t)view.base;
  return (*env)->NewDirectByteBuffer(env, base + offset, bytes);
}
