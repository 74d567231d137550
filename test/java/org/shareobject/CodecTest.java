package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.shareobject.testing.Failures.fails;
import static org.shareobject.testing.Failures.refuses;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.ObjectInputFilter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.shareobject.testing.ChildJvm;
import org.shareobject.testing.JvmLauncher;

class CodecTest {
  private static final ObjectInputFilter OURS =
      ObjectInputFilter.Config.createFilter("java.util.*;java.lang.*;!*");

  /** Something that JSON holds. */
  public record Point(int x, int y) {}

  @Test
  void shouldTakeTextAsUtf8() {
    for (String text : new String[] {"", "x", "Grüße, €, 😀", "a\0b", "?"}) {
      byte[] bytes = Codec.STRING.encode(text);
      assertArrayEquals(text.getBytes(StandardCharsets.UTF_8), bytes);
      assertEquals(text, Codec.STRING.decode(bytes));
      assertEquals(text, Codec.STRING.decode(ByteBuffer.wrap(bytes).asReadOnlyBuffer()));
    }
    assertEquals("a\uFFFD", Codec.STRING.decode(new byte[] {'a', (byte) 0xFF}));
    refuses(() -> Codec.STRING.encode("a\uD800"), "U+D800");
  }

  @Test
  void shouldTakeBytesAsTheyAre() {
    byte[] bytes = {0, 1, -1};
    assertArrayEquals(bytes, Codec.BYTES.decode(Codec.BYTES.encode(bytes)));
  }

  @Test
  void shouldTakeNumbersAsEightBytes() {
    assertArrayEquals(new byte[] {2, 1, 0, 0, 0, 0, 0, 0}, Codec.LONG.encode(258L));
    for (long number : new long[] {0, 1, -1, Long.MIN_VALUE, Long.MAX_VALUE}) {
      assertEquals(number, Codec.LONG.decode(Codec.LONG.encode(number)));
    }
    fails(ShareException.class, "SHO_ETYPE", () -> Codec.LONG.decode(new byte[3]), "3 bytes");
  }

  @Test
  void shouldTakeJson() throws Exception {
    Codec<Point> points = Codec.json(Point.class);
    assertEquals("{\"x\":1,\"y\":2}", text(points.encode(new Point(1, 2))));
    assertEquals(new Point(1, 2), points.decode(points.encode(new Point(1, 2))));
    Codec<JsonNode> nodes = Codec.json(JsonNode.class);
    JsonNode node = new ObjectMapper().readTree("{\"a\":[1,null,\"x\"]}");
    assertEquals(node, nodes.decode(nodes.encode(node)));
    for (String bad : new String[] {"", "{", "[1]", "null", "{\"z\":1}"}) {
      fails(
          ShareException.class,
          "SHO_ETYPE",
          () -> points.decode(bad.getBytes(StandardCharsets.UTF_8)),
          Point.class.getName());
    }
    refuses(() -> Codec.json(Object.class).encode(new Object()), "java.lang.Object");
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  @Test
  void shouldTakeSerializableObjects() {
    @SuppressWarnings("rawtypes")
    Codec<ArrayList> lists = Codec.serializable(ArrayList.class, OURS);
    ArrayList<Object> list = new ArrayList<>(List.of("x", 1, 'c'));
    assertEquals(list, lists.decode(lists.encode(list)));
    refuses(() -> lists.encode(new ArrayList<>(List.of(new Object()))), "ArrayList");
    fails(ShareException.class, "SHO_ETYPE", () -> lists.decode(new byte[] {1, 2, 3}));
  }

  @Test
  void shouldRefuseWhatTheFilterRefuses() {
    Codec<Object> all = Codec.serializable(Object.class, OURS);
    byte[] file = all.encode(new File("x"));
    fails(ShareException.class, "SHO_ETYPE", () -> all.decode(file), "filter status: REJECTED");
    byte[] text = all.encode("text");
    fails(
        ShareException.class,
        "SHO_ETYPE",
        () -> Codec.serializable(Integer.class, OURS).decode(text),
        "Integer");
    assertThrows(NullPointerException.class, () -> Codec.serializable(Integer.class, null));
  }

  @Test
  void shouldSayThatJacksonIsMissing() {
    String without =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
            .filter(entry -> !entry.contains("jackson"))
            .collect(Collectors.joining(File.pathSeparator));
    ChildJvm.Result result = new JvmLauncher().classPath(without).run(WithoutJackson.class);
    assertEquals(
        "7\nCodec.json needs Jackson: put com.fasterxml.jackson.core:jackson-databind on the class"
            + " path\n",
        result.out(),
        result.err());
  }

  /** A child that has no Jackson. */
  static final class WithoutJackson {
    /** Uses what needs none, and what does. */
    public static void main(String[] args) {
      try (ShareMap<String, Long> map =
          ShareMap.builder(Codec.STRING, Codec.LONG).openAnonymous()) {
        System.out.println(map.addAndGet("n", 7));
      }
      try {
        Codec.json(String.class);
      } catch (IllegalStateException e) {
        System.out.println(e.getMessage());
      }
    }
  }
}
