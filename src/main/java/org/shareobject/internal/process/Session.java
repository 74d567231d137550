package org.shareobject.internal.process;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import org.shareobject.ShareIoException;
import org.shareobject.internal.text.FileNames;

/**
 * A program in a session of its own, so that a signal to this process's group, as by Ctrl-C, does
 * not reach it; and what it starts, which is in its group unless that changes it.
 *
 * <p>Only a process itself can begin a session, before it runs the program. The command {@code
 * setsid} does so where there is one. Elsewhere, as on macOS, a small JVM does, and then becomes
 * the program.
 */
public final class Session {
  private static final String SETSID = "setsid";

  /** The same on all systems. */
  private static final int SIGKILL = 9;

  /** What a shell ends with if it cannot run a program. */
  private static final int CANNOT_RUN = 126;

  private final long leader;

  /** Names the session that a process leads, or led. */
  public Session(Process process) {
    leader = process.pid();
  }

  /**
   * Returns the command that runs a program in a session of its own. Its process is the program's.
   *
   * @param command is not changed
   * @throws ShareIoException if there is no such program
   */
  public static ProcessBuilder command(ProcessBuilder command) {
    ProcessLauncher.checkProgram(command);
    List<String> words = new ArrayList<>();
    if (ProcessLauncher.isOnPath(command, SETSID)) {
      words.add(SETSID);
      words.addAll(command.command());
    } else {
      words.addAll(JvmCommand.of(Session.class, command.command().toArray(String[]::new)));
      words.addAll(1, List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx16m"));
    }
    ProcessBuilder builder = new ProcessBuilder(words).directory(command.directory());
    builder.environment().clear();
    builder.environment().putAll(command.environment());
    return builder;
  }

  /** Becomes the program that the arguments name. */
  public static void main(String[] args) {
    ByteArrayOutputStream words = new ByteArrayOutputStream();
    for (String word : args) {
      words.writeBytes(FileNames.bytes(word));
      words.write(0);
    }
    int error = ProcessNative.become(words.toByteArray());
    System.err.println("shareobject: cannot run " + args[0] + ": system error " + error);
    System.exit(CANNOT_RUN);
  }

  /** Returns whether a process of it is left, though its first may have ended. */
  public boolean isAlive() {
    return ProcessNative.signalGroup(leader, 0) == 0;
  }

  /** Kills all its processes, by {@code SIGKILL}. */
  public void kill() {
    signal(SIGKILL);
  }

  /** Sends a signal to all its processes. That nobody is left is no error. */
  public void signal(int number) {
    var unused = ProcessNative.signalGroup(leader, number);
  }
}
