package org.shareobject.bench.peer;

import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The heap's {@link ConcurrentHashMap}. Values are cloned in and out: who gets one may change it,
 * as with any shared map. Keys that are bytes are wrapped at each call.
 */
final class HeapPeer implements Peer {
  private final ConcurrentHashMap<Object, byte[]> map;
  private final boolean text;

  HeapPeer(Spec spec) {
    map = new ConcurrentHashMap<>(2 * spec.entries());
    text = spec.keys().isText();
  }

  @Override
  public Session session() {
    return text ? new TextSession(map) : new BytesSession(map);
  }

  @Override
  public void close() {
    map.clear();
  }

  private static final class TextSession extends Session {
    private final ConcurrentHashMap<Object, byte[]> map;

    TextSession(ConcurrentHashMap<Object, byte[]> map) {
      this.map = map;
    }

    @Override
    public byte[] get(Object key) {
      return map.get(key).clone();
    }

    @Override
    public void set(Object key, byte[] value) {
      map.put(key, value.clone());
    }
  }

  private static final class BytesSession extends Session {
    private final ConcurrentHashMap<Object, byte[]> map;

    BytesSession(ConcurrentHashMap<Object, byte[]> map) {
      this.map = map;
    }

    @Override
    public byte[] get(Object key) {
      return map.get(ByteBuffer.wrap((byte[]) key)).clone();
    }

    @Override
    public void set(Object key, byte[] value) {
      map.put(ByteBuffer.wrap((byte[]) key), value.clone());
    }
  }
}
