package org.shareobject.bench.run;

import java.nio.file.Files;
import java.nio.file.Path;

/** Programs that are measured if they are installed. */
final class Programs {
  static final String REDIS = "redis-server";
  static final String NODE = "node";

  private Programs() {}

  /** Returns whether there is one of this name on the PATH. */
  static boolean has(String name) {
    for (String folder : System.getenv().getOrDefault("PATH", "").split(":")) {
      if (Files.isExecutable(Path.of(folder, name))) {
        return true;
      }
    }
    return false;
  }

  /** Returns whether there is one, and says so if not. */
  static boolean hasOrTell(String name) {
    boolean found = has(name);
    if (!found) {
      System.err.println("bench/run: no " + name + " on the PATH, its rows are left out");
    }
    return found;
  }
}
