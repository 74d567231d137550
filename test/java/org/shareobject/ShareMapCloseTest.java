package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.shareobject.testing.Failures.fails;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ShareMapCloseTest {
  private static final Duration LONG = Duration.ofHours(1);

  @TempDir Path folder;

  private ShareMap<String, String> map;

  @BeforeEach
  void open() {
    map = ShareMap.open(folder.resolve("map"));
    for (int i = 0; i < 1000; i++) {
      map.set("key " + i, "value " + i);
    }
  }

  @Test
  void shouldRefuseAllUseAfterClose() {
    var iterator = map.entrySet().iterator();
    var entry = iterator.next();
    map.close();
    map.close();
    for (Executable call :
        List.<Executable>of(
            () -> map.get("key 1"),
            () -> map.getVersioned("key 1"),
            () -> map.containsKey("key 1"),
            () -> map.containsValue("x"),
            () -> map.set("key 1", "x"),
            () -> map.set("key 1", "x", LONG),
            () -> map.put("key 1", "x"),
            () -> map.putIfAbsent("key 1", "x"),
            () -> map.remove("key 1"),
            () -> map.remove("key 1", "x"),
            () -> map.removeVersion("key 1", 1),
            () -> map.replace("key 1", "x"),
            () -> map.replaceVersion("key 1", 1, "x"),
            () -> map.replaceVersion("key 1", 1, "x", LONG),
            () -> map.read("key 1", bytes -> bytes),
            () -> map.addAndGet("key 1", 1),
            () -> map.timeToLive("key 1"),
            () -> map.expire("key 1", LONG),
            () -> map.await("key 1", 0, LONG),
            () -> map.onChange(change -> {}),
            () -> map.compute("key 1", (k, v) -> "x"),
            () -> map.computeIfAbsent("new", k -> "x"),
            () -> map.merge("key 1", "x", String::concat),
            () -> map.keySet().iterator().next(),
            () -> map.forEach((k, v) -> {}),
            () -> entry.setValue("x"),
            iterator::remove,
            map::size,
            map::sizeLong,
            map::isEmpty,
            map::stats,
            map::clear,
            map::removeExpired,
            map::verify,
            map::hashCode,
            map::toString)) {
      closed(call);
    }
    open();
    assertEquals("value 1", map.get("key 1"));
    assertEquals(1000, map.size());
    map.close();
  }

  @RepeatedTest(20)
  void shouldEndAllThreadsThatUseIt() throws Exception {
    List<CompletableFuture<Void>> threads =
        List.of(
            untilFailure(() -> map.get("key 1")),
            untilFailure(() -> map.read("key 2", bytes -> bytes.get(0))),
            untilFailure(() -> map.put("key 3", "x")),
            untilFailure(
                () -> {
                  map.set("key 4", "x".repeat(10_000));
                  return null;
                }),
            untilFailure(() -> map.await("key 5", map.getVersioned("key 5").version(), LONG)),
            untilFailure(() -> map.await("absent", 0, LONG)),
            untilFailure(() -> String.join("", map.values())),
            untilFailure(() -> map.keySet().removeIf(key -> false)));
    Thread.sleep(10);
    map.close();
    for (CompletableFuture<Void> thread : threads) {
      Throwable e =
          assertThrows(ExecutionException.class, () -> thread.get(20, TimeUnit.SECONDS)).getCause();
      assertEquals(ShareClosedException.class, e.getClass(), e.toString());
    }
    try (ShareMap<String, String> again = ShareMap.open(folder.resolve("map"))) {
      again.verify();
      assertEquals(1, again.stats().peers());
      assertEquals("value 7", again.get("key 7"));
    }
  }

  /** Calls again and again on a thread of its own. */
  private static CompletableFuture<Void> untilFailure(Callable<?> call) {
    CompletableFuture<Void> end = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                while (true) {
                  call.call();
                }
              } catch (Throwable e) {
                end.completeExceptionally(e);
              }
            });
    thread.setDaemon(true);
    thread.start();
    return end;
  }

  private void closed(Executable call) {
    fails(ShareClosedException.class, "SHO_ECLOSED", call, folder.resolve("map"), "closed");
  }
}
