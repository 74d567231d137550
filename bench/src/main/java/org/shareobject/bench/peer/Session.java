package org.shareobject.bench.peer;

/**
 * One thread's way to a peer. An abstract class, not an interface: a JVM that loads one of them
 * only calls it without a dispatch.
 */
public abstract class Session implements AutoCloseable {
  /** Returns the caller's own copy of a value, or null. */
  public abstract byte[] get(Object key);

  /** Stores a value, whatever was there. */
  public abstract void set(Object key, byte[] value);

  /** Stores a value while a store is filled; it is there at the latest after {@link #close}. */
  public void load(Object key, byte[] value) {
    set(key, value);
  }

  /** Adds 1 to a counter, atomically for all processes that share it. */
  public void increment(Object key) {
    throw new UnsupportedOperationException();
  }

  /** Returns the value, made by one caller only if it is absent. */
  public byte[] getOrCompute(Object key, java.util.function.Supplier<byte[]> value) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {}
}
