package org.shareobject.ipc;

import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.shareobject.ShareException;
import org.shareobject.ShareIoException;
import org.shareobject.internal.process.JvmCommand;
import org.shareobject.internal.process.ProcessLauncher;
import org.shareobject.internal.socket.Endpoint;

/**
 * A process that this one started, with a channel to it.
 *
 * <p>A worker has the standard output and error of this process, unless a {@code ProcessBuilder}
 * redirects them to files, or {@link #spawnPiped} starts it; its standard input is empty. It finds
 * the channel by the variables {@code NODE_CHANNEL_FD} and {@code NODE_CHANNEL_SERIALIZATION_MODE},
 * as a child of Node does. It does not automatically end with this process, but sees the end of its
 * channel.
 */
public final class Worker implements AutoCloseable {
  /** How long {@link #close} waits for the channel to finish, and again for the process. */
  private static final long PATIENCE_SECONDS = 5;

  private static final long DISCONNECTED_SECONDS = 1;

  private final Process process;
  private final Channel channel;

  private Worker(Process process, Channel channel) {
    this.process = process;
    this.channel = channel;
  }

  /**
   * Starts a JVM like this one: the same JDK, class path, module path, and options such as {@code
   * -Xmx} and {@code -D}, except for those that only one JVM can have, such as a debugger's port.
   * In it, {@link Channel#parent()} is the other end.
   *
   * @param main the class whose {@code main} runs
   * @param args its arguments
   * @return the running worker
   * @throws ShareIoException if the system refuses, for example because there are too many
   *     processes or descriptors
   * @throws ShareException if Jackson is missing
   */
  public static Worker fork(Class<?> main, String... args) {
    return spawn(JvmCommand.builder(main, args));
  }

  /**
   * Starts a program that speaks the channel's protocol, such as {@code node worker.js}, or any
   * other program, which then ignores the channel.
   *
   * @param command program, arguments, folder, environment, and redirections to files; standard
   *     streams that are pipes are inherited instead. It is not changed
   * @return the running worker
   * @throws ShareIoException if there is no such program ({@code SHO_ENOENT}) or folder, or the
   *     system refuses. A program that exists but cannot be run prints why and exits at once with
   *     status 126 or 127
   * @throws ShareException if Jackson is missing
   */
  public static Worker spawn(ProcessBuilder command) {
    return spawn(command, null, false, channel -> {});
  }

  /**
   * Starts a program as {@link #spawn} does, but what it prints can be read here. Of standard
   * output and error, {@code process()} has those that the command redirects to a pipe, as a {@code
   * ProcessBuilder} does unless told otherwise. A worker that prints more than the system's buffer
   * takes, usually 64 KiB, waits until somebody reads.
   *
   * @param command as there, except for the pipes
   * @return the running worker
   * @throws ShareIoException as there
   * @throws ShareException if Jackson is missing
   */
  public static Worker spawnPiped(ProcessBuilder command) {
    return spawn(command, null, true, channel -> {});
  }

  /**
   * Starts a program.
   *
   * @param clusterId its number as a worker of a cluster, or null
   * @param keepsPipes whether what it prints can be read here
   * @param prepare receives the channel before anything can arrive through it
   */
  static Worker spawn(
      ProcessBuilder command, Integer clusterId, boolean keepsPipes, Consumer<Channel> prepare) {
    Objects.requireNonNull(command, "command");
    Endpoint[] ends = Endpoint.pair();
    Channel channel = openOrCloseBoth(ends);
    try {
      prepare.accept(channel);
      Process process = ProcessLauncher.start(command, clusterId, keepsPipes, ends[1]);
      return new Worker(process, channel);
    } catch (RuntimeException | Error e) {
      channel.close();
      throw e;
    }
  }

  private static Channel openOrCloseBoth(Endpoint[] ends) {
    try {
      return Channel.open(ends[0]);
    } catch (RuntimeException | Error e) {
      ends[1].close();
      throw e;
    }
  }

  /**
   * Returns the process. Its streams in this JVM are empty, unless {@link #spawnPiped} started it.
   *
   * @return the same object at each call
   */
  public Process process() {
    return process;
  }

  /**
   * Returns the channel to it.
   *
   * @return the same object at each call
   */
  public Channel channel() {
    return channel;
  }

  /**
   * Ends the worker. Disconnects, which ends a worker that only listens; terminates the process
   * ({@code SIGTERM}) a second later, and kills it after another 5 s. Waits until it has ended.
   */
  @Override
  public void close() {
    channel.close();
    if (isEndedWithin(DISCONNECTED_SECONDS)) {
      return;
    }
    process.destroy();
    if (!isEndedWithin(PATIENCE_SECONDS)) {
      process.destroyForcibly();
      isEndedWithin(PATIENCE_SECONDS);
    }
  }

  private boolean isEndedWithin(long seconds) {
    try {
      return process.waitFor(seconds, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
