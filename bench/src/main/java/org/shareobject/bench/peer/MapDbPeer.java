package org.shareobject.bench.peer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.mapdb.DB;
import org.mapdb.DBMaker;
import org.mapdb.HTreeMap;
import org.mapdb.Serializer;

/**
 * MapDB's hash map in a mapped file, as its documentation advises for speed: {@code fileMmapEnable
 * IfSupported}, {@code fileMmapPreclearDisable}, {@code cleanerHackEnable}. One process at a time.
 */
final class MapDbPeer<K> implements Peer {
  private final DB db;
  private final HTreeMap<K, byte[]> map;
  private final Path file;

  static Peer open(Spec spec) {
    return spec.keys().isText()
        ? new MapDbPeer<>(spec, Serializer.STRING)
        : new MapDbPeer<>(spec, Serializer.BYTE_ARRAY);
  }

  private MapDbPeer(Spec spec, Serializer<K> keys) {
    file = spec.folder().resolve("mapdb");
    db =
        DBMaker.fileDB(file.toFile())
            .fileMmapEnableIfSupported()
            .fileMmapPreclearDisable()
            .cleanerHackEnable()
            .allocateStartSize(2 * spec.payloadBytes())
            .make();
    map =
        db.hashMap("values")
            .keySerializer(keys)
            .valueSerializer(Serializer.BYTE_ARRAY)
            .createOrOpen();
  }

  @Override
  public Session session() {
    return new MapSession<>(map);
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
    db.close();
  }

  @SuppressWarnings("unchecked")
  private static final class MapSession<K> extends Session {
    private final HTreeMap<K, byte[]> map;

    MapSession(HTreeMap<K, byte[]> map) {
      this.map = map;
    }

    @Override
    public byte[] get(Object key) {
      return map.get(key);
    }

    @Override
    public void set(Object key, byte[] value) {
      map.put((K) key, value);
    }
  }
}
