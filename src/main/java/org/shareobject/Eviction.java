package org.shareobject;

/** What a full {@link ShareMap} does. */
public enum Eviction {
  /** Refuses to store: {@link ShareFullException}. Nothing is lost. */
  NONE(1),

  /** Makes room by dropping entries that were not read lately; storing never fails. */
  CLOCK(2);

  /** {@code enum sho_eviction}. */
  final int code;

  Eviction(int code) {
    this.code = code;
  }

  static Eviction of(long code) {
    return code == NONE.code ? NONE : CLOCK;
  }
}
