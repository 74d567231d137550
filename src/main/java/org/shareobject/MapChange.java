package org.shareobject;

/**
 * A change of a {@link ShareMap}, as {@link ShareMap#onChange} tells it. The value is not in it:
 * who wants it reads it, and its version says whether it is the one of this change.
 *
 * @param <K> the type of the keys
 * @param kind what happened
 * @param key the key; null if changes were {@link Kind#MISSED}
 * @param version of a {@link Kind#CREATED created} or {@link Kind#UPDATED updated} entry, as by
 *     {@link ShareMap#getVersioned}; else of the entry that is gone; 0 if changes were missed
 * @param missed how many changes were missed at most, {@link Long#MAX_VALUE} if it is not known; 0
 *     for all other kinds
 * @param own whether it was made through the {@link ShareMap} object that tells it, and not through
 *     another one, of this process or of another; false if changes were missed
 */
public record MapChange<K>(Kind kind, K key, long version, long missed, boolean own) {
  /** What happened. */
  public enum Kind {
    /** The key was absent, and got a value. */
    CREATED,
    /** The key has another value. */
    UPDATED,
    /** The key was removed. */
    REMOVED,
    /**
     * The entry had expired, and that was noticed: its room was freed, also by {@link
     * ShareMap#removeExpired}, or the key was set anew; or {@link ShareMap#expireVersion} removed
     * it.
     */
    EXPIRED,
    /** The entry was dropped to make room. */
    EVICTED,
    /** The entry was removed by {@link ShareMap#clear}, which tells of each. */
    CLEARED,
    /**
     * The listener missed changes of keys that are not known: it was so slow that more changes came
     * than are kept for it, a process was killed in the middle of a change, or the map was damaged.
     * What the map has now is not older than those changes, so read what matters again.
     */
    MISSED
  }
}
