/*
 * The natives of org.shareobject.internal.cell.CellNative: argument check, one
 * call of the library, return code.
 */
#include <stdint.h>

#include "base/error.h"
#include "jni/bytes.h"
#include "org_shareobject_internal_cell_CellNative.h"
#include "shareobject.h"

#define CELL_NATIVE(name)                                                      \
  JNICALL Java_org_shareobject_internal_cell_CellNative_##name

/* The Java class names where each number goes. */
#define CELL_FIELD(name) org_shareobject_internal_cell_CellNative_##name

static struct sho_object *cell_of(jlong handle) {
  return (struct sho_object *)(intptr_t)handle;
}

JNIEXPORT jlong CELL_NATIVE(open)(JNIEnv *env, jclass type, jbyteArray path,
                                  jint capacity, jboolean adopts) {
  (void)type;
  if (capacity < 0) {
    return sho__fail(SHO_EINVAL, "capacity of %d bytes: it must be above 1",
                     (int)capacity);
  }
  struct sho__bytes name;
  int code = sho__bytes_copy(env, path, &name);
  if (code != SHO_OK) {
    return code;
  }
  struct sho_object *cell = NULL;
  code = adopts ? sho_object_adopt(name.at, (uint32_t)capacity, &cell)
                : sho_object_open(name.at, (uint32_t)capacity, &cell);
  sho__bytes_free(&name);
  return code == SHO_OK ? (jlong)(intptr_t)cell : code;
}

JNIEXPORT jlong CELL_NATIVE(openExisting)(JNIEnv *env, jclass type,
                                          jbyteArray path) {
  (void)type;
  struct sho__bytes name;
  int code = sho__bytes_copy(env, path, &name);
  if (code != SHO_OK) {
    return code;
  }
  struct sho_object *cell = NULL;
  code = sho_object_open_existing(name.at, &cell);
  sho__bytes_free(&name);
  return code == SHO_OK ? (jlong)(intptr_t)cell : code;
}

JNIEXPORT void CELL_NATIVE(close)(JNIEnv *env, jclass type, jlong cell) {
  (void)env;
  (void)type;
  sho_object_close(cell_of(cell));
}

JNIEXPORT void CELL_NATIVE(free)(JNIEnv *env, jclass type, jlong cell) {
  (void)env;
  (void)type;
  sho_object_free(cell_of(cell));
}

JNIEXPORT jint CELL_NATIVE(get)(JNIEnv *env, jclass type, jlong cell,
                                jbyteArray out) {
  (void)type;
  struct sho__bytes text;
  int code = sho__bytes_room(env, out, &text);
  if (code != SHO_OK) {
    return code;
  }
  size_t length = 0;
  code = sho_object_get(cell_of(cell), text.at, text.length, &length, NULL);
  if (code == SHO_OK && length <= text.length) {
    (*env)->SetByteArrayRegion(env, out, 0, (jsize)length,
                               (const jbyte *)text.at);
  }
  sho__bytes_free(&text);
  return code == SHO_OK ? (jint)length : code;
}

JNIEXPORT jlong CELL_NATIVE(set)(JNIEnv *env, jclass type, jlong cell,
                                 jbyteArray array) {
  (void)type;
  struct sho__bytes text;
  int code = sho__bytes_copy(env, array, &text);
  if (code != SHO_OK) {
    return code;
  }
  uint64_t version = 0;
  code = sho_object_set(cell_of(cell), text.at, text.length, &version);
  sho__bytes_free(&text);
  return code == SHO_OK ? (jlong)version : code;
}

JNIEXPORT jlong CELL_NATIVE(compareAndSet)(JNIEnv *env, jclass type, jlong cell,
                                           jlong expected, jbyteArray array) {
  (void)type;
  struct sho__bytes text;
  int code = sho__bytes_copy(env, array, &text);
  if (code != SHO_OK) {
    return code;
  }
  uint64_t version = 0;
  code = sho_object_compare_and_set(cell_of(cell), (uint64_t)expected, text.at,
                                    text.length, &version);
  sho__bytes_free(&text);
  return code == SHO_OK ? (jlong)version : code;
}

JNIEXPORT jlong CELL_NATIVE(version)(JNIEnv *env, jclass type, jlong cell) {
  (void)env;
  (void)type;
  uint64_t version = 0;
  int code = sho_object_version(cell_of(cell), &version);
  return code == SHO_OK ? (jlong)version : code;
}

JNIEXPORT jlong CELL_NATIVE(await)(JNIEnv *env, jclass type, jlong cell,
                                   jlong version, jlong timeout_ns) {
  (void)env;
  (void)type;
  uint64_t newer = 0;
  int code =
      sho_object_await(cell_of(cell), (uint64_t)version, timeout_ns, &newer);
  return code == SHO_OK ? (jlong)newer : code;
}

JNIEXPORT jint CELL_NATIVE(info)(JNIEnv *env, jclass type, jlong cell,
                                 jlongArray out) {
  (void)type;
  struct sho_object_info info = {.size = sizeof info};
  int code = sho_object_info(cell_of(cell), &info);
  if (code != SHO_OK) {
    return code;
  }
  const jlong fields[] = {
      [CELL_FIELD(INFO_LAYOUT_VERSION)] = (jlong)info.layout_version,
      [CELL_FIELD(INFO_CAPACITY)] = (jlong)info.capacity,
      [CELL_FIELD(INFO_FILE_BYTES)] = (jlong)info.file_bytes,
      [CELL_FIELD(INFO_CONTROL_OFF)] = (jlong)info.control_off,
      [CELL_FIELD(INFO_VERSION)] = (jlong)info.version,
      [CELL_FIELD(INFO_RECOVERIES)] = (jlong)info.recoveries,
      [CELL_FIELD(INFO_PEERS)] = (jlong)info.peers,
      [CELL_FIELD(INFO_PEER_SLOTS)] = (jlong)info.peer_slots,
  };
  _Static_assert(sizeof fields / sizeof fields[0] == CELL_FIELD(INFO_FIELDS),
                 "one number for each field");
  (*env)->SetLongArrayRegion(env, out, 0, sizeof fields / sizeof fields[0],
                             fields);
  return SHO_OK;
}

JNIEXPORT jint CELL_NATIVE(shareRead)(JNIEnv *env, jclass type,
                                      jbyteArray window) {
  (void)type;
  struct sho__bytes text;
  int code = sho__bytes_room(env, window, &text);
  if (code != SHO_OK) {
    return code;
  }
  code = share_read(text.at, text.length);
  if (code > 0) {
    (*env)->SetByteArrayRegion(env, window, 0, code, (const jbyte *)text.at);
  }
  sho__bytes_free(&text);
  return code;
}

JNIEXPORT jint CELL_NATIVE(shareWrite)(JNIEnv *env, jclass type,
                                       jbyteArray array) {
  (void)type;
  struct sho__bytes text;
  int code = sho__bytes_copy(env, array, &text);
  if (code != SHO_OK) {
    return code;
  }
  code = share_write(text.at, text.length);
  sho__bytes_free(&text);
  return code;
}

JNIEXPORT jint CELL_NATIVE(sharePath)(JNIEnv *env, jclass type,
                                      jbyteArray path) {
  (void)type;
  struct sho__bytes name;
  int code = sho__bytes_copy(env, path, &name);
  if (code != SHO_OK) {
    return code;
  }
  code = sho_share_path(name.at);
  sho__bytes_free(&name);
  return code;
}
