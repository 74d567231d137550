package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.shareobject.MapChange.Kind;
import org.shareobject.testing.ChangeWriter;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.JvmLauncher;

@Timeout(120)
class ShareMapChangesTest {
  private static final String END = "end";

  @TempDir Path folder;

  private final BlockingQueue<MapChange<String>> heard = new LinkedBlockingQueue<>();
  private Path file;
  private ShareMap<String, String> map;

  @BeforeEach
  void open() {
    file = folder.resolve("map");
    map = ShareMap.open(file);
  }

  @AfterEach
  void close() {
    map.close();
  }

  @Test
  void shouldTellEachChangeInOrder() throws InterruptedException {
    map.set("a", "not heard");
    map.onChange(heard::add);
    map.set("a", "1");
    long first = map.getVersioned("a").version();
    map.expire("a", Duration.ofHours(1));
    assertFalse(map.replaceVersion("a", first + 1, "no"));
    map.remove("a");
    assertEquals("2", map.computeIfAbsent("a", key -> "2"));
    long second = map.getVersioned("a").version();
    map.clear();
    assertHeard(Kind.UPDATED, "a", first);
    assertHeard(Kind.REMOVED, "a", first);
    assertHeard(Kind.CREATED, "a", second);
    assertHeard(Kind.CLEARED, "a", second);
    map.set("b", "1", Duration.ofMillis(1));
    long third = next().version();
    while (map.containsKey("b")) {
      Thread.onSpinWait();
    }
    map.removeExpired();
    assertHeard(Kind.EXPIRED, "b", third);
    assertNull(heard.poll());
  }

  @Test
  void shouldSayWhoseAChangeIs() throws InterruptedException {
    map.onChange(heard::add);
    map.set("a", "1");
    assertTrue(next().own());
    try (ShareMap<String, String> other = ShareMap.open(file)) {
      other.set("a", "2");
      long version = other.getVersioned("a").version();
      assertFalse(other.expireVersion("a", version + 1));
      assertTrue(other.expireVersion("a", version));
      assertFalse(next().own());
      assertEquals(new MapChange<>(Kind.EXPIRED, "a", version, 0, false), next());
    }
  }

  @Test
  void shouldHearOtherHandlesAndMapsWithoutAFile() throws InterruptedException {
    map.onChange(heard::add);
    try (ShareMap<String, String> other = ShareMap.open(file)) {
      other.set("a", "1");
    }
    assertHeard(Kind.CREATED, "a", 1);
    try (ShareMap<String, String> anonymous =
        ShareMap.builder(Codec.STRING, Codec.STRING).openAnonymous()) {
      anonymous.onChange(heard::add);
      anonymous.set("b", "1");
      assertHeard(Kind.CREATED, "b", 1);
    }
  }

  /** What is heard of, and nothing else, must lead to what is in the map. */
  @Test
  void shouldHearAllThatFourProcessesChange() throws InterruptedException {
    int calls = 5_000;
    map.onChange(heard::add);
    List<ChildJvm> writers = new ArrayList<>();
    long changes = 0;
    try {
      for (int i = 0; i < 4; i++) {
        writers.add(
            new JvmLauncher().start(ChangeWriter.class, file.toString(), "" + i, "" + calls));
      }
      for (ChildJvm writer : writers) {
        assertEquals("ready", writer.nextLine());
      }
      for (ChildJvm writer : writers) {
        changes += Long.parseLong(writer.nextLine());
      }
    } finally {
      writers.forEach(ChildJvm::close);
    }
    map.set(END, "");
    Map<String, Long> known = new HashMap<>();
    long count = 0;
    for (MapChange<String> change = next(); !END.equals(change.key()); change = next()) {
      Long before = known.get(change.key());
      switch (change.kind()) {
        case CREATED -> assertNull(before, change::toString);
        case UPDATED -> assertTrue(before < change.version(), change::toString);
        case REMOVED -> assertEquals(before, change.version(), change::toString);
        default -> throw new AssertionError(change);
      }
      if (change.kind() == Kind.REMOVED) {
        known.remove(change.key());
      } else {
        known.put(change.key(), change.version());
      }
      count++;
    }
    assertEquals(changes, count);
    map.remove(END);
    assertEquals(map.keySet(), known.keySet());
    known.forEach((key, version) -> assertEquals(version, map.getVersioned(key).version()));
  }

  @Test
  void shouldTellWhatAKilledProcessHasChanged() throws InterruptedException {
    map.onChange(heard::add);
    for (int i = 0; i < 5; i++) {
      try (ChildJvm writer =
          new JvmLauncher()
              .start(ChangeWriter.class, file.toString(), "" + i, "" + Long.MAX_VALUE)) {
        assertEquals("ready", writer.nextLine());
        int before = heard.size();
        while (heard.size() < before + 100) {
          Thread.sleep(1);
        }
        writer.process().destroyForcibly().waitFor();
      }
    }
    map.set(END, "");
    Map<String, Long> known = new HashMap<>();
    for (MapChange<String> change = next(); !END.equals(change.key()); change = next()) {
      switch (change.kind()) {
        case CREATED, UPDATED -> known.put(change.key(), change.version());
        case REMOVED -> known.remove(change.key());
        // A writer died in the middle of a change. Nobody writes any more.
        case MISSED -> {
          known.clear();
          map.keySet().forEach(key -> known.put(key, versionOf(key)));
        }
        default -> throw new AssertionError(change);
      }
    }
    map.remove(END);
    known.forEach((key, version) -> assertEquals(version, versionOf(key), key));
    map.keySet().forEach(key -> assertTrue(known.containsKey(key), key));
  }

  @Test
  void shouldTellOnceThatAListenerFellBehind() throws InterruptedException {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    try (ShareMap<String, String> small =
        ShareMap.builder(Codec.STRING, Codec.STRING)
            .capacity(1 << 20)
            .open(folder.resolve("small"))) {
      small.onChange(
          change -> {
            begun.countDown();
            await(goOn);
            heard.add(change);
          });
      small.set("first", "");
      await(begun);
      for (int i = 0; i < 5_000; i++) {
        small.set("key", "" + i);
      }
      goOn.countDown();
      assertHeard(Kind.CREATED, "first", 1);
      MapChange<String> missed = next();
      assertEquals(Kind.MISSED, missed.kind());
      assertNull(missed.key());
      assertEquals(5_000, missed.missed());
      small.remove("key");
      assertEquals(Kind.REMOVED, next().kind());
      assertNull(heard.poll());
    }
  }

  @Test
  void shouldGoOnAfterAListenerThrew() throws InterruptedException {
    BlockingQueue<Throwable> uncaught = new LinkedBlockingQueue<>();
    map.onChange(
        change -> {
          Thread.currentThread().setUncaughtExceptionHandler((thread, e) -> uncaught.add(e));
          throw new IllegalStateException("as a test");
        });
    map.onChange(heard::add);
    map.set("a", "1");
    assertHeard(Kind.CREATED, "a", 1);
    map.set("a", "2");
    assertHeard(Kind.UPDATED, "a", 2);
    assertEquals("as a test", uncaught.take().getMessage());
    assertEquals("as a test", uncaught.take().getMessage());
  }

  @Test
  void shouldHearNothingMoreOnceItIsClosed() throws InterruptedException {
    BlockingQueue<MapChange<String>> other = new LinkedBlockingQueue<>();
    ShareMap.Registration first = map.onChange(heard::add);
    ShareMap.Registration second = map.onChange(other::add);
    map.set("a", "1");
    assertHeard(Kind.CREATED, "a", 1);
    first.close();
    first.close();
    map.set("a", "2");
    other.take();
    assertEquals(2, other.take().version());
    assertNull(heard.poll());
    second.close();
    awaitNoThread();
    ShareMap.Registration third = map.onChange(heard::add);
    map.set("a", "3");
    assertHeard(Kind.UPDATED, "a", 3);
    third.close();
  }

  @Test
  void shouldCloseWhileAListenerHangs() throws InterruptedException {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    ShareMap.Registration registration =
        map.onChange(
            change -> {
              begun.countDown();
              await(goOn);
            });
    map.set("a", "1");
    await(begun);
    registration.close();
    map.close();
    goOn.countDown();
    awaitNoThread();
    assertThrows(ShareClosedException.class, () -> map.onChange(heard::add));
  }

  @Test
  void shouldEndWithTheMap() throws InterruptedException {
    map.onChange(heard::add);
    map.close();
    awaitNoThread();
    open();
    map.set("a", "1");
    assertNull(heard.poll());
    map.verify();
  }

  @Test
  void shouldBeUsableInAListener() throws InterruptedException {
    BlockingQueue<String> values = new LinkedBlockingQueue<>();
    List<ShareMap.Registration> own = new ArrayList<>();
    own.add(
        map.onChange(
            change -> {
              if (change.kind() == Kind.CREATED) {
                values.add(map.get(change.key()));
                map.remove(change.key());
              } else {
                own.get(0).close();
                values.add("closed");
              }
            }));
    map.set("a", "1");
    assertEquals("1", values.take());
    assertEquals("closed", values.take());
    awaitNoThread();
  }

  @Test
  void shouldRefuseWhatCannotBe() {
    assertThrows(NullPointerException.class, () -> map.onChange(null));
    try (ShareMap<String, String> reader =
        ShareMap.builder(Codec.STRING, Codec.STRING).readOnly().open(file)) {
      assertThrows(ShareAccessException.class, () -> reader.onChange(heard::add));
    }
    try (ShareMap<String, String> full =
        ShareMap.builder(Codec.STRING, Codec.STRING)
            .capacity(1 << 16)
            .open(folder.resolve("full"))) {
      assertThrows(
          ShareFullException.class,
          () -> {
            for (int i = 0; ; i++) {
              full.set("key " + i, "x".repeat(200));
            }
          });
      ShareException e = assertThrows(ShareFullException.class, () -> full.onChange(heard::add));
      assertTrue(e.getMessage().contains("no room for a ring of changes"), e.getMessage());
      full.clear();
      full.onChange(heard::add).close();
    }
  }

  private MapChange<String> next() throws InterruptedException {
    MapChange<String> change = heard.poll(60, TimeUnit.SECONDS);
    if (change == null) {
      throw new AssertionError("nothing was told");
    }
    return change;
  }

  private void assertHeard(Kind kind, String key, long version) throws InterruptedException {
    MapChange<String> change = next();
    assertEquals(new MapChange<>(kind, key, version, 0, change.own()), change);
  }

  private long versionOf(String key) {
    Versioned<String> entry = map.getVersioned(key);
    return entry == null ? 0 : entry.version();
  }

  private static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(60, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static void awaitNoThread() throws InterruptedException {
    Stream<Thread> all = Thread.getAllStackTraces().keySet().stream();
    for (Thread thread : all.filter(t -> t.getName().equals("shareobject map changes")).toList()) {
      thread.join(60_000);
      assertFalse(thread.isAlive());
    }
  }
}
