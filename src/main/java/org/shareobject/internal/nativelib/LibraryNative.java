package org.shareobject.internal.nativelib;

/**
 * The natives of the library as a whole. Each is one call of the C function of that name in {@code
 * shareobject.h}, whose contract holds. Text crosses as UTF-8.
 */
final class LibraryNative {
  private LibraryNative() {}

  /** Returns the text of this thread's last failure. */
  static native byte[] lastMessage();

  /** Returns the name of a code, as {@code "SHO_EFULL"}. */
  static native byte[] errorName(int code);

  /** How long writers wait for a stopped process, for the whole JVM. Answers a code. */
  static native int lockTimeout(long timeoutNanos);

  /** Returns the version of the C library. */
  static native byte[] libraryVersion();
}
