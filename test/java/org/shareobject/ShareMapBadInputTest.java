package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.shareobject.testing.Failures.fails;
import static org.shareobject.testing.Failures.refuses;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Arguments that must be refused, and full maps. */
class ShareMapBadInputTest {
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final long SMALLEST = 64 << 10;

  @TempDir Path folder;

  private ShareMap<String, String> map;

  @BeforeEach
  void open() {
    map = small(Eviction.NONE);
    map.set("key", "value");
  }

  @AfterEach
  void close() {
    map.close();
  }

  private static ShareMap<String, String> small(Eviction eviction) {
    return ShareMap.builder(Codec.STRING, Codec.STRING)
        .capacity(SMALLEST)
        .eviction(eviction)
        .openAnonymous();
  }

  private void unchanged() {
    assertEquals(Map.of("key", "value"), map);
  }

  // ---- null

  @Test
  void shouldRefuseNull() {
    isNull(
        () -> ShareMap.open(null),
        () -> ShareMap.builder(null, Codec.STRING),
        () -> ShareMap.builder(Codec.STRING, null),
        () -> ShareMap.builder(Codec.STRING, Codec.STRING).eviction(null),
        () -> ShareMap.builder(Codec.STRING, Codec.STRING).timeToLive(null),
        () -> ShareMap.builder(Codec.STRING, Codec.STRING).open(null));
  }

  @Test
  void shouldRefuseNullKeys() {
    isNull(
        () -> map.get(null),
        () -> map.getOrDefault(null, "x"),
        () -> map.getVersioned(null),
        () -> map.containsKey(null),
        () -> map.set(null, "x"),
        () -> map.set(null, "x", SECOND),
        () -> map.put(null, "x"),
        () -> map.put(null, "x", SECOND),
        () -> map.putIfAbsent(null, "x"),
        () -> map.putIfAbsent(null, "x", SECOND),
        () -> map.remove(null),
        () -> map.remove(null, "x"),
        () -> map.removeVersion(null, 1),
        () -> map.replace(null, "x"),
        () -> map.replace(null, "x", "y"),
        () -> map.replaceVersion(null, 1, "y"),
        () -> map.replaceVersion(null, 1, "y", SECOND),
        () -> map.read(null, bytes -> bytes),
        () -> map.timeToLive(null),
        () -> map.expire(null, SECOND),
        () -> map.await(null, 0, SECOND),
        () -> map.addAndGet(null, 1),
        () -> map.compute(null, (k, v) -> "x"),
        () -> map.computeIfAbsent(null, k -> "x"),
        () -> map.computeIfPresent(null, (k, v) -> "x"),
        () -> map.merge(null, "x", String::concat),
        () -> map.keySet().remove(null));
    unchanged();
  }

  @Test
  void shouldRefuseNullValues() {
    isNull(
        () -> map.set("key", null),
        () -> map.set("key", null, SECOND),
        () -> map.put("key", null),
        () -> map.put("key", null, SECOND),
        () -> map.putIfAbsent("key", null),
        () -> map.putIfAbsent("key", null, SECOND),
        () -> map.remove("key", null),
        () -> map.replace("key", null),
        () -> map.replace("key", null, "x"),
        () -> map.replace("key", "value", null),
        () -> map.replaceVersion("key", 1, null),
        () -> map.replaceVersion("key", 1, null, SECOND),
        () -> map.containsValue(null),
        () -> map.merge("key", null, String::concat),
        () -> map.putAll(mapOfNull()),
        () -> map.replaceAll((k, v) -> null),
        () -> map.entrySet().iterator().next().setValue(null));
    unchanged();
  }

  @Test
  void shouldRefuseNullOfOtherKinds() {
    isNull(
        () -> map.set("key", "x", null),
        () -> map.put("key", "x", null),
        () -> map.putIfAbsent("key", "x", null),
        () -> map.expire("key", null),
        () -> map.await("key", 0, null),
        () -> map.read("key", null),
        () -> map.compute("key", null),
        () -> map.computeIfAbsent("key", null),
        () -> map.computeIfPresent("key", null),
        () -> map.merge("key", "x", null),
        () -> map.replaceAll(null),
        () -> map.forEach(null),
        () -> map.putAll(null),
        () -> map.keySet().removeIf(null));
    unchanged();
  }

  private static Map<String, String> mapOfNull() {
    Map<String, String> nulls = new HashMap<>();
    nulls.put("key", null);
    return nulls;
  }

  private static void isNull(Executable... calls) {
    assertAll(Stream.of(calls).map(call -> () -> assertThrows(NullPointerException.class, call)));
  }

  // ---- sizes

  @Test
  void shouldTakeEmptyKeyAndEmptyValue() {
    map.set("", "");
    assertEquals("", map.get(""));
    assertEquals("", map.put("", "x"));
    assertEquals("x", map.remove(""));
  }

  @Test
  void shouldNameBothSizesOfAnEntryThatIsTooLarge() {
    int most = (int) map.stats().maxEntry() - 32;
    map.set("k", "x".repeat(most - 1));
    assertEquals(most - 1, map.get("k").length());
    map.remove("k");
    String value = "x".repeat(most);
    for (Consumer<String> write :
        List.<Consumer<String>>of(
            key -> map.set(key, value),
            key -> map.put(key, value),
            key -> map.putIfAbsent(key, value),
            key -> map.replaceVersion(key, 0, value),
            key -> map.computeIfAbsent(key, k -> value),
            key -> map.compute(key, (k, v) -> value))) {
      tooLarge(() -> write.accept("k"), most, 1, most);
    }
    tooLarge(() -> map.set("k".repeat(most + 1), ""), most, most + 1, 0);
    tooLarge(() -> map.set("k".repeat(20), value), most, 20, most);
    assertNull(map.get("k".repeat(1 << 23)));
    assertFalse(map.containsKey("k".repeat(1 << 23)));
    unchanged();
  }

  private static void tooLarge(Executable call, Object... sizes) {
    fails(ShareValueTooLargeException.class, "SHO_ETOOBIG", call, sizes);
  }

  @Test
  void shouldRefuseTimesThatAreNotAboveZero() {
    for (Duration time : new Duration[] {Duration.ZERO, Duration.ofNanos(-1)}) {
      refuses(() -> map.set("key", "x", time), time);
      refuses(() -> map.put("key", "x", time), time);
      refuses(() -> map.putIfAbsent("new", "x", time), time);
      refuses(() -> map.expire("key", time), time);
      refuses(() -> ShareMap.builder(Codec.STRING, Codec.STRING).timeToLive(time), time);
    }
    refuses(() -> map.await("key", -1, SECOND), "-1");
    unchanged();
  }

  @Test
  void shouldRefuseCapacitiesOutOfRange() {
    refuses(() -> builder().capacity(0), "capacity", 0);
    refuses(() -> builder().capacity(-5), "capacity", -5);
    refuses(() -> builder().maxEntry(0), "largest entry", 0);
    refuses(() -> open(builder().capacity(SMALLEST - 1)), SMALLEST, SMALLEST - 1);
    refuses(() -> open(builder().capacity((1L << 40) + 1)), 1L << 40, (1L << 40) + 1);
    refuses(() -> open(builder().maxEntry(32)), "largest entry", 32);
    refuses(() -> open(builder().capacity(SMALLEST).maxEntry(SMALLEST)), SMALLEST / 4, SMALLEST);
    assertEquals(0, folder.toFile().list().length);
    assertThrows(IllegalStateException.class, () -> builder().readOnly().openAnonymous());
  }

  private static ShareMap.Builder<String, String> builder() {
    return ShareMap.builder(Codec.STRING, Codec.STRING);
  }

  private void open(ShareMap.Builder<String, String> builder) {
    builder.open(folder.resolve("map")).close();
  }

  @Test
  void shouldRefuseLoneSurrogate() {
    refuses(() -> map.set("a\uD800", "x"), "U+D800");
    refuses(() -> map.set("key", "\uDC00?"), "U+DC00");
    refuses(() -> map.get("\uD800"), "U+D800");
    map.set("?", "a question mark");
    assertEquals("a question mark", map.get("?"));
  }

  @Test
  void shouldRefuseToAddToText() {
    fails(ShareException.class, "SHO_ETYPE", () -> map.addAndGet("key", 1));
    unchanged();
  }

  // ---- codecs that throw

  @Test
  void shouldChangeNothingIfACodecThrows() {
    Path file = folder.resolve("map");
    try (ShareMap<String, String> plain = ShareMap.open(file);
        ShareMap<String, String> badKeys = ShareMap.builder(new Fussy(), Codec.STRING).open(file);
        ShareMap<String, String> badValues =
            ShareMap.builder(Codec.STRING, new Fussy()).open(file)) {
      plain.set("key", "value");
      isFussy(() -> badKeys.set("bad", "x"));
      isFussy(() -> badKeys.get("bad"));
      isFussy(() -> badKeys.computeIfAbsent("bad", key -> "x"));
      isFussy(() -> badValues.set("key", "bad"));
      isFussy(() -> badValues.put("new", "bad"));
      isFussy(() -> badValues.replace("key", "value", "bad"));
      isFussy(() -> badValues.computeIfAbsent("new", key -> "bad"));
      isFussy(() -> badValues.merge("key", "x", (a, b) -> "bad"));
      assertEquals(Map.of("key", "value"), plain);
      assertEquals("good", badValues.computeIfAbsent("new", key -> "good"));
      plain.set("key", "undecodable");
      isFussy(() -> badValues.get("key"));
      isFussy(() -> badValues.compute("key", (key, value) -> "x"));
      isFussy(() -> badValues.forEach((key, value) -> {}));
      assertEquals("undecodable", plain.get("key"));
      plain.verify();
    }
  }

  private static void isFussy(Executable call) {
    assertEquals("fussy", assertThrows(IllegalStateException.class, call).getMessage());
  }

  private static final class Fussy implements Codec<String> {
    @Override
    public byte[] encode(String value) {
      return STRING.encode(check(value, "bad"));
    }

    @Override
    public String decode(byte[] bytes) {
      return check(STRING.decode(bytes), "undecodable");
    }

    private static String check(String value, String bad) {
      if (value.equals(bad)) {
        throw new IllegalStateException("fussy");
      }
      return value;
    }
  }

  @Test
  void shouldRefuseCodecsThatReturnNull() {
    Codec<String> blank =
        new Codec<>() {
          @Override
          public byte[] encode(String value) {
            return value.isEmpty() ? null : STRING.encode(value);
          }

          @Override
          public String decode(byte[] bytes) {
            return null;
          }
        };
    try (ShareMap<String, String> blanks = ShareMap.builder(blank, blank).openAnonymous()) {
      blanks.set("key", "value");
      isNull(
          () -> blanks.get(""),
          () -> blanks.set("", "x"),
          () -> blanks.set("x", ""),
          () -> blanks.get("key"),
          () -> blanks.keySet().iterator().next());
    }
  }

  // ---- full

  @ParameterizedTest
  @CsvSource({"65536,65", "1048576,90"})
  void shouldRefuseAtOnceWhenFullAndLoseNothing(long capacity, int leastPercent) {
    map.close();
    map = ShareMap.builder(Codec.STRING, Codec.STRING).capacity(capacity).openAnonymous();
    Map<String, String> stored = new HashMap<>();
    ShareFullException full = null;
    for (int i = 0; full == null; i++) {
      try {
        map.set("key " + i, "x".repeat(i % 100));
        stored.put("key " + i, "x".repeat(i % 100));
      } catch (ShareFullException e) {
        full = e;
      }
    }
    String large = "x".repeat((int) capacity / 12);
    assertEquals("SHO_EFULL", full.code());
    assertTrue(map.stats().liveBytes() >= capacity / 100 * leastPercent, map.stats().toString());
    assertEquals(stored, map);
    assertThrows(ShareFullException.class, () -> map.put("new", large));
    assertThrows(ShareFullException.class, () -> map.computeIfAbsent("new", key -> large));
    assertThrows(ShareFullException.class, () -> map.merge("key 0", large, String::concat));
    assertEquals(stored, map);
    map.verify();
    stored.keySet().removeIf(key -> key.endsWith("1"));
    map.keySet().removeIf(key -> key.endsWith("1"));
    map.set("new", "x");
    stored.put("new", "x");
    assertEquals(stored, map);
  }

  @Test
  void shouldMakeRoomWhenFull() {
    try (ShareMap<String, String> cache = small(Eviction.S3_FIFO)) {
      for (int i = 0; i < 20_000; i++) {
        cache.set("key " + i, "value " + i);
        assertEquals("value " + i, cache.get("key " + i));
        assertNotNull(cache.computeIfAbsent("hot", key -> "x"));
      }
      assertTrue(cache.stats().evictions() > 10_000, cache.stats().toString());
      assertEquals(cache.size(), new ArrayList<>(cache.values()).size());
      cache.verify();
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldOverwriteForEver(Eviction eviction) {
    try (ShareMap<String, String> few = small(eviction)) {
      for (int i = 0; i < 5_000; i++) {
        few.set("key " + i % 10, "x".repeat(i % 1500));
      }
      for (int i = 4_990; i < 5_000; i++) {
        assertEquals(i % 1500, few.get("key " + i % 10).length());
      }
      few.verify();
    }
  }
}
