package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What Java reads by itself is what C would find; whatever changed is noticed. */
@Timeout(60)
class ShareMapGetTest {
  @TempDir Path folder;

  private ShareMap<String, String> map;
  private ShareMap<String, String> other;

  @BeforeEach
  void open() {
    map = open(Eviction.NONE);
    other = ShareMap.open(folder.resolve("map"));
    map.set("key", "first");
    for (int i = 0; i < 3; i++) {
      assertEquals("first", map.get("key"));
    }
  }

  private ShareMap<String, String> open(Eviction eviction) {
    return ShareMap.builder(Codec.STRING, Codec.STRING)
        .capacity(64 << 10)
        .eviction(eviction)
        .open(folder.resolve(eviction == Eviction.NONE ? "map" : "cache"));
  }

  @AfterEach
  void close() {
    map.close();
    other.close();
  }

  @Test
  void shouldNoticeEachKindOfChange() throws InterruptedException {
    other.set("key", "value");
    assertEquals("value", map.get("key"));
    assertEquals("value", map.get("key"));
    other.remove("key");
    assertNull(map.get("key"));
    other.putIfAbsent("key", "again");
    assertEquals("again", map.get("key"));
    assertEquals("again", map.get("key"));
    other.expire("key", Duration.ofMillis(1));
    Thread.sleep(10);
    assertNull(map.get("key"));
    other.set("key", "timed", Duration.ofMinutes(1));
    assertEquals("timed", map.get("key"));
    assertEquals("timed", map.get("key"));
    other.expire("key", Duration.ofMillis(30));
    Thread.sleep(60);
    assertNull(map.get("key"));
    other.set("key", "cleared");
    assertEquals("cleared", map.get("key"));
    other.clear();
    assertNull(map.get("key"));
  }

  @Test
  void shouldFollowAValueThatIsSetAnew() {
    for (int length = 0; length <= 20; length++) {
      String key = "k".repeat(length);
      map.set(key, "");
      for (int i = 0; i < 50; i++) {
        String value = "x".repeat(i * 37 % 700);
        other.set(key, value);
        assertEquals(value, map.get(key), key);
        assertEquals(value, map.get(key), key);
      }
      other.remove(key);
      assertNull(map.get(key), key);
    }
  }

  /** A slot that was emptied is soon another key's, in a map of some hundred slots. */
  @Test
  void shouldNotTakeAnotherKeysSlotForItsOwn() {
    Random random = new Random(5);
    Map<String, String> model = new HashMap<>();
    for (int i = 0; i < 200_000; i++) {
      String key = "key " + random.nextInt(300);
      if (random.nextInt(4) == 0) {
        String value = key + " " + i;
        other.set(key, value);
        model.put(key, value);
      } else if (random.nextInt(4) == 0) {
        other.remove(key);
        model.remove(key);
      }
      String read = "key " + random.nextInt(300);
      assertEquals(model.get(read), map.get(read));
    }
  }

  @Test
  void shouldNoticeThatTheValueMoved() {
    for (int i = 0; i < 1000; i++) {
      other.set("other", "x".repeat(1000));
      assertEquals("first", map.get("key"));
    }
  }

  @Test
  void shouldNoticeEviction() {
    try (ShareMap<String, String> cache = open(Eviction.S3_FIFO)) {
      cache.set("key", "value");
      assertEquals("value", cache.get("key"));
      assertEquals("value", cache.get("key"));
      for (int i = 0; i < 2000; i++) {
        // Read as well, so that they come to the queue where the key is, and push it out.
        cache.set("other " + i, "x".repeat(100));
        cache.get("other " + i);
      }
      assertNull(cache.get("key"));
    }
  }

  @Test
  void shouldKeepWhatIsReadFromEviction() {
    try (ShareMap<String, String> cache = open(Eviction.S3_FIFO)) {
      cache.set("hot", "value");
      for (int i = 0; i < 5000; i++) {
        cache.set("other " + i, "x".repeat(100));
        assertEquals("value", cache.get("hot"));
      }
      assertTrue(cache.stats().evictions() > 1000);
    }
  }

  @Test
  void shouldKeepKeysOfOneHashApart() {
    assertEquals("Aa".hashCode(), "BB".hashCode());
    map.set("Aa", "1");
    map.set("BB", "2");
    map.set("AaAa", "3");
    map.set("BBBB", "4");
    map.set("AaBB", "5");
    for (int i = 0; i < 100; i++) {
      assertEquals("1", map.get("Aa"));
      assertEquals("2", map.get("BB"));
      assertEquals("3", map.get("AaAa"));
      assertEquals("4", map.get("BBBB"));
      assertEquals("5", map.get("AaBB"));
      assertNull(map.get("BBAa"));
    }
  }

  @Test
  void shouldFindManyKeys() {
    try (ShareMap<Long, Long> numbers = ShareMap.builder(Codec.LONG, Codec.LONG).openAnonymous()) {
      int keys = 50_000;
      for (long i = 0; i < keys; i++) {
        numbers.set(i, -i);
      }
      Random random = new Random(3);
      for (int i = 0; i < 300_000; i++) {
        // At first all of them, then some.
        long key = random.nextInt(i < 150_000 ? keys : 100);
        assertEquals(-key, numbers.get(key));
      }
    }
  }

  /** Which length is most likely changes all the time, between the threads. */
  @Test
  void shouldReturnWholeValuesOfManyLengths() {
    try (ShareMap<Long, byte[]> lengths =
        ShareMap.builder(Codec.LONG, Codec.BYTES).openAnonymous()) {
      for (int length = 0; length < 200; length++) {
        lengths.set((long) length, filled(length));
      }
      Runnable reader =
          () -> {
            Random random = new Random();
            for (int i = 0; i < 2000; i++) {
              int length = random.nextInt(200);
              for (int n = 0; n < 200; n++) {
                assertArrayEquals(filled(length), lengths.get((long) length));
              }
            }
          };
      CompletableFuture<?>[] readers = new CompletableFuture<?>[4];
      Arrays.setAll(readers, i -> CompletableFuture.runAsync(reader));
      CompletableFuture.allOf(readers).join();
    }
  }

  private static byte[] filled(int length) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) length);
    return bytes;
  }

  @Test
  void shouldTellShortKeysApart() {
    try (ShareMap<byte[], byte[]> bytes =
            ShareMap.builder(Codec.BYTES, Codec.BYTES).open(folder.resolve("bytes"));
        ShareMap<byte[], byte[]> same =
            ShareMap.builder(Codec.BYTES, Codec.BYTES).open(folder.resolve("bytes"))) {
      for (int round = 0; round < 3; round++) {
        for (int length = 0; length <= 20; length++) {
          byte[] key = new byte[length];
          same.set(key, new byte[] {(byte) length, (byte) round});
          for (int i = 0; i < 3; i++) {
            assertArrayEquals(new byte[] {(byte) length, (byte) round}, bytes.get(key));
          }
          if (length > 0) {
            key[length - 1] = 1;
            assertNull(bytes.get(key));
          }
        }
      }
      byte[] key = {1, 2, 3};
      same.set(key, key);
      assertArrayEquals(key, bytes.get(key));
      assertArrayEquals(key, bytes.get(key.clone()));
      same.remove(key);
      assertNull(bytes.get(key));
    }
  }

  @Test
  void shouldCountEachHit() {
    for (int i = 0; i < 5000; i++) {
      map.get("key");
    }
    assertEquals(5003, map.stats().hits());
    map.close();
    assertEquals(5003, other.stats().hits());
  }

  @Test
  void shouldCountEachMiss() {
    for (int i = 0; i < 5000; i++) {
      assertNull(map.get("absent"));
      assertFalse(map.containsKey("absent"));
      assertNull(map.getVersioned("absent"));
      assertNull(map.read("absent", bytes -> "never"));
    }
    assertEquals(20_000, map.stats().misses());
    map.close();
    assertEquals(20_000, other.stats().misses());
  }

  /** So often that the time comes from the clock that is read now and then, until it is near. */
  @Test
  void shouldReturnNothingBehindItsExpiry() {
    map.set("key", "timed", Duration.ofMillis(1500));
    long set = System.nanoTime();
    long reads = 0;
    long begun;
    do {
      begun = System.nanoTime();
      reads++;
    } while (map.get("key") != null);
    long last = begun - set;
    assertTrue(reads > 1000, reads + " reads");
    assertTrue(last >= 1_400_000_000L, "gone after " + last + " ns");
    assertNull(map.getVersioned("key"));
    assertFalse(map.containsKey("key"));
    assertNull(map.read("key", bytes -> "never"));
  }

  /** Parts of values, moved and overwritten while they are read. */
  @Test
  void shouldReturnWholeLargeValues() {
    AtomicBoolean isOver = new AtomicBoolean();
    try (ShareMap<Long, byte[]> large =
        ShareMap.builder(Codec.LONG, Codec.BYTES).capacity(4 << 20).openAnonymous()) {
      CompletableFuture<Void> writer =
          CompletableFuture.runAsync(
              () -> {
                for (int turn = 0; !isOver.get(); turn++) {
                  byte[] value = new byte[1 + turn * 7919 % 200_000];
                  Arrays.fill(value, (byte) turn);
                  large.set((long) turn % 5, value);
                }
              });
      long end = System.nanoTime() + 1_000_000_000;
      for (int i = 0; System.nanoTime() < end; i++) {
        long key = i % 5;
        assertAllSame(large.get(key));
        Versioned<byte[]> versioned = large.getVersioned(key);
        assertAllSame(versioned == null ? null : versioned.value());
        assertAllSame(large.read(key, ShareMapGetTest::bytes));
      }
      isOver.set(true);
      writer.join();
      large.verify();
    }
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }

  private static void assertAllSame(byte[] value) {
    for (int i = 1; value != null && i < value.length; i++) {
      if (value[i] != value[0]) {
        throw new AssertionError("byte " + i + " of " + value.length + " is another's");
      }
    }
  }

  /**
   * Entries so small that buckets overflow, and keys of all lengths that are read in other ways.
   */
  @ParameterizedTest
  @EnumSource
  void shouldFindWhatTheLibraryFinds(Eviction eviction) {
    try (ShareMap<byte[], byte[]> small =
        ShareMap.builder(Codec.BYTES, Codec.BYTES)
            .capacity(256 << 10)
            .eviction(eviction)
            .openAnonymous()) {
      Random random = new Random(7);
      byte[][] keys = new byte[3000][];
      for (int i = 0; i < keys.length; i++) {
        keys[i] = new byte[i % 70];
        random.nextBytes(keys[i]);
      }
      int found = 0;
      for (int i = 0; i < 300_000; i++) {
        byte[] key = keys[random.nextInt(keys.length)];
        switch (random.nextInt(8)) {
          case 0, 1 -> small.set(key, new byte[] {(byte) i});
          case 2 -> small.remove(key);
          case 3 -> small.set(key, new byte[] {(byte) i}, Duration.ofHours(1));
          default -> {
            byte[] value = small.get(key);
            Versioned<byte[]> versioned = small.getVersioned(key);
            assertArrayEquals(versioned == null ? null : versioned.value(), value);
            found += value == null ? 0 : 1;
          }
        }
      }
      assertTrue(found > 50_000, "found " + found);
    }
  }

  /** What a damaged slot names is not the key's, unless the entry says so. */
  @Test
  void shouldReturnNothingElseThroughADamagedIndex() throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(folder.resolve("map").toFile(), "rw")) {
      Random random = new Random(11);
      for (int i = 0; i < 500; i++) {
        map.set("key " + i % 250, "value " + i % 250 + " of round " + i / 250);
      }
      long indexesOff = number(file, 104);
      long logsOff = number(file, 112);
      for (int i = 0; i < 50_000; i++) {
        long at = indexesOff + random.nextInt((int) (logsOff - indexesOff));
        file.seek(at);
        int was = file.read();
        file.seek(at);
        file.write(was ^ 1 << random.nextInt(8));
        int key = random.nextInt(250);
        String value = map.get("key " + key);
        assertTrue(value == null || value.equals("value " + key + " of round 1"), value);
        file.seek(at);
        file.write(was);
      }
      for (int key = 0; key < 250; key++) {
        assertEquals("value " + key + " of round 1", map.get("key " + key));
      }
    }
  }

  /** Within a boot nobody compares checksums, so what is returned may be damaged as well. */
  @Test
  void shouldSurviveADamagedLog() throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(folder.resolve("map").toFile(), "rw")) {
      Random random = new Random(13);
      for (int i = 0; i < 250; i++) {
        map.set("key " + i, "value");
      }
      long logsOff = number(file, 112);
      int logBytes = (int) (file.length() - logsOff);
      int answers = 0;
      for (int i = 0; i < 50_000; i++) {
        file.seek(logsOff + random.nextInt(logBytes));
        file.write(random.nextInt(256));
        try {
          String value = map.get("key " + random.nextInt(250));
          answers += value == null || value.length() < logBytes ? 1 : 0;
        } catch (ShareException damaged) {
          answers++;
        }
      }
      assertEquals(50_000, answers);
    }
  }

  private static long number(RandomAccessFile file, long at) throws IOException {
    file.seek(at);
    return Long.reverseBytes(file.readLong());
  }

  @ParameterizedTest
  @EnumSource
  void shouldReturnNoTornValue(Eviction eviction) {
    AtomicBoolean isOver = new AtomicBoolean();
    try (ShareMap<String, String> shared = open(eviction)) {
      CompletableFuture<Void> writer =
          CompletableFuture.runAsync(
              () -> {
                for (int turn = 0; !isOver.get(); turn++) {
                  String letter = String.valueOf((char) ('a' + turn % 26));
                  shared.set("key " + turn % 5, letter.repeat(1 + turn * 31 % 2000));
                }
              });
      long end = System.nanoTime() + 1_000_000_000;
      for (int i = 0; System.nanoTime() < end; i++) {
        String value = shared.get("key " + i % 5);
        if (value != null) {
          assertEquals(value.substring(0, 1).repeat(value.length()), value);
        }
      }
      isOver.set(true);
      writer.join();
    }
  }
}
