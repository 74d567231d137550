/*
 * The natives of org.shareobject.internal.nativelib.LibraryNative: one call of
 * the library each.
 */
#include <string.h>

#include "../shareobject.h"
#include "org_shareobject_internal_nativelib_LibraryNative.h"

#define LIBRARY_NATIVE(name)                                                   \
  JNICALL Java_org_shareobject_internal_nativelib_LibraryNative_##name

static jbyteArray array_of(JNIEnv *env, const char *text) {
  jsize length = (jsize)strlen(text);
  jbyteArray array = (*env)->NewByteArray(env, length);
  if (array != NULL) {
    (*env)->SetByteArrayRegion(env, array, 0, length, (const jbyte *)text);
  }
  return array;
}

JNIEXPORT jbyteArray LIBRARY_NATIVE(lastMessage)(JNIEnv *env, jclass type) {
  (void)type;
  return array_of(env, sho_last_message());
}

JNIEXPORT jbyteArray LIBRARY_NATIVE(errorName)(JNIEnv *env, jclass type,
                                               jint code) {
  (void)type;
  return array_of(env, sho_error_name(code));
}

JNIEXPORT jint LIBRARY_NATIVE(lockTimeout)(JNIEnv *env, jclass type,
                                           jlong timeout_ns) {
  (void)env;
  (void)type;
  return sho_lock_timeout(timeout_ns);
}

JNIEXPORT jbyteArray LIBRARY_NATIVE(libraryVersion)(JNIEnv *env, jclass type) {
  (void)type;
  return array_of(env, sho_version());
}
