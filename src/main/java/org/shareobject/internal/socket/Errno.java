package org.shareobject.internal.socket;

import org.shareobject.internal.nativelib.NativeLibrary;

/** The system's numbers of errors, as libuv writes them: negative. */
public final class Errno {
  /** An argument makes no sense. */
  public static final int EINVAL = number(0);

  /** Too many open files. */
  public static final int EMFILE = number(1);

  /** No such kind of address on this host. */
  static final int EAFNOSUPPORT = number(2);

  /** No such address on this host. */
  static final int EADDRNOTAVAIL = number(3);

  private Errno() {}

  private static int number(int place) {
    NativeLibrary.load();
    return SocketNative.number(place);
  }
}
