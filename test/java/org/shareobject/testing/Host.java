package org.shareobject.testing;

import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** What tests ask of the system. */
public final class Host {
  /** The signals that shells and nohup have programs ignore. */
  private static final Map<String, Integer> INHERITED = Map.of("HUP", 1, "INT", 2);

  /** The user that tests without permissions run as. */
  public static final int NOBODY = 65534;

  /** Variables that put libjsig into the tests' JVM, and into nothing else. */
  static final List<String> PRELOADS = List.of("LD_PRELOAD", "DYLD_INSERT_LIBRARIES");

  private Host() {}

  /** Skips the test unless this user may do all. */
  public static void assumeRoot() throws IOException {
    Path probe = Files.createTempFile("shareobject", null);
    int uid = (int) Files.getAttribute(probe, "unix:uid");
    Files.delete(probe);
    assumeTrue(uid == 0, "needs root, and this is user " + uid);
  }

  /**
   * Returns the words that run a command as {@link #NOBODY}; skips the test if that is not
   * possible.
   */
  public static String[] asNobody() throws IOException {
    assumeRoot();
    String[] words = {"setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups"};
    assumeRuns("setpriv works", words[0], words[1], words[2], words[3], "true");
    return words;
  }

  /** Skips the test if the command fails. */
  public static void assumeRuns(String what, String... command) {
    String failure = failure(command);
    assumeTrue(failure == null, () -> "needs that " + what + ", but: " + failure);
  }

  /** Runs a command that must succeed. */
  public static void run(String... command) {
    String failure = failure(command);
    if (failure != null) {
      throw new AssertionError(failure);
    }
  }

  /**
   * Sends a signal, as {@code TERM}, to a process, or to a process group by its negative number. By
   * the shell's own {@code kill}: a small system has no program of that name.
   */
  public static void signal(String name, long pid) {
    run("sh", "-c", "kill -" + name + " " + pid);
  }

  /**
   * Skips the test if a process ignores a signal, HUP or INT: it has that from whoever started the
   * tests.
   */
  public static void assumeNotIgnored(String name, long pid) {
    Integer number = INHERITED.get(name);
    assumeFalse(
        number != null && ignores(pid, number),
        "the tests were started with SIG" + name + " ignored, as by nohup");
  }

  /** Returns whether a process ignores a signal; false where there is no /proc to tell. */
  private static boolean ignores(long pid, int signal) {
    try {
      return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
          .filter(line -> line.startsWith("SigIgn:"))
          .map(line -> Long.parseUnsignedLong(line.substring(line.indexOf(':') + 1).trim(), 16))
          .anyMatch(mask -> (mask >>> (signal - 1) & 1) != 0);
    } catch (IOException e) {
      return false;
    }
  }

  /** Sets a file's mode, as {@code rwxr-xr-x}. */
  public static void chmod(Path file, String mode) throws IOException {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
  }

  /** Returns whether a process of this user runs. */
  public static boolean isAlive(long pid) {
    return ProcessHandle.of(pid).map(Host::runs).orElse(false);
  }

  // One that has ended is there until its parent takes notice. In a container that may be a process
  // that never does; but it has no command any more.
  private static boolean runs(ProcessHandle process) {
    return process.isAlive() && process.info().command().isPresent();
  }

  /** Returns why a command fails; null if it does not. */
  static String failure(String... command) {
    try {
      ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
      PRELOADS.forEach(builder.environment()::remove);
      Process process = builder.start();
      process.getOutputStream().close();
      String words = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(60, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        return List.of(command) + " does not end";
      }
      return process.exitValue() == 0 ? null : List.of(command) + ": " + words.strip();
    } catch (IOException e) {
      return e.getMessage();
    } catch (InterruptedException e) {
      throw new UncheckedIOException(new IOException(e));
    }
  }
}
