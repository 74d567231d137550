package org.shareobject.internal.map;

/** Hears changes of a {@link RawMap}. */
public interface RawListener {
  /**
   * Is told a change.
   *
   * @param kind {@code enum sho_change_kind}
   * @param own whether this map object made it
   * @param key its bytes, not to be changed; none if changes were missed
   * @param version as in {@code struct sho_map_change}
   */
  void changed(int kind, boolean own, byte[] key, long version);
}
