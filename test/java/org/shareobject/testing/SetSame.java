package org.shareobject.testing;

import java.nio.file.Path;
import org.shareobject.ShareObject;

/** A child that spends most of its time inside {@code set}: always the same long text. */
public final class SetSame {
  private SetSame() {}

  /** Takes file and capacity; prints a line before, and does not end. */
  public static void main(String[] args) {
    int capacity = Integer.parseInt(args[1]);
    String text = "x".repeat(capacity - 1);
    try (ShareObject cell = ShareObject.open(Path.of(args[0]), capacity)) {
      System.out.println("ready");
      while (true) {
        cell.set(text);
      }
    }
  }
}
