package org.shareobject.ipc;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.shareobject.internal.process.Uncaught;
import org.shareobject.internal.socket.Poller;

/**
 * The threads that read, listen and write for all channels of this JVM.
 *
 * <p>One of them waits for the channels. What comes it does itself, so that nothing is handed from
 * thread to thread; if there is more than one thing to do, others help, as many as there are
 * processors. Then the first that has nothing to do waits for the channels again.
 *
 * <p>A thread that does not come back from a listener within {@link #STUCK_MS} does not count, and
 * another one takes its place. So there are as many threads as listeners that block, and a few
 * more. All but one end when they have had nothing to do for a while.
 */
final class Crew {
  static final Crew ALL = new Crew(Math.max(2, Runtime.getRuntime().availableProcessors()));

  private static final long STUCK_MS = 10;
  private static final long IDLE_MS = 1000;

  /** How long to rest when the system refuses to wait for channels. */
  private static final long REFUSED_MS = 100;

  private final int most;
  private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
  private final List<Member> members = new ArrayList<>();
  private Member poller;
  private int idle;
  private int stuck;
  private int named;
  private boolean isCheckDue;

  private Crew(int most) {
    this.most = most;
  }

  /** One of the threads. Guarded by the crew. */
  private final class Member extends Thread {
    private long beganNs;
    private boolean isBusy;
    private boolean isStuck;

    Member(String name) {
      super(null, null, name, 0, false);
      setDaemon(true);
    }

    @Override
    public void run() {
      for (Runnable task = next(this); task != null; task = next(this)) {
        try {
          task.run();
        } catch (RuntimeException | Error e) {
          Uncaught.tell(e);
        }
        // What a listener did to its thread is not the next one's.
        boolean unused = Thread.interrupted();
        setUncaughtExceptionHandler(null);
        setContextClassLoader(ClassLoader.getSystemClassLoader());
      }
    }

    private void setStuck(boolean isStuck) {
      if (this.isStuck != isStuck) {
        this.isStuck = isStuck;
        stuck += isStuck ? 1 : -1;
      }
    }
  }

  /**
   * Makes sure that channels are waited for, from now on.
   *
   * @throws OutOfMemoryError if there can be no thread
   */
  synchronized void open() {
    if (members.isEmpty()) {
      start();
    }
  }

  /** Has a thread run it soon. Does not block. */
  synchronized void add(Runnable task) {
    tasks.add(task);
    boolean isOwn = Thread.currentThread() == poller; // which comes back to take one
    int takers = idle + (isOwn ? 1 : 0);
    if (tasks.size() > takers) {
      grow();
    } else if (!isOwn || tasks.size() > 1) {
      notify();
    }
    checkLater();
  }

  private void start() {
    named++;
    Member member = new Member("shareobject channels " + named);
    member.start();
    members.add(member);
  }

  /** Starts a thread if too few are there that can take something. */
  private void grow() {
    int waiting = poller != null && Thread.currentThread() != poller ? 1 : 0;
    if (members.size() - stuck - waiting < most) {
      try {
        start();
      } catch (OutOfMemoryError e) {
        // Those that are there take it in turn, or the next check starts one.
        return;
      }
    }
  }

  private void checkLater() {
    if (!isCheckDue) {
      isCheckDue = true;
      Executor later =
          CompletableFuture.delayedExecutor(STUCK_MS, TimeUnit.MILLISECONDS, Runnable::run);
      later.execute(this::check);
    }
  }

  private synchronized void check() {
    isCheckDue = false;
    boolean isBusy = false;
    long now = System.nanoTime();
    for (Member member : members) {
      isBusy |= member.isBusy && !member.isStuck;
      if (member.isBusy && now - member.beganNs > TimeUnit.MILLISECONDS.toNanos(STUCK_MS)) {
        member.setStuck(true);
      }
    }
    if (poller == null || !tasks.isEmpty()) {
      if (idle > 0) {
        notify();
      } else {
        grow();
      }
      checkLater();
    } else if (isBusy) {
      checkLater();
    }
  }

  /** Returns what the thread is to do next; null if it is to end. */
  private Runnable next(Member member) {
    while (true) {
      synchronized (this) {
        member.isBusy = false;
        member.setStuck(false);
        boolean isSurplus = members.size() - stuck > most + 1;
        if (isSurplus || (tasks.isEmpty() && poller != null && !awaitWork())) {
          members.remove(member);
          return null;
        }
        Runnable task = tasks.poll();
        if (task != null) {
          member.isBusy = true;
          member.beganNs = System.nanoTime();
          return task;
        }
        if (poller == null) {
          poller = member;
        }
        if (poller != member) {
          continue;
        }
      }
      poll();
    }
  }

  /** Returns false if nothing was to do for long, and others wait for the channels. */
  private boolean awaitWork() {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(IDLE_MS);
    idle++;
    try {
      for (long left = IDLE_MS; tasks.isEmpty() && poller != null && left > 0; ) {
        wait(left);
        left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
      }
    } catch (InterruptedException e) {
      // Nobody is meant: it ends, or goes on.
      return !tasks.isEmpty() || poller == null;
    } finally {
      idle--;
    }
    return !tasks.isEmpty() || poller == null;
  }

  private void poll() {
    try {
      Poller.get().poll();
    } catch (RuntimeException | Error e) {
      Uncaught.tell(e);
      rest();
    } finally {
      synchronized (this) {
        poller = null;
      }
    }
  }

  private static void rest() {
    try {
      Thread.sleep(REFUSED_MS);
    } catch (InterruptedException e) {
      // It goes on for the other channels.
      return;
    }
  }
}
