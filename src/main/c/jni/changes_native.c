/*
 * The natives of org.shareobject.internal.map.ChangesNative: argument check,
 * one call of the library, return code.
 */
#include <stdint.h>

#include "jni/bytes.h"
#include "org_shareobject_internal_map_ChangesNative.h"
#include "shareobject.h"

#define CHANGES_NATIVE(name)                                                   \
  JNICALL Java_org_shareobject_internal_map_ChangesNative_##name

/* The Java class names each kind. */
#define KIND(name) org_shareobject_internal_map_ChangesNative_##name
_Static_assert(KIND(CREATED) == SHO_CHANGE_CREATED, "kinds");
_Static_assert(KIND(UPDATED) == SHO_CHANGE_UPDATED, "kinds");
_Static_assert(KIND(REMOVED) == SHO_CHANGE_REMOVED, "kinds");
_Static_assert(KIND(EXPIRED) == SHO_CHANGE_EXPIRED, "kinds");
_Static_assert(KIND(EVICTED) == SHO_CHANGE_EVICTED, "kinds");
_Static_assert(KIND(CLEARED) == SHO_CHANGE_CLEARED, "kinds");
_Static_assert(KIND(MISSED) == SHO_CHANGE_MISSED, "kinds");

static struct sho_map_changes *changes_of(jlong handle) {
  return (struct sho_map_changes *)(intptr_t)handle;
}

JNIEXPORT jlong CHANGES_NATIVE(open)(JNIEnv *env, jclass type, jlong map) {
  (void)env;
  (void)type;
  struct sho_map_changes *changes = NULL;
  int code = sho_map_changes_open((struct sho_map *)(intptr_t)map, &changes);
  return code == SHO_OK ? (jlong)(intptr_t)changes : code;
}

JNIEXPORT jint CHANGES_NATIVE(read)(JNIEnv *env, jclass type, jlong changes,
                                    jbyteArray batch, jlongArray used,
                                    jlong timeout_ns) {
  (void)type;
  struct sho__bytes out;
  int code = sho__bytes_room(env, batch, &out);
  if (code != SHO_OK) {
    return code;
  }
  size_t bytes = 0;
  code = sho_map_changes_read(changes_of(changes), out.at, out.length, &bytes,
                              timeout_ns);
  if (code == SHO_OK) {
    (*env)->SetByteArrayRegion(env, batch, 0, (jsize)bytes,
                               (const jbyte *)out.at);
  }
  const jlong answer = (jlong)bytes;
  (*env)->SetLongArrayRegion(env, used, 0, 1, &answer);
  sho__bytes_free(&out);
  return code;
}

JNIEXPORT void CHANGES_NATIVE(free)(JNIEnv *env, jclass type, jlong changes) {
  (void)env;
  (void)type;
  sho_map_changes_free(changes_of(changes));
}
