package org.shareobject.ipc;

import org.shareobject.internal.map.RawMap;
import org.shareobject.internal.socket.Descriptor;

/**
 * A map to be passed along.
 *
 * @param map the map
 */
record PassedMap(RawMap map) implements Passed {
  /** The type in the envelope. Node knows no such type. */
  static final String TYPE = "shareobject.Map";

  static final String ENVELOPE = "\"type\":\"" + TYPE + "\"";

  @Override
  public Descriptor open() {
    return map.share();
  }

  @Override
  public void acknowledged() {
    // The map stays open in this process too.
  }

  @Override
  public boolean needsSameLibrary() {
    return true;
  }
}
