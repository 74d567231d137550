package org.shareobject.internal.cell;

import java.nio.file.Path;
import org.shareobject.internal.nativelib.NativeLibrary;
import org.shareobject.internal.nativelib.Results;
import org.shareobject.internal.text.FileNames;

/**
 * The geometry and state of a cell: {@code struct sho_object_info}.
 *
 * @param layoutVersion version of the file's layout
 * @param capacity room for the text and its NUL, bytes
 * @param fileBytes size of the file, bytes
 * @param controlOffset where the control block begins, bytes
 * @param version number of completed writes
 * @param recoveries writes finished or dropped for a dead process
 * @param peers handles that are open now, in all processes
 * @param peerSlots how many handles can be open
 */
public record CellInfo(
    long layoutVersion,
    long capacity,
    long fileBytes,
    long controlOffset,
    long version,
    long recoveries,
    long peers,
    long peerSlots) {

  /**
   * Opens the cell that is there for as long as it takes to ask; the handle for that counts as a
   * peer. Creates and adopts nothing.
   */
  public static CellInfo of(Path file) {
    NativeLibrary.load();
    long cell = Results.check(CellNative.openExisting(FileNames.bytes(file)));
    try {
      return of(cell);
    } finally {
      CellNative.free(cell);
    }
  }

  /** Asks an open cell. */
  public static CellInfo of(long cell) {
    long[] f = new long[CellNative.INFO_FIELDS];
    Results.check(CellNative.info(cell, f));
    return new CellInfo(
        f[CellNative.INFO_LAYOUT_VERSION],
        f[CellNative.INFO_CAPACITY],
        f[CellNative.INFO_FILE_BYTES],
        f[CellNative.INFO_CONTROL_OFF],
        f[CellNative.INFO_VERSION],
        f[CellNative.INFO_RECOVERIES],
        f[CellNative.INFO_PEERS],
        f[CellNative.INFO_PEER_SLOTS]);
  }
}
