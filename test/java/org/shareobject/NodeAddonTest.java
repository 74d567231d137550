package org.shareobject;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.shareobject.testing.NeedsNode;
import org.shareobject.testing.NodePeer;

/**
 * A real Node process with the published addon and this JVM say the same of one file, both ways.
 */
@NeedsNode
@Timeout(180)
class NodeAddonTest {
  private static final String HELLO = "Hello World!";
  private static final int SIGBUS_EXIT = 128 + 7;

  @TempDir Path folder;

  private Path file;
  private NodePeer node;

  @BeforeAll
  static void build() throws IOException {
    NodePeer.build();
  }

  @BeforeEach
  void start() throws IOException {
    file = folder.resolve("share-data");
    System.setProperty("shareobject.path", file.toString());
    node = new NodePeer(folder);
  }

  @AfterEach
  void stop() {
    node.close();
    System.clearProperty("shareobject.path");
  }

  /** Texts in the order in which they are written over each other. */
  static Stream<List<String>> texts() {
    return Stream.of(
        List.of(HELLO),
        List.of(HELLO, "Hi"),
        List.of("x".repeat(2000)),
        List.of("x".repeat(1024)),
        List.of("x".repeat(1023)),
        List.of("-".repeat(1023), "x".repeat(1022) + "é"),
        List.of("-".repeat(1023), "x".repeat(1021) + "€"),
        List.of("-".repeat(1023), "x".repeat(1022) + "€"),
        List.of("-".repeat(1023), "x".repeat(1020) + "😀"),
        List.of("-".repeat(1023), "x".repeat(1021) + "😀"),
        List.of("-".repeat(1023), "x".repeat(1022) + "😀y"),
        List.of("x".repeat(1021) + "é"),
        List.of("x".repeat(1020) + "€"),
        List.of("x".repeat(1019) + "😀"),
        List.of("é€😀"),
        List.of("a\0b"),
        List.of("\0".repeat(1023)),
        List.of("\ud800"),
        List.of("a\udc00b\ud83d\ud83d\ude00"),
        List.of("-".repeat(1023), "x".repeat(1021) + "\ud800y"),
        List.of("x".repeat(1020) + "\ud800y"),
        List.of(HELLO, ""));
  }

  @ParameterizedTest
  @MethodSource("texts")
  void shouldLeaveTheBytesThatNodeLeaves(List<String> texts) throws IOException {
    make(new byte[1024]);
    texts.forEach(node::write);
    byte[] byNode = window();
    String seenByNode = node.read();
    assertEquals(seenByNode, ShareObject.readWindow(), "Java reads what Node wrote");

    clear();
    texts.forEach(ShareObject::write);
    assertArrayEquals(byNode, window());
    assertEquals(seenByNode, node.read(), "Node reads what Java wrote");
    assertEquals(seenByNode, ShareObject.readWindow());
  }

  @Test
  void shouldExchangeTexts() throws IOException {
    make(new byte[1024]);
    node.write(HELLO);
    assertEquals(HELLO, ShareObject.read());
    assertEquals(12, ShareObject.write("From the JVM"));
    assertEquals("From the JVM" + "\0".repeat(1012), node.read());
    try (ShareObject cell = ShareObject.open(file)) {
      cell.set("a cell's");
      assertTrue(node.read().startsWith("a cell's\0"));
      node.write("Node's");
      assertEquals("Node's", cell.get());
    }
  }

  @Test
  void shouldChangeNothingForWhatIsNoString() throws IOException {
    make(new byte[1024]);
    node.write(HELLO);
    byte[] before = window();
    node.write(42);
    assertArrayEquals(before, window());
    assertThrows(NullPointerException.class, () -> ShareObject.write(null));
    assertArrayEquals(before, window());
  }

  @Test
  void shouldServeNodeThatMappedFirst() throws IOException {
    make("hello".getBytes(StandardCharsets.US_ASCII));
    assertEquals("hello" + "\0".repeat(1019), node.read());
    assertEquals("hello", ShareObject.read());
    assertTrue(Files.size(file) > 1024);
    node.write("still Node's");
    assertEquals("still Node's", ShareObject.read());
    ShareObject.write("ours");
    assertTrue(node.read().startsWith("ours\0"));
  }

  @Test
  void shouldServeNodeThatMapsOurFile() {
    ShareObject.write(HELLO);
    assertEquals(0, node.map());
    assertEquals(HELLO + "\0".repeat(1012), node.read());
    node.write("Node's");
    assertEquals("Node's", ShareObject.read());
  }

  @Test
  void shouldTellMissingFileWhereTheAddonTakesItForAnAddress() {
    assertEquals(-1, node.map());
    assertFalse(Files.exists(file));
    assertEquals("SHO_ENOENT", assertThrows(ShareIoException.class, ShareObject::read).code());
    assertFalse(Files.exists(file));
  }

  @Test
  void shouldMendEmptyFileThatKillsTheAddon() throws IOException, InterruptedException {
    make(new byte[0]);
    assertEquals(SIGBUS_EXIT, node.dieReading());
    assertEquals("", ShareObject.read());
    try (NodePeer again = new NodePeer(folder)) {
      assertEquals(0, again.map());
      assertEquals("\0".repeat(1024), again.read());
    }
  }

  @Test
  void shouldReadAnyBytesAsNodeDoes() throws IOException {
    make(new byte[1024]);
    Random random = new Random(5);
    for (int i = 0; i < 1000; i++) {
      byte[] bytes = new byte[1024];
      random.nextBytes(bytes);
      if (i % 2 == 0) {
        // Half of them dense in lead and continuation bytes.
        for (int at = 0; at < bytes.length; at++) {
          bytes[at] = (byte) ((bytes[at] & 0x3F) | (random.nextInt(3) == 0 ? 0xC0 : 0x80));
        }
      }
      write(bytes);
      assertEquals(node.read(), ShareObject.readWindow(), "round " + i);
    }
  }

  @Test
  void shouldWriteAnyTextAsNodeDoes() throws IOException {
    make(new byte[1024]);
    Random random = new Random(6);
    int[] limits = {0x80, 0x800, 0x10000, 0x110000};
    for (int i = 0; i < 1000; i++) {
      StringBuilder text = new StringBuilder();
      int length = random.nextInt(1200);
      while (text.length() < length) {
        text.appendCodePoint(random.nextInt(limits[random.nextInt(4)]));
      }
      clear();
      node.write(text.toString());
      byte[] byNode = window();
      clear();
      ShareObject.write(text.toString());
      assertArrayEquals(byNode, window(), "round " + i);
    }
  }

  /** Makes the file as the addon's user would, and has Node map it. */
  private void make(byte[] bytes) throws IOException {
    Files.write(file, bytes);
    assertEquals(0, node.map());
  }

  private void clear() throws IOException {
    write(new byte[1024]);
  }

  /** Stores into the window as a foreign program would. */
  private void write(byte[] bytes) throws IOException {
    try (var out = Files.newByteChannel(file, java.nio.file.StandardOpenOption.WRITE)) {
      out.write(java.nio.ByteBuffer.wrap(bytes));
    }
  }

  private byte[] window() throws IOException {
    return Arrays.copyOf(Files.readAllBytes(file), 1024);
  }
}
