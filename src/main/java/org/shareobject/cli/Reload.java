package org.shareobject.cli;

import java.time.Duration;
import java.util.List;
import org.shareobject.ShareException;

/**
 * Replaces the copies one by one, each as soon as its successor is ready. Only for the fleet's
 * loop.
 */
final class Reload {
  private final Fleet fleet;
  private final List<Place> places;
  private final ForkSettings settings;
  private final Loop loop;

  /** What the program does to be ready; what one copy does is expected of all. */
  private boolean isListeningExpected;

  private boolean isTellingExpected;

  /** How many places are done; as many as there are: no reload is under way. */
  private int done;

  private boolean isWantedAgain;

  /** The copy that a successor has replaced, until it ended. */
  private Copy predecessor;

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
      return;
    }
    fleet.log("reload begins");
    done = 0;
    startSuccessor();
  }

  /** Goes no further. */
  void cancel() {
    isWantedAgain = false;
    done = places.size();
    cancelTimer();
  }

  private void cancelTimer() {
    if (timer != null) {
      timer.cancel();
    }
  }

  private boolean isRunning() {
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
    if (isRunning() && copy.equals(place().successor()) && isReady(copy)) {
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
    if (old == null) {
      next();
    } else {
      predecessor = old;
      old.stop();
    }
  }

  private void next() {
    done++;
    if (isRunning()) {
      startSuccessor();
    } else {
      fleet.log("reload is done");
      beginAgain();
    }
  }

  /** Called when any copy has ended. */
  void ended(Copy copy) {
    if (copy.equals(predecessor)) {
      predecessor = null;
      if (isRunning()) {
        next();
      }
    } else if (isRunning() && copy.equals(place().successor())) {
      fail("the new copy ended before it was ready");
    }
  }

  private void fail(String reason) {
    cancelTimer();
    Place place = place();
    place.succeedBy(null);
    done = places.size();
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
