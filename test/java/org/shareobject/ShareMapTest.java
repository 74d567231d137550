package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** What ShareMap has beyond the contract of ConcurrentMap, within one process. */
@Timeout(60)
class ShareMapTest {
  private static final Duration MINUTE = Duration.ofMinutes(1);
  private static final Duration MOMENT = Duration.ofMillis(30);

  @TempDir Path folder;

  private ShareMap<String, String> map;

  @BeforeEach
  void open() {
    map = ShareMap.open(folder.resolve("map"));
  }

  @AfterEach
  void close() {
    map.close();
  }

  // ---- reading and writing

  @Test
  void shouldKeepEntriesInTheFile() {
    map.set("key", "value");
    map.close();
    open();
    assertEquals("value", map.get("key"));
    assertEquals(1, map.sizeLong());
  }

  @Test
  void shouldBeOneMapForAllHandles() {
    try (ShareMap<String, String> other = ShareMap.open(folder.resolve("map"))) {
      map.set("a", "1");
      other.set("b", "2");
      assertEquals("1", other.get("a"));
      assertEquals("2", map.get("b"));
      assertEquals(map, other);
    }
  }

  @Test
  void shouldNotShareAnonymousMap() {
    try (ShareMap<String, String> one =
            ShareMap.builder(Codec.STRING, Codec.STRING).openAnonymous();
        ShareMap<String, String> two =
            ShareMap.builder(Codec.STRING, Codec.STRING).openAnonymous()) {
      one.set("key", "value");
      assertNull(two.get("key"));
    }
  }

  @Test
  void shouldKeepKeysOfEveryLengthApart() {
    StringBuilder key = new StringBuilder();
    for (int length = 0; length <= 70; length++, key.append((char) ('A' + length % 50))) {
      map.set(key.toString(), "value " + length);
    }
    key.setLength(0);
    for (int length = 0; length <= 70; length++, key.append((char) ('A' + length % 50))) {
      assertEquals("value " + length, map.get(key.toString()));
      assertEquals("value " + length, map.getVersioned(key.toString()).value());
      assertTrue(map.containsKey(key.toString()));
      assertNull(map.get(key + "\0"));
    }
    assertEquals(71, map.size());
    map.verify();
  }

  @Test
  void shouldKeepValuesOfEveryLength() {
    try (ShareMap<String, byte[]> bytes =
        ShareMap.builder(Codec.STRING, Codec.BYTES).openAnonymous()) {
      Random random = new Random(7);
      int most = (int) bytes.stats().maxEntry() - 32 - 1;
      for (int length : new int[] {0, 1, 7, 8, 100, 4095, 4096, 4097, 65_536, most}) {
        byte[] value = new byte[length];
        random.nextBytes(value);
        bytes.set("k", value);
        assertArrayEquals(value, bytes.get("k"));
        assertArrayEquals(value, bytes.values().iterator().next());
        assertArrayEquals(value, bytes.put("k", value));
      }
    }
  }

  @Test
  void shouldHoldAMillionBytesOfManyEntries() {
    TreeMap<String, String> expected = new TreeMap<>();
    for (int i = 0; i < 20_000; i++) {
      map.set("key " + i, "value " + i * 31);
      expected.put("key " + i, "value " + i * 31);
    }
    assertEquals(expected, new TreeMap<>(map));
    assertEquals(expected, map);
    map.keySet().removeIf(key -> key.endsWith("7"));
    expected.keySet().removeIf(key -> key.endsWith("7"));
    assertEquals(expected, map);
    map.verify();
  }

  @Test
  @EnabledIfSystemProperty(named = "shareobject.long", matches = "true")
  void shouldReachBeyondTwoGibibytes() {
    try (ShareMap<Long, byte[]> large =
        ShareMap.builder(Codec.LONG, Codec.BYTES).capacity(1280L << 20).openAnonymous()) {
      int entries = 60_000;
      for (long i = 0; i < entries; i++) {
        large.set(i, filled(i));
      }
      for (int round = 0; round < 2; round++) {
        for (long i = 0; i < entries; i++) {
          byte each = (byte) i;
          assertArrayEquals(filled(i), large.get(i));
          assertEquals(each, large.<Byte>read(i, bytes -> bytes.get(bytes.limit() - 1)));
        }
      }
      large.forEach((key, value) -> assertArrayEquals(filled(key), value));
    }
  }

  private static byte[] filled(long number) {
    byte[] bytes = new byte[16_000 - (int) number % 1000];
    Arrays.fill(bytes, (byte) number);
    return bytes;
  }

  // ---- versions

  @Test
  void shouldRaiseTheVersionWithEachValue() {
    assertNull(map.getVersioned("key"));
    long last = 0;
    for (int i = 0; i < 10; i++) {
      if (i == 5) {
        map.remove("key");
      }
      map.set("key", "value");
      Versioned<String> now = map.getVersioned("key");
      assertEquals("value", now.value());
      assertTrue(now.version() > last, now + " after " + last);
      last = now.version();
    }
  }

  @Test
  void shouldReplaceAndRemoveByVersion() {
    assertTrue(map.replaceVersion("key", 0, "first"));
    assertFalse(map.replaceVersion("key", 0, "second"));
    long version = map.getVersioned("key").version();
    assertTrue(map.replaceVersion("key", version, "second"));
    assertFalse(map.replaceVersion("key", version, "third"));
    assertFalse(map.removeVersion("key", version));
    assertEquals("second", map.get("key"));
    assertTrue(map.removeVersion("key", map.getVersioned("key").version()));
    assertFalse(map.containsKey("key"));
  }

  @Test
  void shouldReplaceByVersionForATime() {
    assertTrue(map.replaceVersion("key", 0, "first", MINUTE));
    assertTrue(map.timeToLive("key").orElseThrow().compareTo(MINUTE) <= 0);
    assertFalse(map.replaceVersion("key", 0, "second", MINUTE));
    assertTrue(map.replaceVersion("key", map.getVersioned("key").version(), "second"));
    assertEquals(Optional.empty(), map.timeToLive("key"));
    assertThrows(
        IllegalArgumentException.class, () -> map.replaceVersion("key", 1, "x", Duration.ZERO));
  }

  @Test
  void shouldCompareNumbersAsConcurrentMapDoes() {
    try (ShareMap<String, Long> numbers =
        ShareMap.builder(Codec.STRING, Codec.LONG).openAnonymous()) {
      numbers.set("key", 5L);
      long five = 5;
      assertTrue(numbers.replace("key", five, 6L));
      assertFalse(numbers.remove("key", five));
      assertTrue(numbers.remove("key", 6L));
      assertTrue(numbers.replaceVersion("key", 0, 7L));
      assertFalse(numbers.removeVersion("key", 7));
      assertEquals(7, numbers.get("key"));
    }
  }

  @Test
  void shouldCompareArraysByContent() {
    try (ShareMap<String, byte[]> bytes =
        ShareMap.builder(Codec.STRING, Codec.BYTES).openAnonymous()) {
      bytes.set("key", new byte[] {1, 2});
      assertTrue(bytes.containsValue(new byte[] {1, 2}));
      assertTrue(bytes.replace("key", new byte[] {1, 2}, new byte[] {3}));
      assertFalse(bytes.remove("key", new byte[] {1, 2}));
      assertTrue(bytes.remove("key", new byte[] {3}));
    }
  }

  // ---- numbers

  @Test
  void shouldAddAndGet() {
    try (ShareMap<String, Long> numbers =
        ShareMap.builder(Codec.STRING, Codec.LONG).openAnonymous()) {
      assertEquals(5, numbers.addAndGet("n", 5));
      assertEquals(-2, numbers.addAndGet("n", -7));
      assertEquals(-2, numbers.get("n"));
      numbers.set("n", Long.MAX_VALUE);
      assertEquals(Long.MIN_VALUE, numbers.addAndGet("n", 1));
      numbers.expire("n", MINUTE);
      numbers.addAndGet("n", 1);
      assertTrue(numbers.timeToLive("n").isPresent());
    }
  }

  // ---- time to live

  @Test
  void shouldForgetWhatIsExpired() throws InterruptedException {
    map.set("brief", "x", MINUTE);
    map.set("long", "x", MINUTE);
    map.set("ever", "x");
    assertEquals("x", map.get("brief"));
    map.set("brief", "x", MOMENT);
    Thread.sleep(2 * MOMENT.toMillis());
    assertNull(map.get("brief"));
    assertNull(map.getVersioned("brief"));
    assertFalse(map.containsKey("brief"));
    assertEquals(2, map.size());
    assertEquals("[ever, long]", new java.util.TreeSet<>(map.keySet()).toString());
    assertEquals(3, map.stats().entries());
    map.removeExpired();
    assertEquals(2, map.stats().entries());
    assertEquals(1, map.stats().expirations());
  }

  @Test
  void shouldTellAndSetTheTimeToLive() {
    assertEquals(Optional.empty(), map.timeToLive("key"));
    assertFalse(map.expire("key", MINUTE));
    map.set("key", "x");
    assertEquals(Optional.empty(), map.timeToLive("key"));
    long version = map.getVersioned("key").version();
    assertTrue(map.expire("key", MINUTE));
    assertEquals(version, map.getVersioned("key").version());
    Duration left = map.timeToLive("key").orElseThrow();
    assertTrue(left.compareTo(MINUTE) <= 0 && left.toSeconds() >= 50, left.toString());
    map.put("key", "y", Duration.ofNanos(Long.MAX_VALUE));
    assertTrue(map.timeToLive("key").orElseThrow().toDays() > 10_000);
    map.set("key", "z");
    assertEquals(Optional.empty(), map.timeToLive("key"));
    map.remove("key");
    assertNull(map.putIfAbsent("key", "a", MINUTE));
    assertEquals("a", map.putIfAbsent("key", "b", MOMENT));
    assertTrue(map.timeToLive("key").orElseThrow().compareTo(MOMENT) > 0);
  }

  @Test
  void shouldRoundTimesUpToMilliseconds() throws InterruptedException {
    map.set("key", "x", Duration.ofNanos(1));
    Thread.sleep(10);
    assertNull(map.get("key"));
  }

  @Test
  void shouldGiveEachWriteTheTimeToLiveOfTheBuilder() {
    try (ShareMap<String, String> timed =
        ShareMap.builder(Codec.STRING, Codec.STRING)
            .timeToLive(MINUTE)
            .open(folder.resolve("map"))) {
      timed.set("set", "x");
      timed.put("put", "x");
      timed.putIfAbsent("putIfAbsent", "x");
      timed.computeIfAbsent("computeIfAbsent", key -> "x");
      timed.merge("merge", "x", String::concat);
      map.set("replace", "x");
      timed.replace("replace", "y");
      map.set("setValue", "x");
      timed.entrySet().forEach(entry -> entry.setValue("z"));
      timed.putAll(java.util.Map.of("putAll", "x"));
      assertEquals(8, timed.size());
      timed.keySet().forEach(key -> assertTrue(map.timeToLive(key).isPresent(), key));
      Duration own = MINUTE.dividedBy(2);
      timed.set("own", "x", own);
      assertTrue(timed.timeToLive("own").orElseThrow().compareTo(own) <= 0);
    }
  }

  // ---- reading without a copy

  @Test
  void shouldHandOutTheBytes() {
    map.set("key", "value");
    String read =
        map.read(
            "key",
            bytes -> {
              assertEquals(0, bytes.position());
              assertEquals(5, bytes.remaining());
              assertTrue(bytes.isDirect());
              return StandardCharsets.UTF_8.decode(bytes).toString();
            });
    assertEquals("value", read);
    assertNull(map.read("absent", bytes -> "never"));
    assertNull(map.<String>read("key", bytes -> null));
    assertEquals("value", map.read("key", Codec.STRING::decode));
  }

  @Test
  void shouldHandOutTheBytesForReadingOnly() {
    map.set("key", "value");
    assertThrows(
        ReadOnlyBufferException.class, () -> map.read("key", bytes -> bytes.put(0, (byte) 0)));
    assertEquals("value", map.get("key"));
  }

  @Test
  void shouldThrowWhatTheReaderThrows() {
    map.set("key", "value");
    assertThrows(
        IllegalStateException.class,
        () ->
            map.read(
                "key",
                bytes -> {
                  throw new IllegalStateException();
                }));
  }

  @Test
  void shouldRunTheReaderAgainIfTheBytesMoved() {
    try (ShareMap<String, String> small =
        ShareMap.builder(Codec.STRING, Codec.STRING).capacity(64 << 10).openAnonymous()) {
      small.set("key", "first");
      int[] runs = new int[1];
      String read =
          small.read(
              "key",
              bytes -> {
                if (runs[0]++ == 0) {
                  // More than fits, so that the entry is overwritten under the reader.
                  for (int i = 0; i < 200; i++) {
                    small.set("key", "second");
                    small.set("other", "x".repeat(1000));
                  }
                  throw new IllegalStateException("of bytes that mean nothing");
                }
                return StandardCharsets.UTF_8.decode(bytes).toString();
              });
      assertEquals("second", read);
      assertEquals(2, runs[0]);
    }
  }

  @Test
  void shouldReadACopyIfTheBytesMoveAlways() {
    try (ShareMap<String, String> small =
        ShareMap.builder(Codec.STRING, Codec.STRING).capacity(64 << 10).openAnonymous()) {
      small.set("key", "value");
      int[] direct = new int[1];
      String read =
          small.read(
              "key",
              bytes -> {
                direct[0] += bytes.isDirect() ? 1 : 0;
                for (int i = 0; i < 200; i++) {
                  small.set("other", "x".repeat(1000));
                }
                return StandardCharsets.UTF_8.decode(bytes).toString();
              });
      assertEquals("value", read);
      assertTrue(direct[0] > 0);
    }
  }

  @Test
  void shouldNotFaultOnBytesThatWereKept() {
    ByteBuffer kept = keptBytes();
    for (int i = 0; i < 20; i++) {
      System.gc();
      ByteBuffer.allocateDirect(1 << 20);
      assertEquals(0, kept.get(0));
      assertEquals(0, kept.get(kept.capacity() - 1));
    }
  }

  /** Of a map that is closed and that nobody can reach. */
  private ByteBuffer keptBytes() {
    ShareMap<String, String> other = ShareMap.open(folder.resolve("other"));
    other.set("key", "value");
    ByteBuffer kept = other.read("key", bytes -> bytes);
    assertEquals('v', kept.get(0));
    other.close();
    return kept;
  }

  // ---- waiting

  @Test
  void shouldAwaitAnotherVersion() throws Exception {
    assertThrows(TimeoutException.class, () -> map.await("key", 0, MOMENT));
    assertThrows(TimeoutException.class, () -> map.await("key", 0, Duration.ZERO));
    CompletableFuture<Long> created = awaiting("key", 0);
    map.set("key", "value");
    long version = created.get(10, TimeUnit.SECONDS);
    assertEquals(map.getVersioned("key").version(), version);
    assertEquals(version, map.await("key", 0, Duration.ZERO));
    CompletableFuture<Long> removed = awaiting("key", version);
    map.remove("key");
    assertEquals(0, removed.get(10, TimeUnit.SECONDS));
  }

  @Test
  void shouldAwaitExpiry() throws Exception {
    map.set("key", "value");
    long version = map.getVersioned("key").version();
    map.expire("key", MOMENT);
    assertEquals(0, map.await("key", version, MINUTE));
  }

  @Test
  void shouldNotWakeForOtherKeys() throws Exception {
    CompletableFuture<Long> waiter = awaiting("key", 0);
    for (int i = 0; i < 1000; i++) {
      map.set("other " + i, "x");
    }
    assertFalse(waiter.isDone());
    map.set("key", "x");
    waiter.get(10, TimeUnit.SECONDS);
  }

  @Test
  void shouldEndAwaitByInterrupt() throws InterruptedException {
    Thread waiter =
        new Thread(
            () -> assertThrows(InterruptedException.class, () -> map.await("key", 0, MINUTE)));
    Throwable[] failure = new Throwable[1];
    waiter.setUncaughtExceptionHandler((thread, e) -> failure[0] = e);
    waiter.start();
    Thread.sleep(20);
    waiter.interrupt();
    waiter.join(10_000);
    assertFalse(waiter.isAlive());
    assertNull(failure[0]);
  }

  private CompletableFuture<Long> awaiting(String key, long version) throws InterruptedException {
    CompletableFuture<Long> now =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return map.await(key, version, MINUTE);
              } catch (InterruptedException | TimeoutException e) {
                throw new AssertionError(e);
              }
            });
    Thread.sleep(20);
    assertFalse(now.isDone());
    return now;
  }

  // ---- numbers of the map

  @Test
  void shouldTellItsNumbers() {
    ShareStats before = map.stats();
    assertEquals(0, before.hitRatio());
    map.set("a", "1");
    map.set("b", "2");
    map.set("b", "3");
    map.get("a");
    map.get("a");
    map.get("a");
    map.get("c");
    map.remove("b");
    ShareStats stats = map.stats();
    assertEquals(3, stats.sets());
    assertEquals(1, stats.removals());
    assertEquals(1, stats.entries());
    assertTrue(stats.hits() >= 3 && stats.misses() >= 1, stats.toString());
    assertTrue(stats.hitRatio() > 0.5 && stats.hitRatio() < 1, stats.toString());
    long tableBytes = stats.liveBytes() - 24; // 20 of header, a key and a value of 1 byte, padding
    assertTrue(tableBytes >= 64 && tableBytes <= 1024 && tableBytes % 8 == 0, stats.toString());
    assertTrue(stats.usedBytes() >= stats.liveBytes());
    assertTrue(stats.capacity() >= 64 << 20);
    assertTrue(stats.fileBytes() > stats.capacity());
    assertEquals(Eviction.NONE, stats.eviction());
    assertEquals(1, stats.peers());
    assertEquals(256, stats.peerSlots());
    assertEquals(0, stats.evictions() + stats.damaged() + stats.recoveries());
  }

  @Test
  void shouldTellTheBuildersNumbers() {
    try (ShareMap<String, String> built =
        ShareMap.builder(Codec.STRING, Codec.STRING)
            .capacity(1 << 20)
            .maxEntry(100 << 10)
            .eviction(Eviction.S3_FIFO)
            .open(folder.resolve("built"))) {
      assertEquals(1 << 20, built.stats().capacity());
      assertEquals(100 << 10, built.stats().maxEntry());
      assertEquals(Eviction.S3_FIFO, built.stats().eviction());
      assertNotNull(built.toString());
    }
  }
}
