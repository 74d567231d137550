package org.shareobject.bench.peer;

import java.nio.file.Path;

/**
 * What a peer is set up for.
 *
 * @param folder where its files are; processes that name the same one share
 * @param entries how many entries it must hold
 * @param valueBytes how long values are
 * @param keys what keys are
 */
public record Spec(Path folder, int entries, int valueBytes, KeyKind keys) {
  /** Returns the bytes of all keys and values. */
  public long payloadBytes() {
    return (long) entries * (Keys.BYTES + valueBytes);
  }
}
