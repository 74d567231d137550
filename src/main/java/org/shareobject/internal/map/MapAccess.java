package org.shareobject.internal.map;

import java.lang.invoke.MethodHandles;
import org.shareobject.Codec;
import org.shareobject.ShareMap;

/** What other packages of the library may do with a {@link ShareMap} that nobody else may. */
public abstract class MapAccess {
  private static volatile MapAccess access;

  /** Creates access. */
  protected MapAccess() {}

  /** Is called by {@link ShareMap} as it is initialised. */
  public static void set(MapAccess access) {
    MapAccess.access = access;
  }

  /** Returns the access. */
  public static MapAccess get() {
    if (access == null) {
      try {
        MethodHandles.lookup().ensureInitialized(ShareMap.class);
      } catch (IllegalAccessException e) {
        throw new IllegalStateException(e);
      }
    }
    return access;
  }

  /** Returns the map below a map. */
  public abstract RawMap raw(ShareMap<?, ?> map);

  /** Returns a map over a map. */
  public abstract <K, V> ShareMap<K, V> map(RawMap raw, Codec<K> keys, Codec<V> values);
}
