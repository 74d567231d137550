/*
 * Byte arrays cross JNI by a copy of our own, so that no JNI call is made under
 * a lock of the library and no lock is taken while the garbage collector is
 * held up.
 */
#ifndef SHO_JNI_BYTES_H
#define SHO_JNI_BYTES_H

#include <jni.h>
#include <stddef.h>

/* Copies up to this many bytes, a NUL included, need no heap. */
#define SHO__SMALL_BYTES 4096

struct sho__bytes {
  char *at;
  size_t length;                /* without the NUL */
  char small[SHO__SMALL_BYTES]; /* aligned as size_t is */
};

/* Room for so many bytes and a NUL. SHO_ENOMEM. */
int sho__bytes_reserve(size_t length, struct sho__bytes *bytes);

/* Room for as many bytes as the array has, and a NUL. SHO_EINVAL: null. */
int sho__bytes_room(JNIEnv *env, jbyteArray array, struct sho__bytes *bytes);

/* A copy of the array with a NUL behind it. SHO_EINVAL: null. */
int sho__bytes_copy(JNIEnv *env, jbyteArray array, struct sho__bytes *bytes);

/* To be called once what was reserved or copied is done with. */
void sho__bytes_free(struct sho__bytes *bytes);

#endif
