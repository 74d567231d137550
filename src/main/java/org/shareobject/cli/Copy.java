package org.shareobject.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import org.shareobject.cluster.ClusterMember;
import org.shareobject.internal.process.Session;

/** A process that {@link Fleet} started, and how it is stopped. Only for the fleet's loop. */
final class Copy {
  private static final String READY = "ready";

  /** How long a copy that has finished may take to end by itself. */
  private static final Duration LAST_WORDS = Duration.ofMillis(500);

  /** How long after a signal the program may have handled it. */
  private static final Duration SIGNAL_TAKES = Duration.ofMillis(50);

  /** How often processes that a copy left behind are looked for. */
  private static final Duration REMAINS_POLL = Duration.ofMillis(20);

  private final String name;
  private final ClusterMember member;
  private final Session session;
  private final ForkSettings settings;
  private final Loop loop;
  private final Consumer<String> log;
  private final long begin = System.nanoTime();
  private boolean isListening;
  private boolean hasToldReady;
  private boolean isStopping;
  private boolean isSignalled;
  private boolean isEnded;
  private boolean isVanished;
  private boolean isKilled;

  /** Called by the loop with what becomes of a copy. */
  interface Watcher {
    /** Called when it listens, or says that it is ready. */
    void progressed(Copy copy);

    /** Called when it has lived for a while. */
    void settled(Copy copy);

    /** Called when the process has ended. */
    void ended(Copy copy);

    /** Called, later or at once, when nothing is left of what the process started. */
    void vanished(Copy copy);
  }

  /**
   * Takes over a process that was just started.
   *
   * @param place its number among the copies, from 1
   */
  Copy(int place, ClusterMember member, ForkSettings settings, Loop loop, Consumer<String> log) {
    this.member = member;
    this.settings = settings;
    this.loop = loop;
    this.log = log;
    session = new Session(member.worker().process());
    name = "copy " + place + " (" + member.worker().process().pid() + ")";
  }

  /** Sets the listener to its state. To be called once. */
  void watch(Watcher watcher) {
    member.onListening(address -> loop.run(() -> listens(address, watcher)));
    member.worker().channel().onMessage((message, handle) -> tell(message, watcher));
    loop.after(settings.minUptime(), () -> watcher.settled(this));
    var unused = member.worker().process().onExit().thenRun(() -> loop.run(() -> ended(watcher)));
  }

  private void listens(SocketAddress address, Watcher watcher) {
    isListening = true;
    log.accept(name + " listens on " + text(address));
    watcher.progressed(this);
  }

  /** Copies have nothing else to say to the command. */
  private void tell(JsonNode message, Watcher watcher) {
    if (READY.equals(message.textValue())) {
      loop.run(
          () -> {
            hasToldReady = true;
            log.accept(name + " is ready");
            watcher.progressed(this);
          });
    }
  }

  private void ended(Watcher watcher) {
    isEnded = true;
    watcher.ended(this);
    if (!isKilled && session.isAlive()) {
      log.accept(name + " left processes behind: SIG" + settings.stopSignal());
      session.signal(settings.stopSignal().number());
      loop.after(settings.grace(), this::kill);
    }
    awaitVanished(watcher);
  }

  /** Who was killed is not waited for: it may be a zombie that nobody collects. */
  private void awaitVanished(Watcher watcher) {
    if (isKilled || !session.isAlive()) {
      isVanished = true;
      watcher.vanished(this);
    } else {
      loop.after(REMAINS_POLL, () -> awaitVanished(watcher));
    }
  }

  private static String text(SocketAddress address) {
    if (!(address instanceof InetSocketAddress inet)) {
      return address.toString();
    }
    String host = inet.getAddress().isAnyLocalAddress() ? "*" : inet.getAddress().getHostAddress();
    return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + inet.getPort();
  }

  /** Returns a process that it started and that still runs, if it speaks the channel. */
  Optional<ProcessHandle> child() {
    return member.isOnline() && !isEnded
        ? member.worker().process().descendants().filter(ProcessHandle::isAlive).findFirst()
        : Optional.empty();
  }

  boolean isListening() {
    return isListening;
  }

  boolean hasToldReady() {
    return hasToldReady;
  }

  boolean isEnded() {
    return isEnded;
  }

  /** Returns whether it ended, or will, by its own wish or on request. */
  boolean isLeaving() {
    return isStopping || member.isLeaving();
  }

  Duration age() {
    return Duration.ofNanos(System.nanoTime() - begin);
  }

  int exitCode() {
    return member.worker().process().exitValue();
  }

  /** Has it end: disconnects it, then signals it, then kills it. */
  void stop() {
    if (isEnded || isStopping) {
      return;
    }
    isStopping = true;
    if (!member.isOnline()) {
      signal();
    } else if (settings.isSignalledAtOnce()) {
      signal();
      loop.after(SIGNAL_TAKES, member::disconnect);
    } else {
      boolean isJvm = isJvm();
      member.disconnect();
      member.worker().channel().onDisconnect(() -> loop.run(() -> finished(isJvm)));
      loop.after(settings.grace(), this::signalIfRunning);
    }
  }

  /** A JVM disconnects at once: its connections belong to threads that nobody knows. */
  private boolean isJvm() {
    String program = member.worker().process().info().command().orElse("");
    return program.endsWith("/java");
  }

  private void finished(boolean isJvm) {
    if (!isJvm) {
      loop.after(LAST_WORDS, this::signalIfRunning);
    }
  }

  private void signalIfRunning() {
    if (!isEnded && !isSignalled) {
      log.accept(name + " does not end: SIG" + settings.stopSignal());
      signal();
    }
  }

  /** Signals what it started, too: the program may have been started by a script. */
  private void signal() {
    isSignalled = true;
    if (session.isAlive()) {
      session.signal(settings.stopSignal().number());
    } else {
      member.worker().process().destroy(); // it has not begun its session yet
    }
    loop.after(
        settings.grace(),
        () -> {
          if (!isEnded) {
            kill();
          }
        });
  }

  /** Ends it at once, with all that it started. */
  void kill() {
    Process process = member.worker().process();
    if (!isVanished && !isKilled && (process.isAlive() || session.isAlive())) {
      log.accept(name + " does not end: SIGKILL");
      isKilled = true;
      process.destroyForcibly();
      session.kill();
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
