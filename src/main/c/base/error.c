#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#ifndef SHO_VERSION /* the build tells it */
#define SHO_VERSION "unknown"
#endif

static _Thread_local char last_message[512];

const char *sho_version(void) { return SHO_VERSION; }

const char *sho_error_name(int code) {
  switch (code) {
    case SHO_OK:
      return "SHO_OK";
#define CASE_NAME(number, name, text)                                          \
  case SHO_##name:                                                             \
    return "SHO_" #name;
      SHO_ERROR_MAP(CASE_NAME)
#undef CASE_NAME
    default:
      return "SHO_E?";
  }
}

const char *sho_error_text(int code) {
  switch (code) {
    case SHO_OK:
      return "no error";
#define CASE_TEXT(number, name, text)                                          \
  case SHO_##name:                                                             \
    return text;
      SHO_ERROR_MAP(CASE_TEXT)
#undef CASE_TEXT
    default:
      return "unknown error";
  }
}

const char *sho_last_message(void) { return last_message; }

int sho__fail(int code, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(last_message, sizeof last_message, format, args);
  va_end(args);
  return code;
}

int sho__fail_absent(const char *name) {
  static const char text[] = " has no such key";
  size_t bytes = strnlen(name, sizeof last_message - sizeof text);
  memcpy(last_message, name, bytes);
  memcpy(last_message + bytes, text, sizeof text);
  return SHO_EABSENT;
}

static int code_of_errno(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return SHO_ENOSPC;
    case EACCES:
    case EPERM:
    case EROFS:
      return SHO_EACCESS;
    case ENOENT:
      return SHO_ENOENT;
    case ENOMEM:
      return SHO_ENOMEM;
    default:
      return SHO_ESYSTEM;
  }
}

int sho__fail_errno(int error, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int used = vsnprintf(last_message, sizeof last_message, format, args);
  va_end(args);
  if (used >= 0 && (size_t)used < sizeof last_message) {
    snprintf(last_message + used, sizeof last_message - (size_t)used, ": %s",
             strerror(error));
  }
  return code_of_errno(error);
}
