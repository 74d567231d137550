package org.shareobject.testing;

import java.nio.file.Path;
import org.shareobject.ShareException;
import org.shareobject.ShareObject;

/**
 * A child that does one thing and prints what came of it: a result, or an exception and its code.
 */
public final class Act {
  private Act() {}

  /** Runs: read FILE, write FILE TEXT, get FILE, set FILE TEXT. */
  public static void main(String[] args) {
    try {
      System.out.println(act(args[0], args[1], args.length > 2 ? args[2] : ""));
    } catch (ShareException e) {
      System.out.println(e.getClass().getSimpleName() + " " + e.code() + ": " + e.getMessage());
      System.exit(1);
    }
  }

  private static String act(String what, String file, String text) {
    System.setProperty("shareobject.path", file);
    return switch (what) {
      case "read" -> ShareObject.read();
      case "write" -> String.valueOf(ShareObject.write(text));
      case "get" -> {
        try (ShareObject cell = ShareObject.open(Path.of(file))) {
          yield cell.get();
        }
      }
      case "set" -> {
        try (ShareObject cell = ShareObject.open(Path.of(file))) {
          yield String.valueOf(cell.set(text));
        }
      }
      default -> throw new IllegalArgumentException(what);
    };
  }
}
