/*
 * The natives of org.shareobject.internal.process.TerminalNative: what the
 * system knows of a standard stream and Java does not tell.
 */
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "org_shareobject_internal_process_TerminalNative.h"

#define TERMINAL_NATIVE(name)                                                  \
  JNICALL Java_org_shareobject_internal_process_TerminalNative_##name

JNIEXPORT jboolean TERMINAL_NATIVE(isTerminal)(JNIEnv *env, jclass type,
                                               jint descriptor) {
  (void)env;
  (void)type;
  return isatty(descriptor) != 0;
}

JNIEXPORT jint TERMINAL_NATIVE(size)(JNIEnv *env, jclass type,
                                     jint descriptor) {
  (void)env;
  (void)type;
  struct winsize size;
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0
             ? (jint)size.ws_row << 16 | (size.ws_col & 0x7fff)
             : 0;
}

JNIEXPORT jboolean TERMINAL_NATIVE(isBroken)(JNIEnv *env, jclass type,
                                             jint descriptor) {
  (void)env;
  (void)type;
  struct pollfd pipe = {.fd = descriptor, .events = POLLOUT};
  return poll(&pipe, 1, 0) == 1 && (pipe.revents & (POLLERR | POLLHUP)) != 0;
}

/* From the background a change would stop this process. */
static int is_in_front(int descriptor) {
  return tcgetpgrp(descriptor) == getpgrp();
}

JNIEXPORT jlong TERMINAL_NATIVE(keyByKey)(JNIEnv *env, jclass type,
                                          jint descriptor) {
  (void)env;
  (void)type;
  struct termios modes;
  if (!is_in_front(descriptor) || tcgetattr(descriptor, &modes) != 0) {
    return -1;
  }
  jlong before = (jlong)modes.c_lflag;
  modes.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
  return tcsetattr(descriptor, TCSANOW, &modes) == 0 ? before : -1;
}

JNIEXPORT void TERMINAL_NATIVE(restore)(JNIEnv *env, jclass type,
                                        jint descriptor, jlong before) {
  (void)env;
  (void)type;
  struct termios modes;
  if (is_in_front(descriptor) && tcgetattr(descriptor, &modes) == 0) {
    modes.c_lflag = (tcflag_t)before;
    tcsetattr(descriptor, TCSANOW, &modes);
  }
}
