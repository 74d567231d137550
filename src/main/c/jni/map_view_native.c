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
      [MAP_FIELD(VIEW_LOGS_OFF)] = (jlong)view.logs_off,
      [MAP_FIELD(VIEW_LOG_STRIDE)] = (jlong)view.log_stride,
      [MAP_FIELD(VIEW_POSITION_MASK)] = (jlong)view.position_mask,
      [MAP_FIELD(VIEW_HEADS_OFF)] = (jlong)view.heads_off,
      [MAP_FIELD(VIEW_HEAD_STRIDE)] = (jlong)view.head_stride,
      [MAP_FIELD(VIEW_MAX_ENTRY)] = (jlong)view.max_entry,
      [MAP_FIELD(VIEW_SEGMENTS)] = (jlong)view.segments,
      [MAP_FIELD(VIEW_INDEXES_OFF)] = (jlong)view.indexes_off,
      [MAP_FIELD(VIEW_BUCKETS)] = (jlong)view.buckets,
      [MAP_FIELD(VIEW_HASH_SEED)] = (jlong)view.hash_seed,
      [MAP_FIELD(VIEW_EVICTION)] = (jlong)view.eviction,
      [MAP_FIELD(VIEW_END)] = (jlong)(intptr_t)view.end,
      [MAP_FIELD(VIEW_CREATION_ID)] = (jlong)view.creation_id,
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
