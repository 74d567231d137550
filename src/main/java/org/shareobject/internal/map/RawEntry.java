package org.shareobject.internal.map;

/** A value and the version it was stored with. */
public final class RawEntry {
  private final byte[] value;
  private final long version;

  RawEntry(byte[] value, long version) {
    this.value = value;
    this.version = version;
  }

  /** Returns the bytes, the caller's own. */
  public byte[] value() {
    return value;
  }

  /** Returns the version, above 0. */
  public long version() {
    return version;
  }
}
