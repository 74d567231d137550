package org.shareobject.bench.jcache;

/**
 * The calls that are measured. An abstract class, not an interface: a JVM that loads one of them
 * only calls it without a dispatch.
 */
public abstract class Calls implements AutoCloseable {
  /** Returns the caller's own copy of a value. */
  public abstract byte[] get(String key);

  /** Stores a copy of a value. */
  public abstract void put(String key, byte[] value);

  /** Stores a number, apart from the values. */
  public abstract void putCount(String key, long count);

  /** Adds 1 to a number, by code that runs once for each call; returns the sum. */
  public abstract Long increment(String key);

  @Override
  public abstract void close();
}
