package org.shareobject.internal.nativelib;

import java.nio.charset.StandardCharsets;
import org.shareobject.ShareAccessException;
import org.shareobject.ShareClosedException;
import org.shareobject.ShareException;
import org.shareobject.ShareFormatException;
import org.shareobject.ShareFullException;
import org.shareobject.ShareIoException;
import org.shareobject.ShareValueTooLargeException;

/** Turns the result codes of {@code shareobject.h} into exceptions; nothing else does. */
public final class Results {
  public static final int EINVAL = -1;
  public static final int ENOENT = -2;
  public static final int EACCESS = -3;
  public static final int EFORMAT = -4;
  public static final int EVERSION = -5;
  public static final int EGEOMETRY = -6;
  public static final int ECORRUPT = -7;
  public static final int EFULL = -8;
  public static final int ETOOBIG = -9;
  public static final int ECLOSED = -10;
  public static final int EIO = -11;
  public static final int ESYSTEM = -12;
  public static final int ENOSPC = -13;
  public static final int ENOMEM = -14;
  public static final int EPEERS = -15;
  public static final int EBUSY = -16;
  public static final int ETIMEDOUT = -17;
  public static final int ECHANGED = -18;
  public static final int EABSENT = -19;
  public static final int EREADONLY = -21;

  private Results() {}

  /** Returns a result that is no error code, throws otherwise. */
  public static int check(int result) {
    if (result < 0) {
      throw exception(result);
    }
    return result;
  }

  /** Returns a result that is no error code, throws otherwise. */
  public static long check(long result) {
    if (result < 0) {
      throw exception((int) result);
    }
    return result;
  }

  /**
   * Returns the exception for the call that this thread made last. The message belongs to the OS
   * thread: nothing that could move a virtual thread to another carrier may come between that call
   * and this one.
   */
  private static RuntimeException exception(int code) {
    String message = new String(LibraryNative.lastMessage(), StandardCharsets.UTF_8);
    String name = new String(LibraryNative.errorName(code), StandardCharsets.UTF_8);
    return switch (code) {
      case EINVAL -> new IllegalArgumentException(message);
      case EFORMAT, EVERSION, EGEOMETRY, ECORRUPT -> new ShareFormatException(name, message);
      case EFULL -> new ShareFullException(name, message);
      case ETOOBIG -> new ShareValueTooLargeException(name, message);
      case ECLOSED -> new ShareClosedException(name, message);
      case EACCESS, EREADONLY -> new ShareAccessException(name, message);
      case ENOENT, EIO, ESYSTEM, ENOSPC, ENOMEM, EPEERS, EBUSY ->
          new ShareIoException(name, message);
      default -> new ShareException(name, message);
    };
  }
}
