/*
 * What the files of org.shareobject.internal.map.MapNative's natives share.
 */
#ifndef SHO_JNI_MAP_NATIVE_H
#define SHO_JNI_MAP_NATIVE_H

#include <stdint.h>

#include "org_shareobject_internal_map_MapNative.h"
#include "shareobject.h"

#define MAP_NATIVE(name)                                                       \
  JNICALL Java_org_shareobject_internal_map_MapNative_##name

/* The Java class names where each number goes. */
#define MAP_FIELD(name) org_shareobject_internal_map_MapNative_##name

static inline struct sho_map *map_of(jlong handle) {
  return (struct sho_map *)(intptr_t)handle;
}

static inline void put_longs(JNIEnv *env, jlongArray out, const jlong *numbers,
                             size_t count) {
  (*env)->SetLongArrayRegion(env, out, 0, (jsize)count, numbers);
}

#endif
