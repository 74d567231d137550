package org.shareobject.bench.process;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** The other end of {@link Child}. */
final class Parent {
  private final BufferedReader says =
      new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
  private final PrintStream hears;

  Parent(PrintStream hears) {
    this.hears = hears;
  }

  /** Says a line. */
  void say(String line) {
    hears.println(line);
    hears.flush();
  }

  /** Waits for a line; null when the parent has closed the pipe or has died. */
  String listen() throws IOException {
    return says.readLine();
  }

  /** Runs the action when the parent has closed the pipe or has died. */
  void whenGone(Runnable action) {
    Thread thread =
        new Thread(
            () -> {
              try {
                while (listen() != null) {
                  // Nothing more is said that matters.
                }
              } catch (IOException e) {
                // As good as gone.
              }
              action.run();
            },
            "parent");
    thread.setDaemon(true);
    thread.start();
  }
}
