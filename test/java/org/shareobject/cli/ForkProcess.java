package org.shareobject.cli;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.shareobject.internal.process.JvmCommand;
import org.shareobject.internal.process.Session;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.Host;
import org.shareobject.testing.JvmLauncher;

/** {@code shareobject fork} as a process, and what it tells of its copies. */
final class ForkProcess implements AutoCloseable {
  private static final Pattern STARTED =
      Pattern.compile("\\S+ shareobject: copy \\d+ \\((\\d+)\\) started");

  private static final String SCRIPT = "script.js";

  private final ChildJvm child;
  private final List<Long> pids = new ArrayList<>();
  private final Set<Long> seen = new HashSet<>();

  private ForkProcess(ChildJvm child) {
    this.child = child;
  }

  /** Starts it; what it complains of is read as what it prints. */
  static ForkProcess start(Path folder, String... args) {
    return startWithPath(System.getenv("PATH"), folder, args);
  }

  /** Starts it with a script for Node. */
  static ForkProcess startScript(Path folder, String script, String... options) throws IOException {
    Files.writeString(folder.resolve(SCRIPT), script);
    List<String> words = new ArrayList<>(List.of(options));
    words.addAll(List.of("node", SCRIPT));
    return start(folder, words.toArray(String[]::new));
  }

  /** Starts it with another PATH. */
  static ForkProcess startWithPath(String path, Path folder, String... args) {
    List<String> words = new ArrayList<>(List.of("fork"));
    words.addAll(List.of(args));
    return new ForkProcess(
        new JvmLauncher()
            .folder(folder)
            .environment("PATH", path)
            .prefix("/bin/sh", "-c", "exec \"$@\" 2>&1", "sh")
            .prefix(inAGroupOfItsOwn())
            .start(Main.class, words.toArray(String[]::new)));
  }

  /** So that a signal to the group does not reach the test. */
  private static String[] inAGroupOfItsOwn() {
    return JvmCommand.of(Session.class).toArray(String[]::new);
  }

  /** Reads until a line that has the words; returns that. */
  String await(String words) {
    while (true) {
      String line = child.nextLine();
      Matcher started = STARTED.matcher(line);
      if (started.matches()) {
        pids.add(Long.parseLong(started.group(1)));
      }
      if (line.contains(words)) {
        return line;
      }
    }
  }

  /** Reads until so many lines had the words. */
  ForkProcess await(int count, String words) {
    for (int i = 0; i < count; i++) {
      await(words);
    }
    return this;
  }

  /** Returns the processes that it told of since this was asked last. */
  List<Long> newPids() {
    return pids.stream().filter(seen::add).toList();
  }

  void signal(String name) {
    Host.assumeNotIgnored(name, child.process().pid());
    Host.signal(name, child.process().pid());
  }

  /** Sends a signal to it and to all that are in its group. */
  void signalGroup(String name) {
    Host.assumeNotIgnored(name, child.process().pid());
    Host.signal(name, -child.process().pid());
  }

  /** Returns how many files it has open. */
  int openFiles() {
    String[] names = new File("/proc/" + child.process().pid() + "/fd").list();
    return names == null ? 0 : names.length;
  }

  /** Returns the processes that it started, and those that they started. */
  List<ProcessHandle> descendants() {
    return child.process().descendants().toList();
  }

  void kill() {
    child.kill();
  }

  /** Waits for its end. */
  ChildJvm.Result end() {
    return child.await();
  }

  @Override
  public void close() {
    List<ProcessHandle> copies = child.process().descendants().toList();
    child.kill();
    copies.forEach(ProcessHandle::destroyForcibly);
  }
}
