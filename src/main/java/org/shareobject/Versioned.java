package org.shareobject;

/**
 * A value and the version that it was stored with.
 *
 * @param <V> the type of the value
 * @param value the value, never null
 * @param version above 0; a later value of the same key has a higher one, even if the key was
 *     removed in between
 */
public record Versioned<V>(V value, long version) {}
