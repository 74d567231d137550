#include "jni/bytes.h"

#include <stdlib.h>

#include "base/error.h"
#include "shareobject.h"

int sho__bytes_reserve(size_t length, struct sho__bytes *bytes) {
  bytes->at = length < SHO__SMALL_BYTES ? bytes->small : malloc(length + 1);
  if (bytes->at == NULL) {
    return sho__fail(SHO_ENOMEM, "no memory for a copy of %zu bytes", length);
  }
  bytes->length = length;
  return SHO_OK;
}

int sho__bytes_room(JNIEnv *env, jbyteArray array, struct sho__bytes *bytes) {
  if (array == NULL) {
    return sho__fail(SHO_EINVAL, "a byte array is null");
  }
  return sho__bytes_reserve((size_t)(*env)->GetArrayLength(env, array), bytes);
}

int sho__bytes_copy(JNIEnv *env, jbyteArray array, struct sho__bytes *bytes) {
  int code = sho__bytes_room(env, array, bytes);
  if (code == SHO_OK) {
    (*env)->GetByteArrayRegion(env, array, 0, (jsize)bytes->length,
                               (jbyte *)bytes->at);
    bytes->at[bytes->length] = '\0';
  }
  return code;
}

void sho__bytes_free(struct sho__bytes *bytes) {
  if (bytes->at != bytes->small) {
    free(bytes->at);
  }
}
