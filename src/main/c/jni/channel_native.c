/*
 * The natives of org.shareobject.internal.socket.ChannelNative: argument check,
 * one call of the library, return code.
 */
#include <stdlib.h>

#include "base/error.h"
#include "channel/channel.h"
#include "jni/bytes.h"
#include "org_shareobject_internal_socket_ChannelNative.h"
#include "shareobject.h"

#define CHANNEL_NATIVE(name)                                                   \
  JNICALL Java_org_shareobject_internal_socket_ChannelNative_##name

/* The Java class names where each number goes. */
#define CHANNEL_FIELD(name) org_shareobject_internal_socket_ChannelNative_##name

static int check_region(JNIEnv *env, jbyteArray array, jint offset,
                        jint length) {
  if (array == NULL || offset < 0 || length < 0 ||
      length > (*env)->GetArrayLength(env, array) - offset) {
    return sho__fail(SHO_EINVAL, "%d bytes at %d are not in the array",
                     (int)length, (int)offset);
  }
  return SHO_OK;
}

JNIEXPORT jint CHANNEL_NATIVE(pair)(JNIEnv *env, jclass type, jintArray out) {
  (void)type;
  int ends[2];
  int code = sho__channel_pair(ends);
  if (code == SHO_OK) {
    const jint fields[] = {ends[0], ends[1]};
    (*env)->SetIntArrayRegion(env, out, 0, 2, fields);
  }
  return code;
}

JNIEXPORT jint CHANNEL_NATIVE(adopt)(JNIEnv *env, jclass type,
                                     jint descriptor) {
  (void)env;
  (void)type;
  return sho__channel_adopt(descriptor);
}

JNIEXPORT jint CHANNEL_NATIVE(send)(JNIEnv *env, jclass type, jint descriptor,
                                    jbyteArray array, jint offset, jint length,
                                    jint passed) {
  (void)type;
  int code = check_region(env, array, offset, length);
  if (code != SHO_OK) {
    return code;
  }
  struct sho__bytes bytes;
  code = sho__bytes_reserve((size_t)length, &bytes);
  if (code != SHO_OK) {
    return code;
  }
  (*env)->GetByteArrayRegion(env, array, offset, length, (jbyte *)bytes.at);
  size_t sent = 0;
  code = sho__channel_send(descriptor, bytes.at, bytes.length, passed, &sent);
  sho__bytes_free(&bytes);
  return code == SHO_OK ? (jint)sent : code;
}

static void tell_descriptors(JNIEnv *env, jintArray out,
                             const struct sho__received *received) {
  const jint header[CHANNEL_FIELD(FIRST)] = {
      [CHANNEL_FIELD(COUNT)] = received->count,
      [CHANNEL_FIELD(LOST)] = received->lost,
  };
  (*env)->SetIntArrayRegion(env, out, 0, CHANNEL_FIELD(FIRST), header);
  if (received->count > 0) {
    (*env)->SetIntArrayRegion(env, out, CHANNEL_FIELD(FIRST), received->count,
                              received->descriptors);
  }
}

JNIEXPORT jint CHANNEL_NATIVE(receive)(JNIEnv *env, jclass type,
                                       jint descriptor, jbyteArray array,
                                       jint offset, jint length,
                                       jint timeout_ms, jintArray out) {
  (void)type;
  int code = check_region(env, array, offset, length);
  if (code != SHO_OK) {
    return code;
  }
  struct sho__bytes bytes;
  code = sho__bytes_reserve((size_t)length, &bytes);
  if (code != SHO_OK) {
    return code;
  }
  struct sho__received received;
  code = sho__channel_receive(descriptor, bytes.at, bytes.length, timeout_ms,
                              &received);
  if (code == SHO_OK) {
    (*env)->SetByteArrayRegion(env, array, offset, (jsize)received.bytes,
                               (const jbyte *)bytes.at);
    tell_descriptors(env, out, &received);
  }
  sho__bytes_free(&bytes);
  return code == SHO_OK ? (jint)received.bytes : code;
}

JNIEXPORT jint CHANNEL_NATIVE(awaitRoom)(JNIEnv *env, jclass type,
                                         jint descriptor, jint timeout_ms) {
  (void)env;
  (void)type;
  return sho__channel_await_room(descriptor, timeout_ms);
}

JNIEXPORT void CHANNEL_NATIVE(shutdown)(JNIEnv *env, jclass type,
                                        jint descriptor) {
  (void)env;
  (void)type;
  sho__channel_shutdown(descriptor);
}

JNIEXPORT void CHANNEL_NATIVE(close)(JNIEnv *env, jclass type,
                                     jint descriptor) {
  (void)env;
  (void)type;
  sho__descriptor_close(descriptor);
}

JNIEXPORT jint CHANNEL_NATIVE(copy)(JNIEnv *env, jclass type, jint descriptor) {
  (void)env;
  (void)type;
  int copy = -1;
  int code = sho__descriptor_copy(descriptor, &copy);
  return code == SHO_OK ? copy : code;
}

JNIEXPORT jint CHANNEL_NATIVE(inherit)(JNIEnv *env, jclass type,
                                       jint descriptor) {
  (void)env;
  (void)type;
  return sho__descriptor_inherit(descriptor, 1);
}

JNIEXPORT jint CHANNEL_NATIVE(unsetVariable)(JNIEnv *env, jclass type,
                                             jbyteArray array) {
  (void)type;
  struct sho__bytes name;
  int code = sho__bytes_copy(env, array, &name);
  if (code == SHO_OK) {
    unsetenv(name.at);
    sho__bytes_free(&name);
  }
  return code;
}

/* ---- poller -------------------------------------------------------------- */

_Static_assert((int)CHANNEL_FIELD(READABLE) == (int)SHO__READABLE &&
                   (int)CHANNEL_FIELD(WRITABLE) == (int)SHO__WRITABLE &&
                   (int)CHANNEL_FIELD(MOST_READY) == (int)SHO__POLLER_READY,
               "Java and C name the same events");

JNIEXPORT jint CHANNEL_NATIVE(pollerOpen)(JNIEnv *env, jclass type) {
  (void)env;
  (void)type;
  int poller = -1;
  int code = sho__poller_open(&poller);
  return code == SHO_OK ? poller : code;
}

JNIEXPORT jint CHANNEL_NATIVE(arm)(JNIEnv *env, jclass type, jint poller,
                                   jint descriptor, jlong token, jint events) {
  (void)env;
  (void)type;
  return sho__poller_arm(poller, descriptor, (uint64_t)token, events);
}

JNIEXPORT void CHANNEL_NATIVE(forget)(JNIEnv *env, jclass type, jint poller,
                                      jint descriptor) {
  (void)env;
  (void)type;
  sho__poller_forget(poller, descriptor);
}

JNIEXPORT jint CHANNEL_NATIVE(pollerWait)(JNIEnv *env, jclass type, jint poller,
                                          jlongArray out) {
  (void)type;
  struct sho__ready ready[SHO__POLLER_READY];
  size_t count = 0;
  int code = sho__poller_wait(poller, ready, &count);
  if (code != SHO_OK) {
    return code;
  }
  jlong packed[SHO__POLLER_READY];
  for (size_t i = 0; i < count; i++) {
    packed[i] =
        (jlong)(ready[i].token << CHANNEL_FIELD(TOKEN_SHIFT)) | ready[i].events;
  }
  (*env)->SetLongArrayRegion(env, out, 0, (jsize)count, packed);
  return (jint)count;
}
