/* Natives of org.shareobject.bench.jmh.Natives: what a call costs that does
 * nothing, and what the addon does at each call. */
#include <fcntl.h>
#include <jni.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WINDOW = 1024 };

JNIEXPORT void JNICALL Java_org_shareobject_bench_jmh_Natives_empty(
    JNIEnv *env, jclass self) {
  (void)env;
  (void)self;
}

JNIEXPORT void JNICALL Java_org_shareobject_bench_jmh_Natives_copy(
    JNIEnv *env, jclass self, jlong from, jbyteArray out) {
  (void)self;
  (*env)->SetByteArrayRegion(env, out, 0, (*env)->GetArrayLength(env, out),
                             (const jbyte *)(intptr_t)from);
}

struct path {
  char name[256];
};

static int copy_path(JNIEnv *env, jbyteArray array, struct path *path) {
  jsize length = (*env)->GetArrayLength(env, array);
  if (length >= (jsize)sizeof path->name)
    return -1;
  (*env)->GetByteArrayRegion(env, array, 0, length, (jbyte *)path->name);
  path->name[length] = 0;
  return 0;
}

JNIEXPORT jint JNICALL Java_org_shareobject_bench_jmh_Natives_changeDirectory(
    JNIEnv *env, jclass self, jbyteArray folder) {
  (void)self;
  struct path path;
  return copy_path(env, folder, &path) == 0 ? chdir(path.name) : -1;
}

/* Opens and maps as the addon does; unlike the addon unmaps, and closes. */
static char *map_file(JNIEnv *env, jbyteArray array, size_t *size) {
  struct path path;
  if (copy_path(env, array, &path) != 0)
    return NULL;
  int fd = open(path.name, O_RDWR);
  if (fd < 0)
    return NULL;
  struct stat status;
  fstat(fd, &status);
  *size = (size_t)status.st_size | WINDOW;
  char *base = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  return base == MAP_FAILED ? NULL : base;
}

JNIEXPORT jint JNICALL Java_org_shareobject_bench_jmh_Natives_mapAndRead(
    JNIEnv *env, jclass self, jbyteArray path, jbyteArray out) {
  (void)self;
  size_t size;
  char *base = map_file(env, path, &size);
  if (!base)
    return -1;
  jsize length = (jsize)strnlen(base, WINDOW);
  (*env)->SetByteArrayRegion(env, out, 0, length, (const jbyte *)base);
  munmap(base, size);
  return length;
}

JNIEXPORT jint JNICALL Java_org_shareobject_bench_jmh_Natives_mapAndWrite(
    JNIEnv *env, jclass self, jbyteArray path, jbyteArray text) {
  (void)self;
  size_t size;
  char *base = map_file(env, path, &size);
  if (!base)
    return -1;
  jsize length = (*env)->GetArrayLength(env, text);
  if (length > WINDOW - 1)
    length = WINDOW - 1;
  (*env)->GetByteArrayRegion(env, text, 0, length, (jbyte *)base);
  base[length] = 0;
  munmap(base, size);
  return length;
}
