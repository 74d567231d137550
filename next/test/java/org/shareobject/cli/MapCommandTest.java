package org.shareobject.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.shareobject.Codec;
import org.shareobject.Eviction;
import org.shareobject.ShareMap;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.JvmLauncher;

/** {@code shareobject map}. */
class MapCommandTest {
  private static final Duration HOUR = Duration.ofHours(1);

  @TempDir Path folder;

  private Path file;
  private StringWriter out;
  private StringWriter err;

  @BeforeEach
  void nameFile() {
    file = folder.resolve("map");
  }

  // ---- one key

  @Test
  void shouldSetAndGet() {
    prints("", "set", "key", "é value");
    prints("é value\n", "get", "key");
    prints("", "set", "key", "2");
    prints("2\n", "get", "key");
    try (ShareMap<String, String> map = ShareMap.open(file)) {
      assertEquals(Map.of("key", "2"), map);
    }
  }

  @Test
  void shouldSetForATime() {
    prints("", "set", "key", "value", "--ttl", "1h");
    try (ShareMap<String, String> map = ShareMap.open(file)) {
      assertTrue(map.timeToLive("key").orElseThrow().compareTo(HOUR.minusMinutes(5)) > 0);
    }
    prints("", "ttl", "key", "90s");
    assertEquals(0, run("ttl", "key"));
    assertTrue(out.toString().matches("(8\\d|90)(\\.\\d+)?s\\R"), out.toString());
    prints("", "set", "key", "value");
    prints("no limit\n", "ttl", "key");
  }

  @Test
  void shouldSetStandardInputAsItIs() {
    JvmLauncher launcher = new JvmLauncher().folder(folder);
    try (ChildJvm set = launcher.start(Main.class, "map", "map", "set", "key", "-")) {
      set.send("one");
      set.send("two");
      set.endInput();
      assertEquals(new ChildJvm.Result(0, "", ""), set.await());
    }
    prints("one\ntwo\n\n", "get", "key");
  }

  @Test
  void shouldAdd() {
    prints("5\n", "add", "n", "5");
    prints("-2\n", "add", "n", "-7");
    prints("-2\n", "get", "n", "--as", "long");
    prints("-2\n", "get", "n");
    prints("/v////////8=\n", "get", "n", "--as", "base64");
    prints("", "set", "n", "--as", "long", "40");
    prints("42\n", "add", "n", "2");
    prints("", "set", "text", "--as", "base64", "eA==");
    prints("x\n", "get", "text");
  }

  @Test
  void shouldRefuseASumThatDoesNotFit() {
    prints("", "set", "n", "--as", "long", "9223372036854775800", "--ttl", "1h");
    prints("9223372036854775807\n", "add", "n", "7");
    fails("the sum of 9223372036854775807 and 1 is not a number of 8 bytes", "add", "n", "1");
    prints("9223372036854775807\n", "get", "n", "--as", "long");
    try (ShareMap<String, byte[]> map = ShareMap.builder(Codec.STRING, Codec.BYTES).open(file)) {
      assertTrue(map.timeToLive("n").orElseThrow().compareTo(HOUR.minusMinutes(5)) > 0);
    }
    prints("-9223372036854775808\n", "add", "m", "-9223372036854775808");
    fails("is not a number of 8 bytes", "add", "m", "-1");
    prints("", "set", "text", "abc");
    fails("the value of 'text' has 3 bytes and is not a number of 8", "add", "text", "1");
  }

  @Test
  void shouldTellTextFromNumbers() {
    for (String text : List.of("8 bytes!", "a\nb\tc\r\nd", "é€ab1", "", "12")) {
      prints("", "set", "text", text);
      prints(text.replace(System.lineSeparator(), "\n") + "\n", "get", "text");
    }
    for (long number : new long[] {0, 1, -1, 1L << 40, Long.MIN_VALUE}) {
      prints("", "set", "n", "--as", "long", String.valueOf(number));
      prints(number + "\n", "get", "n");
    }
    prints("\0\0\0\0\0\0\0\u0080\n".replace("\u0080", "\uFFFD"), "get", "n", "--as", "text");
  }

  @Test
  void shouldKeepEachKeyInItsLine() {
    prints("", "set", "a\nb\\c\033[2J\u2028é", "1");
    prints("a\\nb\\\\c\\u001b[2J\\u2028é\n", "keys");
    fails("has no key 'x\\ny'", "get", "x\ny");
  }

  // ---- messages

  @Test
  void shouldSayTheSameOfAMissingFileEverywhere() {
    String words = "shareobject: " + file + ": no such file; 'set', 'add' and 'load' create it\n";
    for (String command : List.of("get k", "stats", "keys", "top --once", "dump", "verify")) {
      assertEquals(1, run(command.split(" ", -1)));
      assertEquals(words, err.toString().replace(System.lineSeparator(), "\n"), command);
    }
  }

  @Test
  void shouldSayWhatIsWrongWithADump() throws IOException {
    Path missing = folder.resolve("nofile");
    fails("shareobject: " + missing + ": no such file", "load", missing.toString());
    fails(folder + " is a folder", "load", folder.toString());
    Path dump = Files.write(folder.resolve("dump"), new byte[] {'{', (byte) 0xFF, '\n'});
    fails("no UTF-8", "load", dump.toString());
  }

  @Test
  void shouldRefuseAnEmptyName() {
    file = Path.of("");
    assertEquals(2, run("keys"));
    assertTrue(err.toString().contains("the name of a file must not be empty"), err.toString());
    file = folder.resolve("map");
    assertEquals(2, run("load", ""));
    assertTrue(err.toString().contains("the name of a file must not be empty"), err.toString());
  }

  @Test
  void shouldNameTheOptionForLargerEntries() {
    fails(
        "make the map anew for larger entries: see --max-entry",
        "set",
        "key",
        "x".repeat(2000),
        "--max-entry",
        "1k");
  }

  @Test
  void shouldTellHowFullAFullMapIs() {
    int code = 0;
    for (int i = 0; code == 0; i++) {
      code = run("set", "key" + i, "x".repeat(4000), "--capacity", "64k");
    }
    Matcher numbers =
        Pattern.compile("is full: of 65536 bytes (\\d+) are in use").matcher(err.toString());
    assertTrue(numbers.find(), err.toString());
    try (ShareMap<String, String> map = ShareMap.open(file)) {
      assertEquals(map.stats().liveBytes(), Long.parseLong(numbers.group(1)));
    }
  }

  @Test
  void shouldDelete() {
    prints("", "set", "a", "1");
    prints("", "set", "b", "2");
    prints("2\n", "del", "a", "b", "c");
    prints("0\n", "del", "a");
    prints("", "keys");
  }

  @Test
  void shouldSayWhatIsAbsent() {
    prints("", "set", "key", "value");
    fails(file + " has no key 'other'", "get", "other");
    fails(file + " has no key 'other'", "ttl", "other");
    fails(file + " has no key 'other'", "ttl", "other", "1s");
    fails("'x' is not a number of 8 bytes", "set", "key", "x", "--as", "long");
    fails("a value of 5 bytes is not a number", "get", "key", "--as", "long");
  }

  @ParameterizedTest
  @ValueSource(strings = {"get k", "del k", "ttl k", "keys", "dump", "stats", "verify", "clear"})
  void shouldNotCreateAFileToLookInto(String command) {
    fails(file.toString(), command.split(" ", -1));
    assertFalse(Files.exists(file));
  }

  // ---- first use

  @Test
  void shouldCreateWithWhatItIsTold() {
    prints("", "set", "a", "b", "--capacity", "2m", "--eviction", "s3_fifo", "--max-entry", "1k");
    try (ShareMap<String, String> map = ShareMap.open(file)) {
      assertEquals(2 << 20, map.stats().capacity());
      assertEquals(Eviction.S3_FIFO, map.stats().eviction());
      assertEquals(1024, map.stats().maxEntry());
    }
    fails("2097152 bytes and 4194304 were requested", "get", "a", "--capacity", "4m");
    fails("S3_FIFO and NONE was requested", "get", "a", "--eviction", "none");
    assertEquals(2, run("get", "a", "--capacity", "0"));
    assertEquals(2, run("get", "a", "--eviction", "lru"));
    assertEquals(2, run("set", "a"));
    assertEquals(2, run());
  }

  // ---- dump and load

  @Test
  void shouldLoadWhatItDumped() throws IOException {
    byte[] noText = {(byte) 0xFF, 0, 'x'};
    try (ShareMap<byte[], byte[]> map = ShareMap.builder(Codec.BYTES, Codec.BYTES).open(file)) {
      map.set(bytes("key \"1\"\n"), bytes("é\u0000\t"));
      map.set(noText, noText);
      map.set(bytes("timed"), bytes(""), HOUR);
    }
    assertEquals(0, run("dump"));
    List<String> lines = new ArrayList<>(out.toString().lines().toList());
    lines.sort(null);
    assertEquals("{\"key\":\"key \\\"1\\\"\\n\",\"value\":\"é\\u0000\\t\"}", lines.get(0));
    assertTrue(
        lines.get(1).matches("\\{\"key\":\"timed\",\"value\":\"\",\"ttl\":3[56]\\d{5}}"),
        lines.get(1));
    assertEquals("{\"key64\":\"/wB4\",\"value64\":\"/wB4\"}", lines.get(2));
    Path dump = Files.writeString(folder.resolve("dump"), out.toString());
    file = folder.resolve("other");
    prints("3\n", "load", dump.toString());
    try (ShareMap<byte[], byte[]> map = ShareMap.builder(Codec.BYTES, Codec.BYTES).open(file)) {
      assertEquals(3, map.size());
      assertArrayEquals(bytes("é\u0000\t"), map.get(bytes("key \"1\"\n")));
      assertArrayEquals(noText, map.get(noText));
      assertTrue(map.timeToLive(bytes("timed")).isPresent());
      assertTrue(map.timeToLive(noText).isEmpty());
    }
  }

  private static byte[] bytes(String text) {
    return Codec.STRING.encode(text);
  }

  @Test
  void shouldSayWhichLineIsNoEntry() throws IOException {
    loadFails("no JSON", "{\"key\":");
    loadFails("no JSON", "{\"key\":\"a\",\"value\":\"b\"} {}");
    loadFails("neither \"value\" nor \"value64\"", "{\"key\":\"a\"}");
    loadFails("neither \"key\" nor \"key64\"", "[1]");
    loadFails("neither \"key\" nor \"key64\"", "{\"key\":1,\"value\":\"b\"}");
    loadFails("\"ttl\" must be", "{\"key\":\"a\",\"value\":\"b\",\"ttl\":0}");
    loadFails("base64", "{\"key\":\"a\",\"value64\":\"%\"}");
    prints("good\n", "keys");
  }

  private void loadFails(String words, String line) throws IOException {
    Path dump = folder.resolve("dump");
    Files.write(dump, List.of("{\"key\":\"good\",\"value\":\"x\"}", line));
    fails("line 2: ", "load", dump.toString());
    assertTrue(err.toString().contains(words), err.toString());
  }

  // ---- the whole map

  @Test
  void shouldPrintKeysAndClear() {
    prints("", "set", "a", "1");
    prints("", "set", "b", "2");
    assertEquals(0, run("keys"));
    String[] keys = out.toString().split("\n", -1);
    Arrays.sort(keys);
    assertEquals("[, a, b]", Arrays.toString(keys));
    prints("", "clear");
    prints("", "keys");
  }

  @Test
  void shouldPrintNumbers() {
    prints("", "set", "a", "1");
    prints("1\n", "get", "a");
    assertEquals(0, run("stats"));
    assertTrue(out.toString().contains("entries      1"), out.toString());
    assertTrue(out.toString().contains("hit ratio    1.0000"), out.toString());
    assertTrue(out.toString().contains("peers        0 of 256"), out.toString());
    assertEquals(0, run("top", "--once", "--interval", "1ms"));
    assertTrue(out.toString().startsWith("entries 1, fill 0.0 %, gets 0/s, "), out.toString());
    assertEquals(1, out.toString().lines().count());
  }

  @Test
  void shouldVerify() throws IOException {
    prints("", "set", "key", "a value that is found in the file");
    prints("sound: 1 entries\n", "verify");
    byte[] bytes = Files.readAllBytes(file);
    byte[] value = bytes("a value that is found");
    int at = 0;
    while (!Arrays.equals(bytes, at, at + value.length, value, 0, value.length)) {
      at++;
    }
    bytes[at] ^= 1;
    Files.write(file, bytes);
    fails(file.toString(), "verify");
    assertEquals(1, run("verify", "--json"));
    JsonNode damage = json();
    assertFalse(damage.path("sound").asBoolean(true));
    assertEquals("SHO_ECORRUPT", damage.path("code").textValue());
    assertTrue(err.toString().contains(damage.path("message").textValue()), err.toString());
  }

  @Test
  void shouldPrintJson() throws IOException {
    prints("", "set", "a", "1");
    assertEquals(0, run("stats", "--json"));
    JsonNode stats = json();
    assertEquals(1, stats.path("entries").intValue());
    assertEquals("NONE", stats.path("eviction").textValue());
    assertTrue(stats.path("hitRatio").isNull(), stats.toString());
    prints("1\n", "get", "a");
    assertEquals(0, run("stats", "--json"));
    assertEquals(1.0, json().path("hitRatio").doubleValue());
    assertEquals(0, run("top", "--once", "--json", "--interval", "1ms"));
    JsonNode top = json();
    assertEquals(1, top.path("entries").intValue());
    assertTrue(top.path("hitRatio").isNull() && top.path("gets").isNumber(), top.toString());
    assertEquals(0, run("verify", "--json"));
    assertEquals("{\"sound\":true,\"entries\":1}", json().toString());
  }

  private JsonNode json() throws IOException {
    assertEquals(1, out.toString().lines().count());
    return new ObjectMapper().readTree(out.toString());
  }

  @Test
  void shouldPrintNoRatioOfNoGets() {
    prints("", "set", "a", "1");
    assertEquals(0, run("stats"));
    assertTrue(out.toString().contains("hit ratio    -"), out.toString());
  }

  // What the standard says of each family: TYPE, UNIT and HELP before its samples, a suffix for
  // counters and infos, the unit as the name's end, and an end that is marked.
  @Test
  void shouldPrintOpenMetrics() {
    file = folder.resolve("a \"map\"\\");
    prints("", "set", "a", "1");
    prints("1\n", "get", "a");
    assertEquals(0, run("metrics"));
    String label = "\\{file=\"" + Pattern.quote(folder + "/a \\\"map\\\"\\\\") + "\"";
    Pattern family =
        Pattern.compile(
            "# TYPE (shareobject_map[a-z_]*) (gauge|counter|info)\n"
                + "(?:# UNIT \\1 ([a-z]+)\n)?# HELP \\1 [^\n]+\\.\n"
                + "\\1((?:_total|_info)?)"
                + label
                + "(?:,eviction=\"NONE\")?\\} (\\d+)\n");
    Matcher next = family.matcher(out.toString());
    Map<String, String> values = new HashMap<>();
    int end = 0;
    for (; next.find() && next.start() == end; end = next.end()) {
      String name = next.group(1);
      assertEquals(
          Map.of("counter", "_total", "info", "_info", "gauge", "").get(next.group(2)),
          next.group(4));
      assertEquals(name.endsWith("_bytes"), "bytes".equals(next.group(3)), name);
      assertEquals(null, values.put(name, next.group(5)));
    }
    assertEquals("# EOF\n", out.toString().substring(end));
    assertEquals(18, values.size());
    assertEquals("1", values.get("shareobject_map_entries"));
    assertEquals("1", values.get("shareobject_map_hits"));
    assertEquals("67108864", values.get("shareobject_map_capacity_bytes"));
  }

  // ---- helpers

  private void prints(String expected, String... args) {
    int code = run(args);
    assertEquals("", err.toString());
    assertEquals(expected, out.toString().replace(System.lineSeparator(), "\n"));
    assertEquals(0, code);
  }

  private void fails(String words, String... args) {
    assertEquals(1, run(args));
    assertEquals("", out.toString());
    assertTrue(err.toString().startsWith("shareobject: "), err.toString());
    assertTrue(err.toString().contains(words), err.toString());
    assertEquals(1, err.toString().lines().count());
  }

  private int run(String... args) {
    out = new StringWriter();
    err = new StringWriter();
    List<String> all = new ArrayList<>(List.of("map", file.toString()));
    all.addAll(List.of(args));
    return Main.run(
        new PrintWriter(out, true), new PrintWriter(err, true), all.toArray(String[]::new));
  }
}
