package org.shareobject.bench.peer;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.nio.ByteBuffer;

/** Caffeine with a maximum size that is never reached; clones as {@link HeapPeer} does. */
final class CaffeinePeer implements Peer {
  private final Cache<Object, byte[]> cache;
  private final boolean text;

  CaffeinePeer(Spec spec) {
    cache =
        Caffeine.newBuilder()
            .initialCapacity(2 * spec.entries())
            .maximumSize(2L * spec.entries())
            .build();
    text = spec.keys().isText();
  }

  @Override
  public Session session() {
    return new CacheSession(cache, text);
  }

  @Override
  public void close() {
    cache.invalidateAll();
  }

  private static final class CacheSession extends Session {
    private final Cache<Object, byte[]> cache;
    private final boolean text;

    CacheSession(Cache<Object, byte[]> cache, boolean text) {
      this.cache = cache;
      this.text = text;
    }

    @Override
    public byte[] get(Object key) {
      return cache.getIfPresent(text ? key : ByteBuffer.wrap((byte[]) key)).clone();
    }

    @Override
    public void set(Object key, byte[] value) {
      cache.put(text ? key : ByteBuffer.wrap((byte[]) key), value.clone());
    }
  }
}
