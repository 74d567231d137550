package org.shareobject.internal.process;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * The command line of another JVM like this one: same JDK, same classes, same settings of this
 * library.
 */
public final class JvmCommand {
  private static final int NEEDS_NATIVE_ACCESS_FLAG = 24;

  private JvmCommand() {}

  /** Returns the command that runs a class of this library or of the class path. */
  public static List<String> of(Class<?> main, String... args) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    System.getProperties().stringPropertyNames().stream()
        .filter(name -> name.startsWith("shareobject."))
        .sorted()
        .forEach(name -> command.add("-D" + name + "=" + System.getProperty(name)));
    Module module = main.getModule();
    if (Runtime.version().feature() >= NEEDS_NATIVE_ACCESS_FLAG) {
      command.add(
          "--enable-native-access=" + (module.isNamed() ? module.getName() : "ALL-UNNAMED"));
    }
    addIfSet(command, "--class-path", "java.class.path");
    if (module.isNamed()) {
      addIfSet(command, "--module-path", "jdk.module.path");
      command.add("--module");
      command.add(module.getName() + "/" + main.getName());
    } else {
      command.add(main.getName());
    }
    command.addAll(List.of(args));
    return command;
  }

  /** Returns what starts a JVM like this one, with its options too. */
  public static ProcessBuilder builder(Class<?> main, String... args) {
    Objects.requireNonNull(main, "main");
    List<String> command = of(main, args);
    command.addAll(1, JvmArguments.inherited());
    return new ProcessBuilder(command);
  }

  private static void addIfSet(List<String> command, String option, String property) {
    String value = System.getProperty(property, "");
    if (!value.isEmpty()) {
      command.add(option);
      command.add(value);
    }
  }
}
