package org.shareobject.bench.peer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.lmdbjava.ByteBufferProxy;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.Txn;

/**
 * lmdbjava as its authors' own benchmarks have it: direct buffers that are used again, the optimal
 * proxy, no checks, {@code MDB_WRITEMAP} and {@code MDB_NOSYNC}. A read renews the thread's
 * transaction, without which it would not see what others wrote; a write is a transaction.
 */
final class LmdbPeer implements Peer {
  private static final int ROOM = 4;

  private final Env<ByteBuffer> env;
  private final Dbi<ByteBuffer> values;
  private final Path file;
  private final int valueBytes;

  static {
    System.setProperty(Env.DISABLE_CHECKS_PROP, "true");
  }

  LmdbPeer(Spec spec) {
    Path folder = spec.folder().resolve("lmdb");
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    file = folder.resolve("data.mdb");
    valueBytes = spec.valueBytes();
    env =
        Env.create(ByteBufferProxy.PROXY_OPTIMAL)
            .setMapSize(Math.max(64L << 20, ROOM * spec.payloadBytes()))
            .setMaxDbs(1)
            .setMaxReaders(64)
            .open(folder.toFile(), EnvFlags.MDB_WRITEMAP, EnvFlags.MDB_NOSYNC, EnvFlags.MDB_NOTLS);
    values = env.openDbi("values", DbiFlags.MDB_CREATE);
  }

  @Override
  public Session session() {
    return new TxnSession(env, values, valueBytes);
  }

  @Override
  public long bytes() {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    env.close();
  }

  private static final class TxnSession extends Session {
    private final Env<ByteBuffer> env;
    private final Dbi<ByteBuffer> values;
    private final Txn<ByteBuffer> reader;
    private final ByteBuffer key = ByteBuffer.allocateDirect(64);
    private final ByteBuffer value;

    TxnSession(Env<ByteBuffer> env, Dbi<ByteBuffer> values, int valueBytes) {
      this.env = env;
      this.values = values;
      value = ByteBuffer.allocateDirect(Math.max(Long.BYTES, valueBytes));
      reader = env.txnRead();
      reader.reset();
    }

    @Override
    public byte[] get(Object wanted) {
      key.clear().put(Keys.bytesOf(wanted)).flip();
      reader.renew();
      try {
        ByteBuffer found = values.get(reader, key);
        byte[] copy = new byte[found.remaining()];
        found.get(copy);
        return copy;
      } finally {
        reader.reset();
      }
    }

    @Override
    public void set(Object wanted, byte[] bytes) {
      key.clear().put(Keys.bytesOf(wanted)).flip();
      value.clear().put(bytes).flip();
      try (Txn<ByteBuffer> txn = env.txnWrite()) {
        values.put(txn, key, value);
        txn.commit();
      }
    }

    @Override
    public void increment(Object wanted) {
      key.clear().put(Keys.bytesOf(wanted)).flip();
      try (Txn<ByteBuffer> txn = env.txnWrite()) {
        ByteBuffer found = values.get(txn, key);
        long count = found == null ? 0 : found.order(ByteOrder.BIG_ENDIAN).getLong(0);
        value.clear().putLong(count + 1).flip();
        values.put(txn, key, value);
        txn.commit();
      }
    }

    @Override
    public void close() {
      reader.close();
    }
  }
}
