package org.shareobject;

/** What a full {@link ShareMap} does. */
public enum Eviction {
  /** Refuses to store: {@link ShareFullException}. Nothing is lost. */
  NONE,

  /** Drops entries that were not read recently; storing never fails for lack of room. */
  CLOCK
}
