package org.shareobject.bench.peer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;
import net.openhft.chronicle.map.ChronicleMap;
import net.openhft.chronicle.map.ChronicleMapBuilder;
import net.openhft.chronicle.map.ExternalMapQueryContext;
import net.openhft.chronicle.map.MapEntry;

/**
 * Chronicle Map, persisted, as its tutorial advises: keys and values of a constant size by sample,
 * the number of entries as it is, {@code putReturnsNull} since old values are not wanted.
 */
final class ChroniclePeer<K> implements Peer {
  private final ChronicleMap<K, byte[]> map;
  private final ChronicleMap<K, Long> counters;
  private final Path file;

  static Peer open(Spec spec) {
    return spec.keys().isText()
        ? new ChroniclePeer<>(spec, String.class, Keys.text(0))
        : new ChroniclePeer<>(spec, byte[].class, Keys.bytes(0));
  }

  private ChroniclePeer(Spec spec, Class<K> keys, K sample) {
    file = spec.folder().resolve("chronicle");
    try {
      map =
          ChronicleMapBuilder.of(keys, byte[].class)
              .name("values")
              .constantKeySizeBySample(sample)
              .constantValueSizeBySample(new byte[spec.valueBytes()])
              .entries(spec.entries())
              .putReturnsNull(true)
              .createPersistedTo(file.toFile());
      counters =
          ChronicleMapBuilder.of(keys, Long.class)
              .name("counters")
              .constantKeySizeBySample(sample)
              .entries(1024)
              .putReturnsNull(true)
              .createPersistedTo(spec.folder().resolve("chronicle-counters").toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public Session session() {
    return new MapSession<>(map, counters);
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
    map.close();
    counters.close();
  }

  @SuppressWarnings("unchecked")
  private static final class MapSession<K> extends Session {
    private final ChronicleMap<K, byte[]> map;
    private final ChronicleMap<K, Long> counters;

    MapSession(ChronicleMap<K, byte[]> map, ChronicleMap<K, Long> counters) {
      this.map = map;
      this.counters = counters;
    }

    @Override
    public byte[] get(Object key) {
      return map.get(key);
    }

    @Override
    public void set(Object key, byte[] value) {
      map.put((K) key, value);
    }

    @Override
    public void increment(Object key) {
      try (ExternalMapQueryContext<K, Long, ?> context = counters.queryContext((K) key)) {
        context.updateLock().lock();
        MapEntry<K, Long> entry = context.entry();
        if (entry == null) {
          context.insert(context.absentEntry(), context.wrapValueAsData(1L));
        } else {
          entry.doReplaceValue(context.wrapValueAsData(entry.value().get() + 1));
        }
      }
    }

    @Override
    public byte[] getOrCompute(Object key, Supplier<byte[]> value) {
      return map.computeIfAbsent((K) key, absent -> value.get());
    }
  }
}
