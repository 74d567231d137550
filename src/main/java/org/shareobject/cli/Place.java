package org.shareobject.cli;

/** A place for a copy: who has it, who is to have it, and when. Only for the fleet's loop. */
final class Place {
  private final int number;
  private final Backoff backoff;
  private Copy current;
  private Copy successor;
  private Loop.Timer restart;
  private boolean isGivenUp;

  Place(int number, Backoff backoff) {
    this.number = number;
    this.backoff = backoff;
  }

  int number() {
    return number;
  }

  Backoff backoff() {
    return backoff;
  }

  /** Returns who has the place; null if nobody has. */
  Copy current() {
    return current;
  }

  /** Returns who is started to replace the current one; null if nobody is. */
  Copy successor() {
    return successor;
  }

  void occupy(Copy copy) {
    current = copy;
    isGivenUp = false;
  }

  void vacate() {
    current = null;
  }

  void succeedBy(Copy copy) {
    successor = copy;
  }

  void restartBy(Loop.Timer task) {
    cancelRestart();
    restart = task;
  }

  void cancelRestart() {
    if (restart != null) {
      restart.cancel();
      restart = null;
    }
  }

  void restarted() {
    restart = null;
  }

  void giveUp() {
    isGivenUp = true;
  }

  boolean isGivenUp() {
    return isGivenUp;
  }

  /** Returns whether nothing runs here, and nothing will. */
  boolean isIdle() {
    return current == null && successor == null && restart == null;
  }
}
