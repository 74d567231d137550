package org.shareobject.bench.peer;

/** What the caller has in hand when it asks for a key of 16 bytes. */
public enum KeyKind {
  /** A {@code byte[16]}. A heap map needs it wrapped in a {@code ByteBuffer}. */
  BYTES("byte[16]"),
  /**
   * A {@code String} that is made in the measured call, as from a request; its hash is not known.
   */
  NEW_TEXT("new String"),
  /**
   * A {@code String} that was used before, so that it knows its hash; not the object in the map.
   */
  SAME_TEXT("same String");

  private final String label;

  KeyKind(String label) {
    this.label = label;
  }

  /** Returns its name in tables. */
  public String label() {
    return label;
  }

  /** Returns whether keys are text. */
  public boolean isText() {
    return this != BYTES;
  }
}
