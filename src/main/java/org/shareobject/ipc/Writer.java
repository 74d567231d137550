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
 * once, unless another thread is writing. A thread of the {@link Crew} writes what does not fit, as
 * soon as there is room. So adding never blocks. The JVM stays alive until that is written.
 *
 * <p>One thread at a time has the role of writing, and alone touches the batch that is being
 * written. The state is guarded by the outbox.
 */
final class Writer {
  /** After this many writes, a thread that only wanted to add leaves the rest to the crew. */
  private static final int MOST_WRITES = 16;

  private final Endpoint endpoint;
  private final Outbox outbox;
  private boolean isRoleTaken;

  Writer(Endpoint endpoint, Outbox outbox) {
    this.endpoint = endpoint;
    this.outbox = outbox;
  }

  /** Returns whether a thread is writing. */
  boolean isWriting() {
    return isRoleTaken;
  }

  /** Writes what fits now and leaves the rest to the crew; nothing if another thread writes. */
  void write() {
    if (takeRole()) {
      List<Runnable> done = new ArrayList<>();
      if (!drain(done)) {
        leaveToCrew();
      }
      done.forEach(Runnable::run);
    }
  }

  /** Has the crew write soon, together with what is added until then. */
  void writeLater() {
    if (takeRole()) {
      leaveToCrew();
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

  // ---- the crew ----

  /** Hands the role over. The JVM stays alive until all is written. */
  private void leaveToCrew() {
    try {
      KeepAlive.enter();
    } catch (OutOfMemoryError e) {
      giveUp("no thread to stay alive with", e);
      return;
    }
    writable();
  }

  /** Called, with the role handed over, when something fits; does not block. */
  void writable() {
    Crew.ALL.add(this::writeOn);
  }

  /** Ends the channel, with the role: memory is short, and what was being written may be lost. */
  private void giveUp(String what, OutOfMemoryError e) {
    releaseRole();
    outbox.fail(new ShareIoException("SHO_ENOMEM", what + ": " + e.getMessage(), e));
  }

  private void writeOn() {
    List<Runnable> done = new ArrayList<>();
    boolean goesOn = !drain(done);
    try {
      if (!done.isEmpty()) {
        // Futures run arbitrary callbacks, which must not hold the role for long.
        if (goesOn) {
          releaseRole();
        }
        done.forEach(Runnable::run);
        goesOn = goesOn && takeRole();
      }
    } finally {
      if (!goesOn) {
        KeepAlive.leave();
      }
    }
    if (goesOn) {
      awaitRoom();
    }
  }

  private void awaitRoom() {
    try {
      endpoint.awaitWritable();
    } catch (ShareException e) {
      outbox.fail(e);
      writable(); // which finds that there is nothing more to write
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
