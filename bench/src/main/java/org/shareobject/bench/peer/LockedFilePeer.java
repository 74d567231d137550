package org.shareobject.bench.peer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * What one writes by hand: a table of slots in a {@link MappedByteBuffer} under a {@link FileLock},
 * shared for reading; and a monitor, since a file lock belongs to the JVM. Nothing is removed.
 */
final class LockedFilePeer implements Peer {
  private final FileChannel channel;
  private final MappedByteBuffer table;
  private final int slots;
  private final int slotBytes;

  LockedFilePeer(Spec spec) {
    slots = Integer.highestOneBit(Math.max(64, spec.entries())) << 2; // at most half full
    slotBytes = Keys.BYTES + Integer.BYTES + spec.valueBytes();
    try {
      channel =
          FileChannel.open(
              spec.folder().resolve("locked"),
              StandardOpenOption.CREATE,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE);
      table = channel.map(FileChannel.MapMode.READ_WRITE, 0, (long) slots * slotBytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public Session session() {
    return new TableSession(this);
  }

  @Override
  public long bytes() {
    return (long) slots * slotBytes;
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private synchronized byte[] get(byte[] key) throws IOException {
    FileLock lock = channel.lock(0, Long.MAX_VALUE, true);
    try {
      int slot = find(key);
      byte[] value = new byte[table.getInt(slot + Keys.BYTES)];
      table.get(slot + Keys.BYTES + Integer.BYTES, value);
      return value;
    } finally {
      lock.release();
    }
  }

  private synchronized void set(byte[] key, byte[] value) throws IOException {
    FileLock lock = channel.lock();
    try {
      int slot = find(key);
      table.put(slot, key);
      table.putInt(slot + Keys.BYTES, value.length);
      table.put(slot + Keys.BYTES + Integer.BYTES, value);
    } finally {
      lock.release();
    }
  }

  /** Returns where the key's slot is, or the empty one that it may have. */
  private int find(byte[] key) {
    ByteBuffer wanted = ByteBuffer.wrap(key);
    int mask = slots - 1;
    for (int i = spread(Arrays.hashCode(key)) & mask; ; i = i + 1 & mask) {
      int slot = i * slotBytes;
      if (table.get(slot) == 0 || table.slice(slot, Keys.BYTES).equals(wanted)) {
        return slot;
      }
    }
  }

  private static int spread(int hash) {
    int mixed = hash * 0x9E3779B9;
    return mixed ^ mixed >>> 15;
  }

  private static final class TableSession extends Session {
    private final LockedFilePeer peer;

    TableSession(LockedFilePeer peer) {
      this.peer = peer;
    }

    @Override
    public byte[] get(Object key) {
      try {
        return peer.get(Keys.bytesOf(key));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void set(Object key, byte[] value) {
      try {
        peer.set(Keys.bytesOf(key), value);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
