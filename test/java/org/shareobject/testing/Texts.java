package org.shareobject.testing;

/**
 * Texts that betray a mixture of two: each tells who wrote it, and all that follows is determined
 * by that.
 */
public final class Texts {
  private Texts() {}

  /** Returns the text of a writer's n-th turn, at most so long. */
  public static String make(int writer, int turn, int longest) {
    String head = writer + ":" + turn + ":";
    int room = longest - head.length();
    int length = (int) ((turn * 2654435761L + writer * 40503L) % room);
    return head + letter(writer, turn).repeat(length);
  }

  /**
   * Returns whether the text is one that {@link #make} returns, or the empty one before the first.
   */
  public static boolean isWhole(String text, int longest) {
    if (text.isEmpty()) {
      return true;
    }
    String[] parts = text.split(":", 3);
    return parts.length == 3
        && text.equals(make(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]), longest));
  }

  private static String letter(int writer, int turn) {
    return String.valueOf((char) ('a' + (turn * 7 + writer * 13) % 26));
  }
}
