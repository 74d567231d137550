package org.shareobject;

/**
 * Statistics of a {@link ShareMap}, summed over all processes. Counters start at 0 when the map is
 * created. The numbers are not read at the same moment, and up to 127 hits of each thread of
 * another process may not be counted yet.
 *
 * @param hits how often a key was found
 * @param misses how often a key was not found
 * @param sets values stored
 * @param removals entries removed by {@code remove} and {@code clear}
 * @param evictions entries dropped to make room
 * @param expirations expired entries whose room was freed
 * @param recoveries shards repaired after a process died
 * @param damaged entries dropped because they were damaged
 * @param entries entries now, including expired ones that still take room
 * @param liveBytes bytes of those entries with their headers, and of the tables that find them
 * @param usedBytes the same with overwritten and removed entries whose room was not freed yet
 * @param capacity bytes for all of that
 * @param maxEntry the largest entry: bytes of key and value, plus 32
 * @param fileBytes size of the file in bytes
 * @param shards parts of the map that have a lock each
 * @param eviction what the map does when it is full
 * @param peers handles that are open for writing now
 * @param peerSlots how many handles can be open for writing
 */
public record ShareStats(
    long hits,
    long misses,
    long sets,
    long removals,
    long evictions,
    long expirations,
    long recoveries,
    long damaged,
    long entries,
    long liveBytes,
    long usedBytes,
    long capacity,
    long maxEntry,
    long fileBytes,
    int shards,
    Eviction eviction,
    int peers,
    int peerSlots) {

  /**
   * Returns the ratio of lookups that found a key to all lookups.
   *
   * @return 0 to 1; 0 if there was no lookup yet
   */
  public double hitRatio() {
    long finds = hits + misses;
    return finds == 0 ? 0 : (double) hits / finds;
  }
}
