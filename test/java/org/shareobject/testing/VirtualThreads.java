package org.shareobject.testing;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.shareobject.ShareObject;
import org.shareobject.ShareValueTooLargeException;

/** A child with many virtual threads; JDK 21 and later. */
public final class VirtualThreads {
  private VirtualThreads() {}

  /** Takes a file. */
  public static void main(String[] args) throws Exception {
    ExecutorService threads =
        (ExecutorService) Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
    try (ShareObject cell = ShareObject.open(Path.of(args[0]))) {
      List<Callable<Boolean>> wrong = new ArrayList<>();
      for (int i = 0; i < 2000; i++) {
        int size = 2000 + i;
        wrong.add(() -> isRightMessage(cell, size));
      }
      System.out.print(count(threads.invokeAll(wrong)) + " right messages, ");
      List<Future<Boolean>> waiters = new ArrayList<>();
      for (int i = 0; i < 500; i++) {
        waiters.add(threads.submit(() -> cell.await(0, Duration.ofSeconds(60)) == 1));
      }
      cell.set("now");
      System.out.println(count(waiters) + " woken");
    }
  }

  private static boolean isRightMessage(ShareObject cell, int size) {
    try {
      cell.set("x".repeat(size));
      return false;
    } catch (ShareValueTooLargeException e) {
      return e.getMessage().endsWith(" " + size);
    }
  }

  private static long count(List<Future<Boolean>> results) throws Exception {
    long count = 0;
    for (Future<Boolean> result : results) {
      count += result.get() ? 1 : 0;
    }
    return count;
  }
}
