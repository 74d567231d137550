package org.shareobject.internal.process;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.shareobject.ShareIoException;
import org.shareobject.internal.socket.Endpoint;

/** Starts a program that has one end of a channel as a descriptor of its own. */
public final class ProcessLauncher {
  /** What a program finds its end by. */
  public static final String CHANNEL_VARIABLE = "NODE_CHANNEL_FD";

  /** What a program finds the form of messages by. */
  public static final String FORM_VARIABLE = "NODE_CHANNEL_SERIALIZATION_MODE";

  /** What a worker of Node's cluster finds its number by. */
  public static final String CLUSTER_VARIABLE = "NODE_UNIQUE_ID";

  /** Standard streams end at 2; this is the next. */
  private static final String CHILD_DESCRIPTOR = "3";

  // The JDK closes all descriptors of a new process but its standard streams. So the end goes as
  // standard input, from where the shell moves it.
  private static final String MOVE = "exec " + CHILD_DESCRIPTOR + "<&0 <\"$0\"; exec \"$@\"";

  private static final String NO_INPUT = "/dev/null";

  private ProcessLauncher() {}

  /**
   * Starts the program, and closes the end here.
   *
   * @param command is not changed
   * @param clusterId the program's number as a worker of a cluster, or null
   * @param keepsPipes whether output that the command redirects to a pipe goes there; else this
   *     process's own is inherited
   * @throws ShareIoException if it cannot be started
   */
  public static Process start(
      ProcessBuilder command, Integer clusterId, boolean keepsPipes, Endpoint end) {
    try {
      checkProgram(command);
      ProcessBuilder builder = copy(command);
      if (!keepsPipes) {
        builder
            .redirectOutput(unlessPiped(command.redirectOutput()))
            .redirectError(unlessPiped(command.redirectError()));
      }
      if (clusterId != null) {
        builder.environment().put(CLUSTER_VARIABLE, clusterId.toString());
      }
      return builder.redirectInput(end.redirect()).start();
    } catch (IOException e) {
      throw new ShareIoException(
          "SHO_ESYSTEM", "cannot start " + command.command() + ": " + e.getMessage(), e);
    } finally {
      end.closePlainly();
    }
  }

  private static ProcessBuilder copy(ProcessBuilder command) {
    List<String> words = new ArrayList<>(List.of("/bin/sh", "-c", MOVE, input(command)));
    words.addAll(command.command());
    ProcessBuilder builder = new ProcessBuilder(words).directory(command.directory());
    Map<String, String> environment = builder.environment();
    environment.clear();
    environment.putAll(command.environment());
    environment.remove(CLUSTER_VARIABLE);
    environment.put(CHANNEL_VARIABLE, CHILD_DESCRIPTOR);
    environment.put(FORM_VARIABLE, "json");
    return builder
        .redirectOutput(command.redirectOutput())
        .redirectError(command.redirectError())
        .redirectErrorStream(command.redirectErrorStream());
  }

  private static String input(ProcessBuilder command) {
    File file = command.redirectInput().file();
    return file == null ? NO_INPUT : file.getAbsolutePath();
  }

  private static ProcessBuilder.Redirect unlessPiped(ProcessBuilder.Redirect redirect) {
    return redirect.equals(ProcessBuilder.Redirect.PIPE)
        ? ProcessBuilder.Redirect.INHERIT
        : redirect;
  }

  /** The shell would only print that there is no such program. */
  static void checkProgram(ProcessBuilder command) {
    if (command.command().isEmpty()) {
      throw new IndexOutOfBoundsException("there is no program in the command");
    }
    String program = command.command().get(0);
    File folder = command.directory();
    if (folder != null && !folder.isDirectory()) {
      throw cannotStart(program, "there is no folder " + folder);
    }
    if (program.indexOf('/') >= 0) {
      Path file = (folder == null ? Path.of("") : folder.toPath()).resolve(program);
      if (!isProgram(file)) {
        throw cannotStart(program, "there is no program of that name");
      }
      return;
    }
    if (!isOnPath(command, program)) {
      throw cannotStart(
          program, "there is no program of that name in the PATH " + searchPath(command));
    }
  }

  /** Returns whether the command would find a program by its name. */
  static boolean isOnPath(ProcessBuilder command, String program) {
    for (String place : searchPath(command).split(":", -1)) {
      if (isProgramIn(place, program)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isProgramIn(String place, String program) {
    try {
      return isProgram(Path.of(place).resolve(program));
    } catch (InvalidPathException e) {
      return false; // the locale has no letters for it
    }
  }

  private static String searchPath(ProcessBuilder command) {
    return command.environment().getOrDefault("PATH", "/usr/bin:/bin");
  }

  private static boolean isProgram(Path file) {
    return Files.isExecutable(file) && !Files.isDirectory(file);
  }

  private static ShareIoException cannotStart(String program, String reason) {
    return new ShareIoException("SHO_ENOENT", "cannot start " + program + ": " + reason);
  }
}
