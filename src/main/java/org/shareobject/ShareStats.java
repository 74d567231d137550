package org.shareobject;

/**
 * Numbers of a {@link ShareMap}, summed over all processes. Those that count began at 0 when the
 * map was created; they are not read at one moment. Of the hits of another process some of the last
 * may be missing, at most 127 for each of its threads.
 *
 * @param hits how often a key was found
 * @param misses how often a key was looked for and not found
 * @param sets values stored
 * @param removals entries removed by {@code remove} and {@code clear}
 * @param evictions entries dropped to make room
 * @param expirations expired entries whose room came back
 * @param recoveries segments repaired after a process had died
 * @param damaged entries dropped because they were damaged
 * @param entries entries now, expired ones included that still take room
 * @param liveBytes bytes of those entries, their headers and padding included
 * @param usedBytes bytes in use now, overwritten entries included whose room did not come back yet
 * @param capacity the most that {@code liveBytes} can reach
 * @param maxEntry the largest entry: bytes of key and value, and 32
 * @param fileBytes size of the file, bytes
 * @param segments parts of the map that are locked apart
 * @param eviction what the map does when it is full
 * @param peers handles that are open for writing now
 * @param peerSlots how many handles can be
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
    int segments,
    Eviction eviction,
    int peers,
    int peerSlots) {

  /**
   * Returns the share of finds that found.
   *
   * @return 0 to 1; 0 if nobody looked for anything yet
   */
  public double hitRatio() {
    long finds = hits + misses;
    return finds == 0 ? 0 : (double) hits / finds;
  }
}
