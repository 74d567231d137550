package org.shareobject.testing;

import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.shareobject.internal.cell.CellNative;
import org.shareobject.internal.nativelib.NativeLibrary;
import org.shareobject.internal.nativelib.Results;
import org.shareobject.internal.text.FileNames;
import org.shareobject.internal.text.Utf8;

/**
 * A child whose threads set texts until it is killed. They call the native with bytes made before,
 * so that the child is within a write at most times that it may be killed.
 */
public final class SetStorm {
  private static final int THREADS = 3;
  private static final int WARM_UP = 200;

  private SetStorm() {}

  /** Takes file and capacity; prints a line when the storm is on. */
  public static void main(String[] args) throws InterruptedException {
    int capacity = Integer.parseInt(args[1]);
    CountDownLatch warm = new CountDownLatch(WARM_UP);
    NativeLibrary.load();
    long cell = Results.check(CellNative.open(FileNames.bytes(Path.of(args[0])), capacity, false));
    for (int i = 0; i < THREADS; i++) {
      int writer = i;
      Thread thread = new Thread(() -> storm(cell, writer, capacity, warm));
      thread.setDaemon(true);
      thread.start();
    }
    warm.await();
    System.out.println("ready");
    Thread.sleep(Long.MAX_VALUE);
  }

  private static void storm(long cell, int writer, int capacity, CountDownLatch warm) {
    byte[][] texts = new byte[64][];
    for (int turn = 0; turn < texts.length; turn++) {
      texts[turn] = Utf8.encode(Texts.make(writer, turn, capacity - 1));
    }
    for (int turn = 0; ; turn++) {
      Results.check(CellNative.set(cell, texts[turn % texts.length]));
      warm.countDown();
    }
  }
}
