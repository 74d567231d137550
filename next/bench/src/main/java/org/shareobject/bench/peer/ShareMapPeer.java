package org.shareobject.bench.peer;

import java.util.function.Supplier;
import org.shareobject.Codec;
import org.shareobject.ShareMap;

/** {@link ShareMap}: {@code builder(codec, Codec.BYTES).capacity(...).open(file)}, nothing else. */
final class ShareMapPeer<K> implements Peer {
  private static final long LEAST_CAPACITY = 64L << 20;
  private static final int ENTRY_OVERHEAD = 48;
  private static final double FILL = 0.6;

  private final ShareMap<K, byte[]> map;
  private final ShareMap<K, Long> counters;

  @SuppressWarnings("unchecked")
  static Peer open(Spec spec) {
    return spec.keys().isText()
        ? new ShareMapPeer<>(spec, Codec.STRING)
        : new ShareMapPeer<>(spec, Codec.BYTES);
  }

  private ShareMapPeer(Spec spec, Codec<K> keys) {
    long payload = spec.payloadBytes() + (long) spec.entries() * ENTRY_OVERHEAD;
    long capacity = Math.max(LEAST_CAPACITY, (long) (payload / FILL));
    map =
        ShareMap.builder(keys, Codec.BYTES)
            .capacity(capacity)
            .open(spec.folder().resolve("shareobject"));
    counters =
        ShareMap.builder(keys, Codec.LONG)
            .capacity(1 << 20)
            .open(spec.folder().resolve("counters"));
  }

  @Override
  public Session session() {
    return new MapSession<>(map, counters);
  }

  @Override
  public long bytes() {
    return map.stats().fileBytes();
  }

  @Override
  public void close() {
    map.close();
    counters.close();
  }

  @SuppressWarnings("unchecked")
  private static final class MapSession<K> extends Session {
    private final ShareMap<K, byte[]> map;
    private final ShareMap<K, Long> counters;

    MapSession(ShareMap<K, byte[]> map, ShareMap<K, Long> counters) {
      this.map = map;
      this.counters = counters;
    }

    @Override
    public byte[] get(Object key) {
      return map.get(key);
    }

    @Override
    public void set(Object key, byte[] value) {
      map.set((K) key, value);
    }

    @Override
    public void increment(Object key) {
      counters.addAndGet((K) key, 1);
    }

    @Override
    public byte[] getOrCompute(Object key, Supplier<byte[]> value) {
      return map.computeIfAbsent((K) key, absent -> value.get());
    }
  }
}
