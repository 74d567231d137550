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
    return new CellInfo(f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7]);
  }
}
