package org.shareobject.internal.map;

import org.shareobject.internal.nativelib.Results;

/** The natives that {@link RawChanges} listens by, as those of {@link MapNative}. */
final class ChangesNative {
  // enum sho_change_kind
  static final int CREATED = 1;
  static final int UPDATED = 2;
  static final int REMOVED = 3;
  static final int EXPIRED = 4;
  static final int EVICTED = 5;
  static final int CLEARED = 6;
  static final int MISSED = 7;

  private ChangesNative() {}

  /** Returns a handle of a listener, or a negative code. */
  static native long open(long map);

  /**
   * Waits for changes, and fills {@code batch} with as many as fit; {@code used[0]}: their bytes.
   * {@link Results#ETIMEDOUT}; {@link Results#ETOOBIG}: {@code used[0]} is what the next one needs.
   */
  static native int read(long changes, byte[] batch, long[] used, long timeoutNanos);

  /** Frees the handle, which nobody may use then or later. */
  static native void free(long changes);
}
