package org.shareobject.ipc;

/**
 * The limits of a channel. Those that no property sets depend on the size of the heap.
 *
 * @param messageBytes the largest message, as a line
 * @param queuedBytes the most that may wait in each direction, as bytes of the heap by {@link
 *     HeapCost}; one message may exceed it
 * @param handleTimeoutMs how long the answer about a handle is waited for, in milliseconds; 0: for
 *     as long as the channel lasts
 */
record Limits(int messageBytes, long queuedBytes, long handleTimeoutMs) {
  static final String MESSAGE_PROPERTY = "shareobject.ipc.maxMessageBytes";
  static final String QUEUE_PROPERTY = "shareobject.ipc.maxQueuedBytes";
  static final String TIMEOUT_PROPERTY = "shareobject.ipc.handleTimeoutMillis";

  /** How many answers about handles may wait; a well-behaved side asks for a few at most. */
  static final int ANSWERS = 1024;

  /** By default, messages take at most this fraction of the heap: 1/16. */
  private static final int PART_OF_HEAP = 16;

  private static final long MOST_DEFAULT_MESSAGE_BYTES = 64L << 20;
  private static final long MOST_DEFAULT_QUEUED_BYTES = 256L << 20;

  /** Four times the most heap that a token of JSON takes, in bytes. */
  private static final int HEAP_PER_TOKEN = 256;

  /** The largest array of any JVM. */
  private static final int MOST_MESSAGE_BYTES = Integer.MAX_VALUE - 64;

  /** Returns the limits that the system properties set. */
  static Limits ofProperties() {
    return new Limits(
        (int) bytes(MESSAGE_PROPERTY, MOST_DEFAULT_MESSAGE_BYTES, MOST_MESSAGE_BYTES),
        bytes(QUEUE_PROPERTY, MOST_DEFAULT_QUEUED_BYTES, Long.MAX_VALUE),
        property(TIMEOUT_PROPERTY, 0, "milliseconds", 0, Long.MAX_VALUE));
  }

  private static long bytes(String name, long mostByDefault, long most) {
    long partOfHeap = Runtime.getRuntime().maxMemory() / PART_OF_HEAP;
    return property(name, Math.min(mostByDefault, partOfHeap), "bytes", 1, most);
  }

  /** Returns how many tokens of JSON a message has at most: its tree then fits into the heap. */
  static long tokens() {
    return Runtime.getRuntime().maxMemory() / HEAP_PER_TOKEN;
  }

  private static long property(String name, long otherwise, String unit, long least, long most) {
    String text = System.getProperty(name);
    if (text == null) {
      return otherwise;
    }
    String refusal =
        "-D" + name + "=" + text + " is not a number of " + unit + " from " + least + " to " + most;
    try {
      long value = Long.parseLong(text.strip());
      if (value >= least && value <= most) {
        return value;
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(refusal, e);
    }
    throw new IllegalArgumentException(refusal);
  }
}
