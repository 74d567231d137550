/*
 * The natives of org.shareobject.internal.map.WaitNative: argument check, one
 * call of the library, return code.
 */
#include <stdint.h>

#include "base/error.h"
#include "jni/bytes.h"
#include "org_shareobject_internal_map_WaitNative.h"
#include "shareobject.h"

#define WAIT_NATIVE(name)                                                      \
  JNICALL Java_org_shareobject_internal_map_WaitNative_##name

static struct sho_map *map_of(jlong handle) {
  return (struct sho_map *)(intptr_t)handle;
}

static jlong result_of(int code, uint64_t number) {
  return code == SHO_OK ? (jlong)number : code;
}

/* ---- waiting ------------------------------------------------------------ */

JNIEXPORT jint WAIT_NATIVE(watch)(JNIEnv *env, jclass type, jlong map,
                                  jbyteArray array, jlongArray out) {
  (void)type;
  struct sho__bytes key;
  int code = sho__bytes_copy(env, array, &key);
  if (code != SHO_OK) {
    return code;
  }
  uint64_t version = 0;
  int64_t expires_ns = 0;
  code = sho_map_watch(map_of(map), key.at, key.length, &version, &expires_ns);
  sho__bytes_free(&key);
  jlong answer[2] = {(jlong)version, expires_ns};
  (*env)->SetLongArrayRegion(env, out, 0, 2, answer);
  return code;
}

JNIEXPORT jlong WAIT_NATIVE(sleep)(JNIEnv *env, jclass type, jlong map,
                                   jint events, jlong timeout_ns) {
  (void)env;
  (void)type;
  uint32_t now = (uint32_t)events;
  int code = sho_map_sleep(map_of(map), &now, timeout_ns);
  return result_of(code, now);
}

/* ---- compute once ------------------------------------------------------- */

JNIEXPORT jlong WAIT_NATIVE(computeTry)(JNIEnv *env, jclass type, jlong map,
                                        jbyteArray array) {
  (void)type;
  struct sho__bytes key;
  int code = sho__bytes_copy(env, array, &key);
  if (code != SHO_OK) {
    return code;
  }
  uint32_t ticket = 0;
  code = sho_map_compute_try(map_of(map), key.at, key.length, &ticket);
  sho__bytes_free(&key);
  return result_of(code, ticket);
}

JNIEXPORT jint WAIT_NATIVE(computeBusy)(JNIEnv *env, jclass type, jlong map,
                                        jbyteArray array, jboolean doubt) {
  (void)type;
  struct sho__bytes key;
  int code = sho__bytes_copy(env, array, &key);
  if (code != SHO_OK) {
    return code;
  }
  int busy = 0;
  code = sho_map_compute_busy(map_of(map), key.at, key.length, doubt, &busy);
  sho__bytes_free(&key);
  return code == SHO_OK ? busy : code;
}

static int copy_tickets(JNIEnv *env, jintArray array, struct sho__bytes *held) {
  jsize count = (*env)->GetArrayLength(env, array);
  int code = sho__bytes_reserve((size_t)count * sizeof(uint32_t), held);
  if (code == SHO_OK) {
    (*env)->GetIntArrayRegion(env, array, 0, count, (jint *)(void *)held->at);
  }
  return code;
}

JNIEXPORT jint WAIT_NATIVE(computeWait)(JNIEnv *env, jclass type, jlong map,
                                        jbyteArray array, jintArray tickets) {
  (void)type;
  struct sho__bytes key;
  struct sho__bytes held;
  int code = sho__bytes_copy(env, array, &key);
  if (code != SHO_OK) {
    return code;
  }
  code = copy_tickets(env, tickets, &held);
  if (code == SHO_OK) {
    code = sho_map_compute_wait(map_of(map), key.at, key.length,
                                (const uint32_t *)(const void *)held.at,
                                held.length / sizeof(uint32_t));
    sho__bytes_free(&held);
  }
  sho__bytes_free(&key);
  return code;
}

JNIEXPORT jint WAIT_NATIVE(computeGoOn)(JNIEnv *env, jclass type, jlong map,
                                        jintArray tickets) {
  (void)type;
  struct sho__bytes held;
  int code = copy_tickets(env, tickets, &held);
  if (code == SHO_OK) {
    code = sho_map_compute_go_on(map_of(map),
                                 (const uint32_t *)(const void *)held.at,
                                 held.length / sizeof(uint32_t));
    sho__bytes_free(&held);
  }
  return code;
}

JNIEXPORT jint WAIT_NATIVE(computeUnlock)(JNIEnv *env, jclass type, jlong map,
                                          jint ticket) {
  (void)env;
  (void)type;
  return sho_map_compute_unlock(map_of(map), (uint32_t)ticket);
}
