package org.shareobject.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.shareobject.ShareObject;

/** A child that opens each file that it is told, sets its own text, and prints the version. */
public final class OpenLoop {
  private OpenLoop() {}

  /** Takes the text. */
  public static void main(String[] args) throws IOException {
    BufferedReader files =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    System.out.println("ready");
    for (String file = files.readLine(); file != null; file = files.readLine()) {
      try (ShareObject cell = ShareObject.open(Path.of(file))) {
        System.out.println(cell.set(args[0]));
      }
    }
  }
}
