package org.shareobject.bench.jcache;

import java.nio.file.Path;
import org.shareobject.Codec;
import org.shareobject.ShareMap;

/** {@link ShareMap} with as much room as the provider's caches have by default. */
final class MapCalls extends Calls {
  private static final long CAPACITY = 64L << 20;

  private final ShareMap<String, byte[]> values;
  private final ShareMap<String, Long> counts;

  MapCalls(Path folder) {
    values =
        ShareMap.builder(Codec.STRING, Codec.BYTES)
            .capacity(CAPACITY)
            .open(folder.resolve("values"));
    counts =
        ShareMap.builder(Codec.STRING, Codec.LONG)
            .capacity(CAPACITY)
            .open(folder.resolve("counts"));
  }

  @Override
  public byte[] get(String key) {
    return values.get(key);
  }

  @Override
  public void put(String key, byte[] value) {
    values.set(key, value);
  }

  @Override
  public void putCount(String key, long count) {
    counts.set(key, count);
  }

  @Override
  public Long increment(String key) {
    return counts.compute(key, (any, count) -> count + 1);
  }

  @Override
  public void close() {
    values.close();
    counts.close();
  }
}
