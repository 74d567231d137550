/*
 * The natives of org.shareobject.internal.process.ProcessNative: sessions and
 * groups of processes, which Java does not know.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "jni/bytes.h"
#include "org_shareobject_internal_process_ProcessNative.h"

#define PROCESS_NATIVE(name)                                                   \
  JNICALL Java_org_shareobject_internal_process_ProcessNative_##name

/* Standard streams, and what ProcessLauncher hands to a program. */
enum { FIRST_OWN_DESCRIPTOR = 4, MOST_OWN_DESCRIPTORS = 1024 };

JNIEXPORT jint PROCESS_NATIVE(signalGroup)(JNIEnv *env, jclass type,
                                           jlong leader, jint signal) {
  (void)env;
  (void)type;
  const pid_t group = (pid_t)leader;
  /* 0 and 1 would mean other processes than a group's. */
  if (group != leader || group <= 1) {
    return EINVAL;
  }
  return kill(-group, signal) == 0 ? 0 : errno;
}

/* The JVM has files open and signals blocked that are not the program's. */
static void forget_the_jvm(void) {
  for (int fd = FIRST_OWN_DESCRIPTOR; fd < MOST_OWN_DESCRIPTORS; fd++) {
    fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

static int become(char **words) {
  if (setsid() == -1) {
    return errno;
  }
  forget_the_jvm();
  execvp(words[0], words);
  return errno;
}

/* Points to the words, each ended by a zero; the last pointer is null. */
static char **split(struct sho__bytes *words, size_t count) {
  char **pointers = calloc(count + 1, sizeof *pointers);
  char *word = words->at;
  for (size_t i = 0; pointers != NULL && i < count; i++) {
    pointers[i] = word;
    word += strlen(word) + 1;
  }
  return pointers;
}

JNIEXPORT jint PROCESS_NATIVE(become)(JNIEnv *env, jclass type,
                                      jbyteArray array) {
  (void)type;
  struct sho__bytes words;
  if (sho__bytes_copy(env, array, &words) != SHO_OK) {
    return ENOMEM;
  }
  size_t count = 0;
  for (size_t i = 0; i < words.length; i++) {
    count += words.at[i] == '\0';
  }
  int error = EINVAL;
  if (count > 0 && words.at[words.length - 1] == '\0') {
    char **pointers = split(&words, count);
    error = pointers == NULL ? ENOMEM : become(pointers);
    free(pointers);
  }
  sho__bytes_free(&words);
  return error;
}
