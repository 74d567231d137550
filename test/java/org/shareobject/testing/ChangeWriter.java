package org.shareobject.testing;

import java.nio.file.Path;
import java.util.Random;
import org.shareobject.ShareMap;

/** A child that changes a map at random, and says how often. */
public final class ChangeWriter {
  private static final int KEYS = 300;

  private ChangeWriter() {}

  /** Takes the file, a seed, and how many calls to make. */
  public static void main(String[] args) {
    Random random = new Random(Long.parseLong(args[1]));
    long calls = Long.parseLong(args[2]);
    long changes = 0;
    try (ShareMap<String, String> map = ShareMap.open(Path.of(args[0]))) {
      System.out.println("ready");
      for (long i = 0; i < calls; i++) {
        String key = "key " + random.nextInt(KEYS);
        if (random.nextInt(8) == 0) {
          changes += map.remove(key) == null ? 0 : 1;
        } else {
          map.set(key, "x".repeat(random.nextInt(100)));
          changes++;
        }
      }
    }
    System.out.println(changes);
  }
}
