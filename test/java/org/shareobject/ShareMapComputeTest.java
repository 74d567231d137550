package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.ComputeRace;
import org.shareobject.testing.JvmLauncher;
import org.shareobject.testing.MapShell;

/** computeIfAbsent, between threads and between processes. */
@Timeout(120)
class ShareMapComputeTest {
  private static final int THREADS = 8;

  @TempDir Path folder;

  private Path file;
  private ShareMap<String, String> map;
  private ExecutorService threads;

  @BeforeEach
  void open() {
    file = folder.resolve("map");
    map = ShareMap.open(file);
    threads = Executors.newCachedThreadPool();
  }

  @AfterEach
  void close() {
    threads.shutdownNow();
    map.close();
  }

  // ---- one thread

  @Test
  void shouldComputeWhatIsAbsent() {
    assertEquals("value of key", map.computeIfAbsent("key", key -> "value of " + key));
    assertEquals("value of key", map.computeIfAbsent("key", key -> "never"));
    assertEquals("value of key", map.get("key"));
  }

  @Test
  void shouldStoreNothingForNull() {
    assertNull(map.computeIfAbsent("key", key -> null));
    assertTrue(map.isEmpty());
    assertEquals("x", map.computeIfAbsent("key", key -> "x"));
  }

  @Test
  void shouldComputeAgainAfterFailure() {
    assertThrows(IllegalStateException.class, () -> map.computeIfAbsent("key", this::fail));
    assertTrue(map.isEmpty());
    assertEquals("x", map.computeIfAbsent("key", key -> "x"));
  }

  @Test
  void shouldComputeOtherKeysWithin() {
    String sum =
        map.computeIfAbsent(
            "a",
            a -> a + map.computeIfAbsent("b", b -> b + map.computeIfAbsent("c", c -> c + ".")));
    assertEquals("abc.", sum);
    assertEquals("bc.", map.get("b"));
    assertEquals("c.", map.get("c"));
  }

  @Test
  void shouldRefuseToComputeAKeyWithinItself() {
    assertThrows(
        IllegalStateException.class,
        () -> map.computeIfAbsent("key", key -> map.computeIfAbsent("key", again -> "x")));
    assertThrows(
        IllegalStateException.class,
        () ->
            map.computeIfAbsent(
                "key",
                key -> map.computeIfAbsent("b", b -> map.computeIfAbsent("key", again -> "x"))));
    assertTrue(map.isEmpty());
    assertEquals("x", map.computeIfAbsent("key", key -> "x"));
  }

  @Test
  void shouldReturnWhatWasPutMeanwhile() {
    String value =
        map.computeIfAbsent(
            "key",
            key -> {
              map.set(key, "put");
              return "computed";
            });
    assertEquals("put", value);
    assertEquals("put", map.get("key"));
  }

  // ---- threads

  @Test
  void shouldComputeOnceForAllThreads() throws Exception {
    AtomicInteger runs = new AtomicInteger();
    CountDownLatch start = new CountDownLatch(1);
    List<Future<Integer>> results = new ArrayList<>();
    for (int t = 0; t < THREADS; t++) {
      results.add(
          threads.submit(
              () -> {
                start.await();
                int wrong = 0;
                for (int i = 0; i < 500; i++) {
                  int n = i;
                  String value =
                      map.computeIfAbsent("key " + n, key -> n + "/" + runs.incrementAndGet());
                  wrong += value.equals(map.get("key " + n)) ? 0 : 1;
                }
                return wrong;
              }));
    }
    start.countDown();
    for (Future<Integer> result : results) {
      assertEquals(0, result.get());
    }
    assertEquals(500, runs.get());
  }

  @Test
  void shouldHandOverWhenTheFunctionFails() throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch failNow = new CountDownLatch(1);
    Future<String> first =
        threads.submit(
            () ->
                map.computeIfAbsent(
                    "key",
                    key -> {
                      inside.countDown();
                      awaitQuietly(failNow);
                      return fail(key);
                    }));
    inside.await();
    Future<String> second = threads.submit(() -> map.computeIfAbsent("key", key -> "second"));
    Thread.sleep(50);
    assertTrue(!second.isDone());
    failNow.countDown();
    assertEquals("second", second.get(10, TimeUnit.SECONDS));
    assertThrows(ExecutionException.class, first::get);
  }

  @Test
  void shouldEndACycleOfThreads() throws Exception {
    CountDownLatch both = new CountDownLatch(2);
    List<Future<String>> results = new ArrayList<>();
    String a = "a";
    String b = "b";
    for (String[] keys : new String[][] {{a, b}, {b, a}}) {
      results.add(
          threads.submit(
              () ->
                  map.computeIfAbsent(
                      keys[0],
                      key -> {
                        both.countDown();
                        awaitQuietly(both);
                        return map.computeIfAbsent(keys[1], other -> "x");
                      })));
    }
    int failures = 0;
    for (Future<String> result : results) {
      try {
        assertEquals("x", result.get(20, TimeUnit.SECONDS));
      } catch (ExecutionException e) {
        assertEquals("SHO_EDEADLK", ((ShareException) e.getCause()).code());
        failures++;
      }
    }
    assertTrue(failures > 0, "both ended");
  }

  /** Each thread computes keys within each other, and no two threads share one. */
  @Test
  void shouldFindNoCycleInChainsWithoutACommonKey() throws Exception {
    for (int run = 0; run < 20; run++) {
      List<Future<String>> chains = new ArrayList<>();
      for (String name : List.of("left " + run, "right " + run)) {
        chains.add(threads.submit(() -> chain(name, 40)));
      }
      for (Future<String> chain : chains) {
        assertEquals("end", chain.get(30, TimeUnit.SECONDS));
      }
    }
  }

  private String chain(String name, int depth) {
    return map.computeIfAbsent(
        name + " " + depth, key -> depth == 0 ? "end" : chain(name, depth - 1));
  }

  @Test
  void shouldNotWaitForStrangers() throws Exception {
    CountDownLatch goOn = new CountDownLatch(1);
    List<Future<String>> slow = new ArrayList<>();
    CountDownLatch inside = new CountDownLatch(50);
    for (int i = 0; i < 50; i++) {
      String key = "slow " + i;
      slow.add(
          threads.submit(
              () ->
                  map.computeIfAbsent(
                      key,
                      k -> {
                        inside.countDown();
                        awaitQuietly(goOn);
                        return "x";
                      })));
    }
    inside.await();
    for (int i = 0; i < 500; i++) {
      String key = "fast " + i;
      Future<String> fast = threads.submit(() -> map.computeIfAbsent(key, k -> "y"));
      assertEquals("y", fast.get(30, TimeUnit.SECONDS));
    }
    goOn.countDown();
    for (Future<String> each : slow) {
      assertEquals("x", each.get(30, TimeUnit.SECONDS));
    }
  }

  @Test
  void shouldSeeAnInterruptWhileItWaitsForAThread() throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    Future<String> first =
        threads.submit(
            () ->
                map.computeIfAbsent(
                    "key",
                    key -> {
                      inside.countDown();
                      awaitQuietly(goOn);
                      return "x";
                    }));
    inside.await();
    seesAnInterrupt();
    goOn.countDown();
    assertEquals("x", first.get(10, TimeUnit.SECONDS));
  }

  /** Interrupts a thread that waits for the key, and gets it out. */
  private void seesAnInterrupt() throws Exception {
    CompletableFuture<String> outcome = new CompletableFuture<>();
    Thread waiter =
        new Thread(
            () -> {
              try {
                outcome.complete(map.computeIfAbsent("key", key -> "y"));
              } catch (ShareException e) {
                outcome.complete(e.code() + ", " + Thread.currentThread().isInterrupted());
              }
            });
    waiter.start();
    Thread.sleep(50);
    waiter.interrupt();
    assertEquals("SHO_EINTR, true", outcome.get(10, TimeUnit.SECONDS));
  }

  @Test
  void shouldComputeThoughInterruptedIfItNeedNotWait() {
    Thread.currentThread().interrupt();
    try {
      assertEquals("x", map.computeIfAbsent("free", key -> "x"));
    } finally {
      assertTrue(Thread.interrupted());
    }
  }

  @Test
  void shouldEndWaitersByClose() throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    Future<String> first =
        threads.submit(
            () ->
                map.computeIfAbsent(
                    "key",
                    key -> {
                      inside.countDown();
                      awaitQuietly(goOn);
                      return "x";
                    }));
    inside.await();
    Future<String> second = threads.submit(() -> map.computeIfAbsent("key", key -> "y"));
    Thread.sleep(50);
    map.close();
    isClosed(second);
    goOn.countDown();
    isClosed(first);
  }

  private static void isClosed(Future<?> call) {
    Throwable e =
        assertThrows(ExecutionException.class, () -> call.get(10, TimeUnit.SECONDS)).getCause();
    assertEquals(ShareClosedException.class, e.getClass(), e.toString());
  }

  // ---- processes

  @Test
  void shouldComputeOnceForAllProcesses() {
    List<ChildJvm> children = new ArrayList<>();
    try {
      for (int i = 0; i < 3; i++) {
        children.add(new JvmLauncher().start(ComputeRace.class, file.toString()));
      }
      children.forEach(child -> assertEquals("ready", child.nextLine()));
      children.forEach(child -> child.send("go"));
      children.forEach(child -> assertEquals("0 wrong", child.nextLine()));
      assertEquals(
          ComputeRace.KEYS, ComputeRace.runs(file), "each key is computed once, and each is");
    } finally {
      children.forEach(ChildJvm::close);
    }
  }

  @Test
  void shouldTakeOverFromADeadProcess() throws Exception {
    try (ChildJvm child = new JvmLauncher().start(MapShell.class, file.toString())) {
      assertEquals("ready", child.nextLine());
      child.send("compute key 60000 late");
      assertEquals("computing", child.nextLine());
      Future<String> value = threads.submit(() -> map.computeIfAbsent("key", key -> "mine"));
      Thread.sleep(100);
      assertTrue(!value.isDone());
      long start = System.nanoTime();
      child.kill();
      assertEquals("mine", value.get(10, TimeUnit.SECONDS));
      System.out.printf(
          "computeIfAbsent went on %d ms after its process was killed%n",
          (System.nanoTime() - start) / 1_000_000);
    }
  }

  @Test
  void shouldSeeAnInterruptWhileItWaitsForAProcess() throws Exception {
    try (ChildJvm child = new JvmLauncher().start(MapShell.class, file.toString())) {
      assertEquals("ready", child.nextLine());
      child.send("compute key 60000 late");
      assertEquals("computing", child.nextLine());
      seesAnInterrupt();
    }
  }

  @Test
  void shouldWaitForAnotherProcess() {
    try (ChildJvm child = new JvmLauncher().start(MapShell.class, file.toString())) {
      assertEquals("ready", child.nextLine());
      child.send("compute key 300 theirs");
      assertEquals("computing", child.nextLine());
      assertEquals("theirs", map.computeIfAbsent("key", key -> "mine"));
      assertEquals("theirs", child.nextLine());
    }
  }

  @Test
  void shouldEndACycleOfProcesses() throws Exception {
    try (ChildJvm one = new JvmLauncher().start(MapShell.class, file.toString());
        ChildJvm two = new JvmLauncher().start(MapShell.class, file.toString())) {
      assertEquals("ready", one.nextLine());
      assertEquals("ready", two.nextLine());
      one.send("cross a b x");
      two.send("cross b a x");
      assertEquals("computing", one.nextLine());
      assertEquals("computing", two.nextLine());
      map.set("go", "x");
      List<String> answers = List.of(one.nextLine(), two.nextLine());
      assertTrue(answers.contains("SHO_EDEADLK"), answers.toString());
      assertEquals("y", map.computeIfAbsent("c", key -> "y"));
    }
  }

  private String fail(String key) {
    throw new IllegalStateException("no value for " + key);
  }

  private static void awaitQuietly(CountDownLatch latch) {
    CompletableFuture.runAsync(
            () -> {
              try {
                latch.await();
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
            })
        .join();
  }
}
