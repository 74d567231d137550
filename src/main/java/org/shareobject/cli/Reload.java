package org.shareobject.cli;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.shareobject.ShareException;

/**
 * Replaces the copies one by one, each as soon as its successor is ready. The old ones end side by
 * side. Only for the fleet's loop.
 */
final class Reload {
  private final Fleet fleet;
  private final List<Place> places;
  private final ForkSettings settings;
  private final Loop loop;

  /** What the program does to be ready; what one copy does is expected of all. */
  private boolean isListeningExpected;

  private boolean isTellingExpected;

  /** How many places have a new copy; as many as there are: no successor is under way. */
  private int done;

  private boolean isWantedAgain;

  private final long birth = System.nanoTime();

  /** Whether it is not known yet what the program does to be ready. */
  private boolean isDeferred;

  /** The copies that successors have replaced, until they end. */
  private final Set<Copy> predecessors = new HashSet<>();

  private Loop.Timer timer;

  Reload(Fleet fleet, List<Place> places, ForkSettings settings, Loop loop) {
    this.fleet = fleet;
    this.places = places;
    this.settings = settings;
    this.loop = loop;
    done = places.size();
  }

  /** Begins, or begins once more when the reload that is under way is over. */
  void begin() {
    if (isRunning()) {
      isWantedAgain = true;
      fleet.log("another reload follows");
    } else if (!isDeferred) {
      Duration left = silenceLeft();
      if (left.isNegative()) {
        beginNow();
      } else {
        isDeferred = true;
        fleet.log("reload waits until a copy is ready");
        timer = loop.after(left, this::beginNow);
      }
    }
  }

  /**
   * Returns for how long the program may be about to say something; negative if it has, or if there
   * is nobody to say it. Without a word, a copy that starts slowly would count as ready too soon.
   */
  private Duration silenceLeft() {
    return !isUnheard() || places.stream().allMatch(place -> place.current() == null)
        ? Duration.ofNanos(-1)
        : settings.readyTimeout().minusNanos(System.nanoTime() - birth);
  }

  private void beginNow() {
    isDeferred = false;
    cancelTimer();
    fleet.log("reload begins");
    done = 0;
    startSuccessor();
  }

  /** Goes no further. */
  void cancel() {
    isWantedAgain = false;
    isDeferred = false;
    done = places.size();
    predecessors.clear();
    cancelTimer();
  }

  private void cancelTimer() {
    if (timer != null) {
      timer.cancel();
    }
  }

  /** Returns whether no copy has said that it listens, or is ready. */
  boolean isUnheard() {
    return !isListeningExpected && !isTellingExpected;
  }

  private boolean isRunning() {
    return isReplacing() || !predecessors.isEmpty();
  }

  private boolean isReplacing() {
    return done < places.size();
  }

  private Place place() {
    return places.get(done);
  }

  private void startSuccessor() {
    Place place = place();
    place.cancelRestart();
    try {
      place.succeedBy(fleet.start(place));
    } catch (ShareException e) {
      fail(e.getMessage());
      return;
    }
    awaitReady(place.successor());
  }

  private void awaitReady(Copy successor) {
    loop.after(settings.minUptime(), () -> progressed(successor));
    timer =
        loop.after(
            settings.readyTimeout(),
            () -> {
              successor.stop();
              fail(successor + " is not ready after " + settings.readyTimeout().toMillis() + " ms");
            });
  }

  /** Called when a copy may be ready. */
  void progressed(Copy copy) {
    isListeningExpected |= copy.isListening();
    isTellingExpected |= copy.hasToldReady();
    if (isDeferred && !isUnheard()) {
      beginNow();
    }
    if (isReplacing() && copy.equals(place().successor()) && isReady(copy)) {
      succeed(place());
    }
  }

  private boolean isReady(Copy copy) {
    if (isTellingExpected) {
      return copy.hasToldReady();
    }
    return isListeningExpected
        ? copy.isListening()
        : copy.age().compareTo(settings.minUptime()) >= 0;
  }

  private void succeed(Place place) {
    cancelTimer();
    Copy old = place.current();
    place.occupy(place.successor());
    place.succeedBy(null);
    place.backoff().reset();
    if (old != null) {
      predecessors.add(old);
      old.stop();
    }
    done++;
    if (isReplacing()) {
      startSuccessor();
    } else {
      endIfDone();
    }
  }

  private void endIfDone() {
    if (predecessors.isEmpty()) {
      fleet.log("reload is done");
      beginAgain();
    }
  }

  /** Called when any copy has ended. */
  void ended(Copy copy) {
    if (predecessors.remove(copy)) {
      if (!isReplacing()) {
        endIfDone();
      }
    } else if (isReplacing() && copy.equals(place().successor())) {
      fail("the new copy ended before it was ready");
    }
  }

  private void fail(String reason) {
    cancelTimer();
    Place place = place();
    place.succeedBy(null);
    done = places.size();
    predecessors.clear();
    fleet.log("reload stopped, the old copies go on: " + reason);
    if (place.current() == null) {
      fleet.replace(place, Duration.ZERO);
    }
    beginAgain();
  }

  private void beginAgain() {
    if (isWantedAgain) {
      isWantedAgain = false;
      begin();
    }
  }
}
