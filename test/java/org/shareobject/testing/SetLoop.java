package org.shareobject.testing;

import java.io.IOException;
import java.nio.file.Path;
import org.shareobject.ShareObject;

/** A child that sets one text after the other. */
public final class SetLoop {
  private SetLoop() {}

  /** Takes file, capacity, its number as a writer, and how often; begins when it is told a line. */
  public static void main(String[] args) throws IOException {
    int capacity = Integer.parseInt(args[1]);
    int writer = Integer.parseInt(args[2]);
    int turns = Integer.parseInt(args[3]);
    try (ShareObject cell = ShareObject.open(Path.of(args[0]), capacity)) {
      System.out.println("ready");
      System.in.read();
      for (int turn = 0; turn < turns; turn++) {
        cell.set(Texts.make(writer, turn, capacity - 1));
      }
    }
    System.out.println("done");
  }
}
