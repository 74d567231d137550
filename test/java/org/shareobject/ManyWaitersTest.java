package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Many threads of one JVM that wait: they cost next to nothing, and all are woken. */
@Timeout(120)
class ManyWaitersTest {
  private static final int WAITERS = 1000;
  private static final Duration LONG = Duration.ofSeconds(100);

  /** Of one processor: more than one thread that looks every 20 ms, far less than 1,000 do. */
  private static final double MOST_CPU = 0.15;

  @TempDir Path folder;

  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void end() {
    threads.shutdownNow();
  }

  @Test
  void shouldWaitForKeysWithoutWork() throws Exception {
    try (ShareMap<String, String> map = ShareMap.open(folder.resolve("map"))) {
      List<Callable<Long>> waits = new ArrayList<>();
      for (int i = 0; i < WAITERS; i++) {
        String key = "key " + i;
        waits.add(() -> map.await(key, 0, LONG) > 0 ? 1L : 0L);
      }
      List<Future<Long>> results = startAndMeasure(waits);
      for (int i = 0; i < WAITERS; i++) {
        map.set("key " + i, "value");
      }
      allAnswer(1L, results);
    }
  }

  @Test
  void shouldWaitForACellWithoutWork() throws Exception {
    try (ShareObject cell = ShareObject.open(folder.resolve("cell"))) {
      List<Callable<Long>> waits = new ArrayList<>();
      for (int i = 0; i < WAITERS; i++) {
        waits.add(() -> cell.await(0, LONG));
      }
      List<Future<Long>> results = startAndMeasure(waits);
      cell.set("value");
      allAnswer(1L, results);
    }
  }

  @Test
  void shouldWaitForAComputationWithoutWork() throws Exception {
    try (ShareMap<String, String> map = ShareMap.open(folder.resolve("map"))) {
      CountDownLatch goOn = new CountDownLatch(1);
      List<Callable<String>> waits = new ArrayList<>();
      for (int i = 0; i < WAITERS; i++) {
        waits.add(() -> map.computeIfAbsent("key", key -> slowly(goOn)));
      }
      List<Future<String>> results = startAndMeasure(waits);
      goOn.countDown();
      allAnswer("value", results);
    }
  }

  private static String slowly(CountDownLatch goOn) {
    try {
      goOn.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    return "value";
  }

  private <T> List<Future<T>> startAndMeasure(List<Callable<T>> waits) throws Exception {
    List<Future<T>> results = new ArrayList<>();
    for (Callable<T> wait : waits) {
      results.add(threads.submit(wait));
    }
    TimeUnit.MILLISECONDS.sleep(500); // all wait by now
    long start = System.nanoTime();
    long cpu = cpuNanosOfAllThreads();
    TimeUnit.SECONDS.sleep(2);
    double share = (double) (cpuNanosOfAllThreads() - cpu) / (System.nanoTime() - start);
    System.out.printf("%d waiting threads: %.1f %% of a processor%n", WAITERS, 100 * share);
    assertTrue(share < MOST_CPU, share + " of a processor");
    return results;
  }

  private static long cpuNanosOfAllThreads() {
    ThreadMXBean bean = ManagementFactory.getThreadMXBean();
    long sum = 0;
    for (long id : bean.getAllThreadIds()) {
      sum += Math.max(0, bean.getThreadCpuTime(id));
    }
    return sum;
  }

  private static <T> void allAnswer(T answer, List<Future<T>> results) throws Exception {
    for (Future<T> result : results) {
      assertEquals(answer, result.get(60, TimeUnit.SECONDS));
    }
  }
}
