package org.shareobject.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Starts JVMs of the same JDK as this one. */
public final class JvmLauncher {
  private final List<String> prefix = new ArrayList<>();
  private final List<String> options = new ArrayList<>();
  private final Map<String, String> environment = new LinkedHashMap<>();
  private String classPath = System.getProperty("java.class.path");
  private Path home = Path.of(System.getProperty("java.home"));
  private Path folder;
  private String terminal;
  private Path typescript;
  private String behind = "";

  /** Creates a launcher of JVMs with this one's class path and checks. */
  public JvmLauncher() {
    if (ManagementFactory.getRuntimeMXBean().getInputArguments().contains("-Xcheck:jni")) {
      options.add("-Xcheck:jni");
    }
    // Two cores serve many children.
    options.addAll(List.of("-XX:+UseSerialGC", "-Xshare:auto"));
    if (Runtime.version().feature() >= 24) {
      options.add("--enable-native-access=ALL-UNNAMED");
    }
  }

  /** Drops the options so far. */
  public JvmLauncher plain() {
    options.clear();
    return this;
  }

  /** Adds options of the JVM. */
  public JvmLauncher options(String... more) {
    options.addAll(List.of(more));
    return this;
  }

  /** Puts words before the command. */
  public JvmLauncher prefix(String... words) {
    prefix.addAll(List.of(words));
    return this;
  }

  /** Sets the class path; empty for none. */
  public JvmLauncher classPath(String path) {
    classPath = path;
    return this;
  }

  /** Sets the JDK, or an image that was linked. */
  public JvmLauncher home(Path path) {
    home = path;
    return this;
  }

  /** Sets the working directory. */
  public JvmLauncher folder(Path path) {
    folder = path;
    return this;
  }

  /**
   * Gives it a pseudo terminal; skips the test where that cannot be made.
   *
   * @param typescript gets all that is printed there, behind a first line
   */
  public JvmLauncher terminal(int lines, int columns, Path typescript) {
    Host.assumeRuns("script of util-linux works", "script", "-qfec", "true", "/dev/null");
    terminal = "stty rows " + lines + " cols " + columns + "; ";
    this.typescript = typescript;
    return this;
  }

  /** With a terminal: has a shell run commands behind it. */
  public JvmLauncher atEnd(String commands) {
    behind = "; " + commands;
    return this;
  }

  /** With a terminal: takes standard input from a file. */
  public JvmLauncher input(Path file) {
    behind = " <" + quoted(file.toString());
    return this;
  }

  /** Sets a variable of the environment; null unsets it. */
  public JvmLauncher environment(String name, String value) {
    environment.put(name, value);
    return this;
  }

  /** Starts the class. */
  public ChildJvm start(Class<?> main, String... args) {
    return start(main.getName(), args);
  }

  /** Starts the class and waits for its end. */
  public ChildJvm.Result run(Class<?> main, String... args) {
    return run(main.getName(), args);
  }

  /** Starts and waits for the end. */
  public ChildJvm.Result run(String main, String... args) {
    try (ChildJvm child = start(main, args)) {
      child.endInput();
      return child.await();
    }
  }

  /** Starts a class, or a module's as {@code module/class}. */
  public ChildJvm start(String main, String... args) {
    List<String> command = new ArrayList<>(prefix);
    command.add(home.resolve("bin").resolve("java").toString());
    command.addAll(options);
    if (!classPath.isEmpty()) {
      command.addAll(List.of("--class-path", classPath));
    }
    if (main.contains("/")) {
      command.add("--module");
    }
    command.add(main);
    command.addAll(List.of(args));
    if (terminal != null) {
      String words = command.stream().map(JvmLauncher::quoted).collect(Collectors.joining(" "));
      command = List.of("script", "-qfec", terminal + words + behind, typescript.toString());
    }
    ProcessBuilder builder = new ProcessBuilder(command);
    if (folder != null) {
      builder.directory(folder.toFile());
    }
    environment.forEach(
        (name, value) -> {
          if (value == null) {
            builder.environment().remove(name);
          } else {
            builder.environment().put(name, value);
          }
        });
    try {
      return new ChildJvm(builder.start());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** For a shell. */
  private static String quoted(String word) {
    return "'" + word.replace("'", "'\\''") + "'";
  }
}
