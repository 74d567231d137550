package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Values whose copy and checksum are one pass, and those just not. */
@Timeout(120)
class ShareMapLargeValuesTest {
  private static final int LEAST = 4096;
  private static final int MOST = 200_000;
  private static final int KEYS = 20;
  private static final String LONG_KEY = "a key of more than 16 bytes";

  @TempDir Path folder;

  private ShareMap<String, byte[]> map;
  private ShareMap<String, byte[]> other;

  @BeforeEach
  void open() {
    map =
        ShareMap.builder(Codec.STRING, Codec.BYTES)
            .capacity(96 << 20)
            .maxEntry(20 << 20)
            .open(folder.resolve("map"));
    other = ShareMap.builder(Codec.STRING, Codec.BYTES).open(folder.resolve("map"));
  }

  @AfterEach
  void close() {
    map.close();
    other.close();
  }

  private static byte[] value(int bytes, long seed) {
    byte[] value = new byte[bytes];
    new Random(seed).nextBytes(value);
    return value;
  }

  @ParameterizedTest
  @ValueSource(ints = {LEAST - 1, LEAST, LEAST + 1, 1 << 20, 16 << 20})
  void shouldStoreEachLength(int bytes) {
    byte[] first = value(bytes, 1);
    byte[] second = value(bytes, 2);
    for (String key : List.of("key", LONG_KEY)) {
      map.set(key, first);
      assertArrayEquals(first, other.get(key));
      assertFalse(map.replace(key, second, first));
      assertTrue(map.replace(key, first, second));
      assertArrayEquals(second, other.get(key));
      assertArrayEquals(second, map.remove(key));
      assertNull(map.putIfAbsent(key, first));
      assertArrayEquals(first, map.putIfAbsent(key, second));
      map.remove(key);
    }
    map.verify();
    assertEquals(0, map.stats().damaged());
  }

  @Test
  void shouldStoreWholeValuesWhileGarbageIsCollected() {
    AtomicBoolean stop = new AtomicBoolean();
    List<CompletableFuture<Void>> threads = new ArrayList<>();
    for (int thread = 0; thread < 4; thread++) {
      ShareMap<String, byte[]> handle = thread % 2 == 0 ? map : other;
      long seed = thread;
      threads.add(CompletableFuture.runAsync(() -> setUntil(stop, handle, seed)));
    }
    try {
      for (int i = 0; i < 50; i++) {
        System.gc();
        for (int key = 0; key < KEYS; key++) {
          assertWhole(map.get("key " + key));
        }
      }
    } finally {
      stop.set(true);
    }
    threads.forEach(CompletableFuture::join);
    map.verify();
    assertEquals(0, map.stats().damaged());
    assertEquals(0, map.stats().recoveries());
  }

  private static void setUntil(AtomicBoolean stop, ShareMap<String, byte[]> map, long seed) {
    Random random = new Random(seed);
    while (!stop.get()) {
      byte[] value = new byte[1 + random.nextInt(MOST)];
      Arrays.fill(value, (byte) value.length);
      String key = "key " + random.nextInt(KEYS);
      if (random.nextInt(4) == 0) {
        map.replace(key, value);
      } else {
        map.set(key, value);
      }
    }
  }

  private static void assertWhole(byte[] value) {
    if (value != null) {
      byte[] expected = new byte[value.length];
      Arrays.fill(expected, (byte) value.length);
      assertArrayEquals(expected, value);
    }
  }
}
