/*
 * The natives of org.shareobject.internal.socket.SocketNative: descriptors to
 * and from objects of the JDK.
 *
 * The JDK makes channels from descriptors only for itself. JNI reaches its
 * constructors and fields without any flag of the JVM, as they are alike in
 * JDK 17 to 25. Each is looked up when it is used: one that a later JDK lacks
 * throws NoSuchMethodError, NoSuchFieldError or NoClassDefFoundError, which
 * Java explains.
 */
#include <errno.h>

#include "base/error.h"
#include "channel/channel.h"
#include "jni/bytes.h"
#include "org_shareobject_internal_socket_SocketNative.h"
#include "shareobject.h"

#define SOCKET_NATIVE(name)                                                    \
  JNICALL Java_org_shareobject_internal_socket_SocketNative_##name

#define PROVIDER "Ljava/nio/channels/spi/SelectorProvider;"
#define FAMILY "Ljava/net/ProtocolFamily;"
#define DESCRIPTOR "Ljava/io/FileDescriptor;"

/* ---- descriptors --------------------------------------------------------- */

JNIEXPORT jint SOCKET_NATIVE(examine)(JNIEnv *env, jclass type, jint descriptor,
                                      jintArray out) {
  (void)type;
  struct sho__socket found;
  int code = sho__socket_examine(descriptor, &found);
  if (code == SHO_OK) {
    const jint fields[] = {(jint)found.family, (jint)found.kind};
    (*env)->SetIntArrayRegion(env, out, 0, 2, fields);
  }
  return code;
}

JNIEXPORT jint SOCKET_NATIVE(unblock)(JNIEnv *env, jclass type,
                                      jint descriptor) {
  (void)env;
  (void)type;
  return sho__socket_unblock(descriptor);
}

JNIEXPORT jint SOCKET_NATIVE(listen)(JNIEnv *env, jclass type, jint descriptor,
                                     jint backlog) {
  (void)env;
  (void)type;
  return sho__socket_listen(descriptor, backlog);
}

JNIEXPORT jint SOCKET_NATIVE(remote)(JNIEnv *env, jclass type, jint descriptor,
                                     jbyteArray out) {
  (void)type;
  char address[128];
  size_t length = 0;
  int code = sho__socket_remote(descriptor, address, &length);
  if (code != SHO_OK) {
    return code;
  }
  (*env)->SetByteArrayRegion(env, out, 0, (jsize)length,
                             (const jbyte *)address);
  return (jint)length;
}

JNIEXPORT jint SOCKET_NATIVE(bindInet)(JNIEnv *env, jclass type,
                                       jbyteArray address, jint port,
                                       jint scope, jint flags, jint backlog) {
  (void)type;
  struct sho__bytes bytes;
  if (sho__bytes_copy(env, address, &bytes) != SHO_OK) {
    return -EINVAL;
  }
  struct sho__binding wanted = {.datagrams = flags & 1,
                                .ipv6_only = flags >> 1 & 1,
                                .reuse = flags >> 2 & 1,
                                .backlog = backlog};
  int result = sho__socket_bind_inet((const uint8_t *)bytes.at, bytes.length,
                                     (uint16_t)port, (uint32_t)scope, &wanted);
  sho__bytes_free(&bytes);
  return result;
}

JNIEXPORT jint SOCKET_NATIVE(bindUnix)(JNIEnv *env, jclass type,
                                       jbyteArray path, jint backlog) {
  (void)type;
  struct sho__bytes bytes;
  if (sho__bytes_copy(env, path, &bytes) != SHO_OK) {
    return -EINVAL;
  }
  struct sho__binding wanted = {.backlog = backlog};
  int result = sho__socket_bind_unix(bytes.at, bytes.length, &wanted);
  sho__bytes_free(&bytes);
  return result;
}

JNIEXPORT jint SOCKET_NATIVE(number)(JNIEnv *env, jclass type, jint place) {
  (void)env;
  (void)type;
  static const jint numbers[] = {EINVAL, EMFILE, EAFNOSUPPORT, EADDRNOTAVAIL};
  return place >= 0 && place < (jint)(sizeof numbers / sizeof *numbers)
             ? -numbers[place]
             : -EINVAL;
}

/* ---- objects of the JDK -------------------------------------------------- */

/* NULL, with an exception, if there is none. */
static jobject file_descriptor(JNIEnv *env, jint descriptor) {
  jclass type = (*env)->FindClass(env, "java/io/FileDescriptor");
  if (type == NULL) {
    return NULL;
  }
  jmethodID make = (*env)->GetMethodID(env, type, "<init>", "(I)V");
  return make == NULL ? NULL : (*env)->NewObject(env, type, make, descriptor);
}

/* Some constructors take IPv6 for granted where the machine has it. */
static jobject with_family(JNIEnv *env, jclass type, jobject channel,
                           jobject family) {
  if (channel == NULL || (*env)->ExceptionCheck(env)) {
    return NULL;
  }
  jfieldID field = (*env)->GetFieldID(env, type, "family", FAMILY);
  if (field == NULL) {
    return NULL;
  }
  jobject found = (*env)->GetObjectField(env, channel, field);
  if (!(*env)->IsSameObject(env, found, family)) {
    (*env)->SetObjectField(env, channel, field, family);
  }
  return channel;
}

JNIEXPORT jobject SOCKET_NATIVE(server)(JNIEnv *env, jclass self,
                                        jobject provider, jobject family,
                                        jint descriptor) {
  (void)self;
  jclass type = (*env)->FindClass(env, "sun/nio/ch/ServerSocketChannelImpl");
  if (type == NULL) {
    return NULL;
  }
  jmethodID make = (*env)->GetMethodID(env, type, "<init>",
                                       "(" PROVIDER FAMILY DESCRIPTOR "Z)V");
  jobject file = make == NULL ? NULL : file_descriptor(env, descriptor);
  if (file == NULL) {
    return NULL;
  }
  jobject channel = (*env)->NewObject(env, type, make, provider, family, file,
                                      (jboolean)JNI_TRUE);
  return with_family(env, type, channel, family);
}

JNIEXPORT jobject SOCKET_NATIVE(stream)(JNIEnv *env, jclass self,
                                        jobject provider, jobject family,
                                        jint descriptor, jobject remote) {
  (void)self;
  jclass type = (*env)->FindClass(env, "sun/nio/ch/SocketChannelImpl");
  if (type == NULL) {
    return NULL;
  }
  jmethodID make = (*env)->GetMethodID(env, type, "<init>",
                                       "(" PROVIDER FAMILY DESCRIPTOR
                                       "Ljava/net/SocketAddress;)V");
  jobject file = make == NULL ? NULL : file_descriptor(env, descriptor);
  if (file == NULL) {
    return NULL;
  }
  return (*env)->NewObject(env, type, make, provider, family, file, remote);
}

JNIEXPORT jobject SOCKET_NATIVE(datagram)(JNIEnv *env, jclass self,
                                          jobject provider, jobject family,
                                          jint descriptor) {
  (void)self;
  jclass type = (*env)->FindClass(env, "sun/nio/ch/DatagramChannelImpl");
  if (type == NULL) {
    return NULL;
  }
  jmethodID make =
      (*env)->GetMethodID(env, type, "<init>", "(" PROVIDER DESCRIPTOR ")V");
  jobject file = make == NULL ? NULL : file_descriptor(env, descriptor);
  if (file == NULL) {
    return NULL;
  }
  jobject channel = (*env)->NewObject(env, type, make, provider, file);
  return with_family(env, type, channel, family);
}

JNIEXPORT jint SOCKET_NATIVE(descriptor)(JNIEnv *env, jclass self,
                                         jobject channel) {
  (void)self;
  jclass type = (*env)->FindClass(env, "sun/nio/ch/SelChImpl");
  if (type == NULL) {
    return -1;
  }
  jmethodID get = (*env)->GetMethodID(env, type, "getFDVal", "()I");
  if (get == NULL || !(*env)->IsInstanceOf(env, channel, type)) {
    return -1;
  }
  return (*env)->CallIntMethod(env, channel, get);
}

JNIEXPORT jobject SOCKET_NATIVE(redirect)(JNIEnv *env, jclass self,
                                          jint descriptor) {
  (void)self;
  jclass type =
      (*env)->FindClass(env, "java/lang/ProcessBuilder$RedirectPipeImpl");
  if (type == NULL) {
    return NULL;
  }
  jmethodID make = (*env)->GetMethodID(env, type, "<init>", "()V");
  jfieldID field =
      make == NULL ? NULL : (*env)->GetFieldID(env, type, "fd", DESCRIPTOR);
  jobject file = field == NULL ? NULL : file_descriptor(env, descriptor);
  jobject redirect = file == NULL ? NULL : (*env)->NewObject(env, type, make);
  if (redirect != NULL) {
    (*env)->SetObjectField(env, redirect, field, file);
  }
  return redirect;
}

/* ---- environment --------------------------------------------------------- */

/* theEnvironment.remove(Variable.valueOf(name)) */
JNIEXPORT void SOCKET_NATIVE(forgetVariable)(JNIEnv *env, jclass self,
                                             jstring name) {
  (void)self;
  static const char *const variable = "java/lang/ProcessEnvironment$Variable";
  jclass type = (*env)->FindClass(env, "java/lang/ProcessEnvironment");
  jclass key_type = type == NULL ? NULL : (*env)->FindClass(env, variable);
  jclass map_type =
      key_type == NULL ? NULL : (*env)->FindClass(env, "java/util/HashMap");
  if (map_type == NULL) {
    return;
  }
  jfieldID field = (*env)->GetStaticFieldID(env, type, "theEnvironment",
                                            "Ljava/util/HashMap;");
  jmethodID key_of =
      field == NULL
          ? NULL
          : (*env)->GetStaticMethodID(
                env, key_type, "valueOf",
                "(Ljava/lang/String;)Ljava/lang/ProcessEnvironment$Variable;");
  jmethodID remove =
      key_of == NULL
          ? NULL
          : (*env)->GetMethodID(env, map_type, "remove",
                                "(Ljava/lang/Object;)Ljava/lang/Object;");
  if (remove == NULL) {
    return;
  }
  jobject environment = (*env)->GetStaticObjectField(env, type, field);
  jobject key = (*env)->CallStaticObjectMethod(env, key_type, key_of, name);
  if (environment != NULL && key != NULL && !(*env)->ExceptionCheck(env)) {
    (*env)->CallObjectMethod(env, environment, remove, key);
  }
}
