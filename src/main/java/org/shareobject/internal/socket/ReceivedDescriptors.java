package org.shareobject.internal.socket;

/** The descriptors that one receive brought. For one thread. */
public final class ReceivedDescriptors {
  private final int[] numbers = new int[ChannelNative.FIRST + ChannelNative.MOST_DESCRIPTORS];

  /** Creates room. */
  public ReceivedDescriptors() {}

  /** Returns how many came. */
  public int count() {
    return numbers[ChannelNative.COUNT];
  }

  /** Returns whether some came that this process had no room for. */
  public boolean lost() {
    return numbers[ChannelNative.LOST] != 0;
  }

  /** Returns one of them, which the caller has to close. */
  public int get(int index) {
    return numbers[ChannelNative.FIRST + index];
  }

  int[] numbers() {
    return numbers;
  }
}
