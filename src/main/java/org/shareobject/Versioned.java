package org.shareobject;

/**
 * A value and the version it was stored with.
 *
 * @param <V> the type of the value
 * @param value the value, never null
 * @param version above 0; a later value of the same key has a higher one, also if the key was
 *     removed meanwhile
 */
public record Versioned<V>(V value, long version) {}
