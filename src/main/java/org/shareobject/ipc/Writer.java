package org.shareobject.ipc;

import java.util.ArrayList;
import java.util.List;
import org.shareobject.ShareClosedException;
import org.shareobject.ShareException;
import org.shareobject.ShareIoException;
import org.shareobject.internal.socket.Descriptor;
import org.shareobject.internal.socket.Endpoint;

/**
 * Writes the messages of an {@link Outbox}. A thread that adds a message writes as much as fits at
 * once, unless another thread is writing. A thread that waits for room writes what does not fit. So
 * adding never blocks. The JVM stays alive while that thread has something to write.
 *
 * <p>One thread at a time has the role of writing, and alone touches the batch that is being
 * written. The state is guarded by the outbox.
 */
final class Writer {
  /** After this many writes, a thread that only wanted to add leaves the rest to the writer's. */
  private static final int MOST_WRITES = 16;

  private final Endpoint endpoint;
  private final Outbox outbox;
  private final String name;
  private boolean isRoleTaken;
  private boolean isLeftToThread;
  private Thread thread;

  Writer(Endpoint endpoint, Outbox outbox, String name) {
    this.endpoint = endpoint;
    this.outbox = outbox;
    this.name = name;
  }

  /** Returns whether a thread is writing. */
  boolean isWriting() {
    return isRoleTaken;
  }

  /** Writes what fits now and leaves the rest to the thread; nothing if another thread writes. */
  void write() {
    if (takeRole()) {
      List<Runnable> done = new ArrayList<>();
      if (!drain(done)) {
        leaveToThread();
      }
      done.forEach(Runnable::run);
    }
  }

  /** Makes the thread write soon, together with what is added until then. */
  void writeLater() {
    if (takeRole()) {
      leaveToThread();
    }
  }

  private boolean takeRole() {
    synchronized (outbox) {
      if (isRoleTaken) {
        return false;
      }
      isRoleTaken = true;
      return true;
    }
  }

  private void releaseRole() {
    synchronized (outbox) {
      isRoleTaken = false;
    }
  }

  // ---- the thread ----

  /** Hands the role over. The JVM stays alive until the thread is done. */
  private void leaveToThread() {
    Thread made;
    try {
      KeepAlive.enter();
    } catch (OutOfMemoryError e) {
      giveUp("no thread to stay alive with", e);
      return;
    }
    synchronized (outbox) {
      isLeftToThread = true;
      outbox.notifyAll();
      if (thread != null) {
        return;
      }
      made = new Thread(this::writeOn, name);
      made.setDaemon(true);
      thread = made;
    }
    try {
      made.start();
    } catch (OutOfMemoryError e) {
      KeepAlive.leave();
      giveUp("no thread to write with", e);
    }
  }

  /** Ends the channel, with the role: memory is short, and what was being written may be lost. */
  private void giveUp(String what, OutOfMemoryError e) {
    releaseRole();
    outbox.fail(new ShareIoException("SHO_ENOMEM", what + ": " + e.getMessage(), e));
  }

  private void writeOn() {
    while (awaitRole()) {
      try {
        writeAll();
      } finally {
        KeepAlive.leave();
      }
    }
  }

  /** Returns false when nothing more will come. */
  private boolean awaitRole() {
    synchronized (outbox) {
      while (!isLeftToThread && !outbox.isEnded()) {
        awaitChange();
      }
      boolean isMine = isLeftToThread;
      isLeftToThread = false;
      if (!isMine) {
        thread = null; // who is left something after that starts another
      }
      return isMine;
    }
  }

  @SuppressWarnings("WaitNotInLoop") // the caller's
  private void awaitChange() {
    try {
      outbox.wait();
    } catch (InterruptedException e) {
      // Whatever the interrupt was meant for, what was sent is still written.
      return;
    }
  }

  private void writeAll() {
    boolean goesOn = true;
    while (goesOn) {
      List<Runnable> done = new ArrayList<>();
      goesOn = !drain(done);
      if (!done.isEmpty()) {
        // Futures run arbitrary callbacks, which must not hold the role for long.
        if (goesOn) {
          releaseRole();
        }
        done.forEach(Runnable::run);
        goesOn = goesOn && takeRole();
      }
      if (goesOn) {
        awaitRoom();
      }
    }
  }

  private void awaitRoom() {
    try {
      endpoint.awaitRoom();
    } catch (ShareException e) {
      outbox.fail(e);
    }
  }

  // ---- with the role ----

  /**
   * Writes what fits.
   *
   * @param done takes what is to be run without the role
   * @return whether there is nothing more to write, and the role is given up
   */
  private boolean drain(List<Runnable> done) {
    try {
      return drainBatches(done);
    } catch (OutOfMemoryError e) {
      giveUp("no memory to write with", e);
      return true;
    }
  }

  private boolean drainBatches(List<Runnable> done) {
    for (int i = 0; i < MOST_WRITES; i++) {
      Batch batch;
      synchronized (outbox) {
        batch = outbox.batch();
        if (batch == null) {
          isRoleTaken = false;
          outbox.endIfFinished();
          return true;
        }
      }
      if (!write(batch, done)) {
        return false;
      }
    }
    return false;
  }

  /** Returns false if nothing fits now. */
  private boolean write(Batch batch, List<Runnable> done) {
    try (Descriptor passed = batch.open()) {
      return write(batch, passed, done);
    } catch (RuntimeException e) {
      outbox.failed(batch, e, done); // the handle is closed, or has no descriptor
      return true;
    }
  }

  private boolean write(Batch batch, Descriptor passed, List<Runnable> done) {
    try {
      if (!batch.write(endpoint, passed)) {
        return false;
      }
      if (batch.isDone()) {
        outbox.written(batch, done);
      }
    } catch (ShareClosedException e) {
      outbox.fail(e);
      outbox.failedAtEnd(batch, false, done);
    } catch (ShareException e) {
      outbox.failed(batch, e, done);
    }
    return true;
  }
}
