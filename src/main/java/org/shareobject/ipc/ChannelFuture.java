package org.shareobject.ipc;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/** A future that the channel's own thread refuses to wait for: it would wait for itself. */
final class ChannelFuture<T> extends CompletableFuture<T> {
  private final BooleanSupplier isOwnThread;

  /**
   * Creates a future.
   *
   * @param isOwnThread tells whether the current thread is the one that completes it
   */
  ChannelFuture(BooleanSupplier isOwnThread) {
    this.isOwnThread = isOwnThread;
  }

  @Override
  public <U> CompletableFuture<U> newIncompleteFuture() {
    return new ChannelFuture<>(isOwnThread);
  }

  @Override
  public T get() throws InterruptedException, ExecutionException {
    checkThread();
    return super.get();
  }

  @Override
  public T get(long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, TimeoutException {
    checkThread();
    return super.get(timeout, unit);
  }

  @Override
  public T join() {
    checkThread();
    return super.join();
  }

  private void checkThread() {
    if (!isDone() && isOwnThread.getAsBoolean()) {
      throw new IllegalStateException(
          "a listener of the channel would wait without end for what the channel does next;"
              + " use thenRun, or wait in another thread");
    }
  }
}
