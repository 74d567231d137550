package org.shareobject.bench.peer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.type.ByteArrayDataType;
import org.h2.mvstore.type.DataType;
import org.h2.mvstore.type.StringDataType;

/**
 * H2's MVStore in a file, with a cache that holds all and its commits in the background. One
 * process at a time. It keeps the objects it is given, so values are cloned in and out.
 */
final class MvStorePeer<K> implements Peer {
  private static final int CACHE_OVERHEAD = 4;

  private final MVStore store;
  private final MVMap<K, byte[]> map;
  private final Path file;

  static Peer open(Spec spec) {
    return spec.keys().isText()
        ? new MvStorePeer<>(spec, StringDataType.INSTANCE)
        : new MvStorePeer<>(spec, ByteArrayDataType.INSTANCE);
  }

  private MvStorePeer(Spec spec, DataType<K> keys) {
    file = spec.folder().resolve("mvstore");
    store =
        new MVStore.Builder()
            .fileName(file.toString())
            .cacheSize((int) Math.max(64, CACHE_OVERHEAD * spec.payloadBytes() >> 20))
            .open();
    map =
        store.openMap(
            "values",
            new MVMap.Builder<K, byte[]>().keyType(keys).valueType(ByteArrayDataType.INSTANCE));
  }

  @Override
  public Session session() {
    return new MapSession<>(map);
  }

  @Override
  public long bytes() {
    store.commit();
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    store.close();
  }

  @SuppressWarnings("unchecked")
  private static final class MapSession<K> extends Session {
    private final MVMap<K, byte[]> map;

    MapSession(MVMap<K, byte[]> map) {
      this.map = map;
    }

    @Override
    public byte[] get(Object key) {
      return map.get(key).clone();
    }

    @Override
    public void set(Object key, byte[] value) {
      map.put((K) key, value.clone());
    }
  }
}
