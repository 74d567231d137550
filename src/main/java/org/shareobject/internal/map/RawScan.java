package org.shareobject.internal.map;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A walk through a map's entries, weakly consistent: {@code sho_map_scan}. Records come in batches,
 * small ones first, since many a map is small. For one thread.
 */
public final class RawScan {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private static final int FIRST_BATCH_BYTES = 8 << 10;
  private static final int LARGEST_BATCH_BYTES = 256 << 10;

  // struct sho_map_record
  private static final int TTL = 8;
  private static final int KEY_BYTES = 16;
  private static final int VALUE_BYTES = 20;
  private static final int HEADER_BYTES = 24;

  private static final long END = -1;

  private final RawMap map;
  private final long[] cursorAndUsed = new long[2];
  private byte[] batch = {};
  private int next;
  private int record;

  RawScan(RawMap map) {
    this.map = map;
  }

  /** Goes to the next record; returns whether there is one. */
  public boolean advance() {
    while (next >= cursorAndUsed[1]) {
      if (cursorAndUsed[0] == END) {
        return false;
      }
      fetch();
    }
    record = next;
    int bytes = HEADER_BYTES + keyBytes() + valueBytes();
    next = record + ((bytes + 7) & -8);
    return true;
  }

  /** Returns the record's key, the caller's own. */
  public byte[] key() {
    return bytes(record + HEADER_BYTES, keyBytes());
  }

  /** Returns the record's value, the caller's own. */
  public byte[] value() {
    return bytes(record + HEADER_BYTES + keyBytes(), valueBytes());
  }

  /** Returns the record's version. */
  public long version() {
    return (long) LONGS.get(batch, record);
  }

  /** Returns the time that the record has left, ms; 0: no limit. */
  public long ttlMs() {
    return (long) LONGS.get(batch, record + TTL);
  }

  private void fetch() {
    int bytes = Math.min(Math.max(FIRST_BATCH_BYTES, 2 * batch.length), LARGEST_BATCH_BYTES);
    if (batch.length < bytes) {
      batch = new byte[bytes];
    }
    while (!map.scan(cursorAndUsed, batch)) {
      batch = new byte[Math.toIntExact(cursorAndUsed[1])];
    }
    next = 0;
  }

  private int keyBytes() {
    return (int) INTS.get(batch, record + KEY_BYTES);
  }

  private int valueBytes() {
    return (int) INTS.get(batch, record + VALUE_BYTES);
  }

  private byte[] bytes(int from, int length) {
    return Arrays.copyOfRange(batch, from, from + length);
  }
}
