package org.shareobject.internal;

import java.util.Arrays;

/**
 * Where keys were found lately, so that to read them again takes neither their bytes, nor a call of
 * C, nor a search: a look at the slot tells whether the entry is still the key's (see {@code
 * map_locate.h}). No value is kept here, so none can be stale.
 *
 * <p>Keys are known by an object that is immutable, and equal if and only if the bytes are; or by
 * their bytes, if these are few.
 *
 * <p>A table in which a key has two places. Threads race on it without harm: a location is
 * immutable. Each thread counts hits on a line that few others have; a number may get lost if two
 * threads of one line count at the same moment.
 *
 * <p>Where most keys are not found again before their place is taken, to remember costs more than
 * it brings: then a line of counters passes the table by for some time.
 */
final class Locations {
  private static final int BITS = 16;
  private static final int STRIPES = 64;
  private static final int STRIPE_SHIFT = 4;

  // Of a line of counters.
  private static final int HITS = 0;
  private static final int MISSES = 1;
  private static final int HITS_BEFORE = 2;
  private static final int PASSES = 3;

  /** After so many misses a line considers whether the table is of use. */
  private static final int TRIAL_MISSES = 1024;

  /** A hit saves half of what a miss costs. */
  private static final int USELESS_HITS = 2 * TRIAL_MISSES;

  private static final int PASS_BY = 1 << 15;

  /** One of so many may take the place of another: three keys do not chase around. */
  private static final int RELUCTANCE = 16;

  /** Hits that a line counts before all processes see them. */
  private static final int FLUSH_HITS = 128;

  private static final Location NOWHERE =
      Location.of(new Object(), new byte[0], new Location.Place(null, 0, 0, 0, null, 0, 0));

  private final RawMap map;
  private final MapView view;
  private final Location[] table = new Location[1 << BITS];
  private final long[] counters = new long[STRIPES << STRIPE_SHIFT];

  Locations(RawMap map, MapView view) {
    this.map = map;
    this.view = view;
    Arrays.fill(table, NOWHERE);
  }

  /** Returns the value of a key that is known by an object, null if it is not known where it is. */
  byte[] get(Object name) {
    int line = line();
    if (passesBy(line)) {
      return null;
    }
    int hash = name.hashCode();
    Location location = table[place(hash)];
    if (!location.isOf(name, hash)) {
      location = table[otherPlace(hash)];
      if (!location.isOf(name, hash)) {
        return null;
      }
    }
    return value(location, line);
  }

  /** Returns the value of a key that is known by its bytes, null if it is not known where it is. */
  byte[] get(long low, long high, int keyBytes) {
    int line = line();
    if (passesBy(line)) {
      return null;
    }
    int hash = ShortKey.hash(low, high, keyBytes);
    Location location = table[place(hash)];
    if (!location.isOf(low, high, keyBytes)) {
      location = table[otherPlace(hash)];
      if (!location.isOf(low, high, keyBytes)) {
        return null;
      }
    }
    return value(location, line);
  }

  private byte[] value(Location location, int line) {
    byte[] value = view.value(location);
    if (value == null) {
      // If the slot could not be read, the JVM throws as it comes back from a call; so let it be
      // now.
      map.addHits(0);
      value = newValue(location);
    }
    if (value != null && (++counters[line + HITS] & (FLUSH_HITS - 1)) == 0) {
      map.addHits(FLUSH_HITS);
    }
    return value;
  }

  /** Returns the value that was set in place of the one whose location is known. */
  private byte[] newValue(Location old) {
    Location location = view.follow(old);
    if (location == null) {
      return null;
    }
    int place = place(location.hash);
    table[table[place] == old ? place : otherPlace(location.hash)] = location;
    return view.value(location);
  }

  private boolean passesBy(int line) {
    if (counters[line + PASSES] <= 0) {
      return false;
    }
    counters[line + PASSES]--;
    return true;
  }

  /** Returns whether to look for where a key was found, to remember it. */
  boolean isWanted(int hash) {
    int line = line();
    if (counters[line + PASSES] > 0) {
      return false;
    }
    if (++counters[line + MISSES] % TRIAL_MISSES == 0) {
      considerUse(line);
    }
    return counters[line + MISSES] % RELUCTANCE == 0
        || isFree(place(hash), hash)
        || isFree(otherPlace(hash), hash);
  }

  /** Remembers where a key was found. */
  void put(Location location) {
    int hash = location.hash;
    int place = place(hash);
    int other = otherPlace(hash);
    table[!isFree(place, hash) && isFree(other, hash) ? other : place] = location;
  }

  private boolean isFree(int place, int hash) {
    return table[place] == NOWHERE || table[place].hash == hash;
  }

  /** Returns the hits that are not counted elsewhere yet. */
  long uncountedHits() {
    long hits = 0;
    for (int line = 0; line < counters.length; line += 1 << STRIPE_SHIFT) {
      hits += counters[line + HITS] & (FLUSH_HITS - 1);
    }
    return hits;
  }

  private void considerUse(int line) {
    long hits = counters[line + HITS];
    if (hits - counters[line + HITS_BEFORE] < USELESS_HITS) {
      counters[line + PASSES] = PASS_BY;
    }
    counters[line + HITS_BEFORE] = hits;
  }

  private static int line() {
    return (int) (Thread.currentThread().getId() & (STRIPES - 1)) << STRIPE_SHIFT;
  }

  /** Spreads the hash: those of texts that differ in the last letters are neighbours. */
  private static int place(int hash) {
    return (hash * 0x9E3779B9) >>> (Integer.SIZE - BITS);
  }

  private static int otherPlace(int hash) {
    return (hash * 0x85EBCA6B) >>> (Integer.SIZE - BITS);
  }
}
