package org.shareobject.internal.cell;

import org.shareobject.internal.nativelib.Results;
import org.shareobject.internal.text.FileNames;

/**
 * The natives of {@link org.shareobject.ShareObject}. Each is one call of the C function of that
 * name in {@code shareobject.h}, whose contract holds. A negative result is an error code for
 * {@link Results}. Text and names cross as bytes: UTF-8, and {@link FileNames}.
 */
public final class CellNative {
  // Where #info puts each field of struct sho_object_info. The C side takes these constants from
  // the header that javac makes of this class.
  static final int INFO_LAYOUT_VERSION = 0;
  static final int INFO_CAPACITY = 1;
  static final int INFO_FILE_BYTES = 2;
  static final int INFO_CONTROL_OFF = 3;
  static final int INFO_VERSION = 4;
  static final int INFO_RECOVERIES = 5;
  static final int INFO_PEERS = 6;
  static final int INFO_PEER_SLOTS = 7;
  static final int INFO_FIELDS = 8;

  private CellNative() {}

  /** Returns a handle, or a negative code. */
  public static native long open(byte[] path, int capacity, boolean adopts);

  /** Returns a handle, or a negative code. Creates and adopts nothing. */
  public static native long openExisting(byte[] path);

  /** Ends all calls on the handle; it stays valid. */
  public static native void close(long cell);

  /** Frees the handle. No other call may use it then or later. */
  public static native void free(long cell);

  /** Returns the length of the text, and fills {@code out} only if that fits. */
  public static native int get(long cell, byte[] out);

  /** Returns the new version. */
  public static native long set(long cell, byte[] text);

  /** Returns the new version. */
  public static native long compareAndSet(long cell, long version, byte[] text);

  /** Returns the number of completed writes. */
  public static native long version(long cell);

  /** Returns the newer version. Blocks at most {@code timeoutNanos}. */
  public static native long await(long cell, long version, long timeoutNanos);

  /**
   * Fills {@code out} with the fields of {@code struct sho_object_info}: the {@code INFO_}
   * constants say where.
   */
  static native int info(long cell, long[] out);

  /** Returns how many bytes of the window were copied. */
  public static native int shareRead(byte[] window);

  /** Returns how many bytes of the text were stored. */
  public static native int shareWrite(byte[] text);

  /** Names the file of the window; empty for the default. */
  public static native int sharePath(byte[] path);
}
