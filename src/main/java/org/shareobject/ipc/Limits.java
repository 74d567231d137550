package org.shareobject.ipc;

/**
 * How much a channel takes.
 *
 * @param messageBytes the largest message
 * @param queuedBytes the most that may wait, in each direction; one message may exceed it
 */
record Limits(int messageBytes, long queuedBytes) {
  static final String MESSAGE_PROPERTY = "shareobject.ipc.maxMessageBytes";
  static final String QUEUE_PROPERTY = "shareobject.ipc.maxQueuedBytes";

  private static final int DEFAULT_MESSAGE_BYTES = 64 << 20;
  private static final long DEFAULT_QUEUED_BYTES = 256L << 20;

  /** The largest array of any JVM. */
  private static final int MOST_MESSAGE_BYTES = Integer.MAX_VALUE - 64;

  /** Returns the limits that the system properties set. */
  static Limits ofProperties() {
    return new Limits(
        (int) property(MESSAGE_PROPERTY, DEFAULT_MESSAGE_BYTES, MOST_MESSAGE_BYTES),
        property(QUEUE_PROPERTY, DEFAULT_QUEUED_BYTES, Long.MAX_VALUE));
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
    return "-D" + name + "=" + text + " is no number of bytes from 1 to " + most;
  }
}
