package org.shareobject.internal.scijava;

/** What native-lib-loader calls of {@code org.slf4j.Logger}. */
interface Logger {
  /** Takes a message. */
  void debug(String message);

  /** Takes a message and its cause. */
  void debug(String message, Throwable cause);

  /** Takes a warning. */
  void warn(String message);
}
