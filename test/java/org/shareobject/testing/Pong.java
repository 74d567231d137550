package org.shareobject.testing;

import java.nio.file.Path;
import java.time.Duration;
import org.shareobject.ShareObject;

/** A child that answers each odd version by the next even one. */
public final class Pong {
  private Pong() {}

  /** Takes the file and how many turns there are. */
  public static void main(String[] args) throws Exception {
    int turns = Integer.parseInt(args[1]);
    try (ShareObject cell = ShareObject.open(Path.of(args[0]))) {
      System.out.println("ready");
      for (long turn = 0; turn < turns; turn++) {
        cell.await(2 * turn, Duration.ofSeconds(30));
        cell.set("pong");
      }
    }
  }
}
