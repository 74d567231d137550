package org.shareobject.internal.waiting;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * The threads of this JVM that wait for one handle. They are parked, but for one at a time that
 * sleeps in C for all of them: a thread that waits itself, or a daemon thread if those are virtual,
 * which would keep their carriers, or were parked when the one before went away.
 *
 * <p>A waiter first calls {@link #begin}, then looks whether its wait is over, then calls {@link
 * #pause}, and looks again; last {@link #end}. What happens after a look ends the next pause.
 *
 * <p>Who leaves the place in C looks whether others wait, and who is about to park whether that
 * place is taken, each after it said so itself: so one of the two sees to it that somebody sleeps.
 *
 * @param <W> the waiters
 */
public abstract class Waits<W extends Waits.Waiter> {
  private static final long LINGER_NANOS = 1_000_000_000L;
  private static final long PAUSE_AFTER_FAILURE_NANOS = 1_000_000L;

  /** A thread that waits. */
  public abstract static class Waiter {
    private final Thread thread = Thread.currentThread();

    /** Has the thread look again. */
    public final void wake() {
      LockSupport.unpark(thread);
    }
  }

  private final String name;
  private final long sliceNanos;
  private final Set<W> waiters = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean sleeping = new AtomicBoolean();
  private final AtomicReference<Thread> daemon = new AtomicReference<>();

  /**
   * Prepares for waiters.
   *
   * @param name of the daemon thread
   * @param sliceNanos how long one sleep in C takes at most
   */
  protected Waits(String name, long sliceNanos) {
    this.name = name;
    this.sliceNanos = sliceNanos;
  }

  /**
   * Sleeps in C until something happens or the time is over, and then wakes the waiters whose wait
   * is over. One thread at a time.
   *
   * @return false if it failed; then all waiters are woken, and find out why
   */
  protected abstract boolean sleep(Set<W> all, long nanos);

  /** Counts the calling thread in. */
  public final void begin(W waiter) {
    waiters.add(waiter);
  }

  /** Counts the calling thread out. */
  public final void end(W waiter) {
    waiters.remove(waiter);
    if (!waiters.isEmpty() && !sleeping.get()) {
      wakeDaemon();
    }
  }

  /**
   * Has a thread that is counted in wait, at most so long, and sometimes not at all. An interrupt
   * ends it, and stays; of a thread that sleeps in C at the end of the slice.
   */
  public final void pause(long nanos) {
    if (!VirtualThreads.isVirtual(Thread.currentThread()) && sleeping.compareAndSet(false, true)) {
      try {
        sleepOnce(Math.min(nanos, sliceNanos));
      } finally {
        sleeping.set(false);
      }
    } else {
      boolean isWatched = sleeping.get();
      if (!isWatched) {
        wakeDaemon();
      }
      LockSupport.parkNanos(this, isWatched ? nanos : Math.min(nanos, LINGER_NANOS));
    }
  }

  private void sleepOnce(long nanos) {
    if (!sleep(waiters, nanos)) {
      waiters.forEach(Waiter::wake);
      LockSupport.parkNanos(this, PAUSE_AFTER_FAILURE_NANOS);
    }
  }

  private void wakeDaemon() {
    Thread running = daemon.get();
    if (running != null) {
      LockSupport.unpark(running);
      return;
    }
    // Inherits no thread locals, and so keeps no class loader of the caller's.
    Thread made = new Thread(null, this::sleepForOthers, name, 0, false);
    if (daemon.compareAndSet(null, made)) {
      made.setDaemon(true);
      made.setContextClassLoader(null);
      try {
        made.start();
      } catch (OutOfMemoryError e) {
        daemon.compareAndSet(made, null); // no thread is to be had: whoever pauses tries again
      }
    }
  }

  private void sleepForOthers() {
    Thread self = Thread.currentThread();
    try {
      sleepForOthers(self);
    } finally {
      // An error ended it: the waiters start another thread.
      if (daemon.compareAndSet(self, null)) {
        waiters.forEach(Waiter::wake);
      }
    }
  }

  private void sleepForOthers(Thread self) {
    long idleSince = System.nanoTime();
    while (true) {
      if (!waiters.isEmpty()) {
        sleepWhileOthersWait();
        idleSince = System.nanoTime();
      } else if (System.nanoTime() - idleSince < LINGER_NANOS) {
        LockSupport.parkNanos(this, LINGER_NANOS);
      } else {
        daemon.set(null);
        if (waiters.isEmpty() || !daemon.compareAndSet(null, self)) {
          return;
        }
      }
    }
  }

  private void sleepWhileOthersWait() {
    if (!sleeping.compareAndSet(false, true)) {
      LockSupport.parkNanos(this, LINGER_NANOS); // that thread wakes us when it leaves
      return;
    }
    try {
      while (!waiters.isEmpty()) {
        sleepOnce(sliceNanos);
      }
    } finally {
      sleeping.set(false);
    }
  }
}
