package org.shareobject.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.shareobject.ShareException;
import org.shareobject.cluster.ClusterMember;
import org.shareobject.cluster.ClusterPrimary;
import picocli.CommandLine.ExitCode;

/**
 * The copies that {@code shareobject fork} keeps running. All state belongs to the loop: signals
 * and the ends of processes come there.
 */
final class Fleet implements AutoCloseable, Copy.Watcher {
  private static final DateTimeFormatter STAMP =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSXXX", Locale.ROOT);

  private final ForkSettings settings;
  private final PrintWriter err;
  private final ClusterPrimary primary;
  private final NodePreload preload = new NodePreload();
  private final List<Place> places;
  private final Set<Copy> alive = new HashSet<>();

  /** What tells processes that run at the same time apart. */
  private final BitSet numbers = new BitSet();

  private final CompletableFuture<Integer> end = new CompletableFuture<>();
  private final Loop loop = new Loop("fork", end::completeExceptionally);
  private final Reload reload;
  private boolean isStopping;
  private boolean isHinted;

  Fleet(ForkSettings settings, PrintWriter err) {
    this.settings = settings;
    this.err = err;
    primary = new ClusterPrimary(settings.scheduling());
    places =
        IntStream.rangeClosed(1, settings.copies())
            .mapToObj(number -> new Place(number, settings.newBackoff()))
            .toList();
    reload = new Reload(this, places, settings, loop);
  }

  /**
   * Starts the copies and waits until there are none any more.
   *
   * @return the exit code
   * @throws ShareException if the program cannot be started
   */
  int run() throws InterruptedException {
    loop.run(this::startAll);
    try {
      return end.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof ShareException failure
          ? failure
          : new IllegalStateException(e.getCause());
    }
  }

  private void startAll() {
    for (Place place : places) {
      if (!isStopping) {
        place.occupy(start(place));
      }
    }
  }

  /** Replaces all copies, one by one. */
  void reload() {
    loop.run(
        () -> {
          if (!isStopping) {
            reload.begin();
            endIfOver();
          }
        });
  }

  /** Stops all copies; the second time, kills them. */
  void stop(String cause) {
    loop.run(
        () -> {
          if (isStopping) {
            List.copyOf(alive).forEach(Copy::kill);
            return;
          }
          log("stopping: " + cause);
          isStopping = true;
          reload.cancel();
          places.forEach(Place::cancelRestart);
          List.copyOf(alive).forEach(Copy::stop);
          endIfOver();
        });
  }

  @Override
  public void close() {
    primary.close();
    loop.close();
    alive.forEach(Copy::kill); // those that a failure left
    preload.close();
  }

  // ---- for the loop ----

  /** Prints a line with the time. */
  void log(String line) {
    String time = STAMP.format(ZonedDateTime.now(ZoneId.systemDefault()));
    err.println(time + " " + Main.NAME + ": " + line);
  }

  /**
   * Starts a process, whoever is to be it.
   *
   * @throws ShareException if that is not possible
   */
  Copy start(Place place) {
    int number = numbers.nextClearBit(0);
    ClusterMember member = primary.spawn(settings.command(preload, number));
    numbers.set(number);
    var unused =
        member.worker().process().onExit().thenRun(() -> loop.run(() -> numbers.clear(number)));
    Copy copy = new Copy(place.number(), member, settings, loop, this::log);
    alive.add(copy);
    log(copy + " started");
    copy.watch(this);
    return copy;
  }

  @Override
  public void progressed(Copy copy) {
    reload.progressed(copy);
  }

  /** A launcher that this library does not know may keep the channel from the program. */
  @Override
  public void settled(Copy copy) {
    if (isStopping || isHinted || copy.isEnded() || !reload.isUnheard()) {
      return;
    }
    Optional<ProcessHandle> child = copy.child();
    if (child.isEmpty()) {
      loop.after(settings.minUptime(), () -> settled(copy));
      return;
    }
    isHinted = true;
    log(
        String.format(
            "%s listens on nothing, but runs process %d (%s): if that is the server, it does not"
                + " share its port; start it without the program around it",
            copy, child.get().pid(), child.get().info().commandLine().orElse("unknown")));
  }

  @Override
  public void ended(Copy copy) {
    log(
        String.format(
            "%s ended with exit code %d after %.1f s",
            copy, copy.exitCode(), copy.age().toMillis() / 1e3));
    for (Place place : places) {
      if (copy.equals(place.current())) {
        place.vacate();
        if (!copy.isLeaving()) {
          replace(place, copy.age());
        }
      }
    }
    reload.ended(copy);
  }

  @Override
  public void vanished(Copy copy) {
    alive.remove(copy);
    endIfOver();
  }

  /** Has an empty place taken again, unless that is under way. */
  void replace(Place place, Duration lived) {
    if (isStopping || !place.isIdle()) {
      return;
    }
    Optional<Duration> pause = place.backoff().next(lived);
    if (pause.isEmpty()) {
      place.giveUp();
      log("copy " + place.number() + " is given up: it ended too early too often");
      return;
    }
    if (!pause.get().isZero()) {
      log("copy " + place.number() + " starts again in " + pause.get().toMillis() + " ms");
    }
    place.restartBy(loop.after(pause.get(), () -> restart(place)));
  }

  private void restart(Place place) {
    place.restarted();
    try {
      place.occupy(start(place));
    } catch (ShareException e) {
      log(e.getMessage());
      replace(place, Duration.ZERO);
      endIfOver();
    }
  }

  private void endIfOver() {
    if (alive.isEmpty() && (isStopping || places.stream().allMatch(Place::isIdle))) {
      boolean isFailure = !isStopping && places.stream().anyMatch(Place::isGivenUp);
      end.complete(isFailure ? ExitCode.SOFTWARE : ExitCode.OK);
    }
  }
}
