package org.shareobject.internal.map;

import org.shareobject.Eviction;

/**
 * What is asked of a map: {@code struct sho_map_options}.
 *
 * @param capacity bytes for entries; 0: as the file has it
 * @param maxEntry the largest entry, bytes; 0: as the file has it
 * @param eviction what a full map does; null: as the file has it
 * @param readOnly whether writes are refused
 */
public record MapOptions(long capacity, long maxEntry, Eviction eviction, boolean readOnly) {
  /** {@code SHO_EVICTION_S3_FIFO}. */
  static final int S3_FIFO = 2;

  private static final int ANY = 0;
  private static final int NONE = 1;

  /** Returns the eviction's number in {@code enum sho_eviction}. */
  int evictionCode() {
    return eviction == null ? ANY : eviction == Eviction.S3_FIFO ? S3_FIFO : NONE;
  }

  /** Returns the eviction of a number in {@code enum sho_eviction}. */
  static Eviction evictionOf(long code) {
    return code == S3_FIFO ? Eviction.S3_FIFO : Eviction.NONE;
  }
}
