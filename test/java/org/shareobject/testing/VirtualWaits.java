package org.shareobject.testing;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.shareobject.Codec;
import org.shareobject.ShareMap;
import org.shareobject.ShareObject;
import org.shareobject.Versioned;

/** A child whose virtual threads wait; JDK 21 and later. */
public final class VirtualWaits {
  /** How many keys {@code mix} computes: 0 to this, as text. */
  public static final int KEYS = 100;

  private static final int MIXERS = 1000;
  private static final int WAITERS = 8;
  private static final Duration LONG = Duration.ofSeconds(60);

  private VirtualWaits() {}

  /** Takes what to do, and a file. */
  public static void main(String[] args) throws Exception {
    Path file = Path.of(args[1]);
    switch (args[0]) {
      case "compute" -> System.out.println(compute(file) + " have one value");
      case "await" -> System.out.println(await(file) + " woken");
      case "cell" -> System.out.println(cell(file) + " woken");
      case "mix" -> mix(file, Path.of(args[2]));
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  private static ExecutorService virtualThreads() throws ReflectiveOperationException {
    return (ExecutorService)
        Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
  }

  private static long compute(Path file) throws Exception {
    try (ShareMap<String, String> map = ShareMap.open(file)) {
      ExecutorService threads = virtualThreads();
      List<Future<String>> results = new ArrayList<>();
      for (int i = 0; i < WAITERS; i++) {
        String mine = "value " + i;
        results.add(threads.submit(() -> map.computeIfAbsent("key", key -> slowly(mine))));
      }
      long equal = 0;
      for (Future<String> result : results) {
        equal += result.get(60, TimeUnit.SECONDS).equals(map.get("key")) ? 1 : 0;
      }
      return equal;
    }
  }

  private static String slowly(String value) {
    nap(100);
    return value;
  }

  private static void nap(long millis) {
    try {
      TimeUnit.MILLISECONDS.sleep(millis);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** A wait of its own. */
  private interface Wait {
    long version() throws InterruptedException, TimeoutException;
  }

  /** Returns how many were woken by what a virtual thread does once all wait. */
  private static long woken(Wait wait, Runnable wakeUp) throws Exception {
    ExecutorService threads = virtualThreads();
    CountDownLatch begun = new CountDownLatch(WAITERS);
    List<Future<Long>> results = new ArrayList<>();
    for (int i = 0; i < WAITERS; i++) {
      results.add(
          threads.submit(
              () -> {
                begun.countDown();
                return wait.version();
              }));
    }
    threads
        .submit(
            () -> {
              begun.await();
              TimeUnit.MILLISECONDS.sleep(20);
              wakeUp.run();
              return null;
            })
        .get(30, TimeUnit.SECONDS);
    long count = 0;
    for (Future<Long> result : results) {
      count += result.get() > 0 ? 1 : 0;
    }
    return count;
  }

  private static long await(Path file) throws Exception {
    try (ShareMap<String, String> map = ShareMap.open(file)) {
      return woken(() -> map.await("key", 0, LONG), () -> map.set("key", "value"));
    }
  }

  private static long cell(Path file) throws Exception {
    try (ShareObject cell = ShareObject.open(file)) {
      return woken(() -> cell.await(0, LONG), () -> cell.set("value"));
    }
  }

  // ---- mix

  /**
   * Computes, gets, sets, awaits and removes until the key "stop" is there. The other map counts,
   * for each key, the runs of its function, and how often it went.
   */
  private static void mix(Path file, Path countsFile) throws Exception {
    try (ShareMap<String, String> map = ShareMap.open(file);
        ShareMap<String, Long> counts =
            ShareMap.builder(Codec.STRING, Codec.LONG).open(countsFile)) {
      ExecutorService threads = virtualThreads();
      List<Future<?>> ends = new ArrayList<>();
      for (int i = 0; i < MIXERS; i++) {
        ends.add(
            threads.submit(
                () -> {
                  while (!map.containsKey("stop")) {
                    act(map, counts);
                  }
                  return null;
                }));
      }
      System.out.println("ready");
      for (Future<?> end : ends) {
        end.get();
      }
      System.out.println("ended");
    }
  }

  private static void act(ShareMap<String, String> map, ShareMap<String, Long> counts)
      throws InterruptedException {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    String key = Integer.toString(random.nextInt(KEYS));
    Versioned<String> seen = map.getVersioned(key);
    switch (random.nextInt(8)) {
      case 0 -> map.set("set " + key, "at " + System.nanoTime());
      case 1 -> awaitShortly(map, "set " + key, 0);
      case 2 -> awaitShortly(map, key, seen == null ? 0 : seen.version());
      case 3 -> {
        if (seen != null && map.removeVersion(key, seen.version())) {
          counts.addAndGet("gone " + key, 1);
        }
      }
      case 4 -> TimeUnit.MILLISECONDS.sleep(random.nextInt(20));
      default -> {
        String value = map.computeIfAbsent(key, k -> computed(map, counts, k));
        if (!value.startsWith(key + " by ")) {
          counts.addAndGet("wrong value", 1);
        }
      }
    }
  }

  private static void awaitShortly(ShareMap<String, String> map, String key, long version)
      throws InterruptedException {
    try {
      map.await(key, version, Duration.ofMillis(20));
    } catch (TimeoutException e) {
      // nobody changed it
    }
  }

  /** Finds out whether another living process, or thread, computes the key too. */
  private static String computed(
      ShareMap<String, String> map, ShareMap<String, Long> counts, String key) {
    long pid = ProcessHandle.current().pid();
    String inside = map.get("in " + key);
    if (inside != null && (inside.equals("" + pid) || Host.isAlive(Long.parseLong(inside)))) {
      counts.addAndGet("two at once", 1);
    }
    map.set("in " + key, "" + pid);
    long run = counts.addAndGet("runs " + key, 1);
    nap(ThreadLocalRandom.current().nextInt(3));
    if (map.containsKey(key)) {
      counts.addAndGet("computed though present", 1);
    }
    map.remove("in " + key);
    return key + " by " + pid + ", run " + run;
  }
}
