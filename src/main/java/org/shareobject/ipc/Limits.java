package org.shareobject.ipc;

/**
 * The limits of a channel. Those that no property sets depend on the size of the heap.
 *
 * @param messageBytes the largest message, as a line
 * @param queuedBytes the most that may wait in each direction, as bytes of the heap by {@link
 *     HeapCost}; one message may exceed it
 */
record Limits(int messageBytes, long queuedBytes) {
  static final String MESSAGE_PROPERTY = "shareobject.ipc.maxMessageBytes";
  static final String QUEUE_PROPERTY = "shareobject.ipc.maxQueuedBytes";

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
        (int)
            property(MESSAGE_PROPERTY, partOfHeap(MOST_DEFAULT_MESSAGE_BYTES), MOST_MESSAGE_BYTES),
        property(QUEUE_PROPERTY, partOfHeap(MOST_DEFAULT_QUEUED_BYTES), Long.MAX_VALUE));
  }

  private static long partOfHeap(long most) {
    return Math.min(most, Runtime.getRuntime().maxMemory() / PART_OF_HEAP);
  }

  /** Returns how many tokens of JSON a message has at most: its tree then fits into the heap. */
  static long tokens() {
    return Runtime.getRuntime().maxMemory() / HEAP_PER_TOKEN;
  }

  private static long property(String name, long otherwise, long most) {
    String text = System.getProperty(name);
    if (text == null) {
      return otherwise;
    }
    try {
      long value = Long.parseLong(text.strip());
      if (value >= 1 && value <= most) {
        return value;
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(refusal(name, text, most), e);
    }
    throw new IllegalArgumentException(refusal(name, text, most));
  }

  private static String refusal(String name, String text, long most) {
    return "-D" + name + "=" + text + " is not a number of bytes from 1 to " + most;
  }
}
